using System.Collections.Concurrent;

namespace Portal.Domain.Pricing.Rates;

/// <summary>
/// Rates in force at the same time, indexed so that the most specific match of a quantity is found at once. Immutable but for what it
/// remembers; safe for concurrent callers.
/// </summary>
public sealed class RateBook
{
    private readonly Dictionary<string, MeterRates> byMeter;

    /// <summary>Indexes rates that do not conflict (<see cref="RateOverlaps"/>).</summary>
    public RateBook(IEnumerable<Rate> rates) => byMeter = rates
        .GroupBy(rate => rate.Meter, StringComparer.Ordinal)
        .ToDictionary(group => group.Key, group => new MeterRates([.. group]), StringComparer.Ordinal);

    private RateBook(Dictionary<string, MeterRates> byMeter) => this.byMeter = byMeter;

    /// <summary>These rates, and where none of them covers a quantity those of another book.</summary>
    /// <param name="lower">The other book.</param>
    /// <param name="onlyMeter">The only meter that these rates price; null for all.</param>
    public RateBook Over(RateBook lower, string? onlyMeter = null)
    {
        ArgumentNullException.ThrowIfNull(lower);
        var both = new Dictionary<string, MeterRates>(lower.byMeter, StringComparer.Ordinal);
        foreach (var (meter, rates) in byMeter)
        {
            if (onlyMeter is null || onlyMeter == meter) both[meter] = both.TryGetValue(meter, out var below) ? rates.Over(below) : rates;
        }

        return new RateBook(both);
    }

    /// <summary>True when it prices nothing.</summary>
    public bool IsEmpty => byMeter.Count == 0;

    /// <summary>No rates.</summary>
    public static RateBook Empty { get; } = new(Array.Empty<Rate>());

    /// <summary>The rates of a meter; null when it has none.</summary>
    public MeterRates? Of(string meter) => byMeter.GetValueOrDefault(meter);
}

/// <summary>The rates of one meter in a <see cref="RateBook"/>.</summary>
public sealed class MeterRates
{
    // Beyond this many distinct dimension values matches are looked up each time, so that invented model names cost no memory.
    private const int RememberedAtMost = 50_000;

    private readonly Group[] groups;
    private readonly ConcurrentDictionary<DimensionSet, Rate?> remembered = new();

    private readonly MeterRates? lower;

    internal MeterRates(IReadOnlyCollection<Rate> rates, MeterRates? lower = null)
    {
        this.lower = lower;
        Own = rates;
        groups = [.. rates
            .GroupBy(rate => string.Join('\n', rate.Match.Items.Select(item => item.Key)), StringComparer.Ordinal)
            .Select(group => new Group(group))
            .OrderByDescending(group => group.Specificity)];
    }

    /// <summary>All of them, those that come first before the others.</summary>
    public IEnumerable<Rate> All => lower is null ? Own : Own.Concat(lower.All);

    private IReadOnlyCollection<Rate> Own { get; }

    internal MeterRates Over(MeterRates below) => new(Own, lower is null ? below : lower.Over(below));

    /// <summary>The most specific rate whose match covers these dimensions; null when none does.</summary>
    public Rate? Find(DimensionSet dimensions)
    {
        if (remembered.TryGetValue(dimensions, out var rate)) return rate;
        rate = Search(dimensions);
        if (remembered.Count < RememberedAtMost) remembered.TryAdd(dimensions, rate);
        return rate;
    }

    private Rate? Search(DimensionSet dimensions)
    {
        foreach (var group in groups)
        {
            if (group.Find(dimensions) is { } rate) return rate;
        }

        return lower?.Find(dimensions);
    }

    // Rates that name the same dimensions: at most one of them covers a quantity.
    private sealed class Group
    {
        private readonly string[] names;
        private readonly Dictionary<DimensionSet, Rate> byMatch = [];

        public Group(IEnumerable<Rate> rates)
        {
            foreach (var rate in rates) byMatch.TryAdd(rate.Match, rate);
            names = [.. byMatch.Keys.First().Items.Select(item => item.Key)];
        }

        public int Specificity => names.Length;

        public Rate? Find(DimensionSet dimensions) =>
            byMatch.GetValueOrDefault(DimensionSet.Of(names.Select(name => KeyValuePair.Create(name, dimensions[name]))));
    }
}
