using Microsoft.EntityFrameworkCore;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Wallet;

namespace Portal.Domain.Payments.GivenBack;

/// <summary>
/// Books what a provider reports of refunds: those asked for here as they end, and money that its people gave back by themselves, for
/// which credits are taken like for an asked one. What no credits are left for waits in <c>suspense</c>.
/// </summary>
internal static class ProviderRefunds
{
    /// <summary>Books by how much a report exceeds what is booked of its payment.</summary>
    public static async Task BookAsync(WalletTransaction wallet, Payment payment, PaymentReport report, CancellationToken cancellationToken)
    {
        if (report.Refunded <= payment.Refunded && report.Refunds is not { Count: > 0 }) return;
        var asked = await wallet.Db.Set<Refund>().AsTracking()
            .Where(refund => refund.TenantId == wallet.TenantId && refund.PaymentId == payment.Id && refund.Origin == RefundOrigin.Asked && refund.State != RefundState.Failed)
            .OrderBy(refund => refund.Id).ToListAsync(cancellationToken);
        foreach (var told in report.Refunds ?? [])
        {
            if (told.UnderWay || asked.Find(refund => refund.PublicId == told.Reference) is not { } refund) continue;
            if (told.Failure is { } late && refund.State == RefundState.Succeeded) await Refunds.ReturnAsync(wallet, payment, refund, late, cancellationToken);
            else if (told.Failure is { } failure) await Refunds.FailAsync(wallet, refund, failure, cancellationToken);
            else Refunds.Succeed(wallet, payment, refund);
        }

        // A provider that does not tell refunds apart: what was asked for first explains it first.
        foreach (var refund in report.Refunds is null ? asked.Where(refund => refund.State == RefundState.Pending) : [])
        {
            if (refund.Amount <= report.Refunded - payment.Refunded) Refunds.Succeed(wallet, payment, refund);
        }

        if (report.Refunded > payment.Refunded) await TakeBackAsync(wallet, payment, report.Refunded - payment.Refunded, cancellationToken);
    }

    private static async Task TakeBackAsync(WalletTransaction wallet, Payment payment, decimal gone, CancellationToken cancellationToken)
    {
        var sale = await Sale.OfPaymentAsync(wallet, payment, cancellationToken);
        payment.Refunded += gone;
        var parts = sale is null ? null : PartsOf(sale, gone);
        var refund = new Refund
        {
            TenantId = wallet.TenantId,
            Id = Uuid7.At(wallet.Now),
            PaymentId = payment.Id,
            GrantId = sale?.Sold.Id,
            Origin = RefundOrigin.Provider,
            State = RefundState.Succeeded,
            Currency = payment.Currency,
            Credits = parts?.Credits ?? 0m,
            Value = parts?.Value ?? 0m,
            Net = parts?.Net ?? 0m,
            Tax = parts?.Tax ?? 0m,
            Suspense = gone - (parts?.Amount ?? 0m),
            Reason = "Given back by the payment provider",
            CreatedAt = wallet.Now,
            CreatedBy = wallet.Actor,
            SettledAt = wallet.Now,
        };
        var posting = wallet.Begin("refund", key: IncomingMoney.Key(payment, "refunded", payment.Refunded), reference: refund.PublicId, reason: refund.Reason);
        var cash = Account.Cash(payment.Provider);
        Refunds.BookParts(wallet, posting, refund, parts?.Parts ?? [], cash);
        posting.Book(Account.Suspense, cash, refund.Suspense, payment.Currency);
    }

    // Held or not: the money is gone.
    private static RefundParts? PartsOf(Sale sale, decimal gone)
    {
        var unspent = Unspent.All(sale.Lineage);
        var all = RefundParts.Of(sale, unspent, unspent.Credits);
        if (all.Amount <= 0m) return null;
        return gone >= all.Amount ? all : RefundParts.OfMoney(sale, unspent, gone, all);
    }
}
