using Portal.Domain.Kernel;
using Portal.Domain.Pricing.Rates;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Wallet;

/// <summary>Holds where credits beyond the grants are sold: at $2 a credit up to a cap of $25.</summary>
public sealed class SpendCapTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly Price TwoDollars = new() { Model = PriceModel.PerUnit, Amount = 2m };

    private async Task<(TestPortal Portal, long Tenant)> CappedAsync()
    {
        var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a");
        await portal.GrantAsync(tenant, 10m);
        return (portal, tenant);
    }

    private static Task<Result<Hold>> HoldAsync(
        TestPortal portal, long tenant, decimal credits, string? pool = null, decimal money = 0m, decimal spend = 0m, decimal? cap = 25m, string? consumer = null) =>
        portal.Wallets.RunAsync(tenant, wallet =>
        {
            wallet.Wallet.Overage = new OverageTerms(TwoDollars, cap, "USD");
            wallet.Wallet.Period = new PeriodCounters(wallet.Now.AddDays(-1), wallet.Now.AddDays(1), Overage: spend / 2m, Spend: spend);
            return Domain.Wallet.Holds.PlaceAsync(wallet, new HoldOrder(credits, consumer, pool, Money: money));
        });

    [Fact]
    public async Task Case_23_what_grants_do_not_serve_passes_up_to_exactly_the_cap()
    {
        var (portal, tenant) = await CappedAsync();
        await using var _ = portal;

        // 10 of grants and 12.5 at $2: 22.5 credits come to $25.
        var refused = (await HoldAsync(portal, tenant, 23m)).Problem!;
        (refused.Code, refused.Number("requested"), refused.Number("available")).ShouldBe(("spend_cap_reached", 23m, 22.5m));
        refused.Extensions!["limit"].ShouldBe(new SpendCapLimit("spend_cap", 25m, 0m, 0m, "USD", null));
        var hold = (await HoldAsync(portal, tenant, 22.5m)).Value;

        refused = (await HoldAsync(portal, tenant, 1m)).Problem!;
        refused.Number("available").ShouldBe(0m);
        refused.Extensions!["limit"].ShouldBe(new SpendCapLimit("spend_cap", 25m, 0m, 25m, "USD", hold.ExpiresAt));
        (await HoldAsync(portal, tenant, 0m)).Succeeded.ShouldBeTrue();
        (await HoldAsync(portal, tenant, Domain.Kernel.Credits.Limit)).Problem!.Code.ShouldBe("invalid_credits"); // with the open ones out of range
        (await HoldAsync(portal, tenant, 9_000_000_000_000_000_000m)).Problem!.Code.ShouldBe("spend_cap_reached");
        (await HoldAsync(portal, tenant, 1m, cap: null)).Succeeded.ShouldBeTrue();
    }

    [Fact]
    public async Task What_the_grants_serve_adds_nothing_and_passes_a_cap_that_is_reached()
    {
        var (portal, tenant) = await CappedAsync();
        await using var _ = portal;
        (await HoldAsync(portal, tenant, 10m, spend: 25m)).Succeeded.ShouldBeTrue();
        (await HoldAsync(portal, tenant, 0.5m, spend: 25m)).Problem!.Code.ShouldBe("spend_cap_reached");
    }

    [Fact]
    public async Task Money_that_an_estimate_foresees_counts_against_the_cap_too()
    {
        var (portal, tenant) = await CappedAsync();
        await using var _ = portal;
        (await HoldAsync(portal, tenant, 0m, money: 20m, spend: 4m)).Succeeded.ShouldBeTrue();
        (await HoldAsync(portal, tenant, 0m, money: 2m, spend: 4m)).Problem!.Code.ShouldBe("spend_cap_reached"); // 4 + 20 + 2
        (await HoldAsync(portal, tenant, 10.5m, spend: 4m)).Succeeded.ShouldBeTrue(); // 4 + 20 + 0.5 × 2 = 25
        (await HoldAsync(portal, tenant, 0.1m, spend: 4m)).Problem!.Code.ShouldBe("spend_cap_reached");
    }

    [Fact]
    public async Task A_pool_that_denies_overflow_refuses_beyond_its_own_whatever_may_be_sold()
    {
        var (portal, tenant) = await CappedAsync();
        await using var _ = portal;
        (await HoldAsync(portal, tenant, 11m, "team-a")).Succeeded.ShouldBeTrue(); // it overflows: 10 shared and 1 sold
        await portal.Wallets.RunAsync(tenant, wallet => Domain.Tenants.PoolSettings.ChangeAsync(wallet, "team-a", name: null, "deny"));
        (await HoldAsync(portal, tenant, 1m, "team-a")).Problem!.Code.ShouldBe("insufficient_credits");
    }

    [Fact]
    public async Task Case_24_the_allowance_is_asked_before_the_cap_and_neither_leaves_a_trace()
    {
        var (portal, tenant) = await CappedAsync();
        await using var _ = portal;
        await portal.AddConsumerAsync(tenant, "ana");
        await portal.AllowAsync(tenant, "ana", "shared", 30m);
        (await HoldAsync(portal, tenant, 31m, consumer: "ana")).Problem!.Code.ShouldBe("allowance_exceeded");
        (await HoldAsync(portal, tenant, 30m, consumer: "ana")).Problem!.Code.ShouldBe("spend_cap_reached");
        (await portal.ScalarAsync("select count(*) from holds")).ShouldBe(0L);
        (await portal.ScalarAsync("select sum(held) from pools")).ShouldBe(0m);
        (await portal.AllowanceAsync(tenant, "ana")).Available.ShouldBe(30m);
    }
}
