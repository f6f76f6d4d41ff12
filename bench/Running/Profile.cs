using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Portal.Bench.Running;

/// <summary>
/// Where the time of a measured stretch went: processor time by process, and what the portal's connections did, looked at a hundred times
/// a second. "Idle in transaction" is the server's own work while it holds wallets.
/// </summary>
internal sealed class Profile
{
    private const string Look = """
        select case when state = 'active' then left(regexp_replace(query, '\s+', ' ', 'g'), 60) else state end,
          coalesce(wait_event_type || ':' || wait_event, 'processor')
        from pg_stat_activity where datname = $1 and backend_type = 'client backend' and pid <> pg_backend_pid() and state <> 'idle'
        """;

    private readonly List<string> lines = [];

    /// <summary>A line each, for the report.</summary>
    public IReadOnlyList<string> Lines => lines;

    /// <summary>Runs a stretch and watches it.</summary>
    public static async Task<(T Value, Profile Profile)> WatchAsync<T>(BenchServer server, PortalUnderTest portal, Func<Task<T>> run)
    {
        using var stop = new CancellationTokenSource();
        var seen = SampleAsync(server, portal.Database, stop.Token);
        var before = Processors.Now(portal);
        var value = await run();
        var spent = Processors.Now(portal) - before;
        await stop.CancelAsync();
        var profile = new Profile();
        profile.lines.Add(spent.ToString());
        profile.lines.AddRange(Describe(await seen));
        return (value, profile);
    }

    private static async Task<(int Looks, List<(string Doing, string Waiting)> Seen)> SampleAsync(BenchServer server, string database, CancellationToken stop)
    {
        await using var connection = new NpgsqlConnection(server.Superuser("postgres"));
        await connection.OpenAsync(CancellationToken.None);
        await using var command = new NpgsqlCommand(Look, connection) { Parameters = { new() { Value = database } } };
        await command.PrepareAsync(CancellationToken.None);
        var (looks, seen) = (0, new List<(string, string)>());
        while (!stop.IsCancellationRequested)
        {
            looks++;
            await using (var reader = await command.ExecuteReaderAsync(CancellationToken.None))
            {
                while (await reader.ReadAsync(CancellationToken.None)) seen.Add((reader.GetString(0), reader.GetString(1)));
            }

            await Task.Delay(10, CancellationToken.None);
        }

        return (looks, seen);
    }

    private static IEnumerable<string> Describe((int Looks, List<(string Doing, string Waiting)> Seen) sampled) => sampled.Seen
        .CountBy(one => one)
        .OrderByDescending(one => one.Value)
        .Take(8)
        .Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.Value / (double)sampled.Looks,5:0.00} connections: {one.Key.Doing} ({one.Key.Waiting})"));

    /// <summary>Processor time, of all cores together.</summary>
    private readonly record struct Processors(double Server, double Load, double All, double Idle)
    {
        public static Processors Now(PortalUnderTest portal)
        {
            using var own = Process.GetCurrentProcess();
            var times = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..9]
                .Select(ticks => double.Parse(ticks, CultureInfo.InvariantCulture) / 100).ToArray(); // user, nice, system, idle, iowait, …
            return new Processors(portal.Processor.TotalSeconds, own.TotalProcessorTime.TotalSeconds, times.Sum(), times[3] + times[4]);
        }

        public static Processors operator -(Processors x, Processors y) => new(x.Server - y.Server, x.Load - y.Load, x.All - y.All, x.Idle - y.Idle);

        public override string ToString() => string.Create(CultureInfo.InvariantCulture,
            $"processors: server {Server / All:0%}, database and the rest {(All - Idle - Server - Load) / All:0%}, load {Load / All:0%}, idle {Idle / All:0%}");
    }
}
