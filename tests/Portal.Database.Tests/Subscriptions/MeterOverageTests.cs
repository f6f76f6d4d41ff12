using Portal.Database.Tests.Counters;
using Portal.Database.Tests.Invoicing;
using Portal.Database.Tests.Templates;
using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Pricing;
using Portal.Domain.Subscriptions;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Subscriptions;

/// <summary>
/// Overage at the price of a meter: a minute of speech is 1,000 characters and 1,000 credits, 1,000 of them included for $10.00; beyond them
/// $0.10 a minute unless a test says otherwise. The world reconciles as it ends.
/// </summary>
public sealed class MeterOverageTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const string TenCents = """{"key":"over","type":"overage","meter":"speech","price":{"model":"per_unit","amount":"0.10"}}""";

    private const string Tiers =
        """{"key":"over","type":"overage","meter":"speech","price":{"model":"graduated","tiers":[{"up_to":"1","unit_amount":"1"},{"unit_amount":"0.5"}]}}""";

    private async Task<MeterWorld> WorldAsync(string overage = TenCents, decimal? cap = null)
    {
        var world = await MeterWorld.StartAsync(postgres);
        await world.Portal.SellAsync();
        await world.MeterAsync("speech", """ "aggregation":"sum","quantities":[{"property":"n","divide_by":"1000"}] """);
        await world.MeterAsync("video", """ "aggregation":"sum","quantities":[{"property":"n"}] """);
        await world.MeterAsync("text", """ "aggregation":"sum","quantities":[{"property":"n"}] """);
        await world.RatesAsync("""
            [{"meter":"speech","unit":"CREDIT","price":{"model":"per_unit","amount":"1000"}},{"meter":"video","unit":"CREDIT","price":{"model":"per_unit","amount":"50"}},
             {"meter":"text","unit":"CREDIT","price":{"model":"per_unit","amount":"1"}}]
            """);
        await world.PlanAsync($$"""
            "items":[{"key":"base","type":"flat","amount":"10.00"},{"key":"credits","type":"included_credits","credits":"1000","revenue_share":"10.00"},{{overage}}]
            """);
        await world.SubscribeAsync(new SubscriptionOrder("pro", MeterWorld.At("2030-01-01T00:00:00Z"), Exhaustion: "overage", SpendCap: cap));
        return world;
    }

    private static Task<object?> ChargeAsync(MeterWorld world, string column, string item = "shared speech") =>
        world.Portal.ScalarAsync($"select {column} from charges where kind = 'overage' and item = '{item}' and invoice_id is null");

    [Fact]
    public async Task Of_3000_characters_of_which_1000_are_covered_two_minutes_are_charged()
    {
        await using var world = await WorldAsync();
        (await world.UseAsync("speech", 3000m)).ShouldBe(3000m);
        (await world.BalanceAsync("overage:shared"), await world.BalanceAsync("pool:shared"), await world.RevenueAsync("overage")).ShouldBe((-2000m, 0m, 0.20m));
        (await ChargeAsync(world, "quantity"), await ChargeAsync(world, "credits"), await ChargeAsync(world, "amount")).ShouldBe((2m, 2000m, 0.20m));
        (await world.Portal.ScalarAsync("select period_metered ->> 'speech' from wallets")).ShouldBe("2");
        (await world.Portal.ScalarAsync("select period_spend from wallets")).ShouldBe(0.20m);
        await world.ToAsync("2030-02-02T01:00:00Z");
        (await world.Portal.ScalarAsync("select overage_amount from subscription_periods where number = 0")).ShouldBe(0.20m);
        (await world.Portal.ScalarAsync("select period_metered::text from wallets")).ShouldBeNull();
        var invoice = (await world.AllInvoicesAsync())[1];
        invoice.Lines().ShouldBe(["included_credits Pro: included credits | 1000 × 0.01 = 10.00", "overage speech beyond the included credits | 2 × 0.1 = 0.20"]);
        (await world.BalanceAsync("overage:shared"), await world.UnbilledAsync()).ShouldBe((0m, 0m));
    }

    [Fact]
    public async Task Each_meter_has_its_price_and_what_has_none_is_sold_by_the_credit()
    {
        // Beyond the 1,000: 2 minutes × 0.10, 30 seconds × 0.02 = 0.60, 500 credits × 0.001 = 0.50.
        const string all = TenCents + """
            ,{"key":"seconds","type":"overage","meter":"video","price":{"model":"per_unit","amount":"0.02"}},{"key":"credit","type":"overage","price":{"model":"per_unit","amount":"0.001"}}
            """;
        await using var world = await WorldAsync(all);
        await world.UseAsync("speech", 3000m);
        (await world.UseAsync("video", 30m)).ShouldBe(1500m);
        await world.UseAsync("text", 500m);
        (await world.RevenueAsync("overage"), await world.BalanceAsync("overage:shared")).ShouldBe((1.30m, -4000m));
        await world.ToAsync("2030-02-02T01:00:00Z");
        (await world.AllInvoicesAsync())[1].Lines().Where(line => line.StartsWith("overage", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ShouldBe([
            "overage Credits beyond those included | 500 × 0.001 = 0.50", "overage speech beyond the included credits | 2 × 0.1 = 0.20",
            "overage video beyond the included credits | 30 × 0.02 = 0.60"]);
    }

    [Fact]
    public async Task What_no_price_covers_is_owed_and_the_next_credits_settle_it()
    {
        await using var world = await WorldAsync();
        await world.UseAsync("text", 1200m);
        (await world.BalanceAsync("debt:shared"), await world.BalanceAsync("overage:shared")).ShouldBe((-200m, 0m));
        await world.ToAsync("2030-02-01T00:30:00Z");
        (await world.BalanceAsync("debt:shared"), await world.BalanceAsync("pool:shared")).ShouldBe((0m, 800m));
    }

    [Fact]
    public async Task Case_6_up_to_the_cap_it_is_sold_and_beyond_it_owed()
    {
        // Of 2 minutes beyond, 1.5 × 0.10 reach the cap of 0.15; 500 credits are owed.
        await using var world = await WorldAsync(cap: 0.15m);
        await world.UseAsync("speech", 3000m);
        (await world.BalanceAsync("overage:shared"), await world.BalanceAsync("debt:shared"), await world.RevenueAsync("overage")).ShouldBe((-1500m, -500m, 0.15m));
        await world.UseAsync("speech", 100m);
        (await world.BalanceAsync("debt:shared"), await world.RevenueAsync("overage")).ShouldBe((-600m, 0.15m));
    }

    [Fact]
    public async Task Amended_and_voided_in_its_period_it_follows_the_quantity()
    {
        await using var world = await WorldAsync();
        await world.UseAsync("speech", 3000m, id: "a");
        await world.AmendAsync("a", """{"n":2000}"""); // 1 minute stays beyond
        (await world.RevenueAsync("overage"), await world.BalanceAsync("overage:shared")).ShouldBe((0.10m, -1000m));
        await world.AmendAsync("a", """{"n":5000}"""); // 4 minutes are beyond
        (await world.RevenueAsync("overage"), await ChargeAsync(world, "quantity"), await ChargeAsync(world, "credits")).ShouldBe((0.40m, 4m, 4000m));
        await world.VoidAsync("a");
        (await world.RevenueAsync("overage"), await world.RevenueAsync(), await world.BalanceAsync("overage:shared"), await world.BalanceAsync("pool:shared"))
            .ShouldBe((0m, 0m, 0m, 1000m));
        (await ChargeAsync(world, "quantity"), await ChargeAsync(world, "amount")).ShouldBe((0m, 0m));
        (await world.Portal.ScalarAsync("select period_spend from wallets")).ShouldBe(0m);
    }

    [Fact]
    public async Task Voided_when_it_was_invoiced_it_is_a_credit_on_the_next_invoice()
    {
        // January 10.00; February 10.00 + 0.20; March 10.00 − 0.20.
        await using var world = await WorldAsync();
        await world.UseAsync("speech", 3000m, id: "a");
        await world.ToAsync("2030-02-03T00:00:00Z");
        await world.VoidAsync("a");
        (await world.RevenueAsync("overage"), await world.BalanceAsync("overage:shared")).ShouldBe((0m, 0m));
        await world.ToAsync("2030-03-02T01:00:00Z");
        var invoices = await world.AllInvoicesAsync();
        invoices.Select(invoice => invoice.Total).ShouldBe([10.00m, 10.20m, 9.80m]);
        invoices[2].Lines().ShouldContain("credit speech beyond the included credits | -2 × 0.1 = -0.20");
    }

    [Fact]
    public async Task A_price_in_tiers_goes_over_all_minutes_of_the_period_and_gives_back_by_difference()
    {
        // The first minute at 1.00, others at 0.50. Sent together: 1 minute for 1.00, 2 minutes for 1.00; without the first, 2 minutes come to 1.50.
        await using var world = await WorldAsync(Tiers);
        await world.UseAsync("speech", 1000m);
        var at = await world.Clock.NowAsync();
        await world.Portal.SendAsync(MeterWorld.Event("speech", """{"n":1000}""", at, "one"), MeterWorld.Event("speech", """{"n":2000}""", at, "two"));
        (await world.RevenueAsync("overage")).ShouldBe(2.00m);
        await world.VoidAsync("one");
        (await world.RevenueAsync("overage"), await world.BalanceAsync("overage:shared")).ShouldBe((1.50m, -2000m));
        // After its period the other goes back for what it was sold.
        await world.ToAsync("2030-02-01T00:10:00Z");
        await world.VoidAsync("two");
        (await world.RevenueAsync("overage"), await world.BalanceAsync("overage:shared")).ShouldBe((0.50m, 0m));
    }

    [Fact]
    public async Task Case_23_a_hold_counts_at_the_price_of_its_meter_up_to_exactly_the_cap()
    {
        await using var world = await WorldAsync(cap: 0.15m);
        (await HoldAsync(world, 1000m)).Succeeded.ShouldBeTrue();
        (await HoldAsync(world, 1m)).Problem!.Code.ShouldBe("insufficient_credits"); // credits of no meter are not sold
        var refused = (await HoldAsync(world, 1600m, 1.6m)).Problem!; // 1.6 × 0.10 = 0.16
        (refused.Code, refused.Extensions!["available"]).ShouldBe(("spend_cap_reached", 1500m));
        (await HoldAsync(world, 1500m, 1.5m)).Succeeded.ShouldBeTrue();
        refused = (await HoldAsync(world, 1m, 0.001m)).Problem!;
        (refused.Code, refused.Extensions!["available"]).ShouldBe(("spend_cap_reached", 0m));
    }

    [Fact]
    public async Task A_meter_that_is_not_there_is_refused_and_nothing_is_made()
    {
        await using var world = await WorldAsync();
        var definition = System.Text.Json.JsonSerializer.Deserialize<PlanDefinition>($$"""
            {"name":"Odd","currency":"USD","period":"month","items":[{{TenCents.Replace("speech", "nothing", StringComparison.Ordinal)}}]}
            """, PortalJson.Options)!;
        var put = await CatalogueChange.RunAsync(world.Portal.Source, change => Plans.PutAsync(change, "odd", definition));
        put.Problem!.Code.ShouldBe("unknown_meter");
        (await world.Portal.ScalarAsync("select count(*) from plan_versions where plan = 'odd'")).ShouldBe(0L);
    }

    private static Task<Result<Hold>> HoldAsync(MeterWorld world, decimal credits, decimal? minutes = null) => world.Portal.Wallets.RunAsync(
        world.Tenant, wallet => Holds.PlaceAsync(wallet, new HoldOrder(credits, Product: "speech")
        {
            Measured = minutes is { } quantity ? ("speech", quantity) : null,
        }));
}
