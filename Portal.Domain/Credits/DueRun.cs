using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Wallet;

/// <summary>A run over the wallets for which something fell due, as operators see it.</summary>
/// <param name="Id">UUIDv7.</param>
/// <param name="DueUntil">Business time (UTC): what fell due until then.</param>
/// <param name="StartedAt">Real time (UTC).</param>
/// <param name="FinishedAt">Real time (UTC); null while it runs, or waits for a node to go on with it.</param>
/// <param name="Wallets">How many it is over.</param>
/// <param name="Done">Of them, those that were settled.</param>
/// <param name="Failed">Of them, those that could not be; the next run tries again.</param>
/// <param name="Invoices">Invoices that were finalised.</param>
public sealed record DueRun(Guid Id, DateTimeOffset DueUntil, DateTimeOffset StartedAt, DateTimeOffset? FinishedAt, int Wallets, int Done, int Failed, int Invoices)
{
    private const string Select = """
        select r.id, r.due_until, r.started_at, r.finished_at, coalesce(s.wallets, r.wallets), coalesce(s.done, r.wallets - r.failed), coalesce(s.failed, r.failed),
          coalesce(s.invoices, r.invoices)
        from due_runs r left join lateral (
          select count(*)::int as wallets, (count(*) filter (where state = 'done'))::int as done, (count(*) filter (where state = 'failed'))::int as failed,
            coalesce(sum(invoices), 0)::int as invoices
          from due_run_tenants t where t.run_id = r.id) s on r.finished_at is null
        """;

    private const string Failures = """
        select t.key, t.name, d.error from due_run_tenants d join tenants t on t.tenant_id = d.tenant_id
        where d.run_id = $1 and d.state = 'failed' order by t.key limit $2
        """;

    /// <summary>A wallet that a run could not settle, and why.</summary>
    /// <param name="Tenant">Its tenant's key.</param>
    /// <param name="Name">What people call the tenant.</param>
    /// <param name="Error">What the machine said.</param>
    public sealed record Failure(string Tenant, string Name, string Error);

    /// <summary>The newest first.</summary>
    /// <param name="source">As the application.</param>
    /// <param name="before">Those before this one; null from the newest.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<IReadOnlyList<DueRun>> ListAsync(NpgsqlDataSource source, Guid? before, int limit, CancellationToken cancellationToken = default) =>
        await source.ListAsync($"{Select} where ($1::uuid is null or r.id < $1) order by r.id desc limit $2", Read, cancellationToken, before, limit);

    /// <summary>One of them; null when there is none of that id.</summary>
    public static Task<DueRun?> FindAsync(NpgsqlDataSource source, Guid id, CancellationToken cancellationToken = default) =>
        source.FindAsync($"{Select} where r.id = $1", Read, cancellationToken, id);

    /// <summary>What could not be settled, by tenant.</summary>
    public static async Task<IReadOnlyList<Failure>> FailuresAsync(NpgsqlDataSource source, Guid id, int limit, CancellationToken cancellationToken = default) =>
        await source.ListAsync(Failures, row => new Failure(row.GetString(0), row.GetString(1), row.GetString(2)), cancellationToken, id, limit);

    private static DueRun Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetFieldValue<DateTimeOffset>(1), row.GetFieldValue<DateTimeOffset>(2), row.Nullable<DateTimeOffset?>(3),
        row.GetInt32(4), row.GetInt32(5), row.GetInt32(6), row.GetInt32(7));
}
