namespace Portal.Database.Tests.Properties;

/// <summary>A hold of the plain model.</summary>
internal sealed class PlainHold
{
    public required Guid Id { get; init; }

    public required string Pool { get; init; }

    public required string? Product { get; init; }

    public required string? Consumer { get; init; }

    public decimal Credits { get; set; }

    public DateTimeOffset ExpiresAt { get; set; }

    /// <summary><c>open</c>, <c>captured</c>, <c>released</c>, <c>expired</c>.</summary>
    public string State { get; set; } = "open";
}

/// <summary>Credits reserved for work in progress.</summary>
internal sealed partial class PlainWallet
{
    public List<PlainHold> Holds { get; } = [];

    public decimal Held(string pool) => Holds.Where(hold => hold.State == "open" && hold.Pool == pool).Sum(hold => hold.Credits);

    private IEnumerable<DateTimeOffset> HoldExpiries => Holds.Where(hold => hold.State == "open").Select(hold => hold.ExpiresAt);

    private void ExpireHolds(DateTimeOffset instant)
    {
        foreach (var hold in Holds.Where(hold => hold.State == "open" && hold.ExpiresAt <= instant)) hold.State = "expired";
    }

    /// <summary>
    /// Whether grants could serve all open holds and one more at once. By Hall's condition: no set of kinds of demand asks for more
    /// than the grants hold that serve at least one of them.
    /// </summary>
    private bool CouldServe(IEnumerable<(string Pool, string? Product, decimal Credits)> demands, DateTimeOffset now)
    {
        var kinds = demands.GroupBy(demand => (demand.Pool, demand.Product)).Select(kind => (kind.Key, Credits: kind.Sum(demand => demand.Credits))).ToArray();
        for (var chosen = 1; chosen < 1 << kinds.Length; chosen++)
        {
            var set = kinds.Where((_, i) => (chosen & (1 << i)) != 0).ToArray();
            var supply = grants.Where(grant => grant.IsLive(now) && set.Any(kind => Serves(grant, kind.Key.Pool, kind.Key.Product))).Sum(grant => grant.Remaining);
            if (set.Sum(kind => kind.Credits) > supply) return false;
        }

        return true;
    }

    private bool Serves(PlainGrant grant, string pool, string? product) =>
        (grant.Pool == pool || (grant.Pool == Shared && Find(pool)!.Overflows)) && grant.Matches(product);
}
