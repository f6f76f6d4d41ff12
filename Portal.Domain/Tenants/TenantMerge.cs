using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Wallet;

namespace Portal.Domain.Tenants;

/// <summary>Credits that left a tenant for another.</summary>
/// <param name="Id">The move; what arrives, arrives once under it.</param>
/// <param name="TransactionId">The ledger transaction that took them out.</param>
/// <param name="Into">The tenant that gets them.</param>
/// <param name="Credits">How many, grants to come among them.</param>
/// <param name="Value">Money that they stood for, nine places.</param>
/// <param name="Currency">Currency of the value.</param>
/// <param name="Grants">In how many grants.</param>
public sealed record TenantMove(Guid Id, Guid TransactionId, Tenant Into, decimal Credits, decimal Value, string Currency, int Grants);

/// <summary>
/// The first half of a merge (domain.md §3, between tenants): all that a tenant has left goes out, with a row that says what is to arrive
/// in the other. <see cref="MergeArrival"/> is the second, in a transaction of its own.
/// </summary>
public static class TenantMerge
{
    /// <summary>
    /// Takes all credits out of a tenant, those to come too. Refuses <c>invalid_reason</c>, <c>unknown_tenant</c>, <c>same_tenant</c>,
    /// <c>tenant_suspended</c> (either), <c>tenant_has_subscription</c>, <c>tenant_has_holds</c>, <c>tenant_has_debt</c>,
    /// <c>tenant_has_refunds</c>, <c>nothing_to_merge</c>, <c>currency_mismatch</c>.
    /// </summary>
    /// <param name="wallet">Wallet of the tenant that gives them.</param>
    /// <param name="into">Key or id of the tenant that gets them.</param>
    /// <param name="reason">At most 200 characters for people, or null.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static async Task<Result<TenantMove>> LeaveAsync(WalletTransaction wallet, string into, string? reason, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        if (reason is not null && !Texts.IsName(reason))
            return Problem.Field("reason", "invalid_reason", "A reason is 1 to 200 characters without control characters.");
        if (await FindAsync(wallet, into, cancellationToken) is not { } target) return Problem.Field("into", "unknown_tenant", "There is no such tenant to merge into.");
        if (target.Id == wallet.TenantId) return Problem.Field("into", "same_tenant", "A tenant is merged into another one.");
        if (wallet.Directory.Suspended || target.State == Tenant.Suspended)
            return Problem.Forbidden("tenant_suspended", "Neither tenant may be suspended. Restore it first.");
        if (await StandingInTheWayAsync(wallet, cancellationToken) is { } problem) return problem;

        var grants = wallet.Wallet.Grants.Where(grant => grant.Remaining > 0m).Order(BurnOrder.Instance).ToArray();
        if (grants.Length == 0) return Problem.Conflict("nothing_to_merge", "The tenant has no credits left.");
        if (grants.Any(grant => grant.ValueLeft > 0m) && target.Currency != wallet.Directory.Currency)
        {
            return Problem.Field(
                "into", "currency_mismatch", $"What was paid for the credits is in {wallet.Directory.Currency}, the currency of '{target.Key}' is {target.Currency}.");
        }

        return await TakeOutAsync(wallet, target, grants, reason, cancellationToken);
    }

    private static async Task<Tenant?> FindAsync(WalletTransaction wallet, string into, CancellationToken cancellationToken)
    {
        if (Tenant.TryParseId(into, out var id)) return await Tenant.FindAsync(wallet.Connection, id, cancellationToken);
        if (!Tenant.IsKey(into)) return null;
        var found = await wallet.Connection.ListAsync("select tenant_id from tenants where key = $1", row => row.GetInt64(0), cancellationToken, into);
        return found is [var named] ? await Tenant.FindAsync(wallet.Connection, named, cancellationToken) : null;
    }

    // What would go on changing what a tenant has: it ends first.
    private static async Task<Problem?> StandingInTheWayAsync(WalletTransaction wallet, CancellationToken cancellationToken)
    {
        const string sql = """
            select exists (select from subscriptions where tenant_id = $1 and state <> 'cancelled'),
              exists (select from holds where tenant_id = $1 and state = 'open'),
              exists (select from refunds where tenant_id = $1 and state = 'pending')
            """;
        var found = await wallet.Connection.ListAsync(
            sql, row => (Subscription: row.GetBoolean(0), Holds: row.GetBoolean(1), Refunds: row.GetBoolean(2)), cancellationToken, wallet.TenantId);
        var (subscription, holds, refunds) = found[0];
        if (subscription) return Problem.Conflict("tenant_has_subscription", "The tenant has a subscription. Cancel it first.");
        if (holds) return Problem.Conflict("tenant_has_holds", "Work in progress holds credits of the tenant. Capture or release its holds first.");
        if (wallet.Wallet.Debts.Any(debt => debt.Open > 0m)) return Problem.Conflict("tenant_has_debt", "The tenant owes credits. Settle its debt first.");
        return refunds ? Problem.Conflict("tenant_has_refunds", "A refund is on its way; should it fail, its credits come back. Wait until it is settled.") : null;
    }

    private static async Task<TenantMove> TakeOutAsync(
        WalletTransaction wallet, Tenant target, IReadOnlyList<Grant> grants, string? reason, CancellationToken cancellationToken)
    {
        var id = Uuid7.At(wallet.Now);
        var posting = wallet.Begin("merge", key: MergeArrival.Key(id), reference: target.PublicId, reason: MergeArrival.Sentence("Into", target.Key, reason));
        var parts = grants.Select(grant => (Grant: grant, Credits: grant.Remaining, Value: TakeAll(wallet, posting, grant))).ToArray();
        var move = new TenantMove(
            id, posting.Id, target, parts.Sum(part => part.Credits), parts.Sum(part => part.Value), wallet.Directory.Currency, parts.Length);
        await wallet.WriteAsync(cancellationToken);
        const string row = """
            insert into moves (tenant_id, id, into_tenant_id, transaction_id, credits, value, currency, reason, actor, created_at)
            values ($1, $2, $3, $4, $5, $6, $7, nullif($8, ''), nullif($9, ''), $10)
            """;
        await wallet.ExecuteAsync(
            row, cancellationToken, wallet.TenantId, id, target.Id, posting.Id, move.Credits, move.Value, move.Currency, reason ?? "", wallet.Actor ?? "", wallet.Now);
        const string rows = """
            insert into move_parts (tenant_id, move_id, grant_id, credits, value)
            select $1, $2, p.* from unnest($3::uuid[], $4::numeric[], $5::numeric[]) p
            """;
        await wallet.ExecuteAsync(
            rows, cancellationToken, wallet.TenantId, id, parts.Select(part => part.Grant.Id), parts.Select(part => part.Credits), parts.Select(part => part.Value));
        await wallet.AuditAsync("tenant.merged", target.PublicId, new { Into = target.Key, move.Credits, move.Value, Reason = reason }, cancellationToken);
        return move;
    }

    private static decimal TakeAll(WalletTransaction wallet, LedgerTransaction posting, Grant grant)
    {
        var credits = grant.Remaining;
        var value = wallet.Wallet.Take(grant, credits);
        posting.MoveCredits(Account.Pool(wallet.Directory.PoolsById[grant.PoolId].Key), grant.Id, Account.Moved, toGrant: null, credits);
        posting.Book(Account.DeferredCredits, Account.External("move"), value, grant.Currency);
        return value;
    }
}
