using Portal.Testing;
using static Portal.Database.Tests.Subscriptions.PlanWorld;

namespace Portal.Database.Tests.Subscriptions;

/// <summary>Rollover at renewal, each figure worked out beside it: rolled = min(max, max(left, min)).</summary>
public sealed class RolloverTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private async Task<PlanWorld> WorldAsync(string items)
    {
        var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(items);
        await world.SubscribeAsync();
        return world;
    }

    // OpenMeter's R and E rows and ours: credits, rule, used in the first month; what rolled, and the balance with the new 100.
    public static TheoryData<string, string?, int, decimal, decimal> Rows => new()
    {
        { "R01: max 50 of 90 left", "\"max\":\"50\",\"min\":\"0\"", 10, 50m, 150m },
        { "R04: without a rule nothing rolls", null, 10, 0m, 100m },
        { "E09: max 0", "\"max\":\"0\"", 0, 0m, 100m },
        { "all 60 left are below max", "\"max\":\"100\"", 40, 60m, 160m },
        { "min 25 above the 10 left", "\"min\":\"25\",\"max\":\"50\"", 90, 25m, 125m },
        { "min of nothing left", "\"min\":\"25\"", 100, 25m, 125m },
        { "a fifth of 100 is below max 50", "\"max\":\"50\",\"max_share\":\"0.2\"", 10, 20m, 120m },
        { "min above the smaller maximum", "\"min\":\"30\",\"max_share\":\"0.2\"", 95, 20m, 120m },
    };

    [Theory, MemberData(nameof(Rows))]
    public async Task Case_5_rollover_rows(string row, string? rule, int used, decimal rolled, decimal balance)
    {
        await using var world = await WorldAsync(Included(100m, 10m, rule));
        if (used > 0) await world.UseAsync(used);
        await world.ToAsync("2030-02-01T00:00:00Z");

        (await world.BalanceAsync()).ShouldBe(balance, row);
        var grants = await world.GrantsAsync();
        grants.Where(grant => grant.Source != "plan").Sum(grant => grant.Remaining).ShouldBe(rolled, row);
        grants.Where(grant => grant.Source == "promotion").Sum(grant => grant.ValueLeft).ShouldBe(0m);
        grants.ShouldAllBe(grant => grant.Expires == "2030-03-01");
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Oracle_E05_each_item_rolls_by_its_own_rule()
    {
        // 600 used come from the first item's 1000: 400 left of it (max 1000) and 1000 of the second (max 100).
        await using var world = await WorldAsync(
            Included(1000m, 0m, "\"max\":\"1000\"", key: "first") + "," + Included(1000m, 0m, "\"max\":\"100\"", key: "second"));
        await world.UseAsync(600);
        await world.ToAsync("2030-02-01T00:00:00Z");
        (await world.GrantsAsync()).Where(grant => grant.Source == "rollover").Select(grant => grant.Remaining).ShouldBe([400m, 100m]);
        (await world.BalanceAsync()).ShouldBe(2500m);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Oracle_UniBee_1000_a_month_with_carry_over()
    {
        await using var world = await WorldAsync(Included(1000m, 10m, "\"min\":\"0\""));
        await world.UseAsync(700);
        await world.ToAsync("2030-02-01T00:00:00Z");
        (await world.BalanceAsync()).ShouldBe(1300m); // 300 carried
        await world.UseAsync(900);
        await world.ToAsync("2030-03-01T00:00:00Z");
        (await world.BalanceAsync()).ShouldBe(1400m); // 400 carried
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Oracle_Autumn_two_renewals_make_two_rows_and_the_oldest_is_drawn_first()
    {
        await using var world = await WorldAsync(Included(100m, 10m, "\"max\":\"200\""));
        await world.ToAsync("2030-02-01T00:00:00Z");
        await world.ToAsync("2030-03-01T00:00:00Z");
        (await world.GrantsAsync()).Select(grant => (grant.Source, grant.Remaining, grant.Rolls)).ShouldBe([("rollover", 100m, 2), ("rollover", 100m, 1), ("plan", 100m, 0)]);
        await world.UseAsync(80);
        (await world.GrantsAsync()).Select(grant => grant.Remaining).ShouldBe([20m, 100m, 100m]);
        (await world.BalanceAsync()).ShouldBe(220m);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Case_5_several_cycles_trim_the_oldest_first()
    {
        await using var world = await WorldAsync(Included(100m, 10m, "\"max\":\"150\""));
        await world.ToAsync("2030-02-01T00:00:00Z"); // 100 left, 100 roll
        (await world.BalanceAsync()).ShouldBe(200m);

        await world.ToAsync("2030-03-01T00:00:00Z"); // 200 left, 150 roll: 50 of January's expire
        (await world.GrantsAsync()).ShouldBe([
            new GrantSeen("rollover", 50m, 5m, 2, "2030-04-01"), new GrantSeen("rollover", 100m, 10m, 1, "2030-04-01"), new GrantSeen("plan", 100m, 10m, 0, "2030-04-01")]);
        (await world.BalanceAsync("revenue:breakage", "USD")).ShouldBe(-5m);

        await world.ToAsync("2030-04-01T00:00:00Z"); // 250 left, 150 roll: January's 50 and 50 of February's expire
        (await world.GrantsAsync()).ShouldBe([
            new GrantSeen("rollover", 50m, 5m, 2, "2030-05-01"), new GrantSeen("rollover", 100m, 10m, 1, "2030-05-01"), new GrantSeen("plan", 100m, 10m, 0, "2030-05-01")]);
        (await world.BalanceAsync("revenue:breakage", "USD")).ShouldBe(-15m);
        (await world.BalanceAsync("expired")).ShouldBe(150m);
        (await world.BalanceAsync("deferred:credits", "USD")).ShouldBe(-25m);
        (await world.BalanceAsync("unbilled", "USD")).ShouldBe(40m); // four shares
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Credits_that_rolled_as_often_as_they_may_expire_at_the_next_renewal()
    {
        await using var world = await WorldAsync(Included(100m, 10m, "\"max_rolls\":1"));
        await world.ToAsync("2030-04-01T00:00:00Z"); // three renewals in one go
        (await world.GrantsAsync()).Select(grant => (grant.Source, grant.Remaining, grant.Rolls)).ShouldBe([("rollover", 100m, 1), ("plan", 100m, 0)]);
        (await world.BalanceAsync("expired")).ShouldBe(200m); // January's on 1 March, February's on 1 April
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Case_5_rolled_credits_have_their_own_expiry_shorter_than_a_period()
    {
        await using var world = await WorldAsync(Included(100m, 10m, "\"expires_after\":\"P15D\""));
        await world.ToAsync("2030-02-15T23:59:00Z");
        (await world.BalanceAsync()).ShouldBe(200m);
        await world.ToAsync("2030-02-16T00:00:00Z");
        (await world.BalanceAsync()).ShouldBe(100m);
        await world.ToAsync("2030-03-01T00:00:00Z"); // February's 100 roll
        (await world.BalanceAsync()).ShouldBe(200m);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Case_5_rolled_credits_have_their_own_expiry_longer_than_a_period()
    {
        await using var world = await WorldAsync(Included(100m, 10m, "\"expires_after\":\"P3M\",\"max_rolls\":1"));
        await world.ToAsync("2030-04-01T00:00:00Z"); // rolls of February, March and April, and April's own
        (await world.BalanceAsync()).ShouldBe(400m);
        await world.ToAsync("2030-05-01T00:00:00Z"); // the first of them expires, another comes
        (await world.BalanceAsync()).ShouldBe(400m);
        (await world.GrantsAsync()).Select(grant => grant.Expires).ShouldBe(["2030-06-01", "2030-06-01", "2030-07-01", "2030-08-01"]);
        (await world.BalanceAsync("expired")).ShouldBe(100m);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task What_the_minimum_gives_has_no_value_and_does_not_roll()
    {
        await using var world = await WorldAsync(Included(100m, 10m, "\"min\":\"25\",\"max\":\"50\""));
        await world.UseAsync(90);
        await world.ToAsync("2030-02-01T00:00:00Z"); // 10 roll, 15 are given
        (await world.GrantsAsync()).ShouldBe([
            new GrantSeen("rollover", 10m, 1m, 1, "2030-03-01"), new GrantSeen("promotion", 15m, 0m, 0, "2030-03-01"), new GrantSeen("plan", 100m, 10m, 0, "2030-03-01")], ignoreOrder: true);
        await world.ToAsync("2030-03-01T00:00:00Z"); // 110 left, 50 roll: the older 10 and half of February's go, and the 15
        (await world.GrantsAsync()).Select(grant => (grant.Source, grant.Remaining)).ShouldBe([("rollover", 50m), ("plan", 100m)]);
        (await world.BalanceAsync("expired")).ShouldBe(75m);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Value_goes_along_by_difference_and_nothing_of_it_is_lost()
    {
        // $10 for 3 credits; 1 used, 1 rolls, 1 expires. Left of 2: 6.666666667, of 1: 3.333333333.
        await using var world = await WorldAsync(Included(3m, 10m, "\"max\":\"1\""));
        await world.UseAsync(1);
        await world.ToAsync("2030-02-01T00:00:00Z");
        (await world.GrantsAsync()).Single(grant => grant.Source == "rollover").ValueLeft.ShouldBe(3.333333334m);
        (await world.BalanceAsync("revenue:usage", "USD")).ShouldBe(-3.333333333m);
        (await world.BalanceAsync("revenue:breakage", "USD")).ShouldBe(-3.333333333m);
        await world.ShouldReconcileAsync();
    }
}
