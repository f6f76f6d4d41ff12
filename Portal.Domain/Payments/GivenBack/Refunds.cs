using Microsoft.EntityFrameworkCore;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Wallet;

namespace Portal.Domain.Payments.GivenBack;

/// <summary>A refund that somebody asks for: of a payment or of a grant; of so many credits, so much money, or all that is possible.</summary>
/// <param name="Payment">Public id of the payment; or</param>
/// <param name="Grant">public id of a grant that was sold, or of what became of it.</param>
/// <param name="Credits">Credits to take back, above 0, at most nine places; or</param>
/// <param name="Amount">money to give back, tax included, above 0, in whole minor units.</param>
/// <param name="Reason">A sentence for people.</param>
public sealed record RefundOrder(string? Payment, string? Grant, decimal? Credits, decimal? Amount, string Reason);

/// <summary>Commands that give back money for unspent credits (domain.md §3, §4).</summary>
public static class Refunds
{
    /// <summary>Longest reason.</summary>
    public const int LongestReason = 500;

    /// <summary>
    /// Takes the credits and books the refund as asked for; <see cref="RefundSender"/> moves the money once that is committed. Credits sold
    /// outside are given back outside at once. Refuses: <c>payment_or_grant_required</c>, <c>credits_or_amount</c>, <c>invalid_credits</c>,
    /// <c>invalid_amount</c>, <c>invalid_reason</c>, <c>unknown_payment</c>, <c>unknown_grant</c>, <c>not_refundable</c>,
    /// <c>nothing_to_refund</c>, <c>refund_exceeds</c>.
    /// </summary>
    public static async Task<Result<Refund>> AskAsync(WalletTransaction wallet, RefundOrder order, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(order);
        if (Check(order) is { } malformed) return malformed;
        var found = await FindSaleAsync(wallet, order, cancellationToken);
        if (found.Problem is { } problem) return problem;
        var sale = found.Value;
        if (order.Amount is { } amount && sale.Currency.RoundToMinor(amount) != amount)
            return Problem.Field("amount", "invalid_amount", $"The amount must be in whole minor units of {sale.Currency}.");
        var unspent = await Unspent.UnheldAsync(wallet, sale.Lineage, cancellationToken);
        var available = await AvailableAsync(wallet, sale, cancellationToken);
        var decided = RefundParts.Decide(sale, unspent, available, order.Credits, order.Amount);
        if (decided.Problem is { } refused) return refused;

        var refund = NewRefund(wallet, sale, decided.Value, order);
        var posting = wallet.Begin("refund", key: $"refund:{refund.Id:N}:asked", reference: refund.PublicId, reason: order.Reason);
        BookParts(wallet, posting, refund, decided.Value.Parts, sale.Payment is null ? Account.External("api") : Account.RefundsPending);
        return refund;
    }

    /// <summary>The money of a refund has left: once, however often it is told.</summary>
    internal static void Succeed(WalletTransaction wallet, Payment payment, Refund refund)
    {
        if (refund.State != RefundState.Pending) return;
        (refund.State, refund.SettledAt) = (RefundState.Succeeded, wallet.Now);
        payment.Refunded += refund.Amount;
        wallet.Begin("refund", key: $"refund:{refund.Id:N}:succeeded", reference: refund.PublicId, reason: refund.Reason)
            .Book(Account.RefundsPending, Account.Cash(payment.Provider), refund.Amount, refund.Currency);
    }

    /// <summary>The money of a refund had left and came back, days later: the customer's bank would not take it.</summary>
    internal static async Task ReturnAsync(WalletTransaction wallet, Payment payment, Refund refund, string failure, CancellationToken cancellationToken)
    {
        payment.Refunded -= refund.Amount;
        wallet.Begin("refund", key: $"refund:{refund.Id:N}:returned", reference: refund.PublicId, reason: "The refund came back")
            .Book(Account.Cash(payment.Provider), Account.RefundsPending, refund.Amount, refund.Currency);
        refund.State = RefundState.Pending;
        await FailAsync(wallet, refund, failure, cancellationToken);
    }

    /// <summary>The money of a refund will not leave: its credits go back to the grants that gave them. Once, however often it is told.</summary>
    internal static async Task FailAsync(WalletTransaction wallet, Refund refund, string failure, CancellationToken cancellationToken)
    {
        if (refund.State != RefundState.Pending) return;
        (refund.State, refund.Failure, refund.SettledAt) = (RefundState.Failed, failure, wallet.Now);
        var pieces = await wallet.Db.Set<RefundPiece>().AsTracking()
            .Where(piece => piece.TenantId == wallet.TenantId && piece.RefundId == refund.Id).OrderBy(piece => piece.Ordinal).ToListAsync(cancellationToken);
        await wallet.WriteAsync(cancellationToken); // so that closed grants are read as they are now
        var grants = await wallet.FindGrantsAsync(pieces.Select(piece => piece.GrantId), cancellationToken);
        var posting = wallet.Begin("refund", key: $"refund:{refund.Id:N}:failed", reference: refund.PublicId, reason: "The refund failed");
        foreach (var piece in pieces)
        {
            var grant = grants[piece.GrantId];
            var value = CreditReturns.Into(wallet, posting, grant, piece.Credits, Account.Refunded, Account.RefundsPending);
            posting.Book(Account.Rounding, Account.RefundsPending, value - piece.Value, refund.Currency);
        }

        posting.Book(Account.RefundsPending, Account.TaxPayable, refund.Tax, refund.Currency);
        posting.Book(Account.RefundsPending, Account.Rounding, refund.Net - refund.Value, refund.Currency);
        wallet.SettleDebts();
    }

    /// <summary>Refunds of a tenant, newest first.</summary>
    /// <param name="read">The tenant's snapshot.</param>
    /// <param name="after">The last of the page before; null: the first page.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static Task<List<Refund>> ListAsync(TenantRead read, Guid? after, int limit, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        const string sql = """
            select tenant_id, id, payment_id, grant_id, origin, state, currency::text, credits, value, net, tax, suspense, reason, failure, created_at,
              created_by, settled_at
            from refunds where tenant_id = $1 and id < $2 order by id desc limit $3
            """;
        return read.Connection.ListAsync(sql, Read, cancellationToken, read.TenantId, after ?? Guid.AllBitsSet, limit);
    }

    /// <summary>Takes the parts out of their grants and books them against an account of money, and keeps what was taken.</summary>
    internal static void BookParts(WalletTransaction wallet, LedgerTransaction posting, Refund refund, IReadOnlyList<TakenPart> parts, string against)
    {
        wallet.Db.Add(refund);
        foreach (var (ordinal, part) in parts.Index())
        {
            var value = wallet.Wallet.Take(part.Grant, part.Credits);
            posting.MoveCredits(Account.Pool(wallet.Directory.PoolsById[part.Grant.PoolId].Key), part.Grant.Id, Account.Refunded, toGrant: null, part.Credits);
            posting.Book(Account.DeferredCredits, against, value, refund.Currency);
            wallet.Db.Add(new RefundPiece
            {
                TenantId = wallet.TenantId,
                RefundId = refund.Id,
                Ordinal = ordinal,
                GrantId = part.Grant.Id,
                Credits = part.Credits,
                Value = value,
            });
        }

        posting.Book(Account.TaxPayable, against, refund.Tax, refund.Currency);
        posting.Book(Account.Rounding, against, refund.Net - refund.Value, refund.Currency);
    }

    private static Problem? Check(RefundOrder order)
    {
        if ((order.Payment is null) == (order.Grant is null))
            return Problem.Field("payment", "payment_or_grant_required", "Name either the payment or the grant that is to be refunded.");
        if (order is { Credits: not null, Amount: not null })
            return Problem.Field("amount", "credits_or_amount", "Ask for credits or for an amount of money, not for both.");
        if (order.Credits is { } credits && (credits <= 0m || credits > Credits.Limit || !Credits.HasAtMostNinePlaces(credits)))
            return Problem.Field("credits", "invalid_credits", "Credits must be above 0, with at most nine decimal places.");
        if (order.Amount is <= 0m or > 1_000_000_000_000m) return Problem.Field("amount", "invalid_amount", "The amount must be above 0.");
        return string.IsNullOrWhiteSpace(order.Reason) || order.Reason.Length > LongestReason
            ? Problem.Field("reason", "invalid_reason", $"Say why, in at most {LongestReason} characters.")
            : null;
    }

    private static async Task<Result<Sale>> FindSaleAsync(WalletTransaction wallet, RefundOrder order, CancellationToken cancellationToken)
    {
        if (order.Grant is not null)
        {
            return PublicId.TryParse(PublicId.Grant, order.Grant, out var owner, out var grantId) && owner == wallet.TenantId
                ? await Sale.OfGrantAsync(wallet, grantId, cancellationToken)
                : Problem.Field("grant", "unknown_grant", "There is no such grant of this tenant.");
        }

        var payment = PublicId.TryParse(PublicId.Payment, order.Payment, out var tenantId, out var id) && tenantId == wallet.TenantId
            ? await wallet.Db.Set<Payment>().AsTracking().SingleOrDefaultAsync(p => p.TenantId == tenantId && p.Id == id, cancellationToken)
            : null;
        if (payment is null) return Problem.Field("payment", "unknown_payment", "There is no such payment of this tenant.");
        return await Sale.OfPaymentAsync(wallet, payment, cancellationToken) is { } sale
            ? sale
            : Problem.Unprocessable("nothing_to_refund", "The payment bought no credits.");
    }

    // Captured less what was given back; what is on its way counts as given.
    private static async Task<decimal> AvailableAsync(WalletTransaction wallet, Sale sale, CancellationToken cancellationToken)
    {
        if (sale.Payment is not { } payment) return sale.Net;
        var pending = await wallet.Db.Set<Refund>()
            .Where(refund => refund.TenantId == wallet.TenantId && refund.PaymentId == payment.Id && refund.State == RefundState.Pending)
            .SumAsync(refund => refund.Net + refund.Tax, cancellationToken);
        return payment.Left - pending;
    }

    private static Refund NewRefund(WalletTransaction wallet, Sale sale, RefundParts parts, RefundOrder order) => new()
    {
        TenantId = wallet.TenantId,
        Id = Uuid7.At(wallet.Now),
        PaymentId = sale.Payment?.Id,
        GrantId = sale.Sold.Id,
        Origin = RefundOrigin.Asked,
        State = sale.Payment is null ? RefundState.Succeeded : RefundState.Pending,
        Currency = sale.Currency.Code,
        Credits = parts.Credits,
        Value = parts.Value,
        Net = parts.Net,
        Tax = parts.Tax,
        Reason = order.Reason,
        CreatedAt = wallet.Now,
        CreatedBy = wallet.Actor,
        SettledAt = sale.Payment is null ? wallet.Now : null,
    };

    private static Refund Read(Npgsql.NpgsqlDataReader row) => new()
    {
        TenantId = row.GetInt64(0),
        Id = row.GetGuid(1),
        PaymentId = row.Nullable<Guid?>(2),
        GrantId = row.Nullable<Guid?>(3),
        Origin = row.GetString(4),
        State = row.GetString(5),
        Currency = row.GetString(6),
        Credits = row.GetDecimal(7),
        Value = row.GetDecimal(8),
        Net = row.GetDecimal(9),
        Tax = row.GetDecimal(10),
        Suspense = row.GetDecimal(11),
        Reason = row.Nullable<string>(12),
        Failure = row.Nullable<string>(13),
        CreatedAt = row.GetFieldValue<DateTimeOffset>(14),
        CreatedBy = row.Nullable<string>(15),
        SettledAt = row.Nullable<DateTimeOffset?>(16),
    };
}
