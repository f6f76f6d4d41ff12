using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Wallet;

/// <summary>The rows of runs: which wallets are due, who is at which, and what was done.</summary>
internal static class DueRunRows
{
    private const int KeptDays = 30;

    private const string Open = "select id from due_runs where finished_at is null";

    private const string IsDue = "select exists (select 1 from wallets w, platform p where w.next_due_at <= now() + p.clock_offset and w.tenant_id <> all($1))";

    private const string Begin = "insert into due_runs (id, due_until) select $1, now() + p.clock_offset from platform p on conflict do nothing";

    private const string Fill = """
        insert into due_run_tenants (tenant_id, run_id)
        select w.tenant_id, r.id from wallets w, due_runs r where r.id = $1 and w.next_due_at <= r.due_until and w.tenant_id <> all($2)
        """;

    private const string Forget = "delete from due_runs where finished_at < now() - make_interval(days => $1)";

    private const string Waiting = "select tenant_id from due_run_tenants where run_id = $1 and state = 'waiting' order by tenant_id limit $2";

    private const string Claim = "select 1 from due_run_tenants where tenant_id = $1 and run_id = $2 and state = 'waiting' for update";

    private const string Done = "update due_run_tenants set state = 'done', invoices = $3 where tenant_id = $1 and run_id = $2";

    private const string Fail = "update due_run_tenants set state = 'failed', error = left($3, 500) where tenant_id = $1 and run_id = $2 and state = 'waiting'";

    private const string Finish = """
        update due_runs r set finished_at = now(), wallets = s.wallets, failed = s.failed, invoices = s.invoices
        from (select count(*) as wallets, count(*) filter (where state = 'failed') as failed, coalesce(sum(invoices), 0) as invoices from due_run_tenants where run_id = $1) s
        where r.id = $1 and r.finished_at is null and not exists (select 1 from due_run_tenants where run_id = $1 and state = 'waiting')
        """;

    /// <summary>The run that is open, else a new one over what is due but for <paramref name="except"/>; null when nothing is.</summary>
    /// <returns>The run, and whether it is new.</returns>
    public static async Task<(Guid Id, bool IsNew)?> JoinAsync(NpgsqlDataSource source, long[] except, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        while (true)
        {
            if (await connection.ListAsync(Open, row => row.GetGuid(0), cancellationToken) is [var open]) return (open, false);
            if (!(await connection.ListAsync(IsDue, row => row.GetBoolean(0), cancellationToken, except))[0]) return null;
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var id = await NextIdAsync(connection, cancellationToken);
            if (await connection.ExecuteAsync(Begin, cancellationToken, id) == 0) continue; // somebody else was first
            await connection.ExecuteAsync(Fill, cancellationToken, id, except);
            await connection.ExecuteAsync(Forget, cancellationToken, KeptDays);
            await transaction.CommitAsync(cancellationToken);
            return (id, true);
        }
    }

    /// <summary>Wallets of a run that wait; with <paramref name="free"/> those alone that nobody is at.</summary>
    public static async Task<long[]> WaitingAsync(NpgsqlDataSource source, Guid run, bool free, int limit, CancellationToken cancellationToken) =>
        [.. await source.ListAsync(free ? Waiting + " for update skip locked" : Waiting, row => row.GetInt64(0), cancellationToken, run, limit)];

    /// <summary>Takes a wallet of a run, in the transaction that is to settle it. False when it is done, or somebody is at it and one does not <paramref name="wait"/>.</summary>
    public static async Task<bool> ClaimAsync(NpgsqlConnection connection, Guid run, long tenantId, bool wait, CancellationToken cancellationToken) =>
        (await connection.ListAsync(wait ? Claim : Claim + " skip locked", row => row.GetInt32(0), cancellationToken, tenantId, run)).Count > 0;

    /// <summary>It is settled, once its transaction commits.</summary>
    public static Task DoneAsync(WalletTransaction wallet, Guid run, CancellationToken cancellationToken) =>
        wallet.ExecuteAsync(Done, cancellationToken, wallet.TenantId, run, wallet.Wallet.Invoiced);

    /// <summary>It could not be settled.</summary>
    public static async Task FailAsync(NpgsqlDataSource source, Guid run, long tenantId, string error, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Fail, cancellationToken, tenantId, run, error);
    }

    /// <summary>Nothing of it waits any more: keeps its sums and what failed.</summary>
    public static async Task FinishAsync(NpgsqlDataSource source, Guid run, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await connection.ExecuteAsync(Finish, cancellationToken, run) == 0) return;
        await connection.ExecuteAsync("delete from due_run_tenants where run_id = $1 and state = 'done'", cancellationToken, run);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task<Guid> NextIdAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        Uuid7.At((await connection.ListAsync("select now()", row => row.GetFieldValue<DateTimeOffset>(0), cancellationToken))[0]);
}
