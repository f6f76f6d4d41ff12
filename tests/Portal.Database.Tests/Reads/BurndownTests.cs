using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Reads;

public sealed class BurndownTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Days_add_up_from_opening_to_the_present_balance()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        var start = DateTimeOffset.UtcNow;
        await portal.GrantAsync(tenant, 100m, value: 10m, expiresAt: start.AddDays(2.5));
        await portal.AdvanceAsync(TimeSpan.FromDays(1));
        await portal.GrantAsync(tenant, 50m);
        await portal.SendAsync(TestPortal.Usage("acme", "1", 30_000, at: start.AddDays(1)));
        await portal.AdvanceAsync(TimeSpan.FromDays(2)); // the rest of the first grant, 70, expired half a day ago, unbooked

        var report = await ReadAsync(portal, tenant, from: start.AddHours(12), to: null);

        report.Opening.ShouldBe(100m);
        report.Items.Sum(item => item.Granted).ShouldBe(50m);
        report.Items.Sum(item => item.Used).ShouldBe(30m);
        report.Items.Sum(item => item.Expired).ShouldBe(70m);
        report.Items.Sum(item => item.Moved + item.Refunded).ShouldBe(0m);
        report.Items[^1].Closing.ShouldBe(50m);
        var step = report.Items.Single(item => item.Expired > 0m);
        step.At.ShouldBeLessThanOrEqualTo(start.AddDays(2.5));
        step.At.ShouldBeGreaterThan(start.AddDays(1.5));

        await portal.Wallets.SettleAsync(tenant); // booked now, it stands where it stood
        var settled = await ReadAsync(portal, tenant, from: start.AddHours(12), to: null);
        settled.Items.Select(item => (item.At, item.Expired, item.Closing)).ShouldBe(report.Items.Select(item => (item.At, item.Expired, item.Closing)));
    }

    [Fact]
    public async Task Usage_stands_in_the_step_in_which_it_was_posted_and_nothing_else_counts_as_used()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a");
        var start = DateTimeOffset.UtcNow;
        await portal.GrantAsync(tenant, 100m);
        await portal.SendAsync(TestPortal.Usage("acme", "1", 10_000)); // 10 credits
        await portal.AdvanceAsync(TimeSpan.FromDays(1));
        await portal.GrantAsync(tenant, 50m, pool: "team-a");
        await portal.SendAsync(TestPortal.Usage("acme", "2", 20_000, at: start.AddDays(1)), TestPortal.Usage("acme", "3", 5_000, at: start.AddDays(1), pool: "team-a")); // 20 and 5

        var report = await ReadAsync(portal, tenant, from: start.AddDays(-1), to: null);

        // 100 − 10 = 90; 90 + 50 − 20 − 5 = 115
        report.Items.Where(item => item.Granted > 0m).Select(item => (item.Granted, item.Used, item.Closing)).ShouldBe([(100m, 10m, 90m), (50m, 25m, 115m)]);
        report.Items.Sum(item => item.Used).ShouldBe(35m);
        var team = await ReadAsync(portal, tenant, from: start.AddDays(-1), to: null, "team-a"); // 50 − 5
        team.Items.Where(item => item.Granted > 0m).Select(item => (item.Granted, item.Used, item.Closing)).ShouldBe([(50m, 5m, 45m)]);
    }

    [Fact]
    public async Task A_grant_counts_from_when_it_takes_effect()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        var now = DateTimeOffset.UtcNow;
        await portal.GrantAsync(tenant, 10m);
        await portal.GrantAsync(tenant, 5m, effectiveAt: now.AddDays(2));
        (await ReadAsync(portal, tenant, now.AddDays(-1), to: null)).Items[^1].Closing.ShouldBe(10m);

        await portal.AdvanceAsync(TimeSpan.FromDays(4));
        var report = await ReadAsync(portal, tenant, now.AddDays(1), to: null);

        report.Opening.ShouldBe(10m);
        report.Items.Single(item => item.Granted == 5m).At.ShouldBeLessThanOrEqualTo(now.AddDays(2));
        report.Items[^1].Closing.ShouldBe(15m);
    }

    [Fact]
    public async Task Debt_counts_as_used_and_its_settlement_changes_nothing()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a");
        var now = DateTimeOffset.UtcNow;
        await portal.GrantAsync(tenant, 3m);
        await portal.SendAsync(TestPortal.Usage("acme", "1", 10_000));
        await portal.GrantAsync(tenant, 20m, value: 10m);
        await portal.GrantAsync(tenant, 8m, pool: "team-a");

        var shared = await ReadAsync(portal, tenant, now.AddDays(-1), to: null, "shared", withMoney: true);
        var all = await ReadAsync(portal, tenant, now.AddDays(-1), to: null);

        shared.Items[^1].Closing.ShouldBe(13m);
        shared.Items.Sum(item => item.Used).ShouldBe(10m);
        shared.Items.Sum(item => item.Granted).ShouldBe(23m);
        shared.Items.Sum(item => item.Money!.Revenue).ShouldBe(3.5m); // 7 owed of 20 credits worth 10
        shared.Items.Sum(item => item.Money!.Cost).ShouldBe(0.01m);
        all.Items[^1].Closing.ShouldBe(21m);
    }

    [Fact]
    public async Task Nothing_at_all_is_a_line_at_zero_and_unknown_pools_are_refused()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "Asia/Kolkata");
        var from = new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.FromHours(5.5));
        var reads = portal.Services.GetRequiredService<TenantReads>();

        var report = await ReadAsync(portal, tenant, from, from.AddDays(3));
        report.Items.Select(item => item.At).ShouldBe([from, from.AddDays(1), from.AddDays(2)]);
        report.Items.ShouldAllBe(item => item.Closing == 0m);

        var unknown = await reads.RunAsync(tenant, read => BurndownQuery.ReadAsync(read, "nowhere", from, from.AddDays(1), CalendarStep.Day));
        unknown.Problem!.Code.ShouldBe("unknown_pool");
        var empty = await reads.RunAsync(tenant, read => BurndownQuery.ReadAsync(read, pool: null, from, from, CalendarStep.Day));
        empty.Problem!.Code.ShouldBe("invalid_period");
        var many = await reads.RunAsync(tenant, read => BurndownQuery.ReadAsync(read, pool: null, from, from.AddYears(3), CalendarStep.Hour));
        many.Problem!.Code.ShouldBe("too_many_steps");
    }

    private static async Task<BurndownReport> ReadAsync(
        TestPortal portal, long tenant, DateTimeOffset from, DateTimeOffset? to, string? pool = null, bool withMoney = false) =>
        (await portal.Services.GetRequiredService<TenantReads>().RunAsync(
            tenant, read => BurndownQuery.ReadAsync(read, pool, from, to ?? read.Now, CalendarStep.Day, withMoney))).Value;
}
