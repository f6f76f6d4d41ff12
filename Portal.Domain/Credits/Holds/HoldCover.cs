namespace Portal.Domain.Wallet;

/// <summary>Open holds of one pool and product together.</summary>
/// <param name="PoolId">The pool that they name.</param>
/// <param name="Product">Their product; null: unrestricted grants alone serve them.</param>
/// <param name="Credits">Their sum.</param>
public sealed record HoldDemand(int PoolId, string? Product, decimal Credits);

/// <summary>What the grants have for one more hold beside those that are open.</summary>
/// <param name="Free">Credits that another hold could get from the grants without taking any from the open ones.</param>
/// <param name="Uncovered">Credits of open holds that the grants cannot serve any more: usage drew them, or they expired.</param>
public sealed record HoldCover(decimal Free, decimal Uncovered)
{
    /// <summary>The largest hold that the grants would serve together with all open ones; 0 once those alone exceed the grants.</summary>
    public decimal Available => Uncovered > 0m ? 0m : Free;

    /// <summary>What grants would not serve of all holds if another of so many credits were placed.</summary>
    public decimal Beyond(decimal credits) => Uncovered + Math.Max(0m, credits - Free);

    /// <summary>
    /// The cover of another hold of a pool and product. Open holds count when they may draw on the same pools: those of the pool, and
    /// where it is or overflows to the shared pool, of all pools that are or do.
    /// </summary>
    public static HoldCover Of(
        Pool pool, string? product, IEnumerable<HoldDemand> open, IEnumerable<Grant> grants, IReadOnlyDictionary<int, Pool> pools, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(pool);
        ArgumentNullException.ThrowIfNull(pools);
        var demands = open.Where(hold => hold.Credits > 0m && Competes(pool, pools[hold.PoolId])).ToList();
        var supplies = Supplies(grants, now);
        demands.Add(new HoldDemand(pool.Id, product, supplies.Sum(supply => supply.Credits)));
        var served = MaximumFlow.Serve(
            [.. demands.Select(demand => demand.Credits)], [.. supplies.Select(supply => supply.Credits)],
            (demand, supply) => supplies[supply].Serves(pools[demands[demand].PoolId], demands[demand].Product));
        return new HoldCover(served[^1], demands.Take(demands.Count - 1).Sum(demand => demand.Credits) - served.Take(served.Length - 1).Sum());
    }

    /// <summary>
    /// How many credits may leave these grants (for a refund, a transfer) without taking any from open holds. Grants that nobody can draw
    /// yet serve no hold and may leave whole.
    /// </summary>
    public static decimal FreeOf(
        IReadOnlyCollection<Grant> leaving, IEnumerable<HoldDemand> open, IEnumerable<Grant> grants, IReadOnlyDictionary<int, Pool> pools, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(leaving);
        ArgumentNullException.ThrowIfNull(pools);
        var demands = open.Where(hold => hold.Credits > 0m).ToArray();
        var staying = Supplies(grants.Where(grant => !leaving.Contains(grant)), now);
        var supplies = staying.Concat(Supplies(leaving, now)).ToArray();
        var served = MaximumFlow.Serve(
            [.. demands.Select(demand => demand.Credits), supplies.Sum(supply => supply.Credits)], [.. supplies.Select(supply => supply.Credits)],
            (demand, supply) => demand == demands.Length
                ? supply >= staying.Count
                : supplies[supply].Serves(pools[demands[demand].PoolId], demands[demand].Product));
        return served[^1] + leaving.Where(grant => grant.EffectiveAt > now).Sum(grant => grant.Remaining);
    }

    /// <summary>True when holds of the two pools may draw on one and the same grant.</summary>
    public static bool Competes(Pool one, Pool other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        return one.Id == other.Id || (ReachesShared(one) && ReachesShared(other));
    }

    /// <summary>True for the shared pool and for pools that overflow to it.</summary>
    public static bool ReachesShared(Pool pool)
    {
        ArgumentNullException.ThrowIfNull(pool);
        return pool.Id == Pool.SharedId || pool.OverflowsToShared;
    }

    // Grants of one pool that are restricted alike serve alike.
    private static List<Supply> Supplies(IEnumerable<Grant> grants, DateTimeOffset now) =>
    [
        .. grants.Where(grant => grant.Remaining > 0m && grant.IsLive(now))
            .GroupBy(grant => (grant.PoolId, Products: grant.Products is null ? null : string.Join(",", grant.Products.Order(StringComparer.Ordinal))))
            .Select(alike => new Supply(alike.Key.PoolId, alike.First().Products, alike.Sum(grant => grant.Remaining))),
    ];

    private sealed record Supply(int PoolId, string[]? Products, decimal Credits)
    {
        public bool Serves(Pool pool, string? product) =>
            (PoolId == pool.Id || (PoolId == Pool.SharedId && ReachesShared(pool)))
            && (Products is null || (product is not null && Array.IndexOf(Products, product) >= 0));
    }
}
