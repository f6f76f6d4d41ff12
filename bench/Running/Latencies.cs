using System.Diagnostics;

namespace Portal.Bench.Running;

/// <summary>How long something takes that is begun at a rate, whether or not the one before has ended.</summary>
internal static class Latencies
{
    /// <summary>Milliseconds of each, shortest first.</summary>
    public static async Task<List<double>> AtRateAsync(TimeSpan time, int perSecond, Func<int, Task> once)
    {
        var watch = Stopwatch.StartNew();
        var begun = new List<Task<double>>();
        for (var i = 0; watch.Elapsed < time; i++)
        {
            if (TimeSpan.FromSeconds(i / (double)perSecond) - watch.Elapsed is { Ticks: > 0 } early) await Task.Delay(early);
            begun.Add(TimeAsync(once, i));
        }

        return [.. (await Task.WhenAll(begun)).Order()];
    }

    /// <summary>The value that 99 of 100 do not pass.</summary>
    public static double P99(List<double> sorted) => sorted[(int)(sorted.Count * 0.99)];

    private static async Task<double> TimeAsync(Func<int, Task> once, int i)
    {
        await Task.Yield();
        var started = Stopwatch.GetTimestamp();
        await once(i);
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }
}
