using System.Globalization;
using Portal.Bench.Running;

namespace Portal.Bench.Intake;

/// <summary>How usage is taken through HTTP: of one tenant, of a thousand, and how long batches take at half load.</summary>
internal static class IntakeRows
{
    public static async Task<IReadOnlyList<BenchRow>> MeasureAsync(BenchServer server, PortalUnderTest portal, BenchSettings settings)
    {
        var (hot, each, mixed) = (portal.Load(LoadShape.Hot), portal.Load(LoadShape.TenantEach), portal.Load(LoadShape.Mixed));
        var before = await portal.StoredAsync();
        foreach (var load in new[] { hot, each, mixed }) await load.RunAsync(settings.Quick ? TimeSpan.FromSeconds(2) : TimeSpan.FromSeconds(5)); // the server compiles what is used
        await using var wallet = await RowPerEventPeer.StartAsync(server);
        await using var copy = await CopyPeer.StartAsync(server, portal.Database);
        await wallet.RunAsync(TimeSpan.FromSeconds(1));

        // All take turns, so that a machine that drifts drifts for all.
        var profiles = new Dictionary<string, Profile>(StringComparer.Ordinal);
        async Task<T> WatchAsync<T>(string name, Func<Task<T>> run)
        {
            (var value, profiles[name]) = await Profile.WatchAsync(server, portal, run);
            return value;
        }

        var series = new Dictionary<string, List<double>>(StringComparer.Ordinal);
        void Add(string name, double value) => (series.TryGetValue(name, out var values) ? values : series[name] = []).Add(value);
        for (var round = 1; round <= settings.Rounds; round++)
        {
            var (processor, acknowledged) = (portal.Processor, hot.Acknowledged);
            Add("hot", await WatchAsync("hot", () => hot.RunAsync(settings.Time)));
            var perEvent = (portal.Processor - processor).TotalMicroseconds / (hot.Acknowledged - acknowledged);
            Add("wallet", await wallet.RunAsync(settings.Time));
            Add("copy", await copy.RunAsync(settings.Time));
            Add("each", await WatchAsync("each", () => each.RunAsync(settings.Time)));
            Add("mixed", await WatchAsync("mixed", () => mixed.RunAsync(settings.Time)));
            Add("wallets", await wallet.RunAsync(settings.Time, PortalUnderTest.Tenants));
            var (_, took) = await WatchAsync("p99", () => hot.RunAsync(settings.Time, series["hot"][^1] / 2 / EventLoad.EventsPerRequest));
            took.Sort();
            Add("p99", Latencies.P99(took));
            Add("p50", took[took.Count / 2]);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  round {round}: {string.Join("  ", series.Select(s => $"{s.Key} {s.Value[^1]:#,##0.##}"))}  ({perEvent:0.0} µs of the server's processor an event)"));
        }

        await portal.CheckAsync(before + hot.Acknowledged + each.Acknowledged + mixed.Acknowledged);
        BenchRow Row(double target, string name, string ours, string peer, string peerKey) =>
            BenchRow.AtLeast(target, name, series[ours], peer, series[peerKey], "events/s") with { Profile = profiles[ours].Lines };
        return
        [
            Row(50, "100 events a request, one hot tenant", "hot", "row per event, 16 connections", "wallet"),
            Row(0.4, "the same", "hot", "COPY of the same rows", "copy"),
            Row(0.7, "1,000 tenants, one a request", "each", "one hot tenant", "hot"),
            Row(10, "1,000 tenants mixed in a request", "mixed", "row per event, 1,000 wallets", "wallets"),
            BenchRow.NoMoreThan(6, "batches at half load, p99", series["p99"], "median of the same run", series["p50"], "ms") with { Profile = profiles["p99"].Lines },
        ];
    }
}
