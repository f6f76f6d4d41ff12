namespace Portal.Domain.Pricing;

/// <summary>A quantity that a meter read from an event: what is priced.</summary>
/// <param name="Amount">Above 0 (a level: at least 0), in the meter's unit, not rounded; a rating's line keeps nine places of it.</param>
/// <param name="Dimensions">What it is: the meter's dimensions with their defaults, and what the quantity's <c>set</c> adds.</param>
/// <param name="Distinct">Digest of the value that counts once; null but for the aggregation <c>unique</c>.</param>
public readonly record struct MeasuredQuantity(decimal Amount, DimensionSet Dimensions, Guid? Distinct = null)
{
    /// <summary>The dimension <c>model</c>, or "".</summary>
    public string Model => Dimensions.Model;

    /// <summary>The dimension <c>token_type</c>, or "".</summary>
    public string TokenType => Dimensions.TokenType;

    /// <summary>The dimension <c>tier</c>, or "".</summary>
    public string Tier => Dimensions.Tier;
}
