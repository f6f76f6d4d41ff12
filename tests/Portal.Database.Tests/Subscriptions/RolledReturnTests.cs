using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Metering.Corrections;
using Portal.Testing;
using static Portal.Database.Tests.Subscriptions.PlanWorld;

namespace Portal.Database.Tests.Subscriptions;

/// <summary>
/// Credits that come back to a grant whose renewal came although it would live on by its own expiry. A month includes 100 credits for $10;
/// what rolls lasts three months, so that usage draws the month's own credits before those.
/// </summary>
public sealed class RolledReturnTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private async Task<PlanWorld> WorldInFebruaryAsync(string setting = "expire", string rule = "")
    {
        var world = await PlanWorld.StartAsync(postgres);
        await world.Portal.ExecuteAsync($"update platform set returned_credits = '{setting}'");
        await world.PlanAsync(Included(100m, 10m, $"\"expires_after\":\"P3M\"{rule}"));
        await world.SubscribeAsync();
        await world.ToAsync("2030-02-01T00:00:00Z");
        return world;
    }

    private static async Task VoidAsync(PlanWorld world, string id) => (await world.Portal.Wallets.RunAsync(
        world.Tenant, wallet => world.Portal.Services.GetRequiredService<UsageCorrections>().VoidAsync(wallet, "test", id, "wrong"))).Succeeded.ShouldBeTrue();

    [Theory]
    [InlineData("expire", 170, 30, 3)]
    [InlineData("regrant", 200, 0, 0)]
    public async Task Into_a_rolled_grant_the_platform_says_what_happens(string setting, int pool, int expired, int breakage)
    {
        // In February 100 of its own and 30 of January's are used; on 1 March January's other 70 roll, to last until 1 June.
        await using var world = await WorldInFebruaryAsync(setting);
        await world.UseAsync(100);
        await world.UseAsync(30);
        await world.ToAsync("2030-03-01T00:00:00Z");
        (await world.BalanceAsync()).ShouldBe(170m);
        await VoidAsync(world, "use-2"); // 30 worth $3, to what would have lived until 1 May

        (await world.BalanceAsync()).ShouldBe(pool);
        (await world.BalanceAsync("expired")).ShouldBe(expired);
        (await world.BalanceAsync("revenue:breakage", "USD")).ShouldBe(-breakage);
        (await world.BalanceAsync("revenue:usage", "USD")).ShouldBe(-10m);
        (await world.GrantsAsync()).Where(grant => grant.Source == "refund").ShouldBe(setting == "expire" ? [] : [new GrantSeen("refund", 30m, 3m, 0, "2030-03-31")]);
        await world.ToAsync("2030-06-01T00:00:00Z");
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task A_grant_that_a_renewal_trimmed_whole_expired_then_and_not_once_more_at_its_own_expiry()
    {
        // 20 of January's roll, 80 are trimmed. In February 5 of the 20 are used while its own 100 were, whose usage is voided: 15 and 100
        // are left. On 1 March 20 may roll: the oldest 15 and 80 more are trimmed. Then the usage of the 5 is voided too.
        await using var world = await WorldInFebruaryAsync(rule: ",\"max\":\"20\"");
        await world.UseAsync(100);
        await world.UseAsync(5);
        await VoidAsync(world, "use-1");
        await world.ToAsync("2030-03-01T00:00:00Z");
        await VoidAsync(world, "use-2");
        (await world.BalanceAsync()).ShouldBe(120m);
        (await world.BalanceAsync("expired")).ShouldBe(180m); // 80 + 15 + 80 + 5
        await world.ToAsync("2030-05-01T00:00:00Z"); // each month 100 of 120 are trimmed
        (await world.BalanceAsync()).ShouldBe(120m);
        (await world.BalanceAsync("expired")).ShouldBe(380m);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task A_grant_that_had_nothing_left_at_the_renewal_lives_on_and_rolls_at_the_next()
    {
        await using var world = await WorldInFebruaryAsync();
        await world.UseAsync(100);
        await world.UseAsync(100); // January's
        await world.ToAsync("2030-03-01T00:00:00Z"); // nothing is left to roll
        await VoidAsync(world, "use-2");
        (await world.GrantsAsync()).ShouldBe([new GrantSeen("plan", 100m, 10m, 0, "2030-04-01"), new GrantSeen("rollover", 100m, 10m, 1, "2030-05-01")]);
        await world.ToAsync("2030-04-01T00:00:00Z");
        (await world.GrantsAsync()).ShouldBe([
            new GrantSeen("plan", 100m, 10m, 0, "2030-05-01"), new GrantSeen("rollover", 100m, 10m, 2, "2030-07-01"), new GrantSeen("rollover", 100m, 10m, 1, "2030-07-01")]);
        (await world.BalanceAsync("expired")).ShouldBe(0m);
        await world.ShouldReconcileAsync();
    }
}
