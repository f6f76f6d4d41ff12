using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Reads;

public sealed class BalancesTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task A_tenant_without_anything_has_an_empty_shared_pool()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");

        var balance = await ReadAsync(portal, tenant);

        var pool = balance.Pools.ShouldHaveSingleItem();
        pool.Key.ShouldBe("shared");
        pool.Figures.ShouldBe(new BalanceFigures(0m, 0m, 0m, 0m));
        pool.NextExpiry.ShouldBeNull();
        pool.RunsOutAt.ShouldBeNull();
        balance.Total.Available.ShouldBe(0m);
    }

    [Fact]
    public async Task Expired_credit_that_nobody_swept_and_credit_to_come_are_not_in_the_balance()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        var now = DateTimeOffset.UtcNow;
        await portal.GrantAsync(tenant, 100m, expiresAt: now.AddHours(1));
        await portal.GrantAsync(tenant, 30m, expiresAt: now.AddHours(3));
        await portal.GrantAsync(tenant, 20m, expiresAt: now.AddHours(3).AddTicks(0));
        await portal.GrantAsync(tenant, 7m, effectiveAt: now.AddDays(1));
        (await ReadAsync(portal, tenant)).Total.Balance.ShouldBe(150m);

        await portal.AdvanceAsync(TimeSpan.FromHours(2));
        var balance = await new TenantReads(portal.Source).RunAsync(tenant, read => Balances.ReadAsync(read)); // one that settles nothing

        (await portal.BalanceAsync(tenant, "pool:shared")).ShouldBe(157m); // nobody has touched the wallet
        balance.Total.Balance.ShouldBe(50m);
        balance.Pools[0].NextExpiry!.Credits.ShouldBe(50m);
        balance.Pools[0].NextExpiry!.At.ShouldBe(now.AddHours(3), TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public async Task A_debt_makes_the_balance_negative_and_nothing_available()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a");
        await portal.GrantAsync(tenant, 3m);
        await portal.GrantAsync(tenant, 5m, pool: "team-a");

        await portal.SendAsync(TestPortal.Usage("acme", "1", 10_000)); // 10 credits of 3: 7 owed

        var balance = await ReadAsync(portal, tenant);
        balance.Pools.Select(pool => pool.Key).ShouldBe(["shared", "team-a"]);
        balance.Pools[0].Figures.ShouldBe(new BalanceFigures(-7m, 0m, 7m, 0m));
        balance.Pools[0].Figures.Available.ShouldBe(0m);
        balance.Pools[1].Figures.Balance.ShouldBe(5m);
        balance.Total.ShouldBe(new BalanceFigures(-2m, 0m, 7m, 0m));
        balance.Pools[0].RunsOutAt.ShouldBe(balance.AsOf);
    }

    [Fact]
    public async Task Holds_count_until_their_instant_whether_swept_or_not()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 10m);
        await portal.ExecuteAsync($"""
            insert into holds (tenant_id, id, pool_id, amount, created_at, expires_at) values
              ({tenant}, gen_random_uuid(), 1, 4, now(), now() + interval '1 hour'), ({tenant}, gen_random_uuid(), 1, 3, now(), now() + interval '3 hours')
            """);
        (await ReadAsync(portal, tenant)).Total.ShouldBe(new BalanceFigures(10m, 7m, 0m, 0m));

        await portal.AdvanceAsync(TimeSpan.FromHours(2));

        var total = (await ReadAsync(portal, tenant)).Total;
        total.Held.ShouldBe(3m);
        total.Available.ShouldBe(7m);
    }

    [Fact]
    public async Task Credits_run_out_at_the_pace_of_the_last_days()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 100m);
        var now = DateTimeOffset.UtcNow;

        // 10 credits in the last 24 hours, 20 in the 24 before: two days, 15 a day, 70 left.
        await portal.SendAsync(TestPortal.Usage("acme", "1", 10_000, at: now.AddHours(-2)), TestPortal.Usage("acme", "2", 20_000, at: now.AddHours(-30)));
        var pool = (await ReadAsync(portal, tenant)).Pools[0];

        pool.Rate.ShouldBe(new BurnRate(10m, 15m, 20m));
        pool.Figures.Balance.ShouldBe(70m);
        pool.RunsOutAt!.Value.ShouldBe(now.AddDays(70d / 15d), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Row_level_security_hides_other_tenants_from_a_query_that_forgot_them()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var acme = await portal.AddTenantAsync("acme");
        var other = await portal.AddTenantAsync("other");
        await portal.GrantAsync(acme, 100m);
        await portal.GrantAsync(other, 7m);
        await portal.SendAsync(TestPortal.Usage("acme", "1", 1000));
        var reads = portal.Services.GetRequiredService<TenantReads>();

        foreach (var table in new[] { "grants", "ledger_transactions", "ledger_entries", "ledger_accounts", "usage_hourly", "pools", "wallets", "tenants", "tenant_events" })
        {
            var seen = await reads.RunAsync(other, read => read.Connection.ListAsync($"select distinct tenant_id from {table}", row => row.GetInt64(0), default));
            seen.ShouldAllBe(id => id == other, table);
        }

        var stolen = await reads.RunAsync(other, read => GrantQuery.ListAsync(read with { TenantId = acme }));
        stolen.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_page_cannot_write_nor_read_without_a_tenant()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        var reads = portal.Services.GetRequiredService<TenantReads>();

        await Should.ThrowAsync<Npgsql.PostgresException>(() =>
            reads.RunAsync(tenant, read => read.Connection.ExecuteAsync("update wallets set version = 0", default)));
        await Should.ThrowAsync<Npgsql.PostgresException>(() =>
            reads.RunAsync(tenant, read => read.Connection.ListAsync("select data from events", row => row.GetString(0), default)));
        await using var connection = await portal.Source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await connection.ExecuteAsync("set local role portal_page", default);
        await Should.ThrowAsync<Npgsql.PostgresException>(() => connection.ListAsync("select tenant_id from grants", row => row.GetInt64(0), default));
    }

    [Fact]
    public async Task The_role_and_the_tenant_end_with_the_read()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await using var one = Npgsql.NpgsqlDataSource.Create(portal.Database.AppConnectionString + ";Maximum Pool Size=1;No Reset On Close=true");

        await new TenantReads(one).RunAsync(tenant, read => Balances.ReadAsync(read));

        (await one.ListAsync("select current_user::text || coalesce(current_setting('app.tenant', true), '')", row => row.GetString(0), default)).ShouldBe(["portal_app"]);
    }

    [Fact]
    public async Task Grants_come_in_burn_order_with_what_they_are_still_worth()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        var now = DateTimeOffset.UtcNow;
        var last = await portal.GrantAsync(tenant, 10m, value: 1m);
        var soon = await portal.GrantAsync(tenant, 30m, value: 10m, expiresAt: now.AddDays(3));
        var first = await portal.GrantAsync(tenant, 4m, priority: 0);
        await portal.SendAsync(TestPortal.Usage("acme", "1", 14_000)); // 4 of the first, 10 of the one that expires

        var grants = await portal.Services.GetRequiredService<TenantReads>().RunAsync(tenant, read => GrantQuery.ListAsync(read));

        grants.Select(grant => grant.Grant.Id).ShouldBe([first.Id, soon.Id, last.Id]);
        grants.Select(grant => grant.Grant.Remaining).ShouldBe([0m, 20m, 10m]);
        grants.Select(grant => grant.Grant.ValueLeft).ShouldBe([0m, 6.666666667m, 1m]);
        grants.ShouldAllBe(grant => grant.Pool == "shared");
    }

    private static Task<TenantBalance> ReadAsync(TestPortal portal, long tenant) =>
        portal.Services.GetRequiredService<TenantReads>().RunAsync(tenant, read => Balances.ReadAsync(read));
}
