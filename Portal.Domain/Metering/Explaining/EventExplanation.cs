using Portal.Domain.Ledger;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Metering.Explaining;

/// <summary>Why an event came to what it did.</summary>
/// <param name="Event">The event, its pieces as they stand and what came later.</param>
/// <param name="Quantities">What its meter measured, each with the rates that priced it; empty when nothing did.</param>
/// <param name="Transaction">The ledger transaction that took it, with the entries of all that it booked; null when its rows are gone.</param>
/// <param name="Currency">The tenant's currency, which revenue and margin are in.</param>
/// <param name="Cost">What the platform pays for it as it stands, in <see cref="CostCurrency"/>; null when unknown.</param>
/// <param name="CostCurrency">Currency of <paramref name="Cost"/>; null when unknown, or of nothing.</param>
/// <param name="Converted">The cost in the tenant's currency, by the rate of the day on which it happened; null when unknown or without a rate.</param>
public sealed record EventExplanation(
    ExplainedEvent Event, IReadOnlyList<ExplainedQuantity> Quantities, PostedTransaction? Transaction, string Currency, decimal? Cost, string? CostCurrency,
    decimal? Converted)
{
    /// <summary>Revenue − cost in the tenant's currency; null when the cost is unknown or cannot be converted.</summary>
    public decimal? Margin => Event.Revenue - Converted;
}

/// <summary>A quantity of an event with the rates that matched it.</summary>
/// <param name="Quantity">How much, at nine places.</param>
/// <param name="Dimensions">What it is.</param>
/// <param name="Rate">What the customer pays; null when no rate covers it.</param>
/// <param name="CostRate">What the platform pays; null when no cost rate covers it.</param>
/// <param name="Credits">Its share of the event's credits.</param>
/// <param name="Money">Its share of the money accrued.</param>
/// <param name="Cost">Its share of the cost, in the cost rate's unit; null when the event's cost is unknown.</param>
public sealed record ExplainedQuantity(
    decimal Quantity, DimensionSet Dimensions, ExplainedRate? Rate, ExplainedRate? CostRate, decimal Credits, decimal Money, decimal? Cost);

/// <summary>A rate that matched, and why it and no other.</summary>
/// <param name="Rate">The rate, with its card's version.</param>
/// <param name="Why">A sentence for people.</param>
/// <param name="LessSpecific">Other rates that cover the quantity too, the most specific first.</param>
/// <param name="Tiers">Tiers that the quantity reached; empty for prices without tiers, and where it is not known how far the period had come.</param>
/// <param name="Counter">Of prices that accumulate, the period's quantity before and after the event; null for others, for what the platform
/// pays, and for events that were rated anew since.</param>
public sealed record ExplainedRate(
    Rate Rate, string Why, IReadOnlyList<Rate> LessSpecific, IReadOnlyList<TouchedTier> Tiers, CounterSpan? Counter)
{
    /// <summary>How many dimensions the rate names.</summary>
    public int Specificity => Rate.Match.Count;
}
