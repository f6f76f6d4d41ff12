using System.Runtime.InteropServices;
using Portal.E2E.Soaking;

namespace Portal.E2E;

/// <summary>This assembly as a program: <c>./portal soak</c>.</summary>
internal static class Program
{
    /// <summary>
    /// <c>dotnet Portal.E2E.dll soak [--minutes 10] [--seed N]</c>; 0 when nothing was lost, twice or wrong, 2 when the arguments are, 130 when
    /// it was told to stop.
    /// </summary>
    public static async Task<int> Main(string[] args)
    {
        if (args is not ["soak", .. var rest] || SoakPlan.Read(rest) is not { } plan)
        {
            await Console.Error.WriteLineAsync("soak [--minutes 10] [--seed N]");
            return 2;
        }

        using var stop = new CancellationTokenSource();
        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true; // the portal is to be stopped first
            stop.Cancel();
        }

        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            var report = await Soak.RunAsync(plan, Console.WriteLine, stop.Token);
            Console.WriteLine(report.Table());
            return report.IsGood ? 0 : 1;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return 130;
        }
    }
}
