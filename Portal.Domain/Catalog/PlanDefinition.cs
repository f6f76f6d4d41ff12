using System.Text.Json.Serialization;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Catalog;

/// <summary>A plan as the API's bodies write it and as a version stores it. <see cref="Plan"/> is the checked form.</summary>
public sealed record PlanDefinition
{
    /// <summary>What people call it.</summary>
    public string? Name { get; init; }

    /// <summary>ISO 4217 code of its prices.</summary>
    public string? Currency { get; init; }

    /// <summary><c>month</c>, <c>quarter</c> or <c>year</c>: the billing period.</summary>
    public string? Period { get; init; }

    /// <summary><c>exclusive</c> (default) or <c>inclusive</c>.</summary>
    public string? Tax { get; init; }

    /// <summary>Rate card whose prices come before the platform's <c>default</c>; null for none.</summary>
    public string? RateCard { get; init; }

    /// <summary>Rules that decide which outcomes bill, by product; null for none.</summary>
    public IReadOnlyDictionary<string, string>? Outcomes { get; init; }

    /// <summary>What it consists of, at most 100.</summary>
    public IReadOnlyList<PlanItemDefinition>? Items { get; init; }
}

/// <summary>An item of a plan; which fields it has depends on its type.</summary>
public sealed record PlanItemDefinition
{
    /// <summary>Unique in the plan.</summary>
    public string? Key { get; init; }

    /// <summary><c>flat</c>, <c>seat</c>, <c>included_credits</c>, <c>usage</c>, <c>overage</c> or <c>minimum</c>.</summary>
    public string? Type { get; init; }

    /// <summary>flat, seat (for each), minimum: money for a billing period.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public decimal? Amount { get; init; }

    /// <summary>seat: how many cost nothing; default 0.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public decimal? Included { get; init; }

    /// <summary>included_credits: granted each time.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public decimal? Credits { get; init; }

    /// <summary>included_credits: the part of the billing period's flat fee that pays for them; default 0.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public decimal? RevenueShare { get; init; }

    /// <summary>included_credits: <c>month</c>, <c>quarter</c> or <c>year</c>, dividing the plan's period; default that.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Every { get; init; }

    /// <summary>included_credits: what of them rolls over at renewal; null for nothing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RolloverDefinition? Rollover { get; init; }

    /// <summary>usage: whose quantities are priced; overage: whose quantity is charged instead of credits.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Meter { get; init; }

    /// <summary>usage, overage: what it costs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PriceDefinition? Price { get; init; }

    /// <summary>usage: a rate card instead of a price.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? RateCard { get; init; }
}

/// <summary>What rolls over at renewal (domain.md §4).</summary>
public sealed record RolloverDefinition
{
    /// <summary>Credits that the next period gets at least; default 0.</summary>
    public decimal? Min { get; init; }

    /// <summary>Credits that roll at most; null for no limit.</summary>
    public decimal? Max { get; init; }

    /// <summary>The same as a share of the included credits: <c>0.5</c> is half; the smaller maximum holds.</summary>
    public decimal? MaxShare { get; init; }

    /// <summary>How often the same credits roll at most; null for no limit.</summary>
    public int? MaxRolls { get; init; }

    /// <summary>How long rolled credits last, ISO 8601; null: to the next renewal.</summary>
    public string? ExpiresAfter { get; init; }
}
