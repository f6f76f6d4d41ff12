using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Pricing.Import;

/// <summary>What an import came to.</summary>
/// <param name="Card">The cost card.</param>
/// <param name="Version">The version that holds the prices: the one published, or the one in force when nothing differs.</param>
/// <param name="EffectiveAt">From when that version is in force.</param>
/// <param name="Models">Models in the map that have token prices.</param>
/// <param name="Imported">Rates of the version.</param>
/// <param name="Skipped">Models in the map without token prices.</param>
/// <param name="Changed">Prices that differ from the version in force before, of models in both.</param>
/// <param name="Added">Models that the version in force before did not price.</param>
/// <param name="Removed">Models that only the version in force before prices.</param>
/// <param name="NotRead">Prices of other kinds that were left out, counted by their key in the map.</param>
/// <param name="SkippedModels">The models skipped, and why.</param>
/// <param name="Published">True when a version was published; false when nothing differs, or nothing was to be published.</param>
/// <param name="DryRun">True when it was only shown.</param>
public sealed record ImportReport(
    string Card, int Version, DateTimeOffset EffectiveAt, int Models, int Imported, int Skipped,
    IReadOnlyList<PriceChange> Changed, IReadOnlyList<string> Added, IReadOnlyList<string> Removed, IReadOnlyDictionary<string, int> NotRead,
    IReadOnlyList<SkippedModel> SkippedModels, bool Published, bool DryRun);

/// <summary>A price that an import changes, in US dollars per million tokens.</summary>
/// <param name="Model">The model.</param>
/// <param name="TokenType">Kind of token.</param>
/// <param name="Tier">standard, batch, priority or flex.</param>
/// <param name="Before">Price before; null when there was none.</param>
/// <param name="After">Price now; null when there is none.</param>
/// <param name="Vendor">Who is paid now, or was.</param>
public sealed record PriceChange(string Model, string TokenType, string Tier, decimal? Before, decimal? After, string? Vendor);

/// <summary>Imports a LiteLLM price map as a new version of a cost card, which then holds the map's prices and no others.</summary>
public static class CostCardImport
{
    private const decimal Million = 1_000_000m;

    /// <summary>
    /// Publishes the map's prices per token for a meter, which must have the dimensions <c>model</c> and <c>token_type</c>. With a
    /// dimension <c>tier</c> each price is for its tier alone, so that usage of a tier without a price has an unknown cost; without one
    /// only the standard prices are taken. Nothing is published when the card in force says the same already.
    /// </summary>
    public static async Task<Result<ImportReport>> RunAsync(
        CatalogueChange change, string card, ReadOnlyMemory<byte> json, DateTimeOffset? effectiveAt, string meter = "llm",
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        var planned = await PlanAsync(change.Connection, change.Transaction, card, json, effectiveAt ?? change.Now, meter, cancellationToken);
        if (planned.Problem is { } refused) return refused;
        var (report, rates, differs) = planned.Value;
        if (!differs) return report;
        var published = await Cards.PublishAsync(change, CardKind.Cost, card, effectiveAt ?? change.Now, rates, cancellationToken);
        return published.Map(version => report with { Version = version.Version, EffectiveAt = version.EffectiveAt, Published = true });
    }

    /// <summary>What <see cref="RunAsync"/> would report, or refuse; publishes nothing.</summary>
    public static async Task<Result<ImportReport>> TryAsync(
        PlatformTransaction platform, string card, ReadOnlyMemory<byte> json, DateTimeOffset? effectiveAt, string meter = "llm",
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(platform);
        var (connection, transaction) = (platform.Connection, platform.Transaction);
        var planned = await PlanAsync(connection, transaction, card, json, effectiveAt ?? platform.Now, meter, cancellationToken);
        if (planned.Problem is { } refused) return refused;
        var (report, rates, _) = planned.Value;
        var valid = await Cards.CheckRatesAsync(connection, transaction, CardKind.Cost, card, rates, cancellationToken);
        if (valid.Problem is { } invalid) return invalid;
        var candidate = new CardVersion(0, card, int.MaxValue, effectiveAt ?? platform.Now, platform.Now, valid.Value);
        return await CostOverlaps.CheckAsync(connection, transaction, candidate, cancellationToken) is { } overlap ? overlap : report with { DryRun = true };
    }

    private static async Task<Result<(ImportReport Report, IReadOnlyList<RateDefinition> Rates, bool Differs)>> PlanAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string card, ReadOnlyMemory<byte> json, DateTimeOffset from, string meter,
        CancellationToken cancellationToken)
    {
        var parsed = PriceMap.Parse(json.Span);
        if (parsed.Problem is { } refused) return refused;
        if (!await Cards.ExistsAsync(connection, transaction, CardKind.Cost, card, cancellationToken)) return Cards.Unknown(CardKind.Cost, card);
        if (!(await MeterShape.ReadAsync(connection, transaction, cancellationToken)).TryGetValue(meter, out var shape))
            return Problem.Unprocessable("unknown_meter", $"There is no meter {meter} that the prices could be for.");

        var map = parsed.Value;
        var rates = map.Prices.Where(price => price.Tier == "standard" || shape.Dimensions.Contains("tier"))
            .Select(price => Rate(price, meter, shape.Dimensions.Contains("tier"))).ToList();
        var before = await InForceAsync(connection, transaction, card, from, cancellationToken);
        var (old, now) = (ByMatch(before?.Rates ?? []), ByMatch(RateChecks.Check(CardKind.Cost, card, rates, new FieldErrors())));
        var report = new ImportReport(
            card, before?.Version ?? 0, before?.EffectiveAt ?? from, map.Models, rates.Count, map.Skipped, Changes(old, now),
            Missing(now, old), Missing(old, now), map.NotRead, map.SkippedModels, Published: false, DryRun: false);
        return (report, rates, before is null || old.Count != before.Rates.Count || !Same(old, now));
    }

    private static RateDefinition Rate(TokenPrice price, string meter, bool tiers)
    {
        var match = new Dictionary<string, string>(StringComparer.Ordinal) { ["model"] = price.Model, ["token_type"] = price.TokenType };
        if (tiers) match["tier"] = price.Tier;
        return new RateDefinition
        {
            Meter = meter,
            Match = match,
            Unit = "USD",
            Price = PriceDefinition.PerUnit(price.PerToken * Million, Million),
            Vendor = price.Vendor,
        };
    }

    private static async Task<CardVersion?> InForceAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string card, DateTimeOffset at, CancellationToken cancellationToken)
    {
        var versions = await CardVersions.ReadAsync(connection, transaction, CardKind.Cost, [], cancellationToken);
        return new Timeline(versions.Where(version => version.Card == card)).VersionsAt(at).SingleOrDefault();
    }

    private static Dictionary<(string Meter, DimensionSet Match), Rate> ByMatch(IEnumerable<Rate> rates) =>
        rates.ToDictionary(rate => (rate.Meter, rate.Match));

    private static bool Same(
        Dictionary<(string Meter, DimensionSet Match), Rate> old, Dictionary<(string Meter, DimensionSet Match), Rate> now) =>
        old.Count == now.Count && now.All(entry => old.TryGetValue(entry.Key, out var rate)
            && rate.Vendor == entry.Value.Vendor && rate.Unit == entry.Value.Unit && PerMillion(rate) is { } price && price == PerMillion(entry.Value));

    private static List<PriceChange> Changes(
        Dictionary<(string Meter, DimensionSet Match), Rate> old, Dictionary<(string Meter, DimensionSet Match), Rate> now)
    {
        var both = Models(old).Intersect(Models(now), StringComparer.Ordinal).ToHashSet(StringComparer.Ordinal);
        return [.. old.Keys.Union(now.Keys).Where(key => both.Contains(key.Match.Model))
            .Select(key => (key.Match, Before: old.GetValueOrDefault(key), After: now.GetValueOrDefault(key)))
            .Where(pair => PerMillion(pair.Before) != PerMillion(pair.After))
            .Select(pair => new PriceChange(pair.Match.Model, pair.Match.TokenType, pair.Match.Tier.Length == 0 ? "standard" : pair.Match.Tier,
                PerMillion(pair.Before), PerMillion(pair.After), (pair.After ?? pair.Before)!.Vendor))
            .OrderBy(price => price.Model, StringComparer.Ordinal).ThenBy(price => price.TokenType, StringComparer.Ordinal).ThenBy(price => price.Tier, StringComparer.Ordinal)];
    }

    private static string[] Missing(
        Dictionary<(string Meter, DimensionSet Match), Rate> here, Dictionary<(string Meter, DimensionSet Match), Rate> there) =>
        [.. Models(here).Except(Models(there), StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    private static IEnumerable<string> Models(Dictionary<(string Meter, DimensionSet Match), Rate> rates) =>
        rates.Keys.Select(key => key.Match.Model).Where(model => model.Length > 0).Distinct(StringComparer.Ordinal);

    private static decimal? PerMillion(Rate? rate) => rate is { Price.IsLinear: true } ? PriceDefinition.Plain(rate.Price.Charge(Million)) : null;
}
