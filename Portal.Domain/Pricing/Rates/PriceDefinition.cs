namespace Portal.Domain.Pricing.Rates;

/// <summary>A price as the API's bodies write it and as it is stored. <see cref="Price"/> is the checked form.</summary>
public sealed record PriceDefinition
{
    /// <summary><c>per_unit</c>, <c>package</c>, <c>graduated</c>, <c>volume</c> or <c>stairstep</c>.</summary>
    public string? Model { get; init; }

    /// <summary>per_unit, package: what <see cref="Per"/> units cost.</summary>
    public decimal? Amount { get; init; }

    /// <summary>per_unit (default 1), package: how many units <see cref="Amount"/> buys.</summary>
    public decimal? Per { get; init; }

    /// <summary>graduated, volume, stairstep: tiers in ascending order, the last without bound.</summary>
    public IReadOnlyList<PriceTierDefinition>? Tiers { get; init; }

    /// <summary><c>tenant</c> (default), <c>consumer</c> or <c>event</c>: over what the quantity accumulates.</summary>
    public string? Scope { get; init; }

    /// <summary>Added once.</summary>
    public decimal? FlatFee { get; init; }

    /// <summary>0 to 100, taken off what the model and the flat fee come to.</summary>
    public decimal? DiscountPercent { get; init; }

    /// <summary>Least charge, after the discount.</summary>
    public decimal? Minimum { get; init; }

    /// <summary>Greatest charge, after the discount.</summary>
    public decimal? Maximum { get; init; }

    /// <summary>True: flat amounts and the flat fee are due at quantity 0 too.</summary>
    public bool? ChargeAtZero { get; init; }

    /// <summary>A plain price per so many units.</summary>
    public static PriceDefinition PerUnit(decimal amount, decimal per) => new() { Model = "per_unit", Amount = Plain(amount), Per = per };

    /// <summary>The same number without trailing zeros, so that equal prices also read the same.</summary>
    public static decimal Plain(decimal amount) => amount / 1.0000000000000000000000000000m;
}

/// <summary>A tier as the API's bodies write it.</summary>
public sealed record PriceTierDefinition
{
    /// <summary>Inclusive upper bound; null for the last tier.</summary>
    public decimal? UpTo { get; init; }

    /// <summary>Price of each unit in the tier.</summary>
    public decimal? UnitAmount { get; init; }

    /// <summary>Due once the tier is entered.</summary>
    public decimal? FlatAmount { get; init; }
}

/// <summary>A rate as the API's bodies write it and as it is stored.</summary>
public sealed record RateDefinition
{
    /// <summary>Key of the meter whose quantities it prices.</summary>
    public string? Meter { get; init; }

    /// <summary>Dimensions it is for; an absent one, or <c>*</c>, matches any.</summary>
    public IReadOnlyDictionary<string, string>? Match { get; init; }

    /// <summary><c>CREDIT</c> or an ISO 4217 currency; a cost rate's is always a currency.</summary>
    public string? Unit { get; init; }

    /// <summary>What it costs.</summary>
    public PriceDefinition? Price { get; init; }

    /// <summary>Cost rates only: who is paid; absent, the card's key.</summary>
    public string? Vendor { get; init; }
}
