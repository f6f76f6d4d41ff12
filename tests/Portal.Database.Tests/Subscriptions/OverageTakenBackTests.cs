using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Subscriptions;
using Portal.Domain.Wallet;
using Portal.Testing;
using static Portal.Database.Tests.Subscriptions.PlanWorld;

namespace Portal.Database.Tests.Subscriptions;

/// <summary>Overage that is taken back, and caps that are passed already. The first 10 credits at $1, the rest at $0.50.</summary>
public sealed class OverageTakenBackTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const string Tiers =
        ",{\"key\":\"overage\",\"type\":\"overage\",\"price\":{\"model\":\"graduated\",\"tiers\":[{\"up_to\":\"10\",\"unit_amount\":\"1\"},{\"unit_amount\":\"0.5\"}]}}";

    private async Task<(PlanWorld World, Subscription Subscription)> SellingAsync()
    {
        var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(Included(100m) + Tiers);
        return (world, await world.SubscribeAsync("overage"));
    }

    private static async Task VoidAsync(PlanWorld world, string id) => (await world.Portal.Wallets.RunAsync(
        world.Tenant, wallet => world.Portal.Services.GetRequiredService<UsageCorrections>().VoidAsync(wallet, "test", id, "wrong"))).Succeeded.ShouldBeTrue();

    [Fact]
    public async Task Overage_goes_back_at_the_price_of_its_period_although_nothing_more_is_sold_in_it()
    {
        // 20 sold come to 15; the 10 that stay come to 10, whichever event is voided.
        var (world, subscription) = await SellingAsync();
        await using var _ = world;
        await world.UseAsync(110);
        await world.UseAsync(10);
        await world.ChangeAsync(subscription, new SubscriptionChange(Exhaustion: "block"));
        await VoidAsync(world, "use-1"); // 110: its 10 of overage, and 100 of the grant
        (await world.BalanceAsync("revenue:overage", "USD")).ShouldBe(-10m);
        (await world.Portal.ScalarAsync("select period_overage from wallets")).ShouldBe(10m);
        (await world.Portal.ScalarAsync("select period_spend from wallets")).ShouldBe(10m);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Events_of_one_request_have_what_each_was_sold_for()
    {
        // Two events of 10 sent together: the first was sold for 10, the second for 5; the month after, the first is voided.
        var (world, _) = await SellingAsync();
        await using var __ = world;
        await world.UseAsync(100);
        var at = await world.Clock.NowAsync();
        await world.Portal.SendAsync(TestPortal.Usage("acme", "one", 10_000L, at: at), TestPortal.Usage("acme", "two", 10_000L, at: at));
        (await world.BalanceAsync("revenue:overage", "USD")).ShouldBe(-15m);
        await world.ToAsync("2030-02-01T00:00:00Z");
        await VoidAsync(world, "one");
        (await world.BalanceAsync("revenue:overage", "USD")).ShouldBe(-5m);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Past_the_cap_a_refusal_names_what_the_grants_still_have()
    {
        // 10 spent, the cap is lowered to 5: holds of the 7 credits granted since add nothing to the spend.
        var (world, subscription) = await SellingAsync();
        await using var _ = world;
        await world.UseAsync(110);
        await world.ChangeAsync(subscription, new SubscriptionChange(SetsSpendCap: true, SpendCap: 5m));
        var order = new GrantOrder(7m, "shared", "promotion", Value: 0m, CostBasis: null, Currency: null, Priority: 50, EffectiveAt: null, ExpiresAt: null, Products: null);
        await world.Portal.Wallets.RunAsync(world.Tenant, wallet => Grants.CreateAsync(wallet, order));
        (await HoldAsync(world, 8m)).Problem!.Extensions!["available"].ShouldBe(7m);
        (await HoldAsync(world, 7m)).Succeeded.ShouldBeTrue();
    }

    private static Task<Result<Hold>> HoldAsync(PlanWorld world, decimal credits) => world.Portal.Wallets.RunAsync(
        world.Tenant, wallet => Holds.PlaceAsync(wallet, new HoldOrder(credits, null, null, null, TimeSpan.FromMinutes(5))));
}
