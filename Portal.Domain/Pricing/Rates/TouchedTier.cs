namespace Portal.Domain.Pricing.Rates;

/// <summary>A tier that a quantity reached.</summary>
/// <param name="Above">Its lower bound, exclusive.</param>
/// <param name="UpTo">Its upper bound, inclusive; null for the last tier.</param>
/// <param name="Quantity">How much of the quantity it prices.</param>
/// <param name="UnitAmount">Price of a unit.</param>
/// <param name="FlatAmount">What entering it adds; 0 when it was entered before.</param>
/// <param name="Amount">What this part comes to, before fees, discount and bounds; nothing rounds it.</param>
public sealed record TouchedTier(decimal Above, decimal? UpTo, decimal Quantity, decimal UnitAmount, decimal FlatAmount, decimal Amount);

/// <summary>Which tiers a quantity reaches.</summary>
public static class TouchedTiers
{
    /// <summary>The tiers between two quantities: of a graduated price all of them, of a volume or stairstep price the one of the whole.</summary>
    /// <param name="price">The price.</param>
    /// <param name="before">The quantity before; at least 0.</param>
    /// <param name="after">The quantity after; not below <paramref name="before"/>.</param>
    public static IReadOnlyList<TouchedTier> Of(Price price, decimal before, decimal after)
    {
        ArgumentNullException.ThrowIfNull(price);
        if (price.Tiers.Count == 0) return [];
        return price.Model == PriceModel.Graduated ? Graduated(price.Tiers, before, after) : [OfWhole(price, after)];
    }

    private static List<TouchedTier> Graduated(IReadOnlyList<PriceTier> tiers, decimal before, decimal after)
    {
        var touched = new List<TouchedTier>();
        var below = 0m;
        foreach (var tier in tiers)
        {
            var top = tier.UpTo is { } bound && bound < after ? bound : after;
            var quantity = top - Math.Max(before, below);
            if (quantity > 0m)
            {
                var flat = before <= below ? tier.FlatAmount : 0m;
                touched.Add(new TouchedTier(below, tier.UpTo, quantity, tier.UnitAmount, flat, flat + (quantity * tier.UnitAmount)));
            }

            if (top == after) break;
            below = top;
        }

        return touched;
    }

    private static TouchedTier OfWhole(Price price, decimal quantity)
    {
        var below = 0m;
        foreach (var tier in price.Tiers)
        {
            if (tier.UpTo is { } bound && quantity > bound)
            {
                below = bound;
                continue;
            }

            var unit = price.Model == PriceModel.Stairstep ? 0m : tier.UnitAmount;
            return new TouchedTier(below, tier.UpTo, quantity, unit, tier.FlatAmount, tier.FlatAmount + (quantity * unit));
        }

        throw new InvalidOperationException("The last tier has a bound.");
    }
}
