using Portal.Domain.Kernel;

namespace Portal.Domain.Pricing.Rates;

/// <summary>Prices what an event measured. Pure: the same quantities and books give the same rating.</summary>
public static class Rater
{
    /// <summary>Greatest quantity, credits, money or cost of one event; beyond it an event is kept as unrated.</summary>
    public const decimal Greatest = 1_000_000_000_000_000m;

    private static readonly Rating Nothing = new(true, null, Credits.Zero, 0m, null, 0m, null, null, 0m, []);

    /// <summary>
    /// Rates the quantities of one meter. Each finds the most specific rate; when one finds none the whole event is unrated. Quantities
    /// that found the same rate are priced together, their sum is rounded once to nine places and spread by largest remainder.
    /// </summary>
    public static Rating Rate(string meter, IReadOnlyList<MeasuredQuantity> quantities, RateBook rates, RateBook costs)
    {
        if (quantities.Count == 0) return Nothing;
        var lines = new RatedLine[quantities.Count];
        var meterRates = rates.Of(meter);
        var meterCosts = costs.Of(meter);
        var rated = true;
        var total = 0m;
        for (var i = 0; i < lines.Length; i++)
        {
            var (amount, dimensions) = quantities[i];
            var quantity = amount.Scale <= Credits.Places ? amount : Math.Round(amount, Credits.Places, MidpointRounding.ToEven);
            var rate = meterRates?.Find(dimensions);
            rated &= rate is not null;
            total += quantity;
            lines[i] = new RatedLine(quantity, Credits.Zero, 0m, null, dimensions, rate, meterCosts?.Find(dimensions));
        }

        try
        {
            if (rated && Price(quantities, lines, total) is { } rating) return rating;
        }
        catch (OverflowException)
        {
            // Absurd figures are a fact of their sender, not a bug: the event is kept without a price.
        }

        return Unrated(lines, total);
    }

    private static Rating? Price(IReadOnlyList<MeasuredQuantity> quantities, RatedLine[] lines, decimal total)
    {
        Span<decimal> credits = lines.Length <= 16 ? stackalloc decimal[lines.Length] : new decimal[lines.Length];
        Span<decimal> money = lines.Length <= 16 ? stackalloc decimal[lines.Length] : new decimal[lines.Length];
        Span<decimal> cost = lines.Length <= 16 ? stackalloc decimal[lines.Length] : new decimal[lines.Length];
        string? currency = null;
        var inCredits = false;
        for (var i = 0; i < lines.Length; i++)
        {
            var rate = lines[i].Rate!;
            var exact = Exact(quantities, lines, i, rate, costs: false);
            if (rate.InCredits)
            {
                credits[i] = exact;
                inCredits = true;
            }
            else
            {
                if (currency is not null && currency != rate.Unit) return null; // an event accrues one currency
                money[i] = exact;
                currency = rate.Unit;
            }
        }

        var creditSum = inCredits ? new Credits(LargestRemainder.Spread(credits)) : Credits.Zero;
        var moneySum = currency is null ? 0m : LargestRemainder.Spread(money);
        if (creditSum.Amount > Greatest || moneySum > Greatest) return null;
        var costKnown = Cost(quantities, lines, cost);
        decimal? costSum = costKnown ? LargestRemainder.Spread(cost) : null;
        for (var i = 0; i < lines.Length; i++)
        {
            lines[i] = lines[i] with { Credits = new Credits(credits[i]), Money = money[i], Cost = costKnown ? cost[i] : null };
        }

        return new Rating(
            true, lines[0].Rate!.Version?.Id, creditSum, moneySum, currency,
            costSum, costKnown ? lines[0].CostRate!.Unit : null, costKnown ? lines[0].CostRate!.Version?.Id : null, total, lines);
    }

    private static bool Cost(IReadOnlyList<MeasuredQuantity> quantities, RatedLine[] lines, Span<decimal> cost)
    {
        var currency = lines[0].CostRate?.Unit;
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].CostRate is not { } rate || rate.Unit != currency) return false;
            cost[i] = Exact(quantities, lines, i, rate, costs: true);
        }

        return true;
    }

    // What one quantity comes to before rounding. Quantities that found the same rate share what they come to together.
    private static decimal Exact(IReadOnlyList<MeasuredQuantity> quantities, RatedLine[] lines, int index, Rate rate, bool costs)
    {
        var own = quantities[index].Amount;
        if (rate.Price.IsLinear) return rate.Price.Charge(own);
        var together = 0m;
        for (var i = 0; i < lines.Length; i++)
        {
            if (ReferenceEquals(costs ? lines[i].CostRate : lines[i].Rate, rate)) together += quantities[i].Amount;
        }

        return own == together ? rate.Price.Charge(own) : rate.Price.Charge(together) * own / together;
    }

    private static Rating Unrated(RatedLine[] lines, decimal total)
    {
        for (var i = 0; i < lines.Length; i++) lines[i] = lines[i] with { Rate = null };
        return new Rating(false, null, Credits.Zero, 0m, null, null, null, null, total, lines);
    }
}
