using Portal.Domain.Metering.Meters;
using Portal.Domain.Outcomes;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Catalog.Templates;

/// <summary>
/// A price list that a portal can start from: parts of the catalogue by kind and key, each written as the API's PUT and POST take it.
/// </summary>
public sealed record CatalogueTemplate
{
    /// <summary>Its key: the name of its file without the ending.</summary>
    public string Key { get; init; } = "";

    /// <summary>What people call it.</summary>
    public required string Name { get; init; }

    /// <summary>Where its prices are from, and what they do not cover.</summary>
    public required string Description { get; init; }

    /// <summary>Products, as <c>PUT /v1/products/{key}</c> takes them.</summary>
    public IReadOnlyDictionary<string, TemplateName> Products { get; init; } = new Dictionary<string, TemplateName>(StringComparer.Ordinal);

    /// <summary>Meters, as <c>PUT /v1/meters/{key}</c> takes them.</summary>
    public IReadOnlyDictionary<string, MeterDefinition> Meters { get; init; } = new Dictionary<string, MeterDefinition>(StringComparer.Ordinal);

    /// <summary>Rate cards with their versions, the oldest first.</summary>
    public IReadOnlyDictionary<string, TemplateCard> RateCards { get; init; } = new Dictionary<string, TemplateCard>(StringComparer.Ordinal);

    /// <summary>Cost cards with their versions, the oldest first.</summary>
    public IReadOnlyDictionary<string, TemplateCard> CostCards { get; init; } = new Dictionary<string, TemplateCard>(StringComparer.Ordinal);

    /// <summary>Outcome rules with their versions, the oldest first.</summary>
    public IReadOnlyDictionary<string, TemplateRule> Outcomes { get; init; } = new Dictionary<string, TemplateRule>(StringComparer.Ordinal);

    /// <summary>Packs, as <c>PUT /v1/packs/{key}</c> takes them.</summary>
    public IReadOnlyDictionary<string, PackDefinition> Packs { get; init; } = new Dictionary<string, PackDefinition>(StringComparer.Ordinal);

    /// <summary>Plans, as <c>PUT /v1/plans/{key}</c> takes them.</summary>
    public IReadOnlyDictionary<string, PlanDefinition> Plans { get; init; } = new Dictionary<string, PlanDefinition>(StringComparer.Ordinal);

    /// <summary>The places of everything in it, in the order in which it is loaded: <c>meters.openai</c>.</summary>
    public IEnumerable<string> Places() =>
    [
        .. Products.Keys.Select(key => $"products.{key}"), .. Meters.Keys.Select(key => $"meters.{key}"),
        .. RateCards.Keys.Select(key => $"rate_cards.{key}"), .. CostCards.Keys.Select(key => $"cost_cards.{key}"),
        .. Outcomes.Keys.Select(key => $"outcomes.{key}"), .. Packs.Keys.Select(key => $"packs.{key}"), .. Plans.Keys.Select(key => $"plans.{key}"),
    ];
}

/// <summary>A body that is a name.</summary>
/// <param name="Name">1 to 200 characters.</param>
public sealed record TemplateName(string Name);

/// <summary>A rate or cost card: its PUT's name and its POSTs.</summary>
/// <param name="Name">1 to 200 characters.</param>
/// <param name="Versions">As <c>POST …/versions</c> takes them, at least one.</param>
public sealed record TemplateCard(string Name, IReadOnlyList<TemplateCardVersion> Versions);

/// <summary>A version of a card.</summary>
/// <param name="EffectiveAt">From when it is in force.</param>
/// <param name="Rates">All its rates.</param>
public sealed record TemplateCardVersion(DateTimeOffset EffectiveAt, IReadOnlyList<RateDefinition> Rates);

/// <summary>An outcome rule: its PUT's name and its POSTs.</summary>
/// <param name="Name">1 to 200 characters.</param>
/// <param name="Versions">As <c>POST …/versions</c> takes them, at least one, each with <c>effective_at</c>.</param>
public sealed record TemplateRule(string Name, IReadOnlyList<OutcomeRuleDefinition> Versions);
