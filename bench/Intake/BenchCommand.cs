using System.Globalization;
using System.Text.Json;

namespace Portal.Bench.Intake;

/// <summary>One row of the report: what was measured, and its ratio to a peer in the same run.</summary>
internal sealed record BenchRow(string Name, string Unit, double Value, string Peer, double PeerValue, double Ratio, string Target, IReadOnlyList<double> Rounds);

/// <summary>The benchmarks: figures are ratios to a peer on the same PostgreSQL in the same run, medians of several rounds.</summary>
internal static class BenchCommand
{
    private const string Usage = """
        ./portal bench [--quick] [--rounds N] [--seconds N] [--json FILE]

        Starts a PostgreSQL and a portal of its own and measures, with default durability:
          events per second through HTTP in batches of 100, one tenant, against one row insert and one balance update per event.
        """;

    public static async Task<int> RunAsync(Arguments args)
    {
        if (args.Words.Count > 0 || args.Unknown("quick", "rounds", "seconds", "json") is not null)
        {
            await Console.Error.WriteLineAsync(Usage);
            return 2;
        }

        var rounds = Number(args["rounds"], args.Has("quick") ? 3 : 5);
        var seconds = TimeSpan.FromSeconds(Number(args["seconds"], args.Has("quick") ? 5 : 10));
        Console.WriteLine(Machine());
        await using var portal = await PortalUnderTest.StartAsync();
        var row = await HotTenantAsync(portal, rounds, seconds);
        Print(row);
        var path = args["json"] ?? "artifacts/bench.json";
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        await File.WriteAllTextAsync(path, JsonSerializer.Serialize(new { machine = Machine(), at = DateTimeOffset.UtcNow, rows = new[] { row } }, Indented));
        Console.WriteLine($"written to {path}");
        return 0;
    }

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    // The two take turns, so that a machine that drifts drifts for both.
    private static async Task<BenchRow> HotTenantAsync(PortalUnderTest portal, int rounds, TimeSpan time)
    {
        await using var peer = await RowPerEventPeer.StartAsync(portal.SuperuserConnectionString);
        var load = new EventLoad(portal.Address, portal.PlatformKey, PortalUnderTest.Tenant);
        await load.RunAsync(TimeSpan.FromSeconds(3)); // both warm up
        await peer.RunAsync(TimeSpan.FromSeconds(1));
        var (ours, theirs) = (new List<double>(), new List<double>());
        for (var round = 0; round < rounds; round++)
        {
            var (processor, acknowledged) = (portal.Processor, load.Acknowledged);
            ours.Add(await load.RunAsync(time));
            var each = (portal.Processor - processor).TotalMicroseconds / (load.Acknowledged - acknowledged);
            theirs.Add(await peer.RunAsync(time));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  round {round + 1}: {ours[^1],10:N0} events/s   peer {theirs[^1],8:N0} events/s   {each:0.0} µs of the server's processor for each"));
        }

        await portal.CheckAsync(load.Acknowledged);
        var (median, peerMedian) = (Median(ours), Median(theirs));
        return new BenchRow("intake, 100 events a request, one tenant", "events/s", median, "row per event, 16 connections", peerMedian, median / peerMedian, ">= 50", ours);
    }

    private static void Print(BenchRow row)
    {
        Console.WriteLine();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"what",-44} {"ours",12} {"peer",12} {"ratio",8}  target"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{row.Name,-44} {row.Value,12:N0} {row.PeerValue,12:N0} {row.Ratio,8:0.0}  {row.Target}"));
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
