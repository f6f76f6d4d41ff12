using Portal.Domain.Kernel;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Catalog;

/// <summary>Credits for sale: a fixed number at a price, or a custom number priced by a model. Checked and immutable.</summary>
public sealed record Pack
{
    /// <summary>Its key.</summary>
    public required string Key { get; init; }

    /// <summary>What people call it.</summary>
    public required string Name { get; init; }

    /// <summary>Credits that it sells; null when the buyer says how many.</summary>
    public Credits? Credits { get; init; }

    /// <summary>Least credits of a custom amount.</summary>
    public Credits Min { get; init; }

    /// <summary>Most credits of a custom amount.</summary>
    public Credits Max { get; init; }

    /// <summary>Currency of its price.</summary>
    public required Currency Currency { get; init; }

    /// <summary>Credits given on top of a fixed number.</summary>
    public Credits BonusCredits { get; init; }

    /// <summary>How long its credits last; null for ever.</summary>
    public CalendarSpan? ExpiresAfter { get; init; }

    /// <summary>Burn priority of its grants, 0 to 255.</summary>
    public required short Priority { get; init; }

    /// <summary>Products that its credits are for; null for all.</summary>
    public IReadOnlyList<string>? Products { get; init; }

    /// <summary>True when tax is within the price: then net = price − tax.</summary>
    public bool TaxInclusive { get; init; }

    /// <summary>False: no longer sold.</summary>
    public bool Active { get; init; } = true;

    /// <summary>It as the API's bodies write it.</summary>
    public required PackDefinition Definition { get; init; }

    internal decimal? FixedPrice { get; init; }

    internal Price? PriceModel { get; init; }

    /// <summary>
    /// What so many credits cost, in the currency's minor unit, rounded once; <c>credits_out_of_range</c> outside a custom pack's bounds,
    /// <c>credits_fixed</c> for another number than a fixed pack sells.
    /// </summary>
    /// <param name="credits">How many; null for the fixed number.</param>
    public Result<Money> PriceOf(Credits? credits = null)
    {
        if (Credits is { } sold)
        {
            return credits is null || credits == sold
                ? new Money(FixedPrice!.Value, Currency)
                : Problem.Unprocessable("credits_fixed", $"The pack {Key} sells {sold} credits.");
        }

        if (credits is not { } asked || asked < Min || asked > Max)
        {
            return Problem.Unprocessable("credits_out_of_range", $"The pack {Key} sells from {Min} to {Max} credits.");
        }

        return new Money(PriceModel!.Charge(asked.Amount), Currency).RoundToMinor();
    }
}
