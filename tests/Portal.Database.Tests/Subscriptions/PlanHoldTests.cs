using Portal.Database.Tests.Wallet;
using Portal.Domain.Wallet;
using Portal.Testing;
using static Portal.Database.Tests.Subscriptions.PlanWorld;

namespace Portal.Database.Tests.Subscriptions;

/// <summary>Holds under a subscription: credits beyond the grants at $0.01, a cap in money, and when a period frees what it refused.</summary>
public sealed class PlanHoldTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const string Price = ",{\"key\":\"overage\",\"type\":\"overage\",\"price\":{\"model\":\"per_unit\",\"amount\":\"0.01\"}}";

    private async Task<PlanWorld> WorldAsync(string items)
    {
        var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(items);
        return world;
    }

    [Fact]
    public async Task The_cap_refuses_what_spend_and_open_holds_would_pass_and_the_next_period_frees()
    {
        // 100 included and a cap of $0.30: 130 credits a month.
        await using var world = await WorldAsync(Included(100m) + Price);
        await world.SubscribeAsync("overage", cap: 0.30m);
        await world.UseAsync(110); // 100, and 10 sold: $0.10
        var hold = (await world.Portal.HoldAsync(world.Tenant, 15m, seconds: 60)).Value; // $0.15 more

        var refused = (await world.Portal.HoldAsync(world.Tenant, 6m)).Problem!;
        (refused.Code, refused.Number("requested"), refused.Number("available")).ShouldBe(("spend_cap_reached", 6m, 5m));
        refused.Extensions!["limit"].ShouldBe(new SpendCapLimit("spend_cap", 0.30m, 0.10m, 0.15m, "USD", hold.ExpiresAt));
        (await world.Portal.HoldAsync(world.Tenant, 5m)).Succeeded.ShouldBeTrue(); // exactly

        (await world.Portal.CaptureAsync(hold, 18m)).Value.Credits.ShouldBe(18m); // above the hold and the cap's room: 18 are sold of the 20 left
        (await world.BalanceAsync("overage:shared")).ShouldBe(-28m);
        await world.ToAsync("2030-01-31T00:00:00Z");
        var limit = (SpendCapLimit)(await world.Portal.HoldAsync(world.Tenant, 3m)).Problem!.Extensions!["limit"]!;
        (limit.Spend, limit.Held, limit.FreesAt).ShouldBe((0.28m, 0m, At("2030-02-01T00:00:00Z")));
        await world.ToAsync("2030-02-01T00:00:00Z");
        (await world.Portal.HoldAsync(world.Tenant, 130m)).Succeeded.ShouldBeTrue();
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Case_6_what_a_capture_uses_beyond_the_cap_is_debt_and_never_overage()
    {
        await using var world = await WorldAsync(Included(100m) + Price);
        await world.SubscribeAsync("overage", cap: 0.30m);
        var hold = (await world.Portal.HoldAsync(world.Tenant, 130m)).Value;
        await world.Portal.CaptureAsync(hold, 150m);
        (await world.BalanceAsync("overage:shared")).ShouldBe(-30m);
        (await world.BalanceAsync("debt:shared")).ShouldBe(-20m);
        (await world.Portal.ScalarAsync("select period_spend from wallets")).ShouldBe(0.3m);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Under_block_a_refusal_frees_when_the_plan_grants_again()
    {
        await using var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(Included(100m, every: "month"), period: "year");
        await world.SubscribeAsync();
        ((CreditsLimit)(await world.Portal.HoldAsync(world.Tenant, 101m)).Problem!.Extensions!["limit"]!).FreesAt.ShouldBe(At("2030-02-01T00:00:00Z"));
        await world.UseAsync(100);
        ((CreditsLimit)(await world.Portal.HoldAsync(world.Tenant, 1m)).Problem!.Extensions!["limit"]!).FreesAt.ShouldBe(At("2030-02-01T00:00:00Z"));
    }

    [Fact]
    public async Task Case_39_a_hold_lives_through_a_renewal_and_is_captured_from_what_is_there_then()
    {
        await using var world = await WorldAsync(Included(100m));
        await world.SubscribeAsync();
        await world.ToAsync("2030-01-31T23:00:00Z");
        var hold = (await world.Portal.HoldAsync(world.Tenant, 60m, seconds: 7200)).Value;
        await world.ToAsync("2030-02-01T00:30:00Z"); // the 100 expired, whatever was held, and 100 came

        (await world.Portal.HoldAsync(world.Tenant, 41m)).Problem!.Number("available").ShouldBe(40m);
        (await world.Portal.CaptureAsync(hold, 57m)).Value.Hold.ShouldBe("captured");
        (await world.BalanceAsync()).ShouldBe(43m);
        await world.ShouldReconcileAsync();
    }
}
