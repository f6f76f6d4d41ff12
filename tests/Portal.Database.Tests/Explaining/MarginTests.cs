using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Revenue.Reports;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Explaining;

/// <summary>Figures by hand: 1,000 tokens in are 1 credit of <c>small</c> ($0.001) and 10 of <c>large</c> ($0.01).</summary>
public sealed class MarginTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly DateTimeOffset Noon = DateTimeOffset.UtcNow.AddMinutes(-30);

    [Fact]
    public async Task Margin_by_tenant_and_model_is_in_the_reporting_currency_and_unknown_is_unknown()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var acme = await portal.AddTenantAsync("acme");
        var euro = await portal.AddTenantAsync("euro");
        var loss = await portal.AddTenantAsync("loss");
        await portal.ExecuteAsync($"update tenants set currency = 'EUR' where tenant_id = {euro}");
        await portal.GrantAsync(acme, 100m, value: 10m); // $0.10 a credit
        await portal.GrantAsync(euro, 100m, value: 20m); // €0.20 a credit
        await portal.GrantAsync(loss, 100m); // promotion
        await portal.SendAsync(
            TestPortal.Usage("acme", "1", 10_000, at: Noon), // 10 credits, $1, cost 0.01
            TestPortal.Usage("acme", "2", 1000, model: "costless", at: Noon), // 1 credit, $0.10, no cost
            TestPortal.Usage("euro", "3", 2000, model: "large", at: Noon), // 20 credits, €4, cost $0.02
            TestPortal.Usage("loss", "4", 1000, model: "large", at: Noon)); // 10 credits, nothing, cost $0.01

        var before = await AskAsync(portal, "tenant");
        Row(before, "euro").ShouldBe((null, 0.02m, null)); // no rate for the euros
        await portal.ExecuteAsync($"insert into fx_rates values ('EUR', 'USD', '{Noon.UtcDateTime:yyyy-MM-dd}', 1.25)");

        var byTenant = await AskAsync(portal, "tenant");
        byTenant.Currency.ShouldBe("USD");
        byTenant.Rows.Select(row => row.Keys[0]).ShouldBe(["loss", "euro", "acme"]); // the smallest first, unknown last
        Row(byTenant, "loss").ShouldBe((0m, 0.01m, -0.01m));
        Row(byTenant, "euro").ShouldBe((5m, 0.02m, 4.98m)); // €4 × 1.25
        Row(byTenant, "acme").ShouldBe((1.1m, null, null));
        byTenant.Totals.ShouldBe(new MarginRow([], 4, 41m, 6.1m, null, 1) { KnownCost = 0.04m }); // 0.01 + 0.02 + 0.01

        var byModel = await AskAsync(portal, "model");
        Row(byModel, "large").ShouldBe((5m, 0.03m, 4.97m));
        Row(byModel, "small").ShouldBe((1m, 0.01m, 0.99m));
        Row(byModel, "costless").ShouldBe((0.1m, null, null));
        byModel.Rows.Single(row => row.Keys[0] == "large").Share.ShouldBe(0.994m);

        var inEuro = (await MarginReports.ReadAsync(portal.Source, new MarginQuestion(Noon.AddHours(-2), Noon.AddHours(2), []) { Tenant = "euro", Currency = "EUR" })).Value;
        // €4, and $0.02 ÷ 1.25 = €0.016 by the inverse of the pair
        inEuro.Totals.ShouldBe(new MarginRow([], 1, 20m, 4m, 0.016m, 0) { KnownCost = 0.016m });
    }

    [Fact]
    public async Task Who_loses_for_certain_comes_first_even_when_part_of_the_cost_is_unknown()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        foreach (var (key, value) in new[] { ("earns", 10m), ("loses", 0m), ("unsure", 0.05m), ("worse", 0m) })
            await portal.GrantAsync(await portal.AddTenantAsync(key), 100m, value);
        await portal.SendAsync(
            TestPortal.Usage("earns", "1", 10_000, at: Noon), // $1.00 for $0.01
            TestPortal.Usage("loses", "2", 10_000, at: Noon), // a promotion for $0.01
            TestPortal.Usage("unsure", "3", 10_000, at: Noon), // $0.005 for $0.01,
            TestPortal.Usage("unsure", "4", 1000, model: "costless", at: Noon), // and $0.0005 for nobody knows what
            TestPortal.Usage("worse", "5", 2000, model: "large", at: Noon)); // a promotion for $0.02

        var report = await AskAsync(portal, "tenant");

        report.Rows.Select(row => row.Keys[0]).ShouldBe(["worse", "loses", "unsure", "earns"]);
        report.Rows.Select(row => row.Loses).ShouldBe([true, true, true, false]);
        var unsure = report.Rows[2];
        (unsure.Revenue, unsure.Cost, unsure.KnownCost, unsure.Margin, unsure.MarginAtMost, unsure.Unknown).ShouldBe((0.0055m, null, 0.01m, null, -0.0045m, 1L));
    }

    [Fact]
    public async Task Days_and_months_are_those_of_the_tenant()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var today = DateTimeOffset.UtcNow.UtcDateTime.Date;
        var evening = new DateTimeOffset(today.AddDays(-2).AddHours(23.5), TimeSpan.Zero); // half past eleven, and in Tokyo the next day
        foreach (var (key, zone) in new[] { ("utc", "UTC"), ("tokyo", "Asia/Tokyo") }) await portal.GrantAsync(await portal.AddTenantAsync(key, zone), 100m, value: 10m);
        await portal.SendAsync(TestPortal.Usage("utc", "1", 1000, at: evening), TestPortal.Usage("tokyo", "2", 2000, at: evening));

        var report = (await MarginReports.ReadAsync(portal.Source, new MarginQuestion(evening.AddDays(-1), evening.AddDays(1), ["day"]))).Value;
        report.Rows.ToDictionary(row => row.Keys[0]!, row => (row.Revenue, row.Cost)).ShouldBe(new Dictionary<string, (decimal?, decimal?)>
        {
            [$"{today.AddDays(-2):yyyy-MM-dd}"] = (0.1m, 0.001m),
            [$"{today.AddDays(-1):yyyy-MM-dd}"] = (0.2m, 0.002m),
        }, ignoreOrder: true);

        var months = (await MarginReports.ReadAsync(portal.Source, new MarginQuestion(evening.AddDays(-1), evening.AddDays(1), ["month", "tenant"]))).Value;
        months.Rows.Select(row => (row.Keys[0], row.Keys[1])).ShouldBe([($"{today.AddDays(-2):yyyy-MM}", "utc"), ($"{today.AddDays(-1):yyyy-MM}", "tokyo")]);
    }

    [Fact]
    public async Task Questions_that_make_no_sense_are_refused()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        async Task<string> CodeAsync(MarginQuestion question) => (await MarginReports.ReadAsync(portal.Source, question)).Problem!.Code;
        (await CodeAsync(new MarginQuestion(Noon, Noon, []))).ShouldBe("invalid_period");
        (await CodeAsync(new MarginQuestion(Noon, Noon.AddDays(1), ["moon"]))).ShouldBe("invalid_group_by");
        (await CodeAsync(new MarginQuestion(Noon, Noon.AddDays(1), ["model", "model"]))).ShouldBe("invalid_group_by");
        (await CodeAsync(new MarginQuestion(Noon, Noon.AddDays(1), []) { Currency = "QQQ" })).ShouldBe("invalid_currency");
        (await AskAsync(portal, "tenant")).Totals.ShouldBe(new MarginRow([], 0, 0m, 0m, 0m, 0));
    }

    [Fact]
    public async Task A_pack_is_followed_from_its_purchase_through_its_grants_to_what_they_served()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var acme = await portal.AddTenantAsync("acme");
        await BuyAsync(portal, acme, "starter", credits: 100m, bonus: 0m, net: 10m); // $0.10 a credit
        await portal.SendAsync(
            TestPortal.Usage("acme", "1", 10_000, at: Noon), // 10 credits: $1.00, cost 0.01
            TestPortal.Usage("acme", "2", 2000, model: "large", at: Noon)); // 20 credits: $2.00, cost 0.02

        (await PacksAsync(portal)).ShouldHaveSingleItem().ShouldBe(new PackMargin("starter", "USD", 1, 10m, 100m, 30m, 3m, 0.03m));

        await portal.SendAsync(TestPortal.Usage("acme", "3", 1000, model: "costless", at: Noon)); // one credit of unknown cost
        var unknown = (await PacksAsync(portal)).ShouldHaveSingleItem();
        (unknown.Used, unknown.Revenue, unknown.Cost, unknown.Margin).ShouldBe((31m, 3.1m, null, null));
    }

    [Fact]
    public async Task A_pack_burned_on_the_dearest_model_is_priced_by_todays_cards()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        await portal.ExecuteAsync("""
            insert into packs (key, name, active, definition) values
            ('p99', 'Ninety-nine', true, '{"name":"Ninety-nine","credits":"99000","price":"99.00","currency":"USD","bonus_credits":"1000","priority":50,"tax":"exclusive","active":true}'),
            ('euro', 'Euro', true, '{"name":"Euro","credits":"1000","price":"10.00","currency":"EUR","priority":50,"tax":"exclusive","active":true}'),
            ('old', 'Old', false, '{"name":"Old","credits":"1000","price":"10.00","currency":"USD","priority":50,"tax":"exclusive","active":false}')
            """);
        var catalogue = await portal.Services.GetRequiredService<Catalogues>().CurrentAsync();

        var cells = await PackMatrix.ReadAsync(portal.Source, catalogue);

        // A credit of small or large costs $0.001 in and out: 100,000 credits cost $100, a dollar more than the pack.
        var p99 = cells.Where(cell => cell.Pack.Key == "p99").ToDictionary(cell => cell.Model.Model, StringComparer.Ordinal);
        p99.Keys.Order().ShouldBe(["costless", "large", "small"]);
        (p99["large"].Credits, p99["large"].Price, p99["large"].Cost, p99["large"].Margin, p99["large"].Model.Basis).ShouldBe((100_000m, 99m, 100m, -1m, "rates"));
        (p99["costless"].Cost, p99["costless"].Margin).ShouldBe((null, null));
        cells.Where(cell => cell.Pack.Key == "euro").ShouldAllBe(cell => cell.Cost == null); // no rate of today
        cells.ShouldNotContain(cell => cell.Pack.Key == "old");

        await portal.ExecuteAsync("insert into fx_rates values ('USD', 'EUR', (now() at time zone 'UTC')::date, 0.8)");
        var euro = (await PackMatrix.ReadAsync(portal.Source, catalogue)).Single(cell => cell.Pack.Key == "euro" && cell.Model.Model == "small");
        (euro.Cost, euro.Margin).ShouldBe((0.8m, 9.2m)); // 1,000 × $0.001 × 0.8
    }

    private static async Task BuyAsync(TestPortal portal, long tenant, string pack, decimal credits, decimal bonus, decimal net)
    {
        var id = Guid.NewGuid();
        await portal.ExecuteAsync($"""
            insert into checkouts (tenant_id, id, pack, pack_name, pool_id, credits, bonus_credits, priority, currency, net, tax, provider, state, payment_id, created_at, expires_at)
            values ({tenant}, '{id}', '{pack}', '{pack}', 1, {credits}, {bonus}, 50, 'USD', {net}, 0, 'sandbox', 'paid', '{Guid.NewGuid()}', now(), now() + interval '1 hour')
            """);
        var grant = await portal.GrantAsync(tenant, credits, value: net);
        await portal.ExecuteAsync($"update grants set reference = '{PublicId.Format(PublicId.Checkout, tenant, id)}' where tenant_id = {tenant} and id = '{grant.Id}'");
    }

    private static async Task<MarginReport> AskAsync(TestPortal portal, params string[] groupBy) =>
        (await MarginReports.ReadAsync(portal.Source, new MarginQuestion(Noon.AddHours(-2), Noon.AddHours(2), groupBy))).Value;

    private static Task<IReadOnlyList<PackMargin>> PacksAsync(TestPortal portal) =>
        PackMargins.ReadAsync(portal.Source, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));

    private static (decimal? Revenue, decimal? Cost, decimal? Margin) Row(MarginReport report, string key)
    {
        var row = report.Rows.Single(row => row.Keys[0] == key);
        return (row.Revenue, row.Cost, row.Margin);
    }
}
