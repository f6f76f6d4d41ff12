using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Wallet;

/// <summary>
/// Does what fell due for one locked wallet, instant by instant, in the order of domain.md §4: holds expire, the billing period that ends
/// is closed, credits roll over, grants expire, new ones are granted or become effective, debts are settled. Every command calls it first,
/// so no caller sees an expiry or a renewal half done.
/// </summary>
public static class Settle
{
    private sealed record OpenHold(Guid Id, int PoolId, decimal Amount, DateTimeOffset ExpiresAt);

    /// <summary>Settles everything due up to the wallet's <see cref="WalletState.Now"/>. One comparison when nothing is.</summary>
    public static async Task RunAsync(WalletTransaction opened, DueWork due, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(opened);
        ArgumentNullException.ThrowIfNull(due);
        var (wallet, directory) = (opened.Wallet, opened.Directory);
        wallet.Overage = directory.Terms?.At(wallet.Now);
        if (wallet.NextDueAt is null || wallet.NextDueAt > wallet.Now) return;
        var settling = new Settling(opened.Connection, opened.Transaction, wallet, directory, opened.Clock);
        var holds = await OpenHoldsAsync(opened.Connection, opened.Transaction, wallet.TenantId, cancellationToken);
        await ExpireHoldsAsync(opened.Connection, opened.Transaction, wallet, holds, cancellationToken); // they hold no grant, so their order among the rest is free
        var renewal = await due.Renewals.FindAsync(settling, cancellationToken);
        var others = await due.FindAsync(opened, cancellationToken);
        for (var last = DateTimeOffset.MinValue; NextInstant(wallet, renewal, others, last) is { } instant && instant <= wallet.Now; last = instant)
        {
            await AtAsync(settling, renewal, others, instant, cancellationToken);
            if (renewal is not null && others.Any(one => one.Place == DuePlace.Last && one.NextAt <= instant)) await renewal.WriteAsync(cancellationToken); // they read how it stands
            if (!await RunAsync(others, DuePlace.Last, instant, cancellationToken)) continue;
            others = await due.FindAsync(opened, cancellationToken); // usage that the engine wrote may have begun a period that closes
        }

        settling.SettleDebts(wallet.Now); // a subscription that was made later than it starts grants after the debt it settles
        if (renewal is not null) await renewal.WriteAsync(cancellationToken);
        if (wallet.ConfigurationChanged) await opened.ReloadDirectoryAsync(cancellationToken); // another plan began
        wallet.Grants.RemoveAll(grant => grant.ExpiresAt <= wallet.Now);
        wallet.NextDueAt = NextDue(wallet, holds, renewal, others);
    }

    private static async Task AtAsync(Settling settling, IRenewal? renewal, IReadOnlyList<IDue> others, DateTimeOffset instant, CancellationToken cancellationToken)
    {
        var renewing = renewal?.NextAt == instant ? renewal : null;
        await RunAsync(others, DuePlace.PeriodEnd, instant, cancellationToken);
        if (renewing is not null) await renewing.CloseAsync(instant, cancellationToken);
        renewing?.Roll(instant);
        foreach (var grant in settling.Wallet.Grants.Where(grant => grant.ExpiresAt == instant).Order(BurnOrder.Instance).ToArray()) settling.Expire(grant, instant);
        renewing?.Grant(instant);
        settling.SettleDebts(instant);
    }

    // Answers whether there was anything to do.
    private static async Task<bool> RunAsync(IReadOnlyList<IDue> others, DuePlace place, DateTimeOffset instant, CancellationToken cancellationToken)
    {
        var ran = false;
        foreach (var due in others)
        {
            if (due.Place != place || !(due.NextAt <= instant)) continue;
            await due.RunAsync(instant, cancellationToken);
            ran = true;
        }

        return ran;
    }

    // Grants that become effective matter to debts alone.
    private static DateTimeOffset? NextInstant(WalletState wallet, IRenewal? renewal, IReadOnlyList<IDue> others, DateTimeOffset last)
    {
        var instants = wallet.Grants.Where(grant => grant.ExpiresAt is not null).Select(grant => grant.ExpiresAt!.Value);
        if (wallet.Debts.Count > 0) instants = instants.Concat(wallet.Grants.Select(grant => grant.EffectiveAt));
        if (renewal?.NextAt is { } renewed) instants = instants.Append(renewed);
        return instants.Concat(others.Select(due => due.NextAt).OfType<DateTimeOffset>()).Where(instant => instant > last)
            .Select(instant => (DateTimeOffset?)instant).Min();
    }

    private static DateTimeOffset? NextDue(WalletState wallet, IEnumerable<OpenHold> holds, IRenewal? renewal, IReadOnlyList<IDue> others)
    {
        var later = holds.Select(hold => hold.ExpiresAt)
            .Concat(wallet.Grants.Select(grant => grant.EffectiveAt))
            .Concat(wallet.Grants.Where(grant => grant.ExpiresAt is not null).Select(grant => grant.ExpiresAt!.Value))
            .Concat(renewal?.NextAt is { } renewed ? [renewed] : [])
            .Concat(others.Select(due => due.NextAt).OfType<DateTimeOffset>())
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
