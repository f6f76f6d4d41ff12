using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Pricing;

/// <summary>A rate that two versions have for the same usage at different prices.</summary>
/// <param name="Meter">Key of the meter.</param>
/// <param name="Match">Dimensions it is for.</param>
/// <param name="Before">As the one version has it.</param>
/// <param name="After">As the other has it.</param>
public sealed record ChangedRate(string Meter, IReadOnlyDictionary<string, string> Match, RateDefinition Before, RateDefinition After);

/// <summary>What differs between two versions of a card.</summary>
/// <param name="Card">Key of the card.</param>
/// <param name="With">The version compared with; null: none, all rates are new.</param>
/// <param name="Version">The version looked at.</param>
/// <param name="Added">Rates that only the version looked at has.</param>
/// <param name="Removed">Rates that only the other has.</param>
/// <param name="Changed">Rates of both at different prices, units or vendors.</param>
/// <param name="Unchanged">How many are the same, however they are written.</param>
public sealed record CardDiff(
    string Card, int? With, int? Version, IReadOnlyList<RateDefinition> Added, IReadOnlyList<RateDefinition> Removed, IReadOnlyList<ChangedRate> Changed, int Unchanged)
{
    /// <summary>
    /// Compares a published version with another; without one, with the version before it. Refuses <c>unknown_version</c> and the unknown card.
    /// </summary>
    public static async Task<Result<CardDiff>> FindAsync(
        NpgsqlDataSource source, CardKind kind, string card, int version, int? with, CancellationToken cancellationToken = default)
    {
        if (await Cards.FindAsync(source, kind, card, cancellationToken) is null) return Cards.Unknown(kind, card);
        if (await Cards.FindVersionAsync(source, kind, card, version, cancellationToken) is not { } after) return Unknown(card, version);
        var other = with ?? version - 1;
        var before = other == 0 && with is null ? null : await Cards.FindVersionAsync(source, kind, card, other, cancellationToken);
        if (before is null && (with is not null || other > 0)) return Unknown(card, other);
        return Of(card, before?.Version, before?.Rates ?? [], version, after.Rates);
    }

    /// <summary>Compares rates with others.</summary>
    public static CardDiff Of(string card, int? with, IReadOnlyList<RateDefinition> before, int? version, IReadOnlyList<RateDefinition> after)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        var (old, now) = (ByMatch(before), ByMatch(after));
        var both = now.Where(rate => old.ContainsKey(rate.Key)).Select(rate => (Before: old[rate.Key], After: rate.Value)).ToArray();
        ChangedRate[] changed = [.. both.Where(pair => !Same(pair.Before, pair.After)).Select(pair => new ChangedRate(
            pair.After.Meter ?? "", MatchOf(pair.After), pair.Before, pair.After))];
        return new CardDiff(
            card, with, version, [.. now.Where(rate => !old.ContainsKey(rate.Key)).Select(rate => rate.Value)],
            [.. old.Where(rate => !now.ContainsKey(rate.Key)).Select(rate => rate.Value)], changed, both.Length - changed.Length);
    }

    /// <summary>True when two prices charge the same for every quantity as far as that shows without pricing any.</summary>
    public static bool SamePrice(PriceDefinition? left, PriceDefinition? right)
    {
        if (left is null || right is null) return left is null && right is null;
        return left.Model == right.Model && SameAmount(left, right) && (left.Scope ?? "tenant") == (right.Scope ?? "tenant")
            && (left.FlatFee ?? 0m) == (right.FlatFee ?? 0m) && (left.DiscountPercent ?? 0m) == (right.DiscountPercent ?? 0m)
            && left.Minimum == right.Minimum && left.Maximum == right.Maximum && (left.ChargeAtZero ?? false) == (right.ChargeAtZero ?? false)
            && (left.Tiers ?? []).Select(Plain).SequenceEqual((right.Tiers ?? []).Select(Plain));
    }

    // 0.5 per 1,000 is 0.0005 per unit; of packages the size matters.
    private static bool SameAmount(PriceDefinition left, PriceDefinition right)
    {
        var (own, other) = ((left.Amount ?? 0m, left.Per ?? 1m), (right.Amount ?? 0m, right.Per ?? 1m));
        if (left.Model != "per_unit") return own == other;
        return own == other || (own.Item2 != 0m && other.Item2 != 0m && own.Item1 / own.Item2 == other.Item1 / other.Item2);
    }

    private static (decimal?, decimal, decimal) Plain(PriceTierDefinition tier) => (tier.UpTo, tier.UnitAmount ?? 0m, tier.FlatAmount ?? 0m);

    private static bool Same(RateDefinition left, RateDefinition right) =>
        left.Unit == right.Unit && left.Vendor == right.Vendor && SamePrice(left.Price, right.Price);

    private static Dictionary<string, string> MatchOf(RateDefinition rate) =>
        (rate.Match ?? new Dictionary<string, string>(StringComparer.Ordinal)).Where(entry => entry.Value != "*").ToDictionary(StringComparer.Ordinal);

    // In the order given; rates that were published do not match the same twice.
    private static Dictionary<(string?, DimensionSet), RateDefinition> ByMatch(IReadOnlyList<RateDefinition> rates)
    {
        var byMatch = new Dictionary<(string?, DimensionSet), RateDefinition>(rates.Count);
        foreach (var rate in rates) byMatch.TryAdd((rate.Meter, DimensionSet.Of(MatchOf(rate))), rate);
        return byMatch;
    }

    private static Problem Unknown(string card, int version) => Problem.NotFound("unknown_version", $"The card {card} has no version {version}.");
}
