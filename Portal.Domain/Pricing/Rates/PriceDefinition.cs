using System.Text.Json.Serialization;

namespace Portal.Domain.Pricing.Rates;

/// <summary>A price as the API's bodies write it and as it is stored. <see cref="Price"/> is the checked form.</summary>
public sealed record PriceDefinition
{
    /// <summary><c>per_unit</c>, <c>package</c>, <c>graduated</c>, <c>volume</c> or <c>stairstep</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Model { get; init; }

    /// <summary>per_unit, package: what <see cref="Per"/> units cost.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public decimal? Amount { get; init; }

    /// <summary>per_unit (default 1), package: how many units <see cref="Amount"/> buys.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public decimal? Per { get; init; }

    /// <summary>graduated, volume, stairstep: tiers in ascending order, the last without bound.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<PriceTierDefinition>? Tiers { get; init; }

    /// <summary><c>tenant</c> (default), <c>consumer</c> or <c>event</c>: over what the quantity accumulates.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Scope { get; init; }

    /// <summary>Added once.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public decimal? FlatFee { get; init; }

    /// <summary>0 to 100, taken off what the model and the flat fee come to.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public decimal? DiscountPercent { get; init; }

    /// <summary>Least charge, after the discount.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public decimal? Minimum { get; init; }

    /// <summary>Greatest charge, after the discount.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public decimal? Maximum { get; init; }

    /// <summary>True: flat amounts and the flat fee are due at quantity 0 too.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? ChargeAtZero { get; init; }

    /// <summary>A plain price per so many units.</summary>
    public static PriceDefinition PerUnit(decimal amount, decimal per) => new() { Model = "per_unit", Amount = Plain(amount), Per = per };

    /// <summary>A checked price as it is written; what is at its default is left out.</summary>
    public static PriceDefinition Of(Price price)
    {
        ArgumentNullException.ThrowIfNull(price);
        var tiered = price.Tiers.Count > 0;
        return new()
        {
            Model = price.Model switch
            {
                PriceModel.PerUnit => "per_unit",
                PriceModel.Package => "package",
                PriceModel.Graduated => "graduated",
                PriceModel.Volume => "volume",
                PriceModel.Stairstep => "stairstep",
                _ => throw new InvalidOperationException($"Unknown price model {price.Model}."),
            },
            Amount = tiered ? null : price.Amount,
            Per = tiered ? null : price.Per,
            Tiers = tiered ? [.. price.Tiers.Select(tier => new PriceTierDefinition { UpTo = tier.UpTo, UnitAmount = price.Model == PriceModel.Stairstep ? null : tier.UnitAmount, FlatAmount = tier.FlatAmount })] : null,
            Scope = price.Scope switch { PriceScope.Consumer => "consumer", PriceScope.Event => "event", _ => null },
            FlatFee = price.FlatFee == 0m ? null : price.FlatFee,
            DiscountPercent = price.DiscountPercent == 0m ? null : price.DiscountPercent,
            Minimum = price.Minimum,
            Maximum = price.Maximum,
            ChargeAtZero = price.ChargeAtZero ? true : null,
        };
    }

    /// <summary>The same number without trailing zeros, so that equal prices also read the same.</summary>
    public static decimal Plain(decimal amount) => amount / 1.0000000000000000000000000000m;
}

/// <summary>A tier as the API's bodies write it.</summary>
public sealed record PriceTierDefinition
{
    /// <summary>Inclusive upper bound; null for the last tier.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public decimal? UpTo { get; init; }

    /// <summary>Price of each unit in the tier.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public decimal? UnitAmount { get; init; }

    /// <summary>Due once the tier is entered.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public decimal? FlatAmount { get; init; }
}

/// <summary>A rate as the API's bodies write it and as it is stored.</summary>
public sealed record RateDefinition
{
    /// <summary>Key of the meter whose quantities it prices.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Meter { get; init; }

    /// <summary>Dimensions it is for; an absent one, or <c>*</c>, matches any.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Match { get; init; }

    /// <summary><c>CREDIT</c> or an ISO 4217 currency; a cost rate's is always a currency.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Unit { get; init; }

    /// <summary>What it costs.</summary>
    public PriceDefinition? Price { get; init; }

    /// <summary>Cost rates only: who is paid; absent, the card's key.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Vendor { get; init; }
}
