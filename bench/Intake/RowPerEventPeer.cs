using System.Diagnostics;
using Npgsql;
using Portal.Bench.Running;

namespace Portal.Bench.Intake;

/// <summary>
/// What most write first: for each event one row and one <c>UPDATE</c> of a balance, in a transaction, over 16 connections with
/// prepared statements, on the same PostgreSQL.
/// </summary>
/// <remarks>Over one tenant, or over as many as the portal has.</remarks>
internal sealed class RowPerEventPeer : IAsyncDisposable
{
    private const int Connections = 16;
    private readonly NpgsqlDataSource source;

    private RowPerEventPeer(NpgsqlDataSource source) => this.source = source;

    public static async Task<RowPerEventPeer> StartAsync(BenchServer server)
    {
        await server.CreateAsync("peer");
        var settings = new NpgsqlConnectionStringBuilder(server.Superuser("peer")) { Pooling = true, MaxPoolSize = 16, MaxAutoPrepare = 20, AutoPrepareMinUsages = 1, NoResetOnClose = true };
        var source = NpgsqlDataSource.Create(settings.ConnectionString);
        await using var tables = source.CreateCommand("""
            create table wallets (tenant_id bigint primary key, balance numeric(28,9) not null);
            create table events (tenant_id bigint, event_id text, occurred_at timestamptz not null, model text not null, input_tokens bigint not null,
              output_tokens bigint not null, credits numeric(28,9) not null, primary key (tenant_id, event_id));
            insert into wallets select n, 1000000000 from generate_series(1, 1000) n
            """);
        await tables.ExecuteNonQueryAsync();
        return new RowPerEventPeer(source);
    }

    /// <summary>Events per second.</summary>
    /// <param name="time">How long.</param>
    /// <param name="tenants">Over so many wallets.</param>
    public async Task<double> RunAsync(TimeSpan time, int tenants = 1)
    {
        var watch = Stopwatch.StartNew();
        var counts = await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => Task.Run(() => WriteUntilAsync(watch, time, tenants))));
        return counts.Sum() / watch.Elapsed.TotalSeconds;
    }

    public ValueTask DisposeAsync() => source.DisposeAsync();

    private async Task<long> WriteUntilAsync(Stopwatch watch, TimeSpan time, int tenants)
    {
        await using var connection = await source.OpenConnectionAsync();
        for (var count = 0L; ; count++)
        {
            if (watch.Elapsed >= time) return count;
            var tenant = 1L + Random.Shared.Next(tenants);
            await using var batch = new NpgsqlBatch(connection);
            batch.BatchCommands.Add(new NpgsqlBatchCommand("insert into events values ($3, $1, $2, 'gpt-4o', 4808, 10, 1.818)")
            {
                Parameters = { new() { Value = Guid.CreateVersion7().ToString() }, new() { Value = DateTimeOffset.UtcNow }, new() { Value = tenant } },
            });
            batch.BatchCommands.Add(new NpgsqlBatchCommand("update wallets set balance = balance - 1.818 where tenant_id = $1")
            {
                Parameters = { new() { Value = tenant } },
            });
            await batch.ExecuteNonQueryAsync(); // a batch is one transaction
        }
    }
}
