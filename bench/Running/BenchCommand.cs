using System.Globalization;
using System.Text.Json;
using Portal.Bench.Browsers;
using Portal.Bench.Holds;
using Portal.Bench.Intake;
using Portal.Bench.Invoices;
using Portal.Bench.Pages;
using Portal.Bench.Stored;

namespace Portal.Bench.Running;

/// <summary>The benchmarks: figures are ratios to a peer on the same PostgreSQL in the same run, medians of several rounds.</summary>
internal static class BenchCommand
{
    private const string Usage = """
        ./portal bench [ROWS …] [--quick] [--rounds N] [--seconds N] [--stored N] [--json FILE]

        Starts a PostgreSQL and portals of its own and measures, with default durability, against peers on the same PostgreSQL. ROWS are some of
          intake    events per second through HTTP, of one tenant and of a thousand, and how long batches take at half load
          stored    events per second on top of stored ones (--stored N; fifty million unless told: ten minutes and 30 GB)
          holds     a hold and its capture under half load
          pages     what Overview and Usage read, of 50 million events and of one
          invoices  the invoice run, of many tenants due at once and of few
          browsers  the server's memory per connected browser; needs Chromium
        and all of them when none is named. --quick takes less of each.
        """;

    private static readonly string[] Groups = ["stored", "intake", "holds", "pages", "invoices", "browsers"];

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static async Task<int> RunAsync(Arguments args)
    {
        if (args.Words.Any(word => !Groups.Contains(word, StringComparer.Ordinal)) || args.Unknown("quick", "rounds", "seconds", "stored", "json") is not null)
        {
            await Console.Error.WriteLineAsync(Usage);
            return 2;
        }

        var quick = args.Has("quick");
        var settings = new BenchSettings(
            quick, Number(args["rounds"], quick ? 3 : 5), TimeSpan.FromSeconds(Number(args["seconds"], quick ? 1 : 8)), Number(args["stored"], quick ? 300_000 : 50_000_000));
        Console.WriteLine($"{Machine()}; load {Load()} before");
        var rows = await MeasureAsync(settings, args.Words.Count > 0 ? args.Words : Groups);
        Print(rows);
        foreach (var missed in rows.Where(row => !row.Met)) PrintProfile(missed);
        Console.WriteLine($"load {Load()} after");
        var path = args["json"] ?? "artifacts/bench.json";
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        await File.WriteAllTextAsync(path, JsonSerializer.Serialize(new { machine = Machine(), at = DateTimeOffset.UtcNow, rows }, Indented));
        Console.WriteLine($"written to {path}");
        return 0;
    }

    private static async Task<List<BenchRow>> MeasureAsync(BenchSettings settings, IReadOnlyList<string> groups)
    {
        await using var server = await BenchServer.StartAsync();
        await using var portal = await PortalUnderTest.StartAsync(server, "hot");
        var rows = new List<BenchRow>();
        foreach (var group in groups)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{group}, {DateTimeOffset.UtcNow:HH:mm:ss}"));
            var measured = group switch
            {
                "stored" => await StoredRows.MeasureAsync(server, portal, settings),
                "pages" => await PageRows.MeasureAsync(server, settings),
                "invoices" => await InvoiceRows.MeasureAsync(server, settings),
                "browsers" => await BrowserRows.MeasureAsync(server, settings),
                "holds" => await HoldRows.MeasureAsync(server, portal, settings),
                _ => await IntakeRows.MeasureAsync(server, portal, settings),
            };
            Print(measured); // a run that is broken off has said what it knew
            rows.AddRange(measured);
        }

        return rows;
    }

    private static void Print(IReadOnlyList<BenchRow> rows)
    {
        Console.WriteLine();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"what",-46} {"ours",12} {"against",-32} {"peer",10} {"ratio",7}  target"));
        foreach (var row in rows)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{row.Name,-46} {row.Value,12:#,##0.##} {row.Peer,-32} {row.PeerValue,10:#,##0.##} {row.Ratio,7:0.00}  {(row.AtMost ? "≤" : "≥")} {row.Target:0.##} {(row.Met ? "met" : "missed")}"));
        }
    }

    private static void PrintProfile(BenchRow row)
    {
        if (row.Profile.Count == 0) return;
        Console.WriteLine();
        Console.WriteLine($"missed: {row.Name}, of {row.Peer}");
        foreach (var line in row.Profile) Console.WriteLine("  " + line);
    }

    private static int Number(string? text, int otherwise) => text is null ? otherwise : int.Parse(text, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);

    // What else the machine does: with nothing but this run it stays near its cores.
    private static string Load() => File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]) : "unknown";

    private static string Machine()
    {
        var processor = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim()
            : null;
        return string.Create(CultureInfo.InvariantCulture,
            $"{processor ?? "unknown processor"}, {Environment.ProcessorCount} cores, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30} GiB, {Environment.OSVersion}, .NET {Environment.Version}; server, database and load share them");
    }
}
