using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Portal.Domain.Kernel;

namespace Portal.Bench.Replay;

/// <summary>The verb <c>replay</c>: sends a usage trace through the HTTP API and says what it came to.</summary>
internal static class ReplayCommand
{
    private const string Usage = """
        ./portal replay FILE.csv --tenant KEY --model NAME [options]

        Sends a usage trace (columns TIMESTAMP, ContextTokens, GeneratedTokens) through POST /v1/events.

          --tenant KEY      the tenant whose usage it is
          --model NAME      the model that served it
          --end INSTANT     when the last request happened, RFC 3339; the others keep their distance (default: now)
          --own-times       the times of the file as they are
          --url URL         where the portal answers (default: http://localhost:5080)
          --key KEY         platform key (default: the variable PORTAL_KEY)
          --pool KEY, --consumer KEY, --team KEY    who used it
          --batch N         events a request, 1 to 10000 (default: 500)
          --parallel N      requests at a time (default: 4)

        Sent again with the same --end, every event is a duplicate and nothing changes.
        """;

    public static async Task<int> RunAsync(Arguments args)
    {
        var known = new[] { "tenant", "model", "end", "own-times", "url", "key", "pool", "consumer", "team", "batch", "parallel" };
        if (args.Words is not [var file] || args["tenant"] is not { } tenant || args["model"] is not { } model || args.Unknown(known) is not null)
            return Fail(Usage);
        if ((args["key"] ?? Environment.GetEnvironmentVariable("PORTAL_KEY")) is not { } key)
            return Fail("A platform key is needed: --key KEY, or the variable PORTAL_KEY. The first start of the portal prints one.");
        try
        {
            var trace = Trace.Read(file);
            if (!args.Has("own-times"))
            {
                var end = DateTimeOffset.UtcNow;
                if (args["end"] is { } text && !InstantText.TryParse(text, out end)) return Fail("--end must be RFC 3339 with an offset, such as 2026-01-01T00:00:00Z.");
                trace = trace.EndingAt(end);
            }

            using var client = new HttpClient { BaseAddress = new Uri(args["url"] ?? "http://localhost:5080"), Timeout = TimeSpan.FromMinutes(5) };
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
            var sender = new TraceSender(client, trace, tenant, model, args["pool"], args["consumer"], args["team"]);
            return await SendAsync(sender, trace, Number(args["batch"], 500), Number(args["parallel"], 4));
        }
        catch (Exception exception) when (exception is FormatException or IOException or HttpRequestException or UnauthorizedAccessException)
        {
            return Fail(exception.Message);
        }
    }

    private static async Task<int> SendAsync(TraceSender sender, Trace trace, int batch, int parallel)
    {
        var before = await sender.UsageAsync();
        var watch = Stopwatch.StartNew();
        await sender.SendAsync(batch, parallel, done => ShowProgress(done, trace.Rows.Count));
        watch.Stop();
        await Console.Error.WriteLineAsync();
        var after = await sender.UsageAsync();
        var sent = sender.Totals;
        var (first, last) = (trace.Rows.Min(row => row.At), trace.Rows.Max(row => row.At));
        Print("trace", $"{trace.Name}, {trace.Rows.Count:N0} requests, {InstantText.Format(first)} to {InstantText.Format(last)}");
        Print("accepted", $"{sent.Accepted:N0}   duplicate {sent.Duplicate:N0}   unrated {sent.Unrated:N0}   conflict {sent.Conflict:N0}   rejected {sent.Rejected:N0}");
        Print("credits", $"{sent.AcceptedCredits:0.000000000}" + (sent.Duplicate > 0 ? $"   (of duplicates, drawn before: {sent.DuplicateCredits:0.000000000})" : ""));
        Print("cost", Difference(before.Cost, after.Cost));
        Print("revenue", Difference(before.Revenue, after.Revenue));
        Print("margin", Difference(before.Margin, after.Margin));
        Print("events/s", $"{trace.Rows.Count / watch.Elapsed.TotalSeconds:N0} in {watch.Elapsed.TotalSeconds:0.0} s");
        foreach (var problem in sender.Problems) Print("problem", problem);
        if (sent.Accepted > 0) Print("to repeat", $"--end {InstantText.Format(last)}");
        return sent.Conflict + sent.Rejected == 0 ? 0 : 1;
    }

    private static string Difference(decimal? before, decimal? after) =>
        after is null || before is null ? "unknown" : (after.Value - before.Value).ToString("0.000000000", CultureInfo.InvariantCulture);

    private static int Number(string? text, int otherwise) =>
        text is null ? otherwise : Math.Clamp(int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture), 1, 10_000);

    private static void Print(string name, string value) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-10} {value}"));

    private static void ShowProgress(int done, int all)
    {
        const int width = 40;
        var filled = width * done / all;
        Console.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r[{new string('#', filled)}{new string('.', width - filled)}] {100.0 * done / all,5:0.0} %  {done:N0} of {all:N0}"));
    }

    private static int Fail(string message)
    {
        Console.Error.WriteLine(message);
        return 2;
    }
}
