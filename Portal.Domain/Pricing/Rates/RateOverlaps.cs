namespace Portal.Domain.Pricing.Rates;

/// <summary>Two rates of equal specificity that could match the same quantity, with nothing to decide between them.</summary>
/// <param name="First">One of them.</param>
/// <param name="Second">The other.</param>
public readonly record struct RateOverlap(Rate First, Rate Second);

/// <summary>Finds conflicts among rates in force at the same time.</summary>
public static class RateOverlaps
{
    /// <summary>
    /// Pairs of one meter whose matches have equal specificity and overlap, unless a third rate matches exactly their intersection:
    /// then that one is the most specific where both would match. At most <paramref name="limit"/> pairs.
    /// </summary>
    public static IReadOnlyList<RateOverlap> Find(IEnumerable<Rate> rates, int limit = 20)
    {
        var found = new List<RateOverlap>();
        foreach (var meter in rates.GroupBy(rate => rate.Meter, StringComparer.Ordinal)) FindInMeter([.. meter], found, limit);
        return found;
    }

    private static void FindInMeter(IReadOnlyList<Rate> rates, List<RateOverlap> found, int limit)
    {
        var byMatch = new Dictionary<DimensionSet, Rate>();
        foreach (var rate in rates)
        {
            if (byMatch.TryAdd(rate.Match, rate)) continue;
            found.Add(new RateOverlap(byMatch[rate.Match], rate));
            if (found.Count >= limit) return;
        }

        var groups = byMatch.Values.GroupBy(Names, StringComparer.Ordinal).Select(group => group.ToArray()).ToArray();
        for (var i = 0; i < groups.Length; i++)
        {
            for (var j = i + 1; j < groups.Length; j++)
            {
                if (groups[i][0].Match.Count != groups[j][0].Match.Count) continue;
                FindBetween(groups[i], groups[j], byMatch, found, limit);
                if (found.Count >= limit) return;
            }
        }
    }

    // Two groups that name different dimensions overlap where the dimensions they share are equal.
    private static void FindBetween(Rate[] left, Rate[] right, Dictionary<DimensionSet, Rate> byMatch, List<RateOverlap> found, int limit)
    {
        var shared = left[0].Match.Items.Select(item => item.Key).Where(name => right[0].Match[name].Length > 0).ToArray();
        var rightByShared = right.ToLookup(rate => Only(rate.Match, shared));
        foreach (var first in left)
        {
            foreach (var second in rightByShared[Only(first.Match, shared)])
            {
                if (byMatch.ContainsKey(first.Match.Intersect(second.Match))) continue;
                found.Add(first.Index <= second.Index ? new RateOverlap(first, second) : new RateOverlap(second, first));
                if (found.Count >= limit) return;
            }
        }
    }

    private static string Names(Rate rate) => string.Join('\n', rate.Match.Items.Select(item => item.Key));

    private static DimensionSet Only(DimensionSet match, string[] names) =>
        DimensionSet.Of(names.Select(name => KeyValuePair.Create(name, match[name])));
}
