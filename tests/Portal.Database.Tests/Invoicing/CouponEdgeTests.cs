using System.Text.Json;
using Portal.Database.Tests.Counters;
using Portal.Database.Tests.Payments;
using Portal.Domain.Catalog.Coupons;
using Portal.Domain.Invoicing;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Pricing;
using Portal.Domain.Subscriptions;
using Portal.Testing;

namespace Portal.Database.Tests.Invoicing;

/// <summary>Where coupons meet other rules. Pro is 9.00 flat, 31.00 for two of three seats and 20.00 for 100 credits; business 99.00; least 10.00, at least 100.00.</summary>
public sealed class CouponEdgeTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly DateTimeOffset January = MeterWorld.At("2030-01-01T00:00:00Z");

    // 90 of each month to the minimum, and the next month's 10: half of both is 50.
    [Theory]
    [InlineData("2030-04-03T00:00:00Z")]
    [InlineData("2030-02-03T00:00:00Z", "2030-03-01T12:00:00Z", "2030-04-03T00:00:00Z")]
    public async Task Case_9_one_run_over_months_takes_off_what_several_runs_do(params string[] runs)
    {
        await using var world = await WorldAsync();
        await CouponAsync(world.Portal.Source, """{"percent":"50","duration":"forever"}""");
        await world.SubscribeAsync(new SubscriptionOrder("least", January) { Coupon = "off" });
        foreach (var run in runs) await world.ToAsync(run);
        (await world.InvoicesAsync()).Select(invoice => invoice.Total).ShouldBe([50.00m, 50.00m, 50.00m, 5.00m]);
    }

    [Fact]
    public async Task A_coupon_of_one_plan_takes_nothing_off_another_that_follows()
    {
        await using var world = await WorldAsync();
        await CouponAsync(world.Portal.Source, """{"percent":"100","duration":"forever","applies_to":["pro"]}""");
        var subscription = await world.SubscribeAsync(new SubscriptionOrder("pro", January) { Coupon = "off" });
        await world.ToAsync("2030-01-16T12:00:00Z");
        (await world.InvoicesAsync())[0].Total.ShouldBe(0m);
        await world.ChangeAsync(subscription, new SubscriptionChange { Plan = "business" });
        var draft = await world.InvoiceAsync((await world.InvoicesAsync("draft")).MaxBy(invoice => invoice.BillAt)!);
        draft.Total.ShouldBe(99m * (MeterWorld.At("2030-02-01T00:00:00Z") - draft.BillAt).Ticks / (MeterWorld.At("2030-02-01T00:00:00Z") - January).Ticks, 0.01m);
        await world.ToAsync("2030-02-01T02:00:00Z");
        (await world.InvoicesAsync())[0].Total.ShouldBe(99.00m);
    }

    // 12.5 % of 9, 31 and 20 are 1.125, 3.875 and 2.50: 7.50, though each rounded by itself would come to 7.51.
    [Fact]
    public async Task Case_32_lines_of_a_coupon_round_once_together_and_the_invoice_says_what_was_taken_off()
    {
        await using var world = await WorldAsync();
        await CouponAsync(world.Portal.Source, """{"percent":"12.5","duration":"once"}""");
        await world.SubscribeAsync(new SubscriptionOrder("pro", January) { Coupon = "off", Quantities = new Dictionary<string, decimal>(StringComparer.Ordinal) { ["seats"] = 3m } });
        await world.ToAsync("2030-01-01T02:00:00Z");
        var invoice = await world.InvoiceAsync((await world.InvoicesAsync())[0]);
        (invoice.Subtotal, invoice.Discount, invoice.Total).ShouldBe((60.00m, 7.50m, 52.50m));
        invoice.Lines.Where(line => line.Kind == "discount").Sum(line => line.Amount).ShouldBe(-7.50m);
    }

    // After a refusal another card may be tried, so the last redemption is still held.
    [Fact]
    public async Task A_purchase_whose_card_was_refused_keeps_its_redemption_until_it_expires()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await CouponAsync(world.Database.DataSource, """{"percent":"20","duration":"once","max_redemptions":1}""");
        var first = (await BuyAsync(world, world.Acme)).Value;
        await world.Sandbox.PayAsync(first.Url!.Split('/')[^1], PaymentsWorld.Declined);
        await world.DeliverAsync();
        (await world.ReadAsync(first)).State.ShouldBe(CheckoutStatus.Failed);
        (await BuyAsync(world, world.Globex)).Problem!.Code.ShouldBe("coupon_exhausted");
        await world.Sandbox.PayAsync(first.Url!.Split('/')[^1], PaymentsWorld.Accepted);
        await world.DeliverAsync();
        (await world.Database.ScalarAsync("select round(value, 2)::text from grants")).ShouldBe("8.00");
        await world.BooksShouldBalanceAsync();
    }

    private static Task<Result<Checkout>> BuyAsync(PaymentsWorld world, long tenant) =>
        world.Checkouts.StartAsync(new CheckoutOrder(tenant, "starter", PaymentsWorld.Portal, Coupon: "off"));

    private async Task<MeterWorld> WorldAsync()
    {
        var world = await MeterWorld.StartAsync(postgres);
        await world.PlanAsync("""
            "items":[{"key":"base","type":"flat","amount":"29.00"},{"key":"seats","type":"seat","amount":"15.50","included":"1"},
              {"key":"credits","type":"included_credits","credits":"100","revenue_share":"20.00"}]
            """);
        await world.PlanAsync(""" "items":[{"key":"base","type":"flat","amount":"99.00"}] """, "business");
        await world.PlanAsync(""" "items":[{"key":"base","type":"flat","amount":"10.00"},{"key":"minimum","type":"minimum","amount":"100.00"}] """, "least");
        await world.Portal.SellAsync();
        return world;
    }

    private static async Task CouponAsync(Npgsql.NpgsqlDataSource source, string definition)
    {
        var put = await CatalogueChange.RunAsync(source, change => CouponCatalogue.PutAsync(change, "off", JsonSerializer.Deserialize<CouponDefinition>(definition, PortalJson.Options)!));
        put.Succeeded.ShouldBeTrue(put.Problem?.ToString());
    }
}
