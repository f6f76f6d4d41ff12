using Portal.Domain.Kernel;

namespace Portal.Domain.Pricing.Rates;

/// <summary>Prices what an event measured. Pure: the same quantities, books and counters give the same rating.</summary>
public static class Rater
{
    /// <summary>Greatest quantity, credits, money or cost of one event; beyond it an event is kept as unrated.</summary>
    public const decimal Greatest = 1_000_000_000_000_000m;

    private static readonly Rating Nothing = new(true, null, Credits.Zero, 0m, null, 0m, null, null, 0m, []);

    /// <summary>
    /// Rates the quantities of one meter. Each finds the most specific rate; when one finds none the whole event is unrated. Quantities
    /// that found the same rate are priced together, their sum is rounded once to nine places and spread by largest remainder.
    /// </summary>
    /// <returns>The rating; one that is <see cref="Rating.Open"/> when a price needs a counter, or the quantities are levels.</returns>
    public static Rating Rate(
        string meter, IReadOnlyList<MeasuredQuantity> quantities, RateBook rates, RateBook costs, Accumulation accumulation = Accumulation.Sum)
    {
        if (quantities.Count == 0) return Nothing;
        var lines = new RatedLine[quantities.Count];
        var exact = quantities.Count <= 16 ? stackalloc decimal[quantities.Count] : new decimal[quantities.Count];
        var (meterRates, meterCosts) = (rates.Of(meter), costs.Of(meter));
        var (rated, open, total, currency) = (true, accumulation == Accumulation.Gauge, 0m, (string?)null);
        for (var i = 0; i < lines.Length; i++)
        {
            var (amount, dimensions, distinct) = quantities[i];
            exact[i] = amount;
            var quantity = amount.Scale <= Credits.Places ? amount : Math.Round(amount, Credits.Places, MidpointRounding.ToEven);
            var (rate, cost) = (meterRates?.Find(dimensions), meterCosts?.Find(dimensions));
            rated &= rate is not null;
            open |= rate?.NeedsCounter(accumulation) == true || cost?.NeedsCounter(accumulation) == true;
            if (rate is { InCredits: false }) currency ??= rate.Unit;
            total += quantity;
            lines[i] = new RatedLine(quantity, Credits.Zero, 0m, null, dimensions, rate, cost, distinct);
        }

        if (!rated) return Unrated(lines, total);
        if (open) return new Rating(true, lines[0].Rate!.Version?.Id, Credits.Zero, 0m, currency, null, null, null, total, lines) { Open = accumulation };
        return Priced(lines, exact, counted: null) ?? Unrated(lines, total);
    }

    /// <summary>Completes a rating that is <see cref="Rating.Open"/>; others are complete. What accumulates is priced by difference, and may fall below 0.</summary>
    /// <param name="open">From <see cref="Rate"/>.</param>
    /// <param name="counters">Of the event's consumer and period; they move on.</param>
    public static Rating Complete(Rating open, IPriceCounters counters)
    {
        ArgumentNullException.ThrowIfNull(open);
        ArgumentNullException.ThrowIfNull(counters);
        if (open.Open is not { } accumulation) return open;
        if (accumulation == Accumulation.Gauge) return Observed(open, counters);
        RatedLine[] lines = [.. open.Lines];
        var counted = new CountedPrices(lines, accumulation, counters);
        Span<decimal> exact = lines.Length <= 16 ? stackalloc decimal[lines.Length] : new decimal[lines.Length];
        for (var i = 0; i < lines.Length; i++) exact[i] = lines[i].Quantity;
        return Priced(lines, exact, counted) ?? Unrated(lines, open.Quantity);
    }

    /// <summary>
    /// The same quantities for what they cost alone: work that is billed by its outcome draws nothing. A level costs nothing by itself; a cost
    /// that accumulates is charged event by event.
    /// </summary>
    public static Rating CostOnly(Rating? measured)
    {
        if (measured is null || measured.Lines.Count == 0) return Nothing;
        if (measured.Open == Accumulation.Gauge) return Nothing;
        RatedLine[] lines = [.. measured.Lines.Select(line => line with { Credits = Credits.Zero, Money = 0m, Cost = null, Rate = null, Distinct = null })];
        decimal[] exact = [.. lines.Select(line => line.Quantity)], cost = new decimal[lines.Length];
        decimal? sum = null;
        try
        {
            if (Cost(lines, exact, counted: null, cost)) sum = LargestRemainder.Spread(cost);
        }
        catch (OverflowException)
        {
            sum = null; // as absurd as a price of such a quantity: unknown
        }

        for (var i = 0; i < lines.Length; i++) lines[i] = lines[i] with { Cost = sum is null ? null : cost[i] };
        var (known, first) = (sum is not null, lines[0].CostRate);
        return new Rating(true, null, Credits.Zero, 0m, null, sum, known ? first!.Unit : null, known ? first!.Version?.Id : null, measured.Quantity, lines);
    }

    // A level costs nothing yet: it is rated when its period closes.
    private static Rating Observed(Rating open, IPriceCounters counters)
    {
        foreach (var line in open.Lines) counters.Observe(line.Rate!, line);
        return open with
        {
            Open = null,
            Cost = 0m,
            Quantity = 0m,
            Lines = [.. open.Lines.Select(line => line with { Quantity = 0m, Cost = 0m })],
        };
    }

    private static Rating? Priced(RatedLine[] lines, ReadOnlySpan<decimal> exact, CountedPrices? counted)
    {
        try
        {
            return Price(lines, exact, counted);
        }
        catch (OverflowException)
        {
            return null; // Absurd figures are a fact of their sender, not a bug: the event is kept without a price.
        }
    }

    private static Rating? Price(RatedLine[] lines, ReadOnlySpan<decimal> exact, CountedPrices? counted)
    {
        Span<decimal> credits = lines.Length <= 16 ? stackalloc decimal[lines.Length] : new decimal[lines.Length];
        Span<decimal> money = lines.Length <= 16 ? stackalloc decimal[lines.Length] : new decimal[lines.Length];
        Span<decimal> cost = lines.Length <= 16 ? stackalloc decimal[lines.Length] : new decimal[lines.Length];
        string? currency = null;
        var (inCredits, total) = (false, 0m);
        for (var i = 0; i < lines.Length; i++)
        {
            var rate = lines[i].Rate!;
            var amount = counted?.Of(i) ?? Exact(lines, exact, i, rate, costs: false);
            total += lines[i].Quantity;
            if (rate.InCredits)
            {
                credits[i] = amount;
                inCredits = true;
            }
            else
            {
                if (currency is not null && currency != rate.Unit) return null; // an event accrues one currency
                money[i] = amount;
                currency = rate.Unit;
            }
        }

        var creditSum = inCredits ? new Credits(LargestRemainder.Spread(credits)) : Credits.Zero;
        var moneySum = currency is null ? 0m : LargestRemainder.Spread(money);
        if (creditSum.Amount > Greatest || moneySum > Greatest) return null;
        var costKnown = Cost(lines, exact, counted, cost);
        decimal? costSum = costKnown ? LargestRemainder.Spread(cost) : null;
        for (var i = 0; i < lines.Length; i++)
        {
            lines[i] = lines[i] with { Credits = new Credits(credits[i]), Money = money[i], Cost = costKnown ? cost[i] : null };
        }

        return new Rating(
            true, lines[0].Rate!.Version?.Id, creditSum, moneySum, currency,
            costSum, costKnown ? lines[0].CostRate!.Unit : null, costKnown ? lines[0].CostRate!.Version?.Id : null, total, lines);
    }

    private static bool Cost(RatedLine[] lines, ReadOnlySpan<decimal> exact, CountedPrices? counted, Span<decimal> cost)
    {
        var currency = lines[0].CostRate?.Unit;
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].CostRate is not { } rate || rate.Unit != currency) return false;
            cost[i] = counted?.CostOf(i) ?? Exact(lines, exact, i, rate, costs: true);
        }

        return true;
    }

    // What one quantity comes to before rounding. Quantities that found the same rate share what they come to together.
    private static decimal Exact(RatedLine[] lines, ReadOnlySpan<decimal> exact, int index, Rate rate, bool costs)
    {
        var own = exact[index];
        if (rate.Price.IsLinear) return rate.Price.Charge(own);
        var together = 0m;
        for (var i = 0; i < lines.Length; i++)
        {
            if (ReferenceEquals(costs ? lines[i].CostRate : lines[i].Rate, rate)) together += exact[i];
        }

        return own == together ? rate.Price.Charge(own) : rate.Price.Charge(together) * own / together;
    }

    private static Rating Unrated(RatedLine[] lines, decimal total)
    {
        for (var i = 0; i < lines.Length; i++) lines[i] = lines[i] with { Rate = null };
        return new Rating(false, null, Credits.Zero, 0m, null, null, null, null, total, lines);
    }
}
