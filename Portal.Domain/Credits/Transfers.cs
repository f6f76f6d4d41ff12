using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;

namespace Portal.Domain.Wallet;

/// <summary>Credits that went from one pool to another.</summary>
/// <param name="TransactionId">The ledger transaction that booked it.</param>
/// <param name="From">The pool that gave them.</param>
/// <param name="To">The pool that has them now.</param>
/// <param name="Credits">How many.</param>
/// <param name="Grants">The grants that they are in the target, in burn order of the source.</param>
public sealed record Transfer(Guid TransactionId, Pool From, Pool To, decimal Credits, IReadOnlyList<Grant> Grants);

/// <summary>
/// Moves credits between pools of a wallet (domain.md §3: pool → pool, value by difference, no money). Each part of a grant becomes a
/// grant of the target on the same terms; whoever asks has found the pools to be open.
/// </summary>
public static class Transfers
{
    /// <summary>
    /// Moves credits in burn order of the source; debts of the target settle. Refuses <c>insufficient_credits</c> (402, with what is
    /// available) where the source has less than that beyond its debt and what open holds need.
    /// </summary>
    /// <param name="wallet">The tenant's wallet.</param>
    /// <param name="from">An open pool.</param>
    /// <param name="to">Another open pool.</param>
    /// <param name="credits">Above 0, at most nine decimal places.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static async Task<Result<Transfer>> MoveAsync(
        WalletTransaction wallet, Pool from, Pool to, decimal credits, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(to);
        var movable = await MovableAsync(wallet, cancellationToken);
        var available = movable.Of(from.Id, Debt(wallet, from));
        if (credits > available) return Insufficient(from, credits, available);
        var parts = movable.Parts(Grants(wallet, from), credits);
        return Book(wallet, from, to, parts, reference: null, reason: null);
    }

    /// <summary>
    /// Moves what is left of a transfer's grants back as new grants. Refuses <c>unknown_transfer</c>, <c>pool_closed</c>, and
    /// <c>nothing_to_undo</c> where all of it was used, expired, moved on or is held.
    /// </summary>
    public static async Task<Result<Transfer>> UndoAsync(WalletTransaction wallet, Guid transactionId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        const string sql = """
            select e.account, e.grant_id, e.amount from ledger_transactions t
            join ledger_entries e on e.tenant_id = t.tenant_id and e.transaction_id = t.id
            where t.tenant_id = $1 and t.id = $2 and t.kind = 'transfer' and e.grant_id is not null
            """;
        var entries = await wallet.Connection.ListAsync(
            sql, row => (Account: row.GetString(0), Grant: row.GetGuid(1), Credits: row.GetDecimal(2)), cancellationToken, wallet.TenantId, transactionId);
        var came = entries.Where(entry => entry.Credits > 0m).ToDictionary(entry => entry.Grant, entry => entry.Credits);
        var to = PoolOf(wallet, entries.FirstOrDefault(entry => entry.Credits > 0m).Account);
        var from = PoolOf(wallet, entries.FirstOrDefault(entry => entry.Credits < 0m).Account);
        if (from is null || to is null) return Problem.NotFound("unknown_transfer", "There is no such transfer.");
        if (from.Closed) return Problem.Conflict("pool_closed", $"The pool '{from.Key}' was closed since.");

        var movable = await MovableAsync(wallet, cancellationToken);
        var left = Grants(wallet, to).Where(grant => came.ContainsKey(grant.Id));
        var parts = movable.Parts(left, Math.Min(movable.Of(to.Id, Debt(wallet, to)), came.Values.Sum()));
        return parts.Count == 0
            ? Problem.Conflict("nothing_to_undo", "Nothing of these credits is left to move back.")
            : Book(wallet, to, from, parts, PublicId.Format(PublicId.Transaction, wallet.TenantId, transactionId), "Transfer undone");
    }

    /// <summary>Moves all that a pool has left, also grants to come, such as when it closes; null when there is nothing.</summary>
    public static Transfer? MoveAll(WalletTransaction wallet, Pool from, Pool to, string reason)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(from);
        var parts = Grants(wallet, from).Where(grant => grant.Remaining > 0m).Order(BurnOrder.Instance)
            .Select(grant => new TransferPart(grant, grant.Remaining)).ToArray();
        return parts.Length == 0 ? null : Book(wallet, from, to, parts, reference: null, reason);
    }

    private static Transfer Book(WalletTransaction wallet, Pool from, Pool to, IReadOnlyList<TransferPart> parts, string? reference, string? reason)
    {
        var posting = wallet.Begin("transfer", reference: reference, reason: reason);
        var grants = parts.Select(part => Split(wallet, posting, part, from, to)).ToArray();
        wallet.SettleDebts();
        return new Transfer(posting.Id, from, to, parts.Sum(part => part.Credits), grants);
    }

    private static Grant Split(WalletTransaction wallet, LedgerTransaction posting, TransferPart part, Pool from, Pool to)
    {
        var (old, credits) = part;
        var grant = old.Successor(rolled: false, credits, wallet.Wallet.Take(old, credits), to.Id, old.EffectiveAt, old.ExpiresAt, wallet.Now);
        posting.MoveCredits(Account.Pool(from.Key), old.Id, Account.Pool(to.Key), grant.Id, credits);
        wallet.Wallet.Add(grant);
        return grant;
    }

    private static async Task<Movable> MovableAsync(WalletTransaction wallet, CancellationToken cancellationToken)
    {
        var open = await OpenHolds.ReadAsync(wallet, except: null, cancellationToken);
        return new Movable([.. open.Demands], wallet.Wallet.Grants, wallet.Directory.PoolsById, wallet.Now);
    }

    private static decimal Debt(WalletTransaction wallet, Pool pool) => wallet.Wallet.Debts.Where(debt => debt.PoolId == pool.Id).Sum(debt => debt.Open);

    private static IEnumerable<Grant> Grants(WalletTransaction wallet, Pool pool) => wallet.Wallet.Grants.Where(grant => grant.PoolId == pool.Id);

    private static Pool? PoolOf(WalletTransaction wallet, string? account) =>
        account?.Split(':', 2) is [_, var key] ? wallet.Directory.Pools.GetValueOrDefault(key) : null;

    private static Problem Insufficient(Pool from, decimal credits, decimal available) => new(
        ProblemKind.PaymentRequired,
        "insufficient_credits",
        $"The pool '{from.Key}' has fewer credits to give than that: debts and open holds stay covered.",
        Extensions: new Dictionary<string, object?>(StringComparer.Ordinal) { ["requested"] = credits, ["available"] = available });
}
