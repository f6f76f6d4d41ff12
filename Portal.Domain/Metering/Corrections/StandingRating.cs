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
        var like = measured ?? new Rating(true, null, Credits.Zero, 0m, null, null, null, null, 0m, []);
        if (like.Lines.Count == 0 && (standing.Quantity != 0m || standing.Credits != 0m)) like = like with { Lines = [Line] };
        return withCost
            ? Fit(like, standing.Quantity, standing.Credits, standing.Money, standing.Cost, standing.CostCurrency)
            : Fit(like with { Lines = [.. like.Lines.Select(line => line with { Cost = 0m })] }, standing.Quantity, standing.Credits, standing.Money, 0m, standing.CostCurrency);
    }

    /// <summary>A rating whose lines sum to other figures: they take them in order, the last what is left.</summary>
    public static Rating Fit(Rating like, decimal quantity, decimal credits, decimal money, decimal? cost, string? costCurrency)
    {
        RatedLine[] lines = [.. like.Lines];
        var (quantityLeft, creditsLeft, moneyLeft, costLeft) = (quantity, credits, money, cost ?? 0m);
        for (var i = 0; i < lines.Length; i++)
        {
            var (line, last) = (lines[i], i == lines.Length - 1);
            var own = last ? creditsLeft : Math.Clamp(line.Credits.Amount, 0m, creditsLeft);
            lines[i] = line with
            {
                Quantity = last ? quantityLeft : line.Quantity,
                Credits = new Credits(own),
                Money = last ? moneyLeft : line.Money,
                Cost = cost is null ? null : last ? costLeft : line.Cost ?? 0m,
            };
            (quantityLeft, creditsLeft) = (quantityLeft - lines[i].Quantity, creditsLeft - own);
            (moneyLeft, costLeft) = (moneyLeft - lines[i].Money, costLeft - (lines[i].Cost ?? 0m));
        }

        return like with { Rated = true, Open = null, Credits = new Credits(credits), Money = money, Cost = cost, CostCurrency = costCurrency, Quantity = quantity, Lines = lines };
    }

    private static readonly RatedLine Line = new(0m, Credits.Zero, 0m, null, DimensionSet.Empty, Rate: null, CostRate: null);
}
