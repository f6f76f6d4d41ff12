using System.Collections.Concurrent;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Metering.Meters;

/// <summary>
/// All meters and cards of one catalogue version: an immutable snapshot that measures and rates in memory. It remembers which rate
/// matched which dimensions; safe for concurrent callers.
/// </summary>
public sealed class Catalogue
{
    private readonly Dictionary<string, Meter[]> byEventType;
    private readonly Dictionary<string, Meter> byKey;
    private readonly Dictionary<string, Timeline> rateCards;
    private readonly Dictionary<int, CardVersion> rateVersions;
    private readonly CardVersion[] costVersions;
    private readonly IReadOnlyDictionary<(string Plan, int Version), PlanPrices> plans;
    private readonly ConcurrentDictionary<(RateBook Upper, RateBook Lower, string? Meter), RateBook> layered = new();

    /// <summary>Makes a snapshot of meters that do not overlap and versions that were accepted.</summary>
    public Catalogue(
        long version, IEnumerable<Meter> meters, IEnumerable<CardVersion> rateVersions, IEnumerable<CardVersion> costVersions,
        IReadOnlyDictionary<(string Plan, int Version), PlanPrices>? plans = null, ICaseRules? cases = null)
    {
        Cases = cases;
        Version = version;
        Prices = TenantPrices.Platform;
        this.plans = plans ?? new Dictionary<(string, int), PlanPrices>();
        byKey = meters.ToDictionary(meter => meter.Key, StringComparer.Ordinal);
        byEventType = byKey.Values.GroupBy(meter => meter.EventType, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.OrderBy(meter => meter.Key, StringComparer.Ordinal).ToArray(), StringComparer.Ordinal);
        CardVersion[] known = [.. rateVersions];
        this.rateVersions = known.ToDictionary(version => version.Id);
        rateCards = known.GroupBy(version => version.Card, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => new Timeline(group), StringComparer.Ordinal);
        this.costVersions = [.. costVersions];
        Costs = new Timeline(this.costVersions);
    }

    private Catalogue(Catalogue other, Dictionary<string, Timeline> rateCards, Timeline costs, TenantPrices prices)
    {
        Version = other.Version;
        Prices = prices;
        plans = other.plans;
        if (ReferenceEquals(rateCards, other.rateCards)) layered = other.layered;
        Cases = other.Cases;
        (byKey, byEventType, this.rateCards, rateVersions, costVersions, Costs) =
            (other.byKey, other.byEventType, rateCards, other.rateVersions, other.costVersions, costs);
    }

    /// <summary>The catalogue version it is a snapshot of.</summary>
    public long Version { get; }

    /// <summary>Whose prices come before the platform's.</summary>
    public TenantPrices Prices { get; }

    /// <summary>The same catalogue, as it prices the usage of a tenant.</summary>
    public Catalogue For(TenantPrices prices) => ReferenceEquals(prices, Prices) ? this : new Catalogue(this, rateCards, Costs, prices);
    /// <summary>The rules that sort usage into cases; null without any.</summary>
    public ICaseRules? Cases { get; }

    /// <summary>All meters.</summary>
    public IReadOnlyCollection<Meter> Meters => byKey.Values;

    /// <summary>All versions of all cost cards.</summary>
    public Timeline Costs { get; }

    /// <summary>The versions of a rate card; null when it has none.</summary>
    public Timeline? RateCard(string card) => rateCards.GetValueOrDefault(card);

    /// <summary>A version of a rate card by its number over all cards; null when there is none.</summary>
    public CardVersion? FindRateVersion(int id) => rateVersions.GetValueOrDefault(id);

    /// <summary>Every version of every rate card, also those that another has replaced.</summary>
    public IEnumerable<CardVersion> AllRateVersions => rateVersions.Values;

    /// <summary>Every version of every cost card, also those that another has replaced.</summary>
    public IEnumerable<CardVersion> AllCostVersions => costVersions;

    /// <summary>The same catalogue, as if this version had always been the one of its rate card. It need not be published.</summary>
    public Catalogue Under(CardVersion version)
    {
        ArgumentNullException.ThrowIfNull(version);
        return new Catalogue(this, new(rateCards, StringComparer.Ordinal) { [version.Card] = Always(version) }, Costs, Prices);
    }

    /// <summary>The same catalogue, as if this version had always been the one of its cost card.</summary>
    public Catalogue UnderCost(CardVersion version)
    {
        ArgumentNullException.ThrowIfNull(version);
        var others = Costs.Changes.SelectMany(change => change.Versions).Distinct().Where(other => other.Card != version.Card);
        return new Catalogue(this, rateCards, new Timeline([.. others, version.From(DateTimeOffset.MinValue)]), Prices);
    }

    private static Timeline Always(CardVersion version) => new([version.From(DateTimeOffset.MinValue)]);

    /// <summary>The meter of that key; null when there is none.</summary>
    public Meter? FindMeter(string key) => byKey.GetValueOrDefault(key);

    /// <summary>The one meter that measures an event; null when none does.</summary>
    public Meter? MeterFor(string eventType, EventProperties properties)
    {
        if (!byEventType.TryGetValue(eventType, out var meters)) return null;
        foreach (var meter in meters)
        {
            if (meter.Matches(properties)) return meter;
        }

        return null;
    }

    /// <summary>The rate that prices a quantity at an instant; null when none does.</summary>
    public Rate? RateOf(string meter, DimensionSet dimensions, DateTimeOffset at) => InForce(at).Of(meter)?.Find(dimensions);

    /// <summary>All rates of a meter at an instant.</summary>
    public IEnumerable<Rate> RatesOf(string meter, DateTimeOffset at) => InForce(at).Of(meter)?.All ?? [];

    // Each is asked in turn; what the earlier does not match falls through (domain.md §6, Which price).
    private RateBook InForce(DateTimeOffset at)
    {
        var book = Card(RateCards.Default, at);
        if (Prices.At(at) is not { } terms) return book;
        if (plans.TryGetValue((terms.Plan, terms.PlanVersion), out var plan))
        {
            if (plan.RateCard is { } card) book = Over(Card(card, at), book);
            foreach (var (meter, own) in plan.Cards) book = Over(Card(own, at), book, meter);
            book = Over(plan.Items, book);
        }

        return terms.ContractCard is { } contract ? Over(Card(contract, at), book) : book;
    }

    private RateBook Card(string card, DateTimeOffset at) => rateCards.TryGetValue(card, out var timeline) ? timeline.At(at) : RateBook.Empty;

    private RateBook Over(RateBook upper, RateBook lower, string? meter = null) =>
        upper.IsEmpty ? lower : layered.GetOrAdd((upper, lower, meter), static layers => layers.Upper.Over(layers.Lower, layers.Meter));

    /// <summary>
    /// What a measured event comes to under the versions in force when it happened: the rates of <see cref="Prices"/> over the platform's rate
    /// card <c>default</c>, and all cost cards together.
    /// </summary>
    public Rating Rate(Meter meter, Measurement measurement, DateTimeOffset occurredAt)
    {
        return Rater.Rate(meter.Key, measurement.Quantities, InForce(occurredAt), Costs.At(occurredAt), meter.Accumulation);
    }
}
