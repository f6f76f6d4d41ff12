using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Pools;

public sealed class ClosingTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task A_closed_pool_leaves_its_lots_also_those_to_come_to_the_shared_pool()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a");
        var later = DateTimeOffset.UtcNow.AddDays(2);
        var now = await portal.GrantAsync(tenant, 3m, value: 10m, pool: "team-a", products: ["llm"]);
        var next = await portal.GrantAsync(tenant, 7m, pool: "team-a", effectiveAt: later);
        await portal.SendAsync(TestPortal.Usage("acme", "1", 1000, pool: "team-a")); // 1 of 3: value left 6.666666667

        (await CloseAsync(portal, tenant, "team-a")).Value.ShouldBe(new ClosedPool(9m, 0m));

        (await portal.BalanceAsync(tenant, "pool:team-a")).ShouldBe(0m);
        (await portal.BalanceAsync(tenant, "pool:shared")).ShouldBe(9m);
        (await portal.BalanceAsync(tenant, "deferred:credits", "USD")).ShouldBe(-6.666666667m);
        var moved = $"select {{0}} from grants where pool_id = 1 and lineage = 'transferred' and parent_id = '{{1}}'";
        (await portal.ScalarAsync(string.Format(null, moved, "value", now.Id))).ShouldBe(6.666666667m);
        (await portal.ScalarAsync(string.Format(null, moved, "products[1]", now.Id))).ShouldBe("llm");
        (await portal.ScalarAsync(string.Format(null, moved, "remaining", next.Id))).ShouldBe(7m);
        (await portal.ScalarAsync(string.Format(null, moved, "effective_at > now() + interval '47 hours'", next.Id))).ShouldBe(true);
        (await portal.ScalarAsync("select detail->>'moved' from audit where action = 'pool.closed'")).ShouldBe("9.000000000");
        await TransferTests.BooksBalanceAsync(portal);

        // What was to come takes effect in the shared pool.
        await portal.AdvanceAsync(TimeSpan.FromDays(3));
        await portal.SendAsync(TestPortal.Usage("acme", "2", 9000, at: DateTimeOffset.UtcNow.AddDays(3)));
        (await portal.BalanceAsync(tenant, "pool:shared")).ShouldBe(0m);
        (await portal.BalanceAsync(tenant, "debt:shared")).ShouldBe(0m);
    }

    [Fact]
    public async Task The_debt_of_a_closed_pool_moves_and_the_shared_pool_settles_it()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a");
        await portal.ExecuteAsync("update pools set overflow = 'deny'");
        await portal.GrantAsync(tenant, 4m, value: 8m);
        await portal.SendAsync(TestPortal.Usage("acme", "1", 6000, pool: "team-a"));
        (await portal.BalanceAsync(tenant, "debt:team-a")).ShouldBe(-6m);

        (await CloseAsync(portal, tenant, "team-a")).Value.ShouldBe(new ClosedPool(0m, 6m));

        // The shared pool's 4 credits, $8, settle 4 of the 6; 2 stay open on it.
        (await portal.BalanceAsync(tenant, "debt:team-a")).ShouldBe(0m);
        (await portal.BalanceAsync(tenant, "debt:shared")).ShouldBe(-2m);
        (await portal.BalanceAsync(tenant, "pool:shared")).ShouldBe(0m);
        (await portal.BalanceAsync(tenant, "revenue:usage", "USD")).ShouldBe(-8m);
        await TransferTests.BooksBalanceAsync(portal);

        // The next grant settles the rest: 2 credits of $1 each.
        await portal.GrantAsync(tenant, 10m, value: 10m);
        (await portal.BalanceAsync(tenant, "debt:shared")).ShouldBe(0m);
        (await portal.BalanceAsync(tenant, "revenue:usage", "USD")).ShouldBe(-10m);
        await TransferTests.BooksBalanceAsync(portal);
    }

    [Fact]
    public async Task A_pool_with_work_in_progress_stays_open_and_so_does_the_shared_one()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a");
        await portal.GrantAsync(tenant, 5m, pool: "team-a");
        await TransferTests.HoldAsync(portal, tenant, 2, 1m);

        (await CloseAsync(portal, tenant, "team-a")).Problem!.Code.ShouldBe("pool_has_holds");
        (await CloseAsync(portal, tenant, "shared")).Problem!.Code.ShouldBe("shared_pool");
        (await CloseAsync(portal, tenant, "none")).Problem!.Code.ShouldBe("unknown_pool");
        (await portal.BalanceAsync(tenant, "pool:team-a")).ShouldBe(5m);

        await portal.ExecuteAsync("update holds set state = 'released', closed_at = now(); update pools set held = 0");
        (await CloseAsync(portal, tenant, "team-a")).Succeeded.ShouldBeTrue();
        (await CloseAsync(portal, tenant, "team-a")).Problem!.Code.ShouldBe("pool_closed");
        (await portal.SendAsync(TestPortal.Usage("acme", "1", 1000, pool: "team-a")))[0].Problem!.Code.ShouldBe("unknown_pool");
    }

    [Fact]
    public async Task Whoever_drew_from_a_closed_pool_draws_from_the_shared_one()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a", "own");
        await portal.Wallets.RunAsync(tenant, wallet => TeamSettings.PutAsync(wallet, "a", "A", "team-a"));
        await portal.Wallets.RunAsync(tenant, wallet => ConsumerSettings.PutAsync(wallet, "ana", "Ana", "own", "a"));
        await portal.GrantAsync(tenant, 10m);
        await portal.GrantAsync(tenant, 10m, pool: "team-a");
        foreach (var pool in new[] { "own", "shared" })
            await portal.Wallets.RunAsync(tenant, wallet => AllowanceSettings.PutAsync(wallet, "ana", pool, 100m, "month", "hard"));

        // Her own pool goes: she draws from her team's. Her team's goes too, and its 8 with it: she draws from the shared one.
        await CloseAsync(portal, tenant, "own");
        await portal.SendAsync(TestPortal.Usage("acme", "1", 2000, consumer: "ana"));
        (await portal.BalanceAsync(tenant, "pool:team-a")).ShouldBe(8m);
        await CloseAsync(portal, tenant, "team-a");
        await portal.SendAsync(TestPortal.Usage("acme", "2", 3000, consumer: "ana"));

        (await portal.BalanceAsync(tenant, "pool:shared")).ShouldBe(15m);
        (await portal.ScalarAsync("select count(*) from consumers where pool_id is not null")).ShouldBe(0L);
        (await portal.ScalarAsync("select count(*) from teams where pool_id is not null")).ShouldBe(0L);
        (await portal.ScalarAsync("select string_agg(p.key, ',') from allowances a join pools p using (tenant_id, pool_id)")).ShouldBe("shared");
    }

    [Fact]
    public async Task Money_that_arrives_for_a_pool_closed_meanwhile_buys_credits_for_the_shared_one()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a");
        await CloseAsync(portal, tenant, "team-a");

        var pack = new PackPurchase("team-a", 100m, 0m, 5m, 0m, "USD", "sandbox", "checkout_1", 50, ExpiresAt: null, Products: null, "Starter");
        (await portal.Wallets.RunAsync(tenant, wallet => Grants.BuyPackAsync(wallet, pack))).Succeeded.ShouldBeTrue();

        (await portal.BalanceAsync(tenant, "pool:shared")).ShouldBe(100m);
        await TransferTests.BooksBalanceAsync(portal);
    }

    [Fact]
    public async Task A_change_of_team_holds_from_then_on_and_earlier_usage_stays_with_the_earlier_team()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 100m);
        foreach (var team in new[] { "a", "b" }) await portal.Wallets.RunAsync(tenant, wallet => TeamSettings.PutAsync(wallet, team, team, null));
        await portal.Wallets.RunAsync(tenant, wallet => ConsumerSettings.PutAsync(wallet, "ana", null, null, "a"));
        await portal.AdvanceAsync(TimeSpan.FromHours(2));
        await portal.Wallets.RunAsync(tenant, wallet => ConsumerSettings.PutAsync(wallet, "ana", null, null, "b"));
        await portal.AdvanceAsync(TimeSpan.FromHours(2));

        // 1 credit used while she was in team a, sent after she left; 2 since; 4 from before she was in any.
        var now = DateTimeOffset.UtcNow;
        await portal.SendAsync(
            TestPortal.Usage("acme", "1", 1000, at: now.AddHours(1), consumer: "ana"), TestPortal.Usage("acme", "2", 2000, at: now.AddHours(3), consumer: "ana"),
            TestPortal.Usage("acme", "3", 4000, at: now.AddHours(-1), consumer: "ana"));

        const string used = "select coalesce(sum(u.credits), 0) from usage_hourly u join teams t using (tenant_id, team_id) where t.key = ";
        (await portal.ScalarAsync(used + "'a'")).ShouldBe(1m);
        (await portal.ScalarAsync(used + "'b'")).ShouldBe(2m);
        (await portal.ScalarAsync("select credits from usage_hourly where team_id = 0")).ShouldBe(4m);
        await TransferTests.BooksBalanceAsync(portal);
    }

    private static Task<Result<ClosedPool>> CloseAsync(TestPortal portal, long tenant, string pool) =>
        portal.Wallets.RunAsync(tenant, wallet => PoolSettings.CloseAsync(wallet, pool));
}
