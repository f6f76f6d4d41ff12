using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Outcomes;

/// <summary>Disputes of billed cases: the customer objects, the platform decides.</summary>
public static class Disputes
{
    /// <summary>
    /// Disputes a case that is billed or about to be. Refuses <c>unknown_case</c>, <c>ambiguous_case</c>, <c>invalid_reason</c>,
    /// <c>case_not_billed</c> and, unless it was decided anew since a dispute was rejected, <c>case_disputed</c>.
    /// </summary>
    /// <param name="wallet">The tenant's wallet.</param>
    /// <param name="key">The case's name.</param>
    /// <param name="product">Its product; null when the name alone tells.</param>
    /// <param name="reason">A sentence for people, 1 to 500 characters.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<Result<OutcomeCase>> OpenAsync(
        WalletTransaction wallet, string key, string? product, string reason, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        if (CheckReason(reason) is { } wordless) return wordless;
        var found = await CaseQuery.FindAsync(wallet.Connection, wallet.TenantId, key, product, cancellationToken);
        if (found.Problem is { } unknown) return unknown;
        var one = found.Value;
        if (one.Dispute is "open" or "accepted" || (one.Dispute is not null && one.DisputedDecision == one.DecidedAt))
            return Problem.Conflict("case_disputed", "The case was disputed before, and nothing has been decided anew since.");
        if (!one.MayBeDisputed) return Problem.Conflict("case_not_billed", "Only a case that is billed, or about to be, can be disputed.");
        (one.Dispute, one.DisputeReason, one.DisputedAt, one.DisputedBy) = ("open", reason, wallet.Now, wallet.Actor);
        (one.DisputedDecision, one.DisputeAnswer, one.DisputeDecidedAt) = (one.DecidedAt, null, null);
        await WriteAsync(wallet, one, cancellationToken);
        return one;
    }

    /// <summary>
    /// Decides a dispute. Accepted, what the case billed is voided and it bills no more. Refuses <c>unknown_case</c>, <c>ambiguous_case</c>,
    /// <c>invalid_reason</c>, <c>case_not_disputed</c> and, the second time, <c>dispute_decided</c>.
    /// </summary>
    /// <param name="wallet">The tenant's wallet.</param>
    /// <param name="key">The case's name.</param>
    /// <param name="product">Its product; null when the name alone tells.</param>
    /// <param name="accept">True when the customer is right.</param>
    /// <param name="reason">A sentence for people, 1 to 500 characters.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<Result<OutcomeCase>> DecideAsync(
        WalletTransaction wallet, string key, string? product, bool accept, string reason, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        if (CheckReason(reason) is { } wordless) return wordless;
        var found = await CaseQuery.FindAsync(wallet.Connection, wallet.TenantId, key, product, cancellationToken);
        if (found.Problem is { } unknown) return unknown;
        var one = found.Value;
        if (one.Dispute is null) return Problem.Conflict("case_not_disputed", "Nobody disputes the case.");
        if (one.Dispute != "open") return Problem.Conflict("dispute_decided", "The dispute was decided before.");
        (one.Dispute, one.DisputeAnswer, one.DisputeDecidedAt) = (accept ? "accepted" : "rejected", reason, wallet.Now);
        if (accept)
        {
            one.DueAt = wallet.Now;
            wallet.Wallet.DueNoLaterThan(wallet.Now);
        }

        await WriteAsync(wallet, one, cancellationToken);
        if (accept) await wallet.SettleAsync(cancellationToken);
        return await CaseQuery.FindAsync(wallet.Connection, wallet.TenantId, key, one.Product, cancellationToken);
    }

    private static Problem? CheckReason(string? reason) =>
        string.IsNullOrWhiteSpace(reason) || reason.Length > 500 ? Problem.Field("reason", "invalid_reason", "Say why, in at most 500 characters.") : null;

    private static async Task WriteAsync(WalletTransaction wallet, OutcomeCase one, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(wallet.Connection, wallet.Transaction);
        CaseRows.AddTo(batch, wallet.TenantId, one, wallet.Now);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
