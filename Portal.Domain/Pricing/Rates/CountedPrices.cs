using Portal.Domain.Kernel;

namespace Portal.Domain.Pricing.Rates;

/// <summary>
/// The lines of one event whose prices accumulate: moves the counters, replaces each line's quantity by what it added to its period, and
/// knows what each line comes to. A rate's lines are one step of <c>round(P(after), 9) − round(P(before), 9)</c>, spread by what each added.
/// </summary>
internal sealed class CountedPrices
{
    private readonly decimal?[] amounts;
    private readonly decimal?[] costs;

    public CountedPrices(RatedLine[] lines, Accumulation accumulation, IPriceCounters counters)
    {
        (amounts, costs) = (new decimal?[lines.Length], new decimal?[lines.Length]);
        for (var i = 0; i < lines.Length; i++)
        {
            if (amounts[i] is null && lines[i].Rate!.NeedsCounter(accumulation)) Step(lines, lines[i].Rate!, line => line.Rate, accumulation, counters, amounts, true);
        }

        for (var i = 0; i < lines.Length; i++)
        {
            if (costs[i] is null && lines[i].CostRate?.NeedsCounter(Accumulation.Sum) == true)
                Step(lines, lines[i].CostRate!, line => line.CostRate, Accumulation.Sum, counters, costs, false);
        }
    }

    /// <summary>What a line comes to; null when its price does not accumulate.</summary>
    public decimal? Of(int line) => amounts[line];

    /// <summary>What it costs; null when its cost does not accumulate, and is priced by the quantity that it added.</summary>
    public decimal? CostOf(int line) => costs[line];

    private static void Step(
        RatedLine[] lines, Rate rate, Func<RatedLine, Rate?> rateOf, Accumulation accumulation, IPriceCounters counters, decimal?[] amounts, bool measures)
    {
        Span<decimal> added = lines.Length <= 16 ? stackalloc decimal[lines.Length] : new decimal[lines.Length];
        var (first, before, after, closed) = (-1, 0m, 0m, false);
        for (var i = 0; i < lines.Length; i++)
        {
            if (!ReferenceEquals(rateOf(lines[i]), rate)) continue;
            var step = counters.Add(rate, accumulation, lines[i].Quantity, lines[i].Distinct);
            if (first < 0) (first, before, closed) = (i, step.Before, step.Closed);
            (after, added[i]) = (step.After, step.After - step.Before);
        }

        var span = measures ? new CounterSpan(before, after) : null;
        var amount = Rounded(rate.Price, after, closed) - Rounded(rate.Price, before, closed);
        for (var i = 0; i < lines.Length; i++)
        {
            if (!ReferenceEquals(rateOf(lines[i]), rate)) continue;
            amounts[i] = after == before ? (i == first ? amount : 0m) : amount * added[i] / (after - before);
            if (measures) lines[i] = lines[i] with { Quantity = added[i], Counter = span };
        }
    }

    private static decimal Rounded(Price price, decimal quantity, bool closed) =>
        Math.Round(closed ? price.Charge(quantity) : price.Accrue(quantity), Credits.Places, MidpointRounding.ToEven);
}
