using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Portal.Database.Tests.Subscriptions;
using Portal.Domain.Metering.Corrections;
using Portal.Testing;
using static Portal.Database.Tests.Subscriptions.PlanWorld;

namespace Portal.Database.Tests.Corrections;

/// <summary>Corrections of credits sold beyond the grants: the first 10 of a period at $1, the rest at $0.50; 100 included, worth $10.</summary>
public sealed class OverageCorrectionTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const string Tiered =
        ",{\"key\":\"overage\",\"type\":\"overage\",\"price\":{\"model\":\"graduated\",\"tiers\":[{\"up_to\":\"10\",\"unit_amount\":\"1\"},{\"unit_amount\":\"0.5\"}]}}";

    private static async Task<UsageCorrection> VoidAsync(PlanWorld world, string id) => (await world.Portal.Wallets.RunAsync(world.Tenant, wallet =>
        world.Portal.Services.GetRequiredService<UsageCorrections>().VoidAsync(wallet, "test", id, "Wrong"))).Value;

    private static async Task<UsageCorrection> AmendAsync(PlanWorld world, string id, int credits) => (await world.Portal.Wallets.RunAsync(world.Tenant, wallet =>
        world.Portal.Services.GetRequiredService<UsageCorrections>().AmendAsync(
            wallet, "test", id, JsonSerializer.SerializeToElement(new { model = "small", input_tokens = credits * 1000 }), "Counted twice"))).Value;

    private async Task<PlanWorld> SoldAsync(decimal? cap = null)
    {
        var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(Included(100m, 10m) + Tiered);
        await world.SubscribeAsync("overage", cap);
        await world.UseAsync(108); // use-1: 100 included, 8 sold for $8
        await world.UseAsync(7);   // use-2: 7 sold for 2 × 1 + 5 × 0.50 = $4.50
        return world;
    }

    [Fact]
    public async Task In_its_period_overage_goes_back_by_difference_of_the_price()
    {
        await using var world = await SoldAsync();
        var done = await VoidAsync(world, "use-1"); // 15 sold become 7: 12.50 − 7 = 5.50 go back

        done.Returned.ShouldBe(108m);
        (await world.BalanceAsync("overage:shared")).ShouldBe(-7m);
        (await world.BalanceAsync("revenue:overage", "USD")).ShouldBe(-7m);
        (await world.BalanceAsync("revenue:usage", "USD")).ShouldBe(0m);
        (await world.BalanceAsync("unbilled", "USD")).ShouldBe(17m); // the share and $7
        (await world.BalanceAsync()).ShouldBe(100m);
        (await world.Portal.ScalarAsync("select period_overage from wallets")).ShouldBe(7m);
        (await world.Portal.ScalarAsync("select period_spend from wallets")).ShouldBe(7m);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task After_its_period_overage_goes_back_for_what_it_was_sold()
    {
        await using var world = await SoldAsync();
        await world.ToAsync("2030-02-01T00:00:00Z");
        await VoidAsync(world, "use-2");
        (await world.BalanceAsync("revenue:overage", "USD")).ShouldBe(-8m);
        (await world.BalanceAsync("overage:shared")).ShouldBe(-8m);
        (await world.Portal.ScalarAsync("select period_spend from wallets")).ShouldBe(0m, "the new period has nothing of it");
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Amending_takes_off_the_overage_first_and_sells_anew_up_to_the_cap()
    {
        await using var world = await SoldAsync(cap: 13m);
        (await AmendAsync(world, "use-1", 103)).Returned.ShouldBe(5m); // 15 sold become 10: 12.50 − 10
        (await world.BalanceAsync("revenue:overage", "USD")).ShouldBe(-10m);

        var more = await AmendAsync(world, "use-1", 111); // 8 more: 6 at 0.50 reach the cap of 13, 2 are owed
        more.Drawn.ShouldBe(8m);
        (await world.BalanceAsync("overage:shared")).ShouldBe(-16m);
        (await world.BalanceAsync("debt:shared")).ShouldBe(-2m);
        (await world.BalanceAsync("revenue:overage", "USD")).ShouldBe(-13m);
        (await VoidAsync(world, "use-1")).Returned.ShouldBe(111m);
        (await world.BalanceAsync("debt:shared")).ShouldBe(0m);
        (await world.BalanceAsync("revenue:overage", "USD")).ShouldBe(-7m); // 7 are left
        await world.ShouldReconcileAsync();
    }
}
