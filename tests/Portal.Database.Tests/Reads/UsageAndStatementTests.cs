using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Metering;
using Portal.Testing;

namespace Portal.Database.Tests.Reads;

public sealed class UsageAndStatementTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Usage_by_model_has_price_cost_and_margin_and_adds_up()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        var now = DateTimeOffset.UtcNow;
        await portal.GrantAsync(tenant, 1000m, value: 100m);
        await portal.SendAsync(
            TestPortal.Usage("acme", "1", 1000, 1000, at: now, consumer: "ana"), // 3 credits, cost 0.003
            TestPortal.Usage("acme", "2", 2000, 500, model: "large", at: now, consumer: "bob")); // 30 credits, cost 0.03

        var report = await ReadAsync(portal, tenant, now.AddHours(-1), now.AddHours(1), "model");

        report.Rows.Select(row => row.Keys[0]).ShouldBe(["large", "small"]);
        report.Rows[0].Figures.ShouldBe(new UsageFigures(1, 2500m, 30m, 3m, 0.03m));
        report.Rows[0].Figures.BlendedPrice.ShouldBe(0.1m);
        report.Rows[0].Figures.BlendedCost.ShouldBe(0.001m);
        report.Rows[0].Figures.Margin.ShouldBe(2.97m);
        report.Totals.ShouldBe(new UsageFigures(2, 4500m, 33m, 3.3m, 0.033m));

        var byToken = await ReadAsync(portal, tenant, now.AddHours(-1), now.AddHours(1), "model", "token_type");
        byToken.Rows.Select(row => (row.Keys[0], row.Keys[1], row.Figures.Credits, row.Figures.Events)).ShouldBe(
            [("large", "input", 20m, 1), ("large", "output", 10m, 0), ("small", "output", 2m, 0), ("small", "input", 1m, 1)]);

        var ana = await AskAsync(portal, tenant, new UsageQuestion(now.AddHours(-1), now.AddHours(1), ["consumer"])
        {
            Only = new Dictionary<string, string> { ["consumer"] = "ana" },
        });
        ana.Value.Rows.ShouldHaveSingleItem().Keys.ShouldBe(["ana"]);
        var nobody = await AskAsync(portal, tenant, new UsageQuestion(now.AddHours(-1), now.AddHours(1), []) { Consumers = [99] });
        nobody.Value.Rows.ShouldBeEmpty();
        nobody.Value.Totals.ShouldBe(UsageFigures.None);
    }

    [Fact]
    public async Task A_cost_that_is_unknown_or_in_another_currency_makes_the_margin_unknown()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        var euro = await portal.AddTenantAsync("euro");
        await portal.ExecuteAsync($"update tenants set currency = 'EUR' where tenant_id = {euro}");
        var now = DateTimeOffset.UtcNow;
        await portal.GrantAsync(tenant, 1000m, value: 100m);
        await portal.SendAsync(TestPortal.Usage("acme", "1", 1000, 500, model: "costless"), TestPortal.Usage("acme", "2", 1000), TestPortal.Usage("euro", "3", 1000));

        var report = await ReadAsync(portal, tenant, now.AddHours(-1), now.AddHours(1), "model", "token_type");
        report.Rows.Select(row => (row.Keys[0], row.Keys[1], row.Figures.Cost)).ShouldBe(
            [("costless", "input", null), ("small", "input", 0.001m), ("costless", "output", null)]);
        report.Totals.Cost.ShouldBeNull();
        report.Totals.Margin.ShouldBeNull();

        var other = await ReadAsync(portal, euro, now.AddHours(-1), now.AddHours(1));
        other.Totals.Events.ShouldBe(1);
        other.Totals.Cost.ShouldBeNull();
    }

    [Fact]
    public async Task Days_and_hours_are_those_of_a_zone_with_half_hours()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "Asia/Kolkata");
        await portal.GrantAsync(tenant, 1000m);
        var today = DateOnly.FromDateTime(DateTime.UtcNow.AddDays(-3));
        var midnight = new DateTimeOffset(today.ToDateTime(TimeOnly.MinValue), TimeSpan.FromHours(5.5)); // 18:30 UTC of the day before
        await portal.SendAsync(
            TestPortal.Usage("acme", "1", 1000, at: midnight.AddMinutes(-1)), TestPortal.Usage("acme", "2", 2000, at: midnight),
            TestPortal.Usage("acme", "3", 4000, at: midnight.AddHours(23.9)), TestPortal.Usage("acme", "4", 8000, at: midnight.AddHours(24)));

        var day = await ReadAsync(portal, tenant, midnight, midnight.AddDays(1), "day");
        day.Rows.ShouldHaveSingleItem().Figures.Credits.ShouldBe(6m);
        day.Rows[0].At.ShouldBe(midnight);
        day.Rows[0].Keys[0].ShouldBe(InstantText.Format(midnight));

        var days = await ReadAsync(portal, tenant, midnight.AddDays(-1), midnight.AddDays(2), "day");
        days.Rows.OrderBy(row => row.At).Select(row => (row.At, row.Figures.Credits)).ShouldBe(
            [(midnight.AddDays(-1), 1m), (midnight, 6m), (midnight.AddDays(1), 8m)]);

        var hours = await ReadAsync(portal, tenant, midnight, midnight.AddDays(1), "hour");
        hours.Rows.Select(row => row.At).ShouldBe([midnight.AddHours(23), midnight]);
    }

    [Fact]
    public async Task Questions_that_make_no_sense_are_refused()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        var now = DateTimeOffset.UtcNow;

        (await AskAsync(portal, tenant, new UsageQuestion(now, now, []))).Problem!.Code.ShouldBe("invalid_period");
        (await AskAsync(portal, tenant, new UsageQuestion(now.AddDays(-1), now, ["model; drop table grants"]))).Problem!.Code.ShouldBe("invalid_group_by");
        (await AskAsync(portal, tenant, new UsageQuestion(now.AddDays(-1), now, ["model", "model"]))).Problem!.Code.ShouldBe("invalid_group_by");
        (await ReadAsync(portal, tenant, now.AddDays(-1), now, "day", "team", "pool", "pool_named")).Rows.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_statement_pages_newest_first_and_carries_the_balance()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a");
        await portal.GrantAsync(tenant, 10m, value: 1m);
        await portal.AdvanceAsync(TimeSpan.FromHours(1));
        await portal.GrantAsync(tenant, 4m, pool: "team-a");
        await portal.AdvanceAsync(TimeSpan.FromHours(1));
        await portal.SendAsync(TestPortal.Usage("acme", "1", 6000, pool: "team-a")); // 4 of team-a, 2 of shared
        await portal.AdvanceAsync(TimeSpan.FromHours(1));
        await portal.SendAsync(TestPortal.Usage("acme", "2", 9000)); // 8 left of shared, 1 owed

        var reads = portal.Services.GetRequiredService<TenantReads>();
        var filter = new StatementFilter([]);
        var (first, next) = await reads.RunAsync(tenant, read => HourlyStatement.ReadAsync(read, filter, cursor: null, 2));
        first.Select(m => (m.Movement?.Kind ?? "usage", m.Credits, m.Balance)).ShouldBe([("usage", -9m, -1m), ("usage", -6m, 8m)]);
        first[1].Changes.ShouldBe(new Dictionary<string, decimal> { ["team-a"] = -4m, ["shared"] = -2m }, ignoreOrder: true);
        var (second, end) = await reads.RunAsync(tenant, read => HourlyStatement.ReadAsync(read, filter, next, 2));
        second.Select(m => (m.Movement?.Kind ?? "usage", m.Credits, m.Balance)).ShouldBe([("grant", 4m, 14m), ("purchase", 10m, 10m)]);
        end.ShouldBeNull();

        var (purchases, _) = await reads.RunAsync(tenant, read => HourlyStatement.ReadAsync(read, new StatementFilter(["purchase"]), cursor: null, 10));
        purchases.ShouldHaveSingleItem().Balance.ShouldBeNull();
        var (team, _) = await reads.RunAsync(tenant, read => HourlyStatement.ReadAsync(read, new StatementFilter([], "team-a"), cursor: null, 10));
        team.Select(m => (m.Credits, m.Balance)).ShouldBe([(-4m, 0m), (4m, 4m)]);
        var (earlier, _) = await reads.RunAsync(tenant, read => HourlyStatement.ReadAsync(read, new StatementFilter([], To: first[1].At), cursor: null, 10));
        earlier.Select(m => m.Balance).ShouldBe([14m, 10m]);
    }

    [Fact]
    public async Task Transactions_come_with_balanced_entries_and_by_account()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 10m, value: 1m);
        await Task.Delay(5);
        await portal.SendAsync(TestPortal.Usage("acme", "1", 6000));
        var reads = portal.Services.GetRequiredService<TenantReads>();

        var all = await reads.RunAsync(tenant, read => Statement.TransactionsAsync(read, account: null, from: null, to: null, after: null, 10));
        all.Select(t => t.Kind).ShouldBe(["usage", "purchase"]);
        foreach (var transaction in all)
            transaction.Entries.GroupBy(entry => entry.Unit).ShouldAllBe(unit => unit.Sum(entry => entry.Amount) == 0m);
        all[0].Entries.Single(entry => entry.Account == "revenue:usage").Amount.ShouldBe(-0.6m);

        var after = await reads.RunAsync(tenant, read => Statement.TransactionsAsync(read, account: null, from: null, to: null, all[0].Id, 10));
        after.ShouldHaveSingleItem().Id.ShouldBe(all[1].Id);
        var consumed = await reads.RunAsync(tenant, read => Statement.TransactionsAsync(read, "consumed:llm", from: null, to: null, after: null, 10));
        consumed.ShouldHaveSingleItem().Entries.Count.ShouldBe(all[0].Entries.Count);
        (await reads.RunAsync(tenant, read => Statement.FindAsync(read, all[1].Id)))!.Entries.Count.ShouldBe(4);
    }

    private static async Task<UsageReport> ReadAsync(TestPortal portal, long tenant, DateTimeOffset from, DateTimeOffset to, params string[] groupBy) =>
        (await AskAsync(portal, tenant, new UsageQuestion(from, to, groupBy))).Value;

    private static Task<Result<UsageReport>> AskAsync(TestPortal portal, long tenant, UsageQuestion question) =>
        portal.Services.GetRequiredService<TenantReads>().RunAsync(tenant, read => UsageQuery.ReadAsync(read, question));
}
