using Portal.Domain.Kernel;
using Portal.Domain.Pricing;

namespace Portal.Domain.Metering.Corrections;

/// <summary>
/// What an event's figures consist of, line by line, when all that is stored are their sums: measured again, and fitted to them. The lines
/// take the stored figures in order and the last takes what is left, so that what is taken out of the hours is what was put in.
/// </summary>
internal static class StandingRating
{
    /// <summary>The lines of an event as it stands.</summary>
    /// <param name="standing">Its figures.</param>
    /// <param name="measured">Measured and rated again; null when no meter measures it any more.</param>
    /// <param name="withCost">False leaves the cost out, as 0.</param>
    public static Rating Of(StandingEvent standing, Rating? measured, bool withCost)
    {
        var cost = withCost ? standing.Cost : 0m;
        RatedLine[] lines = [.. measured?.Lines ?? []];
        if (lines.Length == 0 && (standing.Quantity != 0m || standing.Credits != 0m))
            lines = [new RatedLine(standing.Quantity, new Credits(standing.Credits), standing.Money, cost, DimensionSet.Empty, Rate: null, CostRate: null)];
        var (quantity, credits, money, costLeft) = (standing.Quantity, standing.Credits, standing.Money, cost ?? 0m);
        for (var i = 0; i < lines.Length; i++)
        {
            var (line, last) = (lines[i], i == lines.Length - 1);
            var own = last ? credits : Math.Min(line.Credits.Amount, credits);
            lines[i] = line with
            {
                Quantity = last ? quantity : line.Quantity,
                Credits = new Credits(own),
                Money = last ? money : line.Money,
                Cost = cost is null ? null : last ? costLeft : withCost ? line.Cost ?? 0m : 0m,
            };
            (quantity, credits, money, costLeft) = (quantity - lines[i].Quantity, credits - own, money - lines[i].Money, costLeft - (lines[i].Cost ?? 0m));
        }

        return new Rating(
            Rated: true, measured?.RateVersionId, new Credits(standing.Credits), standing.Money, measured?.MoneyCurrency, cost, standing.CostCurrency,
            measured?.CostVersionId, standing.Quantity, lines);
    }
}
