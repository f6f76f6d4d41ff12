using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Payments.Charges;
using Portal.Domain.Wallet;

namespace Portal.Domain.Payments.GivenBack;

/// <summary>What a disputed payment had paid besides credits.</summary>
/// <param name="Purpose">Who took its money.</param>
/// <param name="PaysFor">For what: a public id.</param>
internal sealed record DisputedPurpose(IPaymentPurpose Purpose, string PaysFor);

/// <summary>
/// Books money that disputes took, and what came back with those that were won (domain.md §3, §4). Credits affected are the share of the
/// pack that the disputed money is of the captured, by difference to what was taken for it before: unused ones first, used ones become debt
/// whatever the policy; expired and refunded ones are owed by nobody.
/// </summary>
internal static class Disputes
{
    /// <summary>Books by how much a report exceeds what is booked of its payment.</summary>
    /// <param name="wallet">The wallet.</param>
    /// <param name="payment">The payment.</param>
    /// <param name="report">What its provider says of it.</param>
    /// <param name="purpose">What the money paid for when it bought no credits; null for nothing that is known.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task BookAsync(WalletTransaction wallet, Payment payment, PaymentReport report, DisputedPurpose? purpose, CancellationToken cancellationToken)
    {
        if (report.Disputed > payment.Disputed) await TakeAsync(wallet, payment, report.Disputed - payment.Disputed, purpose, cancellationToken);
        var back = Math.Min(report.Reinstated, payment.Disputed) - payment.Reinstated;
        if (back > 0m) await ReinstateAsync(wallet, payment, back, purpose, cancellationToken);
    }

    private static async Task TakeAsync(WalletTransaction wallet, Payment payment, decimal taken, DisputedPurpose? purpose, CancellationToken cancellationToken)
    {
        var sale = await Sale.OfPaymentAsync(wallet, payment, cancellationToken);
        payment.Disputed += taken;
        if (sale is null)
        {
            await BookUnsoldAsync(wallet, payment, "disputed", payment.Disputed, taken, purpose, cancellationToken);
            return;
        }

        var share = DisputedShare.Of(sale, payment);
        var ofSale = Math.Clamp(share.Amount - sale.Disputed.Net - sale.Disputed.Tax, 0m, taken);
        var affected = Math.Max(0m, share.Credits - sale.Disputed.Credits);
        var unused = Unspent.All(sale.Lineage).Take(affected);
        var used = (await UsedCredits.ReadAsync(wallet, sale.Lineage, cancellationToken)).Take(affected - unused.Sum(part => part.Credits));

        var posting = Begin(wallet, payment, "disputed", payment.Disputed, "Payment disputed");
        var value = unused.Sum(part => part.Value);
        var tax = share.TaxNow;
        var dispute = NewDispute(wallet, payment, posting, sale, taken, value, tax, ofSale - value - tax);
        wallet.Db.Add(dispute);
        foreach (var (ordinal, part) in unused.Index()) TakeUnused(wallet, posting, dispute, ordinal, part, Account.Cash(payment.Provider));
        foreach (var (line, part) in used.Index()) TakeUsed(wallet, posting, dispute, unused.Count + line, line, part);
        BookMoney(posting, payment, tax, dispute.Chargebacks, dispute.Suspense);
        wallet.SettleDebts();
    }

    private static async Task ReinstateAsync(WalletTransaction wallet, Payment payment, decimal back, DisputedPurpose? purpose, CancellationToken cancellationToken)
    {
        var sale = await Sale.OfPaymentAsync(wallet, payment, cancellationToken);
        payment.Reinstated += back;
        if (sale is null)
        {
            await BookUnsoldAsync(wallet, payment, "reinstated", payment.Reinstated, -back, purpose, cancellationToken);
            return;
        }

        var (share, before) = (DisputedShare.Of(sale, payment), sale.Disputed.Net + sale.Disputed.Tax);
        var ofSale = Math.Clamp(before - share.Amount, 0m, back);
        var tax = share.Amount == 0m ? sale.Disputed.Tax : sale.Disputed.Tax - sale.Currency.RoundToMinor(sale.Disputed.Tax * (before - ofSale) / before);
        var reversal = await DisputeReversal.ReadAsync(wallet, payment, Math.Max(0m, sale.Disputed.Credits - share.Credits), cancellationToken);

        var posting = Begin(wallet, payment, "reinstated", payment.Reinstated, "Dispute won");
        var value = reversal.Book(wallet, posting, Account.Cash(payment.Provider));
        var dispute = NewDispute(wallet, payment, posting, sale, -back, -value, -tax, -(ofSale - value - tax));
        wallet.Db.Add(dispute);
        BookMoney(posting, payment, dispute.Tax, dispute.Chargebacks, dispute.Suspense);
        wallet.SettleDebts();
    }

    private static void TakeUnused(WalletTransaction wallet, LedgerTransaction posting, Dispute dispute, int ordinal, TakenPart part, string cash)
    {
        var value = wallet.Wallet.Take(part.Grant, part.Credits);
        posting.MoveCredits(Account.Pool(wallet.Directory.PoolsById[part.Grant.PoolId].Key), part.Grant.Id, Account.ClawedBack, toGrant: null, part.Credits);
        posting.Book(Account.DeferredCredits, cash, value, dispute.Currency);
        wallet.Db.Add(NewPiece(dispute, ordinal, part.Grant, part.Credits, value, debtLine: null));
    }

    // Owed by the pool that had the grant; by the shared one once that was closed.
    private static void TakeUsed(WalletTransaction wallet, LedgerTransaction posting, Dispute dispute, int ordinal, int line, UsedPart part)
    {
        var pool = wallet.Directory.PoolsById[part.Grant.PoolId] is { Closed: false } open ? open : wallet.Directory.PoolsById[Pool.SharedId];
        posting.MoveCredits(Account.Debt(pool.Key), fromGrant: null, Account.ClawedBack, toGrant: null, part.Credits);
        wallet.Wallet.Incur(new Debt
        {
            TransactionId = posting.Id,
            Line = line,
            PoolId = pool.Id,
            Product = null,
            From = 0m,
            To = part.Credits,
            IncurredAt = posting.PostedAt,
        });
        wallet.Db.Add(NewPiece(dispute, ordinal, part.Grant, part.Credits, value: 0m, line));
    }

    private static DisputePiece NewPiece(Dispute dispute, int ordinal, Grant grant, decimal credits, decimal value, int? debtLine) => new()
    {
        TenantId = dispute.TenantId,
        DisputeId = dispute.Id,
        Ordinal = ordinal,
        GrantId = grant.Id,
        DebtLine = debtLine,
        Credits = credits,
        Value = value,
    };

    // Money that had bought no credits: what it paid for is due again, of the rest nobody knows.
    private static async Task BookUnsoldAsync(
        WalletTransaction wallet, Payment payment, string what, decimal cumulative, decimal amount, DisputedPurpose? purpose, CancellationToken cancellationToken)
    {
        if (purpose is not null) await purpose.Purpose.ReopenAsync(wallet, purpose.PaysFor, cancellationToken);
        var posting = Begin(wallet, payment, what, cumulative, amount > 0m ? "Payment disputed" : "Dispute won");
        var receivable = purpose is null ? 0m : await purpose.Purpose.DisputedAsync(wallet, posting, purpose.PaysFor, payment, amount, cancellationToken);
        wallet.Db.Add(NewDispute(wallet, payment, posting, sale: null, amount, 0m, 0m, 0m, receivable));
        BookMoney(posting, payment, 0m, 0m, amount - receivable);
    }

    private static void BookMoney(LedgerTransaction posting, Payment payment, decimal tax, decimal chargebacks, decimal suspense)
    {
        var cash = Account.Cash(payment.Provider);
        posting.Book(Account.TaxPayable, cash, tax, payment.Currency);
        posting.Book(Account.Chargebacks, cash, chargebacks, payment.Currency);
        posting.Book(Account.Suspense, cash, suspense, payment.Currency);
    }

    private static LedgerTransaction Begin(WalletTransaction wallet, Payment payment, string what, decimal cumulative, string reason) =>
        wallet.Begin("dispute", key: IncomingMoney.Key(payment, what, cumulative), reference: payment.PublicId, reason: reason);

    private static Dispute NewDispute(
        WalletTransaction wallet, Payment payment, LedgerTransaction posting, Sale? sale, decimal amount, decimal value, decimal tax, decimal chargebacks,
        decimal receivable = 0m) => new()
        {
            TenantId = wallet.TenantId,
            Id = Uuid7.At(wallet.Now),
            PaymentId = payment.Id,
            GrantId = sale?.Sold.Id,
            TransactionId = posting.Id,
            Currency = payment.Currency,
            Amount = amount,
            Value = value,
            Tax = tax,
            Chargebacks = chargebacks,
            Receivable = receivable,
            Suspense = amount - value - tax - chargebacks - receivable,
            CreatedAt = wallet.Now,
        };
}
