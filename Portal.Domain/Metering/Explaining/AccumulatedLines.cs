using Portal.Domain.Kernel;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Metering.Explaining;

/// <summary>
/// The lines of an event some of whose prices accumulate. What such a price came to is not a function of the event alone, so these lines
/// share by quantity what the stored figures leave when every other line has been priced.
/// </summary>
internal static class AccumulatedLines
{
    /// <summary>The lines with their shares of the event's stored figures.</summary>
    public static IReadOnlyList<RatedLine> Of(Rating open, Accumulation accumulation, StandingEvent standing)
    {
        var lines = open.Lines.ToArray();
        Share(lines, standing.Credits, line => line.Rate is { InCredits: true } rate ? rate : null, accumulation, (line, amount) => line with { Credits = new Credits(amount) });
        Share(lines, standing.Money, line => line.Rate is { InCredits: false } rate ? rate : null, accumulation, (line, amount) => line with { Money = amount });
        if (standing.Cost is { } cost) Share(lines, cost, line => line.CostRate, Accumulation.Sum, (line, amount) => line with { Cost = amount });
        return lines;
    }

    private static void Share(RatedLine[] lines, decimal total, Func<RatedLine, Rate?> rateOf, Accumulation accumulation, Func<RatedLine, decimal, RatedLine> with)
    {
        var (left, counted) = (total, 0m);
        for (var i = 0; i < lines.Length; i++)
        {
            if (rateOf(lines[i]) is not { } rate) continue;
            if (rate.NeedsCounter(accumulation))
            {
                counted += lines[i].Quantity;
                continue;
            }

            var amount = Math.Round(rate.Price.Charge(lines[i].Quantity), Credits.Places, MidpointRounding.ToEven);
            lines[i] = with(lines[i], amount);
            left -= amount;
        }

        for (var i = 0; i < lines.Length && counted > 0m; i++)
        {
            if (rateOf(lines[i])?.NeedsCounter(accumulation) != true) continue;
            var quantity = lines[i].Quantity;
            var amount = quantity == counted ? left : Math.Round(left * quantity / counted, Credits.Places, MidpointRounding.ToEven);
            lines[i] = with(lines[i], amount);
            (left, counted) = (left - amount, counted - quantity);
        }
    }
}
