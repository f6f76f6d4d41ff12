using Portal.Domain.Kernel;
using Stripe;
using Stripe.Checkout;

namespace Portal.Domain.Payments.Stripe;

/// <summary>Payments as they stand at Stripe.</summary>
public sealed partial class StripeProvider
{
    /// <inheritdoc />
    public async Task<IReadOnlyList<PaymentReport>> LookUpAsync(Sought sought, CancellationToken cancellationToken)
    {
        if (sought.ProviderObject is { } known)
        {
            var payment = known.StartsWith("cs_", StringComparison.Ordinal) ? await PaymentOfAsync(known, cancellationToken) : known;
            return payment is not null && await ReportAsync(payment, whole: true, cancellationToken) is { } report ? [report] : [];
        }

        // The index of this search follows a minute behind; what is younger is sent again under the same key.
        var options = new PaymentIntentSearchOptions { Query = $"metadata['{ReferenceKey}']:'{sought.Reference}'", Limit = 100 };
        var found = new List<PaymentReport>();
        foreach (var id in await StripeLine.AskAsync(() => IdsAsync(options, cancellationToken), cancellationToken))
        {
            if (await ReportAsync(id, whole: true, cancellationToken) is { } report) found.Add(report);
        }

        return found;
    }

    private async Task<List<string>> IdsAsync(PaymentIntentSearchOptions options, CancellationToken cancellationToken)
    {
        var ids = new List<string>();
        await foreach (var payment in new PaymentIntentService(line.Client).SearchAutoPagingAsync(options, null, cancellationToken)) ids.Add(payment.Id);
        return ids;
    }

    private async Task<string?> PaymentOfAsync(string session, CancellationToken cancellationToken) => await StripeLine.AskAsync<string?>(
        async () => (await new SessionService(line.Client).GetAsync(session, null, null, cancellationToken)).PaymentIntentId, _ => null, cancellationToken);

    /// <summary>A payment as it stands; null when Stripe has none of that id.</summary>
    /// <param name="id">A PaymentIntent, or a charge that was made without one.</param>
    /// <param name="whole">Also refunds and disputes that its charge does not hint at: such as failed.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    private async Task<PaymentReport?> ReportAsync(string id, bool whole, CancellationToken cancellationToken)
    {
        var byCharge = id.StartsWith("ch_", StringComparison.Ordinal) || id.StartsWith("py_", StringComparison.Ordinal);
        PaymentIntent? payment = null;
        Charge? charge;
        if (byCharge)
        {
            charge = await StripeLine.AskAsync<Charge?>(
                async () => await new ChargeService(line.Client).GetAsync(id, null, null, cancellationToken), _ => null, cancellationToken);
            if (charge is null) return null;
        }
        else
        {
            var options = new PaymentIntentGetOptions { Expand = ["latest_charge"] };
            payment = await StripeLine.AskAsync<PaymentIntent?>(
                async () => await new PaymentIntentService(line.Client).GetAsync(id, options, null, cancellationToken), _ => null, cancellationToken);
            if (payment is null) return null;
            charge = payment.LatestCharge;
        }

        IReadOnlyList<Refund> refunds = whole || charge?.AmountRefunded > 0 ? await RefundsAsync(id, byCharge, cancellationToken) : [];
        IReadOnlyList<Dispute> disputes = whole || charge?.Disputed == true ? await DisputesAsync(id, byCharge, cancellationToken) : [];
        return payment is null ? Payment(charge!, refunds, disputes) : Payment(payment, refunds, disputes);
    }

    private Task<List<Refund>> RefundsAsync(string id, bool byCharge, CancellationToken cancellationToken) => StripeLine.AskAsync(async () =>
    {
        var options = new RefundListOptions { Charge = byCharge ? id : null, PaymentIntent = byCharge ? null : id, Limit = 100 };
        var refunds = new List<Refund>();
        await foreach (var refund in new RefundService(line.Client).ListAutoPagingAsync(options, null, cancellationToken)) refunds.Add(refund);
        return refunds;
    }, cancellationToken);

    private Task<List<Dispute>> DisputesAsync(string id, bool byCharge, CancellationToken cancellationToken) => StripeLine.AskAsync(async () =>
    {
        var options = new DisputeListOptions { Charge = byCharge ? id : null, PaymentIntent = byCharge ? null : id, Limit = 100 };
        var disputes = new List<Dispute>();
        await foreach (var dispute in new DisputeService(line.Client).ListAutoPagingAsync(options, null, cancellationToken)) disputes.Add(dispute);
        return disputes;
    }, cancellationToken);

    private static PaymentReport Payment(PaymentIntent payment, IReadOnlyList<Refund> refunds, IReadOnlyList<Dispute> disputes)
    {
        var failure = payment switch
        {
            { AmountReceived: > 0 } => null,
            { LastPaymentError: { } error } => StripeDeclines.Of(error),
            { Status: "canceled" } => Declines.Cancelled,
            _ => null, // the customer is on the page, or the bank takes its time
        };
        return Report(payment.Id, payment.Metadata, payment.Currency, payment.AmountReceived, failure, refunds, disputes);
    }

    private static PaymentReport Payment(Charge charge, IReadOnlyList<Refund> refunds, IReadOnlyList<Dispute> disputes) => Report(
        charge.Id, charge.Metadata, charge.Currency, charge.AmountCaptured,
        charge is { AmountCaptured: 0, Status: "failed" } ? Declines.Declined : null, refunds, disputes);

    private static PaymentReport Report(
        string id, Dictionary<string, string>? metadata, string code, long captured, string? failure, IReadOnlyList<Refund> refunds, IReadOnlyList<Dispute> disputes)
    {
        var currency = Currency.Of(code.ToUpperInvariant());
        decimal Amount(long units) => StripeUnits.Units.Amount(units, currency);
        return new PaymentReport(
            id,
            metadata?.GetValueOrDefault(ReferenceKey),
            currency,
            Amount(captured),
            Amount(refunds.Where(refund => refund.Status == "succeeded").Sum(refund => refund.Amount)),
            Amount(disputes.Sum(Taken)),
            failure,
            Amount(disputes.Sum(Returned)),
            [.. refunds.Where(refund => refund.Metadata?.ContainsKey(ReferenceKey) == true).Select(refund => new RefundReport(
                refund.Metadata[ReferenceKey], Amount(refund.Amount),
                refund.Status is "failed" or "canceled" ? refund.FailureReason ?? refund.Status : null,
                UnderWay: refund.Status is "pending" or "requires_action"))]);
    }

    // Money has moved when a balance transaction says so: an inquiry has none, a dispute one, a dispute that was won two.
    private static long Taken(Dispute dispute) => dispute.BalanceTransactions?.Any(moved => moved.Amount < 0) == true ? dispute.Amount : 0L;

    private static long Returned(Dispute dispute) => dispute.BalanceTransactions?.Any(moved => moved.Amount > 0) == true ? dispute.Amount : 0L;
}
