using CsCheck;
using Portal.Domain.Wallet;

namespace Portal.Domain.Tests.Wallet;

public sealed class HoldCoverTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Pool Shared = new(1, "shared", "Shared", "shared", OverflowsToShared: false, Closed: false);
    private static readonly Pool Team = new(2, "team", "Team", "team", OverflowsToShared: true, Closed: false);
    private static readonly Pool Own = new(3, "own", "Own", "member", OverflowsToShared: false, Closed: false);
    private static readonly Dictionary<int, Pool> Pools = new() { [1] = Shared, [2] = Team, [3] = Own };

    [Theory]
    [InlineData("5", "3", "4", "4", "5", "3")] // the first makes way on the supply that is the second's only one
    [InlineData("6", "0", "9", "9", "6", "0")]
    [InlineData("0", "6", "4", "9", "0", "4")]
    [InlineData("9", "3", "4", "4", "8", "0")] // what the first has it keeps
    public void One_demand_may_draw_on_both_supplies_and_one_on_the_first_alone(
        string both, string one, string first, string second, string servedBoth, string servedOne) =>
        MaximumFlow.Serve([Number(both), Number(one)], [Number(first), Number(second)], (demand, supply) => demand == 0 || supply == 0)
            .ShouldBe([Number(servedBoth), Number(servedOne)]);

    /// <summary>By the theorem of the smallest cut: over all sets of demands, what those outside ask for and what those inside can reach.</summary>
    [Fact]
    public void Random_flows_equal_the_smallest_cut()
    {
        var nano = Gen.Long[0, 20].Select(n => n / 4m);
        var random = Gen.Select(nano.Array[1, 5], nano.Array[0, 5], Gen.Int[0, int.MaxValue]);
        random.Sample((demands, supplies, edges) =>
        {
            bool MayDraw(int demand, int supply) => (edges & (1 << ((demand * 5) + supply))) != 0;
            var served = MaximumFlow.Serve(demands, supplies, MayDraw);
            served.Sum().ShouldBe(SmallestCut(demands, supplies, MayDraw));
            for (var i = 0; i < demands.Length; i++)
            {
                served[i].ShouldBeInRange(0m, demands[i]);
                // Those before it keep what they had without it, and it gets all that is left beside them.
                served.Take(i + 1).Sum().ShouldBe(SmallestCut(demands[..(i + 1)], supplies, MayDraw));
            }
        });
    }

    [Fact]
    public void A_hold_without_product_is_served_by_unrestricted_grants_alone()
    {
        var grants = new[] { GrantOf(Shared, 10m), GrantOf(Shared, 100m, "llm") };
        HoldCover.Of(Shared, null, [], grants, Pools, Now).ShouldBe(new HoldCover(10m, 0m));
        HoldCover.Of(Shared, "llm", [], grants, Pools, Now).ShouldBe(new HoldCover(110m, 0m));
        // llm may hold 105: 100 of its own and 5 unrestricted; 5 are left for anything else.
        HoldCover.Of(Shared, null, [new(1, "llm", 105m)], grants, Pools, Now).ShouldBe(new HoldCover(5m, 0m));
        HoldCover.Of(Shared, "image", [new(1, "llm", 105m)], grants, Pools, Now).ShouldBe(new HoldCover(5m, 0m));
    }

    [Fact]
    public void Credits_count_from_their_effect_to_before_their_expiry()
    {
        var grants = new[] { GrantOf(Shared, 1m, from: Now), GrantOf(Shared, 2m, from: Now.AddSeconds(1)), GrantOf(Shared, 4m, to: Now), GrantOf(Shared, 8m, to: Now.AddSeconds(1)) };
        HoldCover.Of(Shared, null, [], grants, Pools, Now).Available.ShouldBe(9m);
    }

    [Fact]
    public void A_pool_that_overflows_shares_with_the_shared_pool_and_one_that_does_not_stands_alone()
    {
        var grants = new[] { GrantOf(Shared, 10m), GrantOf(Team, 5m), GrantOf(Own, 3m) };
        HoldCover.Of(Team, null, [], grants, Pools, Now).Available.ShouldBe(15m);
        HoldCover.Of(Own, null, [], grants, Pools, Now).Available.ShouldBe(3m);
        // The team's 12 take at least 7 of the shared pool's 10.
        HoldCover.Of(Shared, null, [new(2, null, 12m)], grants, Pools, Now).Available.ShouldBe(3m);
        HoldCover.Of(Own, null, [new(2, null, 12m), new(1, null, 3m)], grants, Pools, Now).Available.ShouldBe(3m);
    }

    [Fact]
    public void Open_holds_that_the_grants_no_longer_cover_leave_nothing_available_to_those_that_compete()
    {
        var grants = new[] { GrantOf(Shared, 10m), GrantOf(Shared, 20m, "image"), GrantOf(Own, 3m) };
        var open = new HoldDemand[] { new(1, "llm", 12m) };
        // 2 of 12 are uncovered; image has 20 of its own that llm could not use, but promises are not added to broken ones.
        HoldCover.Of(Shared, "image", open, grants, Pools, Now).ShouldBe(new HoldCover(20m, 2m));
        HoldCover.Of(Shared, "image", open, grants, Pools, Now).Available.ShouldBe(0m);
        HoldCover.Of(Shared, "image", open, grants, Pools, Now).Beyond(25m).ShouldBe(7m);
        HoldCover.Of(Own, null, open, grants, Pools, Now).Available.ShouldBe(3m);
    }

    [Fact]
    public void What_leaves_for_a_refund_is_what_no_open_hold_needs()
    {
        var (pack, gift, later) = (GrantOf(Shared, 10m), GrantOf(Shared, 4m), GrantOf(Shared, 7m, from: Now.AddDays(1)));
        var grants = new[] { pack, gift, later };
        HoldCover.FreeOf([pack], [], grants, Pools, Now).ShouldBe(10m);
        HoldCover.FreeOf([pack], [new(1, null, 6m)], grants, Pools, Now).ShouldBe(8m); // 4 by the gift, 2 by the pack
        HoldCover.FreeOf([pack, gift], [new(1, null, 6m)], grants, Pools, Now).ShouldBe(8m);
        HoldCover.FreeOf([later], [new(1, null, 14m)], grants, Pools, Now).ShouldBe(7m);
    }

    private static decimal SmallestCut(decimal[] demands, decimal[] supplies, Func<int, int, bool> mayDraw) =>
        Enumerable.Range(0, 1 << demands.Length).Min(inside =>
            demands.Where((_, i) => (inside & (1 << i)) == 0).Sum()
            + supplies.Where((_, j) => Enumerable.Range(0, demands.Length).Any(i => (inside & (1 << i)) != 0 && mayDraw(i, j))).Sum());

    private static Grant GrantOf(Pool pool, decimal credits, string? product = null, DateTimeOffset? from = null, DateTimeOffset? to = null) => new()
    {
        TenantId = 1,
        Id = Guid.NewGuid(),
        PoolId = pool.Id,
        Source = GrantSource.Promotion,
        Amount = credits,
        Remaining = credits,
        Value = 0m,
        Currency = "USD",
        Products = product is null ? null : [product],
        EffectiveAt = from ?? Now.AddDays(-1),
        ExpiresAt = to,
        CreatedAt = Now.AddDays(-1),
    };

    private static decimal Number(string text) => decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
