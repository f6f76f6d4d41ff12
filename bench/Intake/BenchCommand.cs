using System.Globalization;
using System.Text.Json;

namespace Portal.Bench.Intake;

/// <summary>One row of the report: what was measured, and its ratio to a peer in the same run.</summary>
internal sealed record BenchRow(
    string Name, string Unit, double Value, string Peer, double PeerValue, double Target, bool AtMost, IReadOnlyList<double> Rounds)
{
    public double Ratio => Value / PeerValue;

    public bool Met => AtMost ? Ratio <= Target : Ratio >= Target;
}

/// <summary>The benchmarks: figures are ratios to a peer on the same PostgreSQL in the same run, medians of several rounds.</summary>
internal static class BenchCommand
{
    private const string Usage = """
        ./portal bench [--quick] [--rounds N] [--seconds N] [--json FILE]

        Starts a PostgreSQL and a portal of its own and measures, with default durability, how usage is taken through HTTP: events per second of
        one tenant against a row insert and a balance update per event, and against a bare COPY of the same rows; of a thousand tenants; and
        how long batches take at half load.
        """;

    /// <summary>Rows of the speed table that are not measured yet, and say so.</summary>
    private static readonly string[] NotMeasured =
        ["50 M stored events", "hold and capture under load", "page queries at 50 M events", "invoices per second", "memory per browser"];

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static async Task<int> RunAsync(Arguments args)
    {
        if (args.Words.Count > 0 || args.Unknown("quick", "rounds", "seconds", "json") is not null)
        {
            await Console.Error.WriteLineAsync(Usage);
            return 2;
        }

        var rounds = Number(args["rounds"], args.Has("quick") ? 3 : 7);
        var seconds = TimeSpan.FromSeconds(Number(args["seconds"], args.Has("quick") ? 3 : 10));
        Console.WriteLine(Machine());
        await using var portal = await PortalUnderTest.StartAsync();
        var rows = await MeasureAsync(portal, rounds, seconds);
        Print(rows);
        var path = args["json"] ?? "artifacts/bench.json";
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        await File.WriteAllTextAsync(path, JsonSerializer.Serialize(new { machine = Machine(), at = DateTimeOffset.UtcNow, rows, not_measured = NotMeasured }, Indented));
        Console.WriteLine($"written to {path}");
        return 0;
    }

    // All take turns, so that a machine that drifts drifts for all.
    private static async Task<List<BenchRow>> MeasureAsync(PortalUnderTest portal, int rounds, TimeSpan time)
    {
        EventLoad Load(LoadShape shape) => new(portal.Address, portal.PlatformKey, shape);
        var (hot, each, mixed) = (Load(LoadShape.Hot), Load(LoadShape.TenantEach), Load(LoadShape.Mixed));
        foreach (var load in new[] { hot, each, mixed }) await load.RunAsync(TimeSpan.FromSeconds(5)); // the server compiles what is used
        await using var wallet = await RowPerEventPeer.StartAsync(portal.SuperuserConnectionString);
        await using var copy = await CopyPeer.StartAsync(portal.SuperuserConnectionString);
        await wallet.RunAsync(TimeSpan.FromSeconds(1));

        var series = new Dictionary<string, List<double>>(StringComparer.Ordinal);
        async Task AddAsync(string name, Task<double> run) => (series.TryGetValue(name, out var values) ? values : series[name] = []).Add(await run);
        for (var round = 0; round < rounds; round++)
        {
            var processor = portal.Processor;
            var before = hot.Acknowledged;
            await AddAsync("hot", hot.RunAsync(time));
            var perEvent = (portal.Processor - processor).TotalMicroseconds / (hot.Acknowledged - before);
            await AddAsync("wallet", wallet.RunAsync(time));
            await AddAsync("copy", copy.RunAsync(time));
            await AddAsync("each", each.RunAsync(time));
            await AddAsync("mixed", mixed.RunAsync(time));
            await AddAsync("wallets", wallet.RunAsync(time, PortalUnderTest.Tenants));
            var (_, took) = await hot.RunAsync(time, series["hot"][^1] / 2 / EventLoad.EventsPerRequest);
            took.Sort();
            (series.TryGetValue("p99", out var p99) ? p99 : series["p99"] = []).Add(took[(int)(took.Count * 0.99)]);
            (series.TryGetValue("p50", out var p50) ? p50 : series["p50"] = []).Add(took[took.Count / 2]);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  round {round + 1}: {string.Join("  ", series.Select(s => $"{s.Key} {s.Value[^1]:#,##0.##}"))}  ({perEvent:0.0} µs of the server's processor an event)"));
        }

        await portal.CheckAsync(hot.Acknowledged + each.Acknowledged + mixed.Acknowledged);
        BenchRow Row(string name, string ours, string peer, string peerKey, double target, string unit = "events/s", bool atMost = false) =>
            new(name, unit, Median(series[ours]), peer, Median(series[peerKey]), target, atMost, series[ours]);
        return
        [
            Row("100 events a request, one hot tenant", "hot", "row per event, 16 connections", "wallet", 50),
            Row("the same", "hot", "COPY of the same rows", "copy", 0.4),
            Row("1,000 tenants, one a request", "each", "one hot tenant", "hot", 0.7),
            Row("1,000 tenants mixed in a request", "mixed", "row per event, 1,000 wallets", "wallets", 10),
            Row("acknowledged batches at half load, p99", "p99", "median of the same run", "p50", 6, "ms", atMost: true),
        ];
    }

    private static void Print(List<BenchRow> rows)
    {
        Console.WriteLine();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"what",-42} {"ours",12} {"against",-32} {"peer",10} {"ratio",7}  target"));
        foreach (var row in rows)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{row.Name,-42} {row.Value,12:#,##0.#} {row.Peer,-32} {row.PeerValue,10:#,##0.#} {row.Ratio,7:0.00}  {(row.AtMost ? "≤" : "≥")} {row.Target:0.##} {(row.Met ? "met" : "missed")}"));
        }

        Console.WriteLine($"not measured yet: {string.Join("; ", NotMeasured)}");
    }

    private static double Median(List<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private static int Number(string? text, int otherwise) => text is null ? otherwise : int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    private static string Machine()
    {
        var processor = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim()
            : null;
        return string.Create(CultureInfo.InvariantCulture,
            $"{processor ?? "unknown processor"}, {Environment.ProcessorCount} cores, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GiB, {Environment.OSVersion}, .NET {Environment.Version}; server, database and load share them");
    }
}
