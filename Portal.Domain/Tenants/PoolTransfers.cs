using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Tenants;

/// <summary>Commands that move credits between a tenant's pools.</summary>
public static class PoolTransfers
{
    /// <summary>
    /// Moves credits in burn order, each part on its own terms; debts of the target settle. Refuses <c>invalid_credits</c>,
    /// <c>unknown_pool</c>, <c>pool_closed</c>, <c>same_pool</c>, <c>insufficient_credits</c>.
    /// </summary>
    /// <param name="wallet">The tenant's wallet.</param>
    /// <param name="from">Key of the pool that gives.</param>
    /// <param name="to">Key of the pool that gets.</param>
    /// <param name="credits">Above 0, at most nine decimal places.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static async Task<Result<Transfer>> MoveAsync(
        WalletTransaction wallet, string from, string to, decimal credits, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        if (credits <= 0m || credits > Credits.Limit || !Credits.HasAtMostNinePlaces(credits))
            return Problem.Field("credits", "invalid_credits", "Credits must be above 0, with at most nine decimal places.");
        var source = Find(wallet, "from", from);
        if (!source.Succeeded) return source.Problem!;
        var target = Find(wallet, "to", to);
        if (!target.Succeeded) return target.Problem!;
        if (source.Value.Id == target.Value.Id) return Problem.Field("to", "same_pool", "Credits move from one pool to another.");
        return await AuditedAsync(wallet, "credits.transferred", await Transfers.MoveAsync(wallet, source.Value, target.Value, credits, cancellationToken), cancellationToken);
    }

    /// <summary>Moves what is left of a transfer back. Refuses <c>unknown_transfer</c>, <c>pool_closed</c>, <c>nothing_to_undo</c>.</summary>
    public static async Task<Result<Transfer>> UndoAsync(WalletTransaction wallet, Guid transactionId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        return await AuditedAsync(wallet, "credits.transfer_undone", await Transfers.UndoAsync(wallet, transactionId, cancellationToken), cancellationToken);
    }

    private static async Task<Result<Transfer>> AuditedAsync(
        WalletTransaction wallet, string action, Result<Transfer> result, CancellationToken cancellationToken)
    {
        if (!result.Succeeded) return result;
        var (transaction, from, to, credits, _) = result.Value;
        await wallet.AuditAsync(
            action, PublicId.Format(PublicId.Transaction, wallet.TenantId, transaction), new { From = from.Key, To = to.Key, Credits = credits }, cancellationToken);
        return result;
    }

    private static Result<Pool> Find(WalletTransaction wallet, string field, string key)
    {
        if (!wallet.Directory.Pools.TryGetValue(key, out var pool)) return Problem.Field(field, "unknown_pool", $"There is no pool '{key}'.");
        return pool.Closed ? Problem.Field(field, "pool_closed", $"The pool '{key}' is closed.") : pool;
    }
}
