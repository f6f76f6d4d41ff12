namespace Portal.Domain.Pricing.Rates;

/// <summary>
/// Which versions of some cards are in force when: of each card the one with the latest <c>effective_at</c> not after the instant,
/// of several with the same the one published last. Immutable; safe for concurrent callers.
/// </summary>
public sealed class Timeline
{
    private readonly Segment[] segments;

    /// <summary>Orders the versions of any number of cards.</summary>
    public Timeline(IEnumerable<CardVersion> versions)
    {
        var ordered = versions.OrderBy(version => version.EffectiveAt).ThenBy(version => version.Version).ToArray();
        segments = [.. ordered.Select(version => version.EffectiveAt).Distinct().Select(start => new Segment(start, InForce(ordered, start)))];
    }

    /// <summary>The rates in force at an instant, of all the cards together.</summary>
    public RateBook At(DateTimeOffset instant) => Find(instant)?.Book ?? RateBook.Empty;

    /// <summary>The versions in force at an instant, at most one of each card.</summary>
    public IReadOnlyList<CardVersion> VersionsAt(DateTimeOffset instant) => Find(instant)?.Versions ?? [];

    /// <summary>The instants at which something changes, ascending, with the versions in force from each.</summary>
    public IEnumerable<(DateTimeOffset From, IReadOnlyList<CardVersion> Versions)> Changes =>
        segments.Select(segment => (segment.Start, segment.Versions));

    private Segment? Find(DateTimeOffset instant)
    {
        for (var i = segments.Length - 1; i >= 0; i--) // the latest is nearly always the one
        {
            if (segments[i].Start <= instant) return segments[i];
        }

        return null;
    }

    private static CardVersion[] InForce(CardVersion[] ordered, DateTimeOffset instant)
    {
        var latest = new Dictionary<string, CardVersion>(StringComparer.Ordinal);
        foreach (var version in ordered)
        {
            if (version.EffectiveAt > instant) break;
            latest[version.Card] = version;
        }

        return [.. latest.Values.OrderBy(version => version.Card, StringComparer.Ordinal)];
    }

    private sealed class Segment(DateTimeOffset start, IReadOnlyList<CardVersion> versions)
    {
        private readonly Lazy<RateBook> book = new(() => new RateBook(versions.SelectMany(version => version.Rates)));

        public DateTimeOffset Start => start;

        public IReadOnlyList<CardVersion> Versions => versions;

        public RateBook Book => book.Value;
    }
}
