using System.Text.Json;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Outcomes;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Catalog.Templates;

/// <summary>How a part of a template stands to the catalogue.</summary>
internal enum PartStanding
{
    /// <summary>Nothing has its key.</summary>
    Absent,

    /// <summary>It is there.</summary>
    Same,

    /// <summary>Something else has its key.</summary>
    Other,
}

/// <summary>A part of a template.</summary>
/// <param name="Place">Where it stands in the file: <c>meters.openai</c>.</param>
/// <param name="Standing">How it stands to the catalogue.</param>
/// <param name="MakeAsync">Makes it; answers why it is refused.</param>
internal sealed record TemplatePart(string Place, PartStanding Standing, Func<Task<Problem?>> MakeAsync);

/// <summary>Compares the parts of a template with the catalogue, and makes those that are not there.</summary>
internal sealed class TemplateParts(CatalogueChange change, CatalogueTemplate template, CancellationToken cancellationToken)
{
    /// <summary>All parts, what is named by others before them.</summary>
    public async Task<List<TemplatePart>> ReadAsync()
    {
        var parts = new List<TemplatePart>();
        foreach (var (key, product) in template.Products) parts.Add(await ProductAsync(key, product));
        foreach (var (key, meter) in template.Meters) parts.Add(await MeterAsync(key, meter));
        foreach (var (key, card) in template.RateCards) parts.Add(await CardAsync(CardKind.Rate, $"rate_cards.{key}", key, card));
        foreach (var (key, card) in template.CostCards) parts.Add(await CardAsync(CardKind.Cost, $"cost_cards.{key}", key, card));
        foreach (var (key, rule) in template.Outcomes) parts.Add(await RuleAsync(key, rule));
        foreach (var (key, pack) in template.Packs) parts.Add(await PackAsync(key, pack));
        foreach (var (key, plan) in template.Plans) parts.Add(await PlanAsync(key, plan));
        return parts;
    }

    private async Task<TemplatePart> ProductAsync(string key, TemplateName product)
    {
        var known = await TextsAsync("select name from products where key = $1", key);
        return new TemplatePart($"products.{key}", Standing(known.Count > 0, known.Contains(product.Name, StringComparer.Ordinal)),
            async () => (await Products.PutAsync(change, key, product.Name, cancellationToken)).Problem);
    }

    private async Task<TemplatePart> MeterAsync(string key, MeterDefinition meter) => new(
        $"meters.{key}", StandingAmong(await DefinitionsAsync<MeterDefinition>("select definition::text from meters where key = $1", key), meter),
        async () => (await MeterStore.PutAsync(change, key, meter, cancellationToken)).Problem);

    private async Task<TemplatePart> PackAsync(string key, PackDefinition pack) => new(
        $"packs.{key}", StandingAmong(await DefinitionsAsync<PackDefinition>("select definition::text from packs where key = $1", key), pack),
        async () => (await Packs.PutAsync(change, key, pack, cancellationToken)).Problem);

    // A plan that was changed after it was loaded still has the template's version.
    private async Task<TemplatePart> PlanAsync(string key, PlanDefinition plan) => new(
        $"plans.{key}", StandingAmong(await DefinitionsAsync<PlanDefinition>("select definition::text from plan_versions where plan = $1", key), plan),
        async () => (await Plans.PutAsync(change, key, plan, cancellationToken)).Problem);

    private async Task<TemplatePart> CardAsync(CardKind kind, string place, string key, TemplateCard card)
    {
        var known = await change.Connection.ListAsync(
            $"select effective_at, rates::text from {kind.VersionsTable()} where card = $1", row => new TemplateCardVersion(
                row.GetFieldValue<DateTimeOffset>(0), JsonSerializer.Deserialize<List<RateDefinition>>(row.GetString(1), PortalJson.Options)!), cancellationToken, key);
        var all = card.Versions.All(version => known.Exists(one => PortalJson.Same(one, version)));
        return new TemplatePart(place, Standing(known.Count > 0, all), async () =>
        {
            if ((await Cards.PutAsync(change, kind, key, card.Name, cancellationToken)).Problem is { } unnamed) return unnamed;
            foreach (var (i, version) in card.Versions.Index())
            {
                var published = await Cards.PublishAsync(change, kind, key, version.EffectiveAt, version.Rates, cancellationToken);
                if (published.Problem is { } refused) return Within(i, refused);
            }

            return null;
        });
    }

    private async Task<TemplatePart> RuleAsync(string key, TemplateRule rule)
    {
        var known = (await OutcomeRules.FindAsync(change.Connection, key, cancellationToken))?.Versions ?? [];
        var all = rule.Versions.All(version => known.Any(one => PortalJson.Same(one.Definition with { EffectiveAt = one.EffectiveAt }, version)));
        return new TemplatePart($"outcomes.{key}", Standing(known.Count > 0, all), async () =>
        {
            if ((await OutcomeRules.PutAsync(change, key, rule.Name, cancellationToken)).Problem is { } unnamed) return unnamed;
            foreach (var (i, version) in rule.Versions.Index())
            {
                if ((await OutcomeRules.PublishAsync(change, key, version, cancellationToken)).Problem is { } refused) return Within(i, refused);
            }

            return null;
        });
    }

    private static Problem Within(int version, Problem refused) => refused with
    {
        Errors = refused.Errors?.ToDictionary(error => FormattableString.Invariant($"versions[{version}].{error.Key}"), error => error.Value, StringComparer.Ordinal),
    };

    private static PartStanding StandingAmong<T>(List<T> known, T wanted) => Standing(known.Count > 0, known.Exists(one => PortalJson.Same(one, wanted)));

    private static PartStanding Standing(bool present, bool same) => !present ? PartStanding.Absent : same ? PartStanding.Same : PartStanding.Other;

    private Task<List<string>> TextsAsync(string sql, string key) => change.Connection.ListAsync(sql, row => row.GetString(0), cancellationToken, key);

    private async Task<List<T>> DefinitionsAsync<T>(string sql, string key) =>
        [.. (await TextsAsync(sql, key)).Select(text => JsonSerializer.Deserialize<T>(text, PortalJson.Options)!)];
}
