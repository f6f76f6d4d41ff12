namespace Portal.Domain.Payments.GivenBack;

/// <summary>What of a sale the money concerns that disputes hold of its payment in all, now that they do.</summary>
/// <param name="Credits">Credits affected: the pack's, by the share of the disputed money in the captured.</param>
/// <param name="Amount">Money of the sale in it; the rest of the payment had bought nothing.</param>
/// <param name="TaxNow">Tax of the sale that is no longer owed, beyond what was given back before.</param>
internal readonly record struct DisputedShare(decimal Credits, decimal Amount, decimal TaxNow)
{
    public static DisputedShare Of(Sale sale, Payment payment)
    {
        var disputed = Math.Min(payment.Disputed - payment.Reinstated, payment.Captured);
        var amount = payment.Captured == sale.Total ? disputed : sale.Currency.RoundToMinor(sale.Total * disputed / payment.Captured);
        var gone = Math.Min(sale.Total, amount + sale.Refunded.Net + sale.Refunded.Tax);
        var taxGone = sale.Refunded.Tax + sale.Disputed.Tax;
        return new DisputedShare(
            Math.Round(sale.Credits * disputed / payment.Captured, 9, MidpointRounding.AwayFromZero),
            amount,
            Math.Clamp(sale.Currency.RoundToMinor(sale.Tax * gone / sale.Total) - taxGone, 0m, sale.Tax - taxGone));
    }
}
