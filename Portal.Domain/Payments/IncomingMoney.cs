using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Payments.Charges;
using Portal.Domain.Payments.GivenBack;
using Portal.Domain.Payments.TopUps;
using Portal.Domain.Wallet;

namespace Portal.Domain.Payments;

/// <summary>
/// Books what providers report, whoever asked for it: money that arrives is never turned away. A report is compared with what is booked
/// of its payment and the difference is posted, so reports may repeat, arrive out of order, late, or both by webhook and by look-up.
/// </summary>
public sealed class IncomingMoney(Wallets wallets, NpgsqlDataSource source, IEnumerable<IPaymentPurpose> purposes, IPaidSales sales)
{
    private readonly IReadOnlyDictionary<string, IPaymentPurpose> byPrefix = purposes.ToDictionary(purpose => purpose.Prefix, StringComparer.Ordinal);

    /// <summary>Books a report under the tenant that it concerns, or as money of unknown origin. Refuses: <c>payment_currency_changed</c>.</summary>
    /// <returns>The tenant; null when nobody here asked for the payment.</returns>
    public async Task<Result<long?>> TakeAsync(string provider, PaymentReport report, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(report);
        if (report.IsUnderWay) return (long?)null;
        if (await ProviderObjects.FindTenantAsync(source, provider, [report.ProviderPayment, report.Reference], cancellationToken) is { } tenant)
            return (await wallets.RunAsync(tenant, wallet => TakeAsync(wallet, provider, report, cancellationToken), cancellationToken)).Map(_ => (long?)tenant);
        if (report.Captured == 0m) return (long?)null; // a refusal of nobody's payment
        return (await UnknownMoney.KeepAsync(source, provider, report, cancellationToken)).Map(_ => (long?)null);
    }

    private async Task<Result<Done>> TakeAsync(WalletTransaction wallet, string provider, PaymentReport report, CancellationToken cancellationToken)
    {
        wallet.Actor ??= "provider:" + provider;
        var attempt = await FindAttemptAsync(wallet, report, cancellationToken);
        var checkout = attempt?.PaidCheckout is { } id
            ? await wallet.Db.Set<Checkout>().AsTracking().SingleAsync(c => c.TenantId == wallet.TenantId && c.Id == id, cancellationToken)
            : null;
        if (report.Captured == 0m && report.Failure is not null)
        {
            await DeclineAsync(wallet, attempt, checkout, report.Failure, AttemptState.Declined, cancellationToken);
            return default(Done);
        }

        var payment = await FindOrAddAsync(wallet, provider, report, attempt, cancellationToken);
        if (payment.Currency != report.Currency.Code)
            return Problem.Conflict("payment_currency_changed", $"The payment {report.ProviderPayment} was in {payment.Currency}, not {report.Currency}.");
        if (await BookCaptureAsync(wallet, payment, report, attempt, checkout, cancellationToken) is { } problem) return problem;
        await ProviderRefunds.BookAsync(wallet, payment, report, cancellationToken);
        if (payment is { CheckoutId: not null, Refunded: > 0m }) await sales.RefundedAsync(wallet, payment.Id, cancellationToken);
        await Disputes.BookAsync(wallet, payment, report, await DisputedAsync(wallet, payment, attempt, cancellationToken), cancellationToken);
        if (attempt is not null && report.Captured > 0m) (attempt.State, attempt.Failure, attempt.SettledAt) = (AttemptState.Succeeded, null, attempt.SettledAt ?? wallet.Now);
        return default(Done);
    }

    // A dispute may be told without the reference of the attempt.
    private async Task<DisputedPurpose?> DisputedAsync(WalletTransaction wallet, Payment payment, PaymentAttempt? attempt, CancellationToken cancellationToken)
    {
        attempt ??= payment.AttemptId is { } id
            ? await wallet.Db.Set<PaymentAttempt>().SingleOrDefaultAsync(a => a.TenantId == wallet.TenantId && a.Id == id, cancellationToken)
            : null;
        return PurposeOf(attempt) is { } purpose ? new DisputedPurpose(purpose, attempt!.PaysFor!) : null;
    }

    /// <summary>An attempt was refused without a payment that could be reported.</summary>
    internal async Task DeclineAsync(WalletTransaction wallet, Guid attemptId, string failure, string state, CancellationToken cancellationToken)
    {
        var attempt = await wallet.Db.Set<PaymentAttempt>().AsTracking().SingleAsync(a => a.TenantId == wallet.TenantId && a.Id == attemptId, cancellationToken);
        await DeclineAsync(wallet, attempt, checkout: null, failure, state, cancellationToken);
    }

    private static async Task<PaymentAttempt?> FindAttemptAsync(WalletTransaction wallet, PaymentReport report, CancellationToken cancellationToken) =>
        PublicId.TryParse(PublicId.Attempt, report.Reference, out var tenantId, out var id) && tenantId == wallet.TenantId
            ? await wallet.Db.Set<PaymentAttempt>().AsTracking().SingleOrDefaultAsync(a => a.TenantId == tenantId && a.Id == id, cancellationToken)
            : null;

    private static async Task<Payment> FindOrAddAsync(
        WalletTransaction wallet, string provider, PaymentReport report, PaymentAttempt? attempt, CancellationToken cancellationToken)
    {
        var known = await wallet.Db.Set<Payment>().AsTracking().SingleOrDefaultAsync(
            p => p.TenantId == wallet.TenantId && p.Provider == provider && p.ProviderPayment == report.ProviderPayment, cancellationToken);
        if (known is not null) return known;
        var payment = new Payment
        {
            TenantId = wallet.TenantId,
            Id = Uuid7.At(wallet.Now),
            Provider = provider,
            ProviderPayment = report.ProviderPayment,
            AttemptId = attempt?.Id,
            CheckoutId = attempt?.PaidCheckout,
            Currency = report.Currency.Code,
            ReceivedAt = wallet.Now,
        };
        wallet.Db.Add(payment);
        await ProviderObjects.AddAsync(wallet.Connection, wallet.TenantId, provider, report.ProviderPayment, cancellationToken);
        return payment;
    }

    // A refusal told late changes nothing about what was paid since.
    private async Task DeclineAsync(
        WalletTransaction wallet, PaymentAttempt? attempt, Checkout? checkout, string failure, string state, CancellationToken cancellationToken)
    {
        if (attempt is { State: not AttemptState.Succeeded })
        {
            (attempt.State, attempt.Failure, attempt.SettledAt) = (state, failure, wallet.Now);
            if (PurposeOf(attempt) is { } purpose) await purpose.DeclinedAsync(wallet, attempt, Declines.KindOf(failure), cancellationToken);
        }

        if (checkout is { State: not CheckoutStatus.Paid }) (checkout.State, checkout.Failure) = (CheckoutStatus.Failed, failure);
    }

    /// <summary>Who takes money for that public id; null when nobody does.</summary>
    internal IPaymentPurpose? PurposeOf(string paysFor) => byPrefix.GetValueOrDefault(paysFor[..Math.Max(0, paysFor.IndexOf('_', StringComparison.Ordinal))]);

    private IPaymentPurpose? PurposeOf(PaymentAttempt? attempt) => attempt?.PaysFor is { } paysFor ? PurposeOf(paysFor) : null;

    private async Task<Problem?> BookCaptureAsync(
        WalletTransaction wallet, Payment payment, PaymentReport report, PaymentAttempt? attempt, Checkout? checkout, CancellationToken cancellationToken)
    {
        var arrived = report.Captured - payment.Captured;
        if (arrived <= 0m) return null;
        payment.Captured = report.Captured;
        var first = arrived == report.Captured;
        if (first && checkout is { State: not CheckoutStatus.Paid } && checkout.Currency == payment.Currency && arrived >= checkout.Total
            && checkout.Currency == wallet.Directory.Currency)
        {
            var bought = await Grants.BuyPackAsync(wallet, Purchase(wallet, checkout, payment.Provider), cancellationToken);
            if (bought.Problem is { } problem) return problem;
            (checkout.State, checkout.Failure, checkout.PaymentId) = (CheckoutStatus.Paid, null, payment.Id);
            if (checkout.Automatic) await AutoTopUps.SucceededAsync(wallet, checkout.PoolId, cancellationToken);
            await sales.SoldAsync(wallet, SaleOf(checkout, payment), cancellationToken);
            arrived -= checkout.Total;
            if (arrived == 0m) return null;
        }

        var purpose = payment.Currency == wallet.Directory.Currency ? PurposeOf(attempt) : null;
        if (purpose is not null)
        {
            var taken = await purpose.PayAsync(wallet, new ArrivedMoney(attempt!.PaysFor!, payment, arrived, Key(payment, "paid", payment.Captured)), cancellationToken);
            if (taken.Problem is { } untaken) return untaken;
            arrived -= taken.Value;
            if (arrived == 0m) return null;
        }

        // Paid twice, or more than asked: theirs to spend. Less than asked, or for what we do not know: for people to look at.
        var theirs = purpose is not null || (checkout is { State: CheckoutStatus.Paid } && payment.Currency == wallet.Directory.Currency);
        wallet.Begin("payment", key: Key(payment, "captured", payment.Captured), reference: checkout?.PublicId, reason: theirs ? "Paid twice" : "Payment that nothing here explains")
            .Book(Account.Cash(payment.Provider), theirs ? Account.CustomerCredit : Account.Suspense, arrived, payment.Currency);
        return null;
    }

    /// <summary>The natural key of a posting: by how much was told of a payment in all.</summary>
    internal static string Key(Payment payment, string what, decimal cumulative) =>
        string.Create(CultureInfo.InvariantCulture, $"payment:{payment.Provider}:{payment.ProviderPayment}:{what}:{cumulative}");

    private static PaidSale SaleOf(Checkout checkout, Payment payment)
    {
        var credits = $"{checkout.PackName}: {Text(checkout.Credits)} credits";
        return new PaidSale(
            checkout.Id, checkout.PublicId, checkout.Pack, checkout.BonusCredits > 0m ? $"{credits} and {Text(checkout.BonusCredits)} bonus" : credits, checkout.Quantity, checkout.Net, checkout.Tax,
            checkout.TaxName, checkout.TaxPercent, payment.PublicId);

        static string Text(decimal amount) => amount.ToString("#,0.#########", CultureInfo.InvariantCulture);
    }

    private static PackPurchase Purchase(WalletTransaction wallet, Checkout checkout, string provider)
    {
        // A pool that was closed while the customer paid has handed over to the shared one.
        var pool = wallet.Directory.PoolsById[checkout.PoolId] is { Closed: false } open ? open.Key : Pool.SharedKey;
        var expires = checkout.ExpiresAfter is { } period ? CalendarSpan.Parse(period)?.AddTo(wallet.Now, wallet.Directory.Zone) : null;
        return new PackPurchase(
            pool, checkout.Credits, checkout.BonusCredits, checkout.Net, checkout.Tax, checkout.Currency, provider, checkout.PublicId,
            checkout.Priority, expires, checkout.Products, checkout.PackName);
    }
}
