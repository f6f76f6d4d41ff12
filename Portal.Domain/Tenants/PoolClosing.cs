using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Wallet;

namespace Portal.Domain.Tenants;

/// <summary>What closing a pool did.</summary>
/// <param name="Moved">Credits that went to the shared pool, those to come among them.</param>
/// <param name="Debt">Debt that went with them, before the shared pool settled what it could.</param>
public sealed record ClosedPool(decimal Moved, decimal Debt);

public static partial class PoolSettings
{
    /// <summary>
    /// Closes a pool: its grants, those to come too, and its debt move to the shared pool; teams and consumers that drew from it go on
    /// with what is theirs next, and allowances on it end. Overage stays where it was used until it is invoiced. Refuses <c>unknown_pool</c>,
    /// <c>shared_pool</c> (it cannot be closed), <c>pool_closed</c>, <c>pool_has_holds</c>.
    /// </summary>
    public static async Task<Result<ClosedPool>> CloseAsync(WalletTransaction wallet, string key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        if (!wallet.Directory.Pools.TryGetValue(key, out var pool)) return Problem.NotFound("unknown_pool", $"There is no pool '{key}'.");
        if (pool.Id == Pool.SharedId) return Problem.Conflict("shared_pool", "The shared pool stays open: it takes what other pools leave.");
        if (pool.Closed) return Problem.Conflict("pool_closed", $"The pool '{key}' is closed already.");
        var holds = await wallet.Connection.ListAsync(
            "select id from holds where tenant_id = $1 and pool_id = $2 and state = 'open' limit 1", row => row.GetGuid(0), cancellationToken, wallet.TenantId, pool.Id);
        if (holds.Count > 0)
            return Problem.Conflict("pool_has_holds", $"Work in progress holds credits of '{key}'. Capture or release its holds first.");

        var shared = wallet.Directory.PoolsById[Pool.SharedId];
        var reason = $"Pool {key} closed";
        var debt = MoveDebt(wallet, pool, shared, reason);
        var moved = Transfers.MoveAll(wallet, pool, shared, reason);
        wallet.SettleDebts();
        await LeaveAsync(wallet, pool.Id, cancellationToken);
        wallet.ConfigurationChanged();
        var closed = new ClosedPool(moved?.Credits ?? 0m, debt);
        await wallet.AuditAsync("pool.closed", key, closed, cancellationToken);
        return closed;
    }

    private static decimal MoveDebt(WalletTransaction wallet, Pool from, Pool to, string reason)
    {
        var debts = wallet.Wallet.Debts.Where(debt => debt.PoolId == from.Id).ToArray();
        var open = debts.Sum(debt => debt.Open);
        if (open == 0m) return 0m;
        wallet.Begin("transfer", reason: reason).MoveCredits(Account.Debt(to.Key), fromGrant: null, Account.Debt(from.Key), toGrant: null, open);
        foreach (var debt in debts) wallet.Wallet.Hand(debt, to.Id);
        return open;
    }

    private static async Task LeaveAsync(WalletTransaction wallet, int poolId, CancellationToken cancellationToken)
    {
        foreach (var table in new[] { "teams", "consumers" })
            await wallet.ExecuteAsync($"update {table} set pool_id = null where tenant_id = $1 and pool_id = $2", cancellationToken, wallet.TenantId, poolId);
        await wallet.ExecuteAsync("delete from allowances where tenant_id = $1 and pool_id = $2", cancellationToken, wallet.TenantId, poolId);
        await wallet.ExecuteAsync("update pools set closed_at = $3 where tenant_id = $1 and pool_id = $2", cancellationToken, wallet.TenantId, poolId, wallet.Now);
    }
}
