using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;

namespace Portal.Domain.Wallet;

/// <summary>
/// Does what fell due for one locked wallet, instant by instant, in the order of domain.md §4: holds expire, grants expire,
/// grants become effective, debts are settled. Every command calls it first, so no caller sees an expiry half done.
/// </summary>
public static class Settle
{
    private sealed record OpenHold(Guid Id, int PoolId, decimal Amount, DateTimeOffset ExpiresAt);

    /// <summary>Settles everything due up to the wallet's <see cref="WalletState.Now"/>. One comparison when nothing is.</summary>
    public static async Task RunAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, WalletState wallet, WalletDirectory directory, PostingClock clock,
        CancellationToken cancellationToken)
    {
        if (wallet.NextDueAt is null || wallet.NextDueAt > wallet.Now) return;
        var holds = await OpenHoldsAsync(connection, transaction, wallet.TenantId, cancellationToken);
        await ExpireHoldsAsync(connection, transaction, wallet, holds, cancellationToken);
        foreach (var instant in InstantsDue(wallet))
        {
            foreach (var grant in wallet.Grants.Where(grant => grant.ExpiresAt == instant).Order(BurnOrder.Instance)) Expire(wallet, grant, directory, clock);
            wallet.SettleDebts(instant, directory.PoolsById, () => new LedgerTransaction(wallet.TenantId, "settlement", instant, wallet.Now, clock.BookDate(instant)) { Actor = "settle" });
        }

        wallet.Grants.RemoveAll(grant => grant.ExpiresAt <= wallet.Now);
        wallet.NextDueAt = NextDue(wallet, holds);
    }

    private static void Expire(WalletState wallet, Grant grant, WalletDirectory directory, PostingClock clock)
    {
        if (grant.Remaining == 0m) return;
        var instant = grant.ExpiresAt!.Value;
        var posting = wallet.Post(new LedgerTransaction(wallet.TenantId, "expiry", instant, wallet.Now, clock.BookDate(instant))
        {
            IdempotencyKey = $"expiry:{grant.Id:N}",
            Reference = PublicId.Format(PublicId.Grant, wallet.TenantId, grant.Id),
            Actor = "settle",
        });
        var credits = grant.Remaining;
        var value = wallet.Take(grant, credits);
        posting.MoveCredits(Account.Pool(directory.PoolsById[grant.PoolId].Key), grant.Id, Account.Expired, toGrant: null, credits);
        posting.Book(Account.DeferredCredits, Account.RevenueBreakage, value, grant.Currency);
    }

    private static DateTimeOffset[] InstantsDue(WalletState wallet)
    {
        var instants = wallet.Grants.Where(grant => grant.ExpiresAt is not null).Select(grant => grant.ExpiresAt!.Value);
        if (wallet.Debts.Count > 0) instants = instants.Concat(wallet.Grants.Select(grant => grant.EffectiveAt));
        return [.. instants.Where(instant => instant <= wallet.Now).Distinct().Order()];
    }

    private static DateTimeOffset? NextDue(WalletState wallet, IEnumerable<OpenHold> holds)
    {
        var later = holds.Select(hold => hold.ExpiresAt)
            .Concat(wallet.Grants.Select(grant => grant.EffectiveAt))
            .Concat(wallet.Grants.Where(grant => grant.ExpiresAt is not null).Select(grant => grant.ExpiresAt!.Value))
            .Where(instant => instant > wallet.Now)
            .ToArray();
        return later.Length == 0 ? null : later.Min();
    }

    private static async Task<List<OpenHold>> OpenHoldsAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            "select id, pool_id, amount, expires_at from holds where tenant_id = $1 and state = 'open'", connection, transaction);
        command.Parameters.AddWithValue(tenantId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var holds = new List<OpenHold>();
        while (await reader.ReadAsync(cancellationToken))
            holds.Add(new OpenHold(reader.GetGuid(0), reader.GetInt32(1), reader.GetDecimal(2), reader.GetFieldValue<DateTimeOffset>(3)));
        return holds;
    }

    // A hold books nothing, so it needs no posting: its credits are simply free again.
    private static async Task ExpireHoldsAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, WalletState wallet, List<OpenHold> holds, CancellationToken cancellationToken)
    {
        var due = holds.Where(hold => hold.ExpiresAt <= wallet.Now).ToArray();
        if (due.Length == 0) return;
        var freed = due.GroupBy(hold => hold.PoolId).OrderBy(pool => pool.Key).ToArray();
        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.Add("update holds set state = 'expired', closed_at = expires_at where tenant_id = $1 and id = any($2)",
            wallet.TenantId, due.Select(hold => hold.Id));
        batch.Add(
            "update pools p set held = p.held - d.credits from unnest($2::int[], $3::numeric[]) d(pool_id, credits) where p.tenant_id = $1 and p.pool_id = d.pool_id",
            wallet.TenantId, freed.Select(pool => pool.Key), freed.Select(pool => pool.Sum(hold => hold.Amount)));
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
