using Portal.Domain.Metering.Explaining;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;

namespace Portal.Web.Api;

/// <summary>A quantity of an event and what priced it; what the platform pays only for platform keys.</summary>
internal sealed record QuantityDocument(
    IReadOnlyDictionary<string, string> Dimensions, decimal Quantity, MatchedRateDocument? Rate, decimal Credits, decimal Money, MatchedRateDocument? CostRate,
    decimal? Cost, string? Vendor)
{
    public static QuantityDocument Of(ExplainedQuantity quantity, bool platform) => new(
        Names(quantity.Dimensions), quantity.Quantity, MatchedRateDocument.Of(quantity.Rate), quantity.Credits, quantity.Money,
        platform ? MatchedRateDocument.Of(quantity.CostRate) : null, platform ? quantity.Cost : null, platform ? quantity.CostRate?.Rate.Vendor : null);

    internal static Dictionary<string, string> Names(DimensionSet dimensions) =>
        dimensions.Items.ToDictionary(item => item.Key, item => item.Value, StringComparer.Ordinal);
}

/// <summary>The rate that matched a quantity.</summary>
/// <param name="Card">Key of its card.</param>
/// <param name="Version">Number of the card's version.</param>
/// <param name="Index">Its place in the version, from 0.</param>
/// <param name="Match">Dimensions that it names; the others match any.</param>
/// <param name="Specificity">How many it names.</param>
/// <param name="Why">Why this rate, for people.</param>
/// <param name="Unit">`CREDIT` or a currency.</param>
/// <param name="Price">The price.</param>
/// <param name="Tiers">Tiers that the quantity reached.</param>
/// <param name="Counter">Of prices that accumulate: the period's quantity before and after.</param>
/// <param name="LessSpecific">Other rates that cover the quantity.</param>
internal sealed record MatchedRateDocument(
    string Card, int Version, int Index, IReadOnlyDictionary<string, string> Match, int Specificity, string Why, string Unit, ExplainedPriceDocument Price,
    IReadOnlyList<TouchedTier> Tiers, CounterSpan? Counter, IReadOnlyList<OtherRateDocument> LessSpecific)
{
    public static MatchedRateDocument? Of(ExplainedRate? explained) => explained is null ? null : new(
        explained.Rate.Version!.Card, explained.Rate.Version.Version, explained.Rate.Index, QuantityDocument.Names(explained.Rate.Match), explained.Specificity,
        explained.Why, explained.Rate.Unit, ExplainedPriceDocument.Of(explained.Rate.Price), explained.Tiers, explained.Counter,
        [.. explained.LessSpecific.Select(rate => new OtherRateDocument(
            rate.Version!.Card, rate.Version.Version, rate.Index, QuantityDocument.Names(rate.Match), rate.Match.Count))]);
}

/// <summary>A price, with what it leaves out at its default.</summary>
internal sealed record ExplainedPriceDocument(
    string Model, string Scope, decimal? Amount, decimal? Per, decimal FlatFee, decimal DiscountPercent, decimal? Minimum, decimal? Maximum)
{
    public static ExplainedPriceDocument Of(Price price)
    {
        var written = PriceDefinition.Of(price);
        return new(written.Model!, written.Scope ?? "tenant", written.Amount, written.Per, price.FlatFee, price.DiscountPercent, price.Minimum, price.Maximum);
    }
}

/// <summary>A rate that would have matched less specifically.</summary>
internal sealed record OtherRateDocument(string Card, int Version, int Index, IReadOnlyDictionary<string, string> Match, int Specificity);
