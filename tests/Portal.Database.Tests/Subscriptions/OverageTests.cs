using Portal.Domain.Subscriptions;
using Portal.Testing;
using static Portal.Database.Tests.Subscriptions.PlanWorld;

namespace Portal.Database.Tests.Subscriptions;

/// <summary>What exceeds the grants under a subscription: sold up to the cap, owed beyond it. $0.01 a credit.</summary>
public sealed class OverageTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const string Price = ",{\"key\":\"overage\",\"type\":\"overage\",\"price\":{\"model\":\"per_unit\",\"amount\":\"0.01\"}}";

    private async Task<PlanWorld> WorldAsync(string items)
    {
        var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(items);
        return world;
    }

    [Fact]
    public async Task Case_6_and_12_overage_is_sold_in_its_own_period_and_settled_by_no_grant()
    {
        await using var world = await WorldAsync(Included(100m, 10m) + Price);
        await world.SubscribeAsync("overage");
        await world.UseAsync(150);
        (await world.BalanceAsync("overage:shared")).ShouldBe(-50m);
        (await world.BalanceAsync("debt:shared")).ShouldBe(0m);
        (await world.BalanceAsync("unbilled", "USD")).ShouldBe(10.5m); // the share and 50 × 0.01
        (await world.BalanceAsync("revenue:overage", "USD")).ShouldBe(-0.5m);

        await world.ToAsync("2030-02-01T00:00:00Z");
        await world.UseAsync(120, At("2030-02-01T00:00:00Z")); // an event of the very instant is the new period's
        (await world.BalanceAsync("overage:shared")).ShouldBe(-70m);
        (await world.Portal.ScalarAsync("select overage from subscription_periods where number = 0")).ShouldBe(50m);
        (await world.Portal.ScalarAsync("select overage_amount from subscription_periods where number = 0")).ShouldBe(0.5m);
        (await world.Portal.ScalarAsync("select spend from subscription_periods where number = 0")).ShouldBe(0.5m);
        (await world.Portal.ScalarAsync("select period_overage from wallets")).ShouldBe(20m);
        (await world.Portal.ScalarAsync("select period_spend from wallets")).ShouldBe(0.2m);
        await world.ShouldReconcileAsync();
    }

    [Theory]
    [InlineData("L14", 100, 60)]
    [InlineData("L15", 70, 30)]
    public async Task Oracle_what_a_balance_of_40_does_not_serve_goes_to_the_invoice(string row, int used, int sold)
    {
        await using var world = await WorldAsync(Included(40m) + Price);
        await world.SubscribeAsync("overage");
        await world.UseAsync(used);
        ((await world.BalanceAsync(), await world.BalanceAsync("overage:shared"))).ShouldBe((0m, -sold), row);
        (await world.BalanceAsync("revenue:overage", "USD")).ShouldBe(-sold * 0.01m);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Case_6_beyond_the_cap_it_is_debt_which_the_next_period_settles()
    {
        // $0.30 buys 30 of the 50; 20 are owed, and taken from the next 100.
        await using var world = await WorldAsync(Included(100m, 10m) + Price);
        await world.SubscribeAsync("overage", cap: 0.30m);
        await world.UseAsync(150);
        (await world.BalanceAsync("overage:shared")).ShouldBe(-30m);
        (await world.BalanceAsync("debt:shared")).ShouldBe(-20m);
        await world.ToAsync("2030-02-01T00:00:00Z");
        (await world.BalanceAsync()).ShouldBe(80m);
        (await world.BalanceAsync("overage:shared")).ShouldBe(-30m);
        (await world.BalanceAsync("debt:shared")).ShouldBe(0m);
        await world.UseAsync(110); // 80 of the grant, and the cap of the new period lets 30 be sold
        (await world.BalanceAsync("overage:shared")).ShouldBe(-60m);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task A_tiered_price_counts_over_the_period_and_begins_again_with_the_next()
    {
        // The first 10 at $1, the rest at $0.50: 15 sold in two parts come to 10 + 2.50; next month 4 to 4.
        await using var world = await WorldAsync(
            Included(100m) + ",{\"key\":\"overage\",\"type\":\"overage\",\"price\":{\"model\":\"graduated\",\"tiers\":[{\"up_to\":\"10\",\"unit_amount\":\"1\"},{\"unit_amount\":\"0.5\"}]}}");
        await world.SubscribeAsync("overage");
        await world.UseAsync(108);
        await world.UseAsync(7);
        (await world.BalanceAsync("revenue:overage", "USD")).ShouldBe(-12.5m);
        await world.ToAsync("2030-02-01T00:00:00Z");
        await world.UseAsync(104);
        (await world.BalanceAsync("revenue:overage", "USD")).ShouldBe(-16.5m);
        (await world.Portal.ScalarAsync("select overage_amount from subscription_periods where number = 0")).ShouldBe(12.5m);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task The_policy_and_the_cap_hold_from_the_change_on()
    {
        await using var world = await WorldAsync(Included(100m) + Price);
        var subscription = await world.SubscribeAsync();
        await world.UseAsync(110);
        (await world.BalanceAsync("debt:shared")).ShouldBe(-10m); // block

        (await world.ChangeAsync(subscription, new SubscriptionChange(Exhaustion: "overage", SetsSpendCap: true, SpendCap: 0.05m))).Value.SpendCap.ShouldBe(0.05m);
        await world.UseAsync(7);
        (await world.BalanceAsync("overage:shared")).ShouldBe(-5m);
        (await world.BalanceAsync("debt:shared")).ShouldBe(-12m);
        (await world.ChangeAsync(subscription, new SubscriptionChange(SetsSpendCap: true))).Value.SpendCap.ShouldBeNull();
        await world.UseAsync(1);
        (await world.BalanceAsync("overage:shared")).ShouldBe(-6m);
        (await world.ChangeAsync(subscription, new SubscriptionChange("now"))).Value.State.ShouldBe(SubscriptionState.Cancelled);
        await world.UseAsync(1);
        (await world.BalanceAsync("debt:shared")).ShouldBe(-13m); // without a subscription
        await world.ShouldReconcileAsync();
    }
}
