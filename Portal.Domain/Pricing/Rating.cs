using Portal.Domain.Kernel;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Pricing;

/// <summary>What an event came to under the cards in force when it happened.</summary>
/// <param name="Rated">False when a quantity other than zero found no rate, or the figures left the range of credits: kept as unrated.</param>
/// <param name="RateVersionId">Version of the rate card that matched; null when unrated or nothing was measured.</param>
/// <param name="Credits">Credits to draw: the sum of the lines, rounded once.</param>
/// <param name="Money">Money to accrue: the sum of the lines, rounded once to nine places; 0 without a money rate.</param>
/// <param name="MoneyCurrency">Currency of <paramref name="Money"/>; null without a money rate.</param>
/// <param name="Cost">What the platform pays, rounded once to nine places. Null: unknown, because a quantity found no cost rate,
/// or the rates found are in several currencies. Never 0 for unknown; 0 when nothing was measured.</param>
/// <param name="CostCurrency">Currency of <paramref name="Cost"/>; null when it is unknown or nothing was measured.</param>
/// <param name="CostVersionId">Version of the cost card of the first line; null when the cost is unknown.</param>
/// <param name="Quantity">The sum of the lines' quantities.</param>
/// <param name="Lines">One for each quantity other than zero, in the meter's order; also when unrated (then without prices).</param>
public sealed record Rating(
    bool Rated,
    int? RateVersionId,
    Credits Credits,
    decimal Money,
    string? MoneyCurrency,
    decimal? Cost,
    string? CostCurrency,
    int? CostVersionId,
    decimal Quantity,
    IReadOnlyList<RatedLine> Lines)
{
    /// <summary>
    /// How its quantities accumulate, while some of them wait for the counters of their period: its figures are not known yet
    /// (<see cref="Rater.Complete"/>). Null: they are.
    /// </summary>
    public Accumulation? Open { get; init; }

    /// <summary>The same, drawing nothing: what it gives back is taken from earlier events.</summary>
    public Rating WithoutCredits() => this with { Credits = Kernel.Credits.Zero, Lines = [.. Lines.Select(line => line with { Credits = Kernel.Credits.Zero })] };
}

/// <summary>One quantity of an event with its share of the event's figures; the shares sum exactly.</summary>
/// <param name="Quantity">Measured quantity at nine places.</param>
/// <param name="Credits">Its share of the credits.</param>
/// <param name="Money">Its share of the money.</param>
/// <param name="Cost">Its share of the cost; null when the event's cost is unknown.</param>
/// <param name="Dimensions">What it is.</param>
/// <param name="Rate">The rate that matched; null when the event is unrated.</param>
/// <param name="CostRate">The cost rate that matched; null when there is none.</param>
/// <param name="Distinct">Digest of the value that counts once, where distinct values count.</param>
/// <param name="Counter">Where the period's quantity of its rate stood before and after the event; null when the price does not accumulate.</param>
public readonly record struct RatedLine(
    decimal Quantity, Credits Credits, decimal Money, decimal? Cost, DimensionSet Dimensions, Rate? Rate, Rate? CostRate, Guid? Distinct = null,
    CounterSpan? Counter = null)
{
    /// <summary>The dimension <c>model</c>, or "".</summary>
    public string Model => Dimensions.Model;

    /// <summary>The dimension <c>token_type</c>, or "".</summary>
    public string TokenType => Dimensions.TokenType;

    /// <summary>The dimension <c>tier</c>, or "".</summary>
    public string Tier => Dimensions.Tier;

    /// <summary>Who is paid for it: the cost rate's vendor; null without one.</summary>
    public string? Vendor => CostRate?.Vendor;
}
