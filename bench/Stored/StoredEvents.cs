using System.Globalization;
using Npgsql;
using Portal.Bench.Running;

namespace Portal.Bench.Stored;

/// <summary>
/// Fills a portal's tables as if the hot tenant had used it for three months: copies of an event that the portal itself wrote, each with an
/// identity, made by the server, in the partitions of their months. The ledger and the rollups stay as they are.
/// </summary>
internal sealed class StoredEvents(BenchServer server, string database, long count)
{
    private const int Writers = 2, Chunk = 500_000, PerTransaction = 1000;

    private const long Days = 89, MillisecondsOfDay = 86_400_000;

    // Before this month: its partition is left to the events that come in.
    private readonly long begins = new DateTimeOffset(DateTime.UtcNow.Year, DateTime.UtcNow.Month, 1, 0, 0, 0, TimeSpan.Zero).AddDays(-Days - 1).ToUnixTimeMilliseconds();

    /// <summary>The events, and identities of time-ordered ids. The portal must have taken one already.</summary>
    public async Task LoadAsync()
    {
        await server.ExecuteAsync(database, "select ensure_event_partitions(now() - interval '5 months', now()); create table bench_event as select * from events limit 1");
        await InChunksAsync((first, last) => string.Create(CultureInfo.InvariantCulture, $"""
            insert into events
            select e.tenant_id, {Uuid7($"n - n % {PerTransaction}")}, (n % {PerTransaction})::int, {Uuid7("n")}, e.source, md5(n::text), e.type, e.occurred_at,
              e.consumer_id, e.team_id, e.pool_named_id, e.meter, e.product, e.rated, e.rate_version_id, e.cost_version_id, e.quantity, e.credits, e.revenue,
              e.money, e.cost, e.cost_currency, e.data, e.counters
            from generate_series({first}::bigint, {last}) n, bench_event e;
            {Identities(Uuid7("n"), first, last)}
            """));
        await SettleAsync();
    }

    // What the load leaves to do is done before anything is measured.
    private async Task SettleAsync()
    {
        await server.ExecuteAsync(database, "vacuum (analyze) event_identities");
        await server.ExecuteAsync(database, "checkpoint");
    }

    // A UUIDv7 whose time and rest follow from n.
    private string Uuid7(string n) => string.Create(CultureInfo.InvariantCulture,
        $"(lpad(to_hex({begins} + ({n}) * {Days * MillisecondsOfDay} / {count}), 12, '0') || '7' || substr(md5(({n})::text), 1, 3) || '8' || substr(md5(({n})::text), 4, 15))::uuid");

    /// <summary>The same identities, of random ids instead; the index is built when they are there.</summary>
    public async Task ScatterAsync()
    {
        await server.ExecuteAsync(database, """
            set session_replication_role = replica; -- what is append-only refuses to be emptied otherwise
            truncate event_identities;
            alter table event_identities drop constraint event_identities_pkey
            """);
        await InChunksAsync((first, last) => Identities("md5(n::text)::uuid", first, last));
        await server.ExecuteAsync(database, "alter table event_identities add primary key (tenant_id, event_key)");
        await SettleAsync();
    }

    private static string Identities(string key, long first, long last) => string.Create(CultureInfo.InvariantCulture, $"""
        insert into event_identities
        select e.tenant_id, {key}, hashint8(n), e.transaction_id, (n % {PerTransaction})::int
        from generate_series({first}::bigint, {last}) n cross join bench_event e
        """);

    private Task InChunksAsync(Func<long, long, string> statements) => Parallel.ForEachAsync(
        Enumerable.Range(0, (int)((count + Chunk - 1) / Chunk)), new ParallelOptions { MaxDegreeOfParallelism = Writers },
        async (chunk, cancellationToken) =>
        {
            var first = (long)chunk * Chunk;
            await using var connection = new NpgsqlConnection(server.Superuser(database));
            await connection.OpenAsync(cancellationToken);
            await using var command = new NpgsqlCommand("set synchronous_commit = off; " + statements(first, Math.Min(count, first + Chunk) - 1), connection);
            await command.ExecuteNonQueryAsync(cancellationToken);
        });
}
