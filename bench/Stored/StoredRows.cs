using System.Diagnostics;
using System.Globalization;
using Portal.Bench.Intake;
using Portal.Bench.Running;

namespace Portal.Bench.Stored;

/// <summary>What stored events cost intake: a portal that holds them beside one that holds none, in turns; with time-ordered ids, then random ones.</summary>
internal static class StoredRows
{
    public static async Task<IReadOnlyList<BenchRow>> MeasureAsync(BenchServer server, PortalUnderTest empty, BenchSettings settings)
    {
        var rows = new List<BenchRow>();
        await using (var full = await PortalUnderTest.StartAsync(server, "stored"))
        {
            await full.Load(LoadShape.Hot).RunAsync(TimeSpan.FromSeconds(1)); // the event that is copied
            var events = new StoredEvents(server, full.Database, settings.Stored);
            await TimedAsync("loaded", settings, events.LoadAsync());
            rows.Add(await CompareAsync(empty, full, settings, randomIds: false, target: 0.8));
            await TimedAsync("identities scattered", settings, events.ScatterAsync());
            rows.Add(await CompareAsync(empty, full, settings, randomIds: true, target: 0.5));
        }

        await server.DropAsync("stored");
        return rows;
    }

    private static async Task<BenchRow> CompareAsync(PortalUnderTest empty, PortalUnderTest full, BenchSettings settings, bool randomIds, double target)
    {
        var (zero, many) = (empty.Load(LoadShape.Hot, randomIds), full.Load(LoadShape.Hot, randomIds));
        foreach (var load in new[] { zero, many }) await load.RunAsync(settings.Time / 2); // the server compiles what is used, and the pages that are used come into memory
        var (atZero, atMany) = (new List<double>(), new List<double>());
        for (var round = 0; round < settings.Rounds; round++)
        {
            atZero.Add(await zero.RunAsync(settings.Time));
            atMany.Add(await many.RunAsync(settings.Time));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  round {round + 1}: at 0 {atZero[^1]:#,##0}, at {settings.Stored:#,##0} {atMany[^1]:#,##0}"));
        }

        var ids = randomIds ? "random" : "time-ordered";
        return BenchRow.AtLeast(target, string.Create(CultureInfo.InvariantCulture, $"at {settings.Stored / 1e6:0.#} M stored{(settings.Stored < 50_000_000 ? " (not 50 M)" : "")}, {ids} ids"), atMany, "the same at 0", atZero, "events/s");
    }

    private static async Task TimedAsync(string what, BenchSettings settings, Task work)
    {
        var watch = Stopwatch.StartNew();
        await work;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {settings.Stored:#,##0} {what} in {watch.Elapsed.TotalSeconds:0} s"));
    }
}
