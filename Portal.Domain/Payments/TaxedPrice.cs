using Portal.Domain.Kernel;

namespace Portal.Domain.Payments;

/// <summary>What a sale comes to, each part rounded once to the minor unit: the one place that computes tax on a purchase.</summary>
/// <param name="Net">Without tax; the value of what is sold.</param>
/// <param name="Tax">Tax on it.</param>
public sealed record TaxedPrice(decimal Net, decimal Tax)
{
    /// <summary>What the customer pays.</summary>
    public decimal Total => Net + Tax;

    /// <summary>Net and tax of a listed price. Either is the difference of the other to the total, so they always add up.</summary>
    /// <param name="price">The listed price, 0 or more.</param>
    /// <param name="inclusive">The listed price holds the tax already.</param>
    /// <param name="ratePercent">Tax rate in percent, 0 or more.</param>
    /// <param name="currency">Whose minor unit everything rounds to, half away from zero.</param>
    public static TaxedPrice Of(decimal price, bool inclusive, decimal ratePercent, Currency currency)
    {
        ArgumentNullException.ThrowIfNull(currency);
        ArgumentOutOfRangeException.ThrowIfNegative(price);
        ArgumentOutOfRangeException.ThrowIfNegative(ratePercent);
        var listed = currency.RoundToMinor(price);
        if (!inclusive) return new TaxedPrice(listed, currency.RoundToMinor(listed * ratePercent / 100m));
        var net = currency.RoundToMinor(listed * 100m / (100m + ratePercent));
        return new TaxedPrice(net, listed - net);
    }
}
