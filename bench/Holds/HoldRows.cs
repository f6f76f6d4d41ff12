using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using Portal.Bench.Intake;
using Portal.Bench.Running;

namespace Portal.Bench.Holds;

/// <summary>
/// A hold and its capture, 200 of both per second over a thousand tenants, while usage of the same tenants comes in at half of what the
/// portal takes; against the same two steps written bare, each a transaction of <c>SELECT … FOR UPDATE</c> and <c>UPDATE</c>, at the same rate
/// under the same load.
/// </summary>
internal static class HoldRows
{
    private const int PerSecond = 200;

    public static async Task<IReadOnlyList<BenchRow>> MeasureAsync(BenchServer server, PortalUnderTest portal, BenchSettings settings)
    {
        await server.CreateAsync("bare");
        await server.ExecuteAsync("bare", """
            create table wallets (tenant_id bigint primary key, balance numeric(28,9) not null, held numeric(28,9) not null);
            insert into wallets select n, 1000000000, 0 from generate_series(0, 999) n
            """);
        var options = new NpgsqlConnectionStringBuilder(server.Superuser("bare")) { Pooling = true, MaxPoolSize = 16, MaxAutoPrepare = 20, AutoPrepareMinUsages = 1, NoResetOnClose = true };
        await using var bare = NpgsqlDataSource.Create(options.ConnectionString);
        using var api = portal.OpenApi();
        var intake = portal.Load(LoadShape.TenantEach);
        var half = await intake.RunAsync(settings.Time) / 2 / EventLoad.EventsPerRequest;
        await Latencies.AtRateAsync(TimeSpan.FromSeconds(1), PerSecond, i => HoldAndCaptureAsync(api, i)); // the server compiles what is used

        var (ours, theirs) = (new List<double>(), new List<double>());
        for (var round = 1; round <= settings.Rounds; round++)
        {
            var load = intake.RunAsync(2 * settings.Time, half);
            var held = await Latencies.AtRateAsync(settings.Time * 0.9, PerSecond, i => HoldAndCaptureAsync(api, i));
            var locked = await Latencies.AtRateAsync(settings.Time * 0.9, PerSecond, i => LockAndUpdateAsync(bare, i));
            await load;
            ours.Add(Latencies.P99(held));
            theirs.Add(Latencies.P99(locked));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  round {round}: hold + capture p50 {held[held.Count / 2]:0.0} p99 {ours[^1]:0.0} ms, bare p50 {locked[locked.Count / 2]:0.0} p99 {theirs[^1]:0.0} ms"));
        }

        return [BenchRow.NoMoreThan(3, "hold + capture, 200/s under half load, p99", ours, "SELECT FOR UPDATE + UPDATE", theirs, "ms")];
    }

    private static async Task HoldAndCaptureAsync(HttpClient api, int i)
    {
        var tenant = string.Create(CultureInfo.InvariantCulture, $"t{i * 7 % PortalUnderTest.Tenants:0000}");
        using var placed = await api.PostAsJsonAsync(new Uri("/v1/holds", UriKind.Relative), new { tenant, credits = "5" });
        var hold = await ReadAsync(placed);
        using var captured = await api.PostAsJsonAsync(new Uri($"/v1/holds/{hold.GetProperty("id").GetString()}/capture", UriKind.Relative), new { credits = "4.5" });
        await ReadAsync(captured);
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode ? JsonSerializer.Deserialize<JsonElement>(text) : throw new InvalidOperationException($"{(int)response.StatusCode} {text}");
    }

    private static async Task LockAndUpdateAsync(NpgsqlDataSource bare, int i)
    {
        await StepAsync(bare, i, "update wallets set held = held + 5 where tenant_id = $1");
        await StepAsync(bare, i, "update wallets set held = held - 5, balance = balance - 4.5 where tenant_id = $1");
    }

    private static async Task StepAsync(NpgsqlDataSource bare, int i, string update)
    {
        await using var connection = await bare.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        foreach (var sql in new[] { "select balance - held from wallets where tenant_id = $1 for update", update })
        {
            await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = (long)(i * 7 % PortalUnderTest.Tenants) } } };
            await command.ExecuteScalarAsync();
        }

        await transaction.CommitAsync();
    }
}
