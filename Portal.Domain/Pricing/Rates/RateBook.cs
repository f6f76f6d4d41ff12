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

    /// <summary>No rates.</summary>
    public static RateBook Empty { get; } = new([]);

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

    internal MeterRates(IReadOnlyCollection<Rate> rates)
    {
        All = rates;
        groups = [.. rates
            .GroupBy(rate => string.Join('\n', rate.Match.Items.Select(item => item.Key)), StringComparer.Ordinal)
            .Select(group => new Group(group))
            .OrderByDescending(group => group.Specificity)];
    }

    /// <summary>All of them.</summary>
    public IReadOnlyCollection<Rate> All { get; }

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

        return null;
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
