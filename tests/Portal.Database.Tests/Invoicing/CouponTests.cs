using System.Globalization;
using System.Text.Json;
using Portal.Database.Tests.Counters;
using Portal.Domain.Catalog.Coupons;
using Portal.Domain.Invoicing;
using Portal.Domain.Invoicing.Corrections;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing;
using Portal.Domain.Subscriptions;
using Portal.Testing;

namespace Portal.Database.Tests.Invoicing;

/// <summary>
/// Coupons on subscriptions. A month is $29, of which 20 pay for 100 credits, and $15 a seat after the first; a gpu hour is 0.333. With three
/// seats: 9 + 30 + 20 = 59. The clock begins at 2030-01-01T00:00Z.
/// </summary>
public sealed class CouponTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private const string Items = """
        {"key":"seats","type":"seat","amount":"15.00","included":"1"},{"key":"overage","type":"overage","price":{"model":"per_unit","amount":"0.02"}},
        {"key":"gpu","type":"usage","meter":"gpu","price":{"model":"per_unit","amount":"0.333"}}
        """;

    private static readonly DateTimeOffset January = MeterWorld.At("2030-01-01T00:00:00Z"), February = MeterWorld.At("2030-02-01T00:00:00Z");

    private MeterWorld world = null!;

    public async Task InitializeAsync()
    {
        world = await MeterWorld.StartAsync(postgres);
        foreach (var meter in new[] { "chat", "gpu" }) await world.MeterAsync(meter, """ "aggregation":"sum","quantities":[{"property":"n"}] """);
        await world.RateAsync("chat", """{"model":"per_unit","amount":"1"}""");
        await world.PlanAsync($$"""
            "items":[{"key":"base","type":"flat","amount":"29.00"},{"key":"credits","type":"included_credits","credits":"100","revenue_share":"20.00"},{{Items}}]
            """);
        await world.PlanAsync($$"""
            "items":[{"key":"base","type":"flat","amount":"59.00"},{"key":"credits","type":"included_credits","credits":"200","revenue_share":"40.00"},{{Items}}]
            """, "business");
        await world.Portal.SellAsync();
    }

    public async Task DisposeAsync()
    {
        await world.Portal.Source.ShouldBalanceAsync();
        await world.DisposeAsync();
    }

    // 20 % off two months: 59 − 1.80 − 6.00 − 4.00 = 47.20, the credits are worth 16. Then 47.20 + 0.60 (30 credits beyond) + 3.33 (10 hours)
    // − 0.786 off these = 50.34; the third 59 + 3.33 − 0.666 of February's = 61.66; the fourth 59 + 3.33.
    [Fact]
    public async Task Case_33_a_percentage_counts_its_periods_and_takes_off_fees_credits_and_usage_alike()
    {
        await CouponAsync("welcome", """{"percent":"20","duration":"periods","periods":2}""");
        await SubscribeAsync("welcome");
        await world.ToAsync("2030-01-01T02:00:00Z");
        var first = await LastAsync();
        first.Total.ShouldBe(47.20m);
        first.Lines.Where(line => line.Kind == "discount").Select(line => $"{line.Description} {line.Amount:0.00}").ShouldBe(
            ["Coupon welcome: Pro -1.80", "Coupon welcome: Pro: included credits -4.00", "Coupon welcome: Pro: seats -6.00"], ignoreOrder: true);
        (await world.Portal.ScalarAsync("select value from grants where source = 'plan'")).ShouldBe(16m);

        await world.UseAsync("chat", 130m);
        await world.UseAsync("gpu", 10m);
        (await UpcomingAsync()).Total.ShouldBe(50.34m);
        await world.ToAsync("2030-02-02T01:00:00Z");
        (await LastAsync()).Total.ShouldBe(50.34m);
        (await world.BalanceAsync("revenue:discount", "USD")).ShouldBe(0.786m);

        await world.UseAsync("gpu", 10m);
        (await UpcomingAsync()).Total.ShouldBe(61.66m);
        await world.ToAsync("2030-03-02T01:00:00Z");
        (await LastAsync()).Total.ShouldBe(61.66m);
        await world.UseAsync("gpu", 10m);
        await world.ToAsync("2030-04-02T01:00:00Z");
        (await LastAsync()).Total.ShouldBe(62.33m);
        (await world.BalanceAsync("revenue:discount", "USD")).ShouldBe(1.452m);
    }

    // In the order flat 9, seats 30, credits 20. 40: credits are left 19. 70: nothing is left to pay, and 11 are taken off 19.98 of usage.
    [Theory]
    [InlineData("40.00", "19.00", "19", "78.98")]
    [InlineData("70.00", "0.00", "0", "67.98")]
    public async Task Case_33_an_amount_is_used_up_in_order_and_never_beyond_what_is_due(string amount, string first, string worth, string second)
    {
        await CouponAsync("gift", $$"""{"amount":"{{amount}}","currency":"USD","duration":"once"}""");
        await SubscribeAsync("gift");
        await world.ToAsync("2030-01-01T02:00:00Z");
        (await LastAsync()).Total.ShouldBe(Money(first));
        (await world.Portal.ScalarAsync("select value from grants where source = 'plan'")).ShouldBe(Money(worth));
        await world.UseAsync("gpu", 60m); // 19.98
        await world.ToAsync("2030-02-02T01:00:00Z");
        (await LastAsync()).Total.ShouldBe(Money(second));
    }

    // Half off. Two seats more and a larger plan for the rest f of January: seats 30 f / 2; then flat 19 f / 2 for 9 f / 2, and for 100 f more
    // credits (40 − 20) f / 2. What was left of the seats comes back and is charged again.
    [Fact]
    public async Task Changes_within_a_period_are_prorated_after_the_coupon()
    {
        await CouponAsync("half", """{"percent":"50","duration":"forever"}""");
        var subscription = await SubscribeAsync("half", seats: 1);
        await world.ToAsync("2030-01-16T12:00:00Z");
        await world.ChangeAsync(subscription, new SubscriptionChange { Quantities = new Dictionary<string, decimal>(StringComparer.Ordinal) { ["seats"] = 3m } });
        var draft = (await world.InvoicesAsync("draft")).MaxBy(invoice => invoice.BillAt)!;
        (await world.InvoiceAsync(draft)).Total.ShouldBe(Cents(15m * Left(draft.BillAt)));

        await world.ChangeAsync(subscription, new SubscriptionChange { Plan = "business" });
        draft = (await world.InvoicesAsync("draft")).MaxBy(invoice => invoice.BillAt)!;
        var invoice = await world.InvoiceAsync(draft);
        var f = Left(draft.BillAt);
        invoice.Lines.Where(line => line.Item is "base" or "base@pro" or "credits").Sum(line => line.Amount).ShouldBe(Cents(9.5m * f) - Cents(4.5m * f) + Cents(10m * f));
        (await world.Portal.ScalarAsync("select count(*) from grants where source = 'plan' and abs(value - amount / 10) <= 0.000000001")).ShouldBe(2L); // 10 for 100, and as much for each more
    }

    // A year's 240, all of it for 100 credits a month, at half: 120, of which each month's credits are worth 10.
    [Fact]
    public async Task Credits_that_come_later_in_the_period_are_worth_less_too()
    {
        await world.PlanAsync("""
            "items":[{"key":"base","type":"flat","amount":"240.00"},{"key":"credits","type":"included_credits","credits":"100","revenue_share":"240.00","every":"month"}]
            """, "yearly", "year");
        await CouponAsync("half", """{"percent":"50","duration":"once","applies_to":["yearly"]}""");
        var subscription = await world.SubscribeAsync(new SubscriptionOrder("yearly", January) { Coupon = "half" });
        await world.ToAsync("2030-02-02T00:00:00Z");
        (await LastAsync()).Total.ShouldBe(120.00m);
        (await world.BalanceAsync("deferred:fees", "USD"), await world.BalanceAsync("revenue:breakage", "USD")).ShouldBe((-100m, -10m));
        await world.ChangeAsync(subscription, new SubscriptionChange("now")); // the ten months to come are the customer's
        await world.ToAsync("2030-02-03T00:00:00Z");
        (await world.BalanceAsync("deferred:fees", "USD"), await world.BalanceAsync("customer_credit", "USD")).ShouldBe((0m, -100m));
    }

    // 100 at least: 30 in fees and 70 to it, both before the coupon; 24 + 70 − 14.
    [Fact]
    public async Task A_minimum_counts_before_coupons()
    {
        await world.PlanAsync(""" "items":[{"key":"base","type":"flat","amount":"30.00"},{"key":"least","type":"minimum","amount":"100.00"}] """, "least");
        await CouponAsync("fifth", """{"percent":"20","duration":"forever"}""");
        await world.SubscribeAsync(new SubscriptionOrder("least", January) { Coupon = "fifth" });
        await world.ToAsync("2030-02-03T00:00:00Z");
        (await LastAsync()).Total.ShouldBe(80.00m);
    }

    [Fact]
    public async Task A_void_invoice_with_a_coupon_leaves_nothing_behind()
    {
        await CouponAsync("half", """{"percent":"50","duration":"once"}""");
        await SubscribeAsync("half", seats: 1);
        await world.ToAsync("2030-01-01T02:00:00Z");
        await world.UseAsync("chat", 40m); // 4 of 10 earned
        await world.ToAsync("2030-01-11T00:00:00Z"); // ten of 31 days of 4.50
        (await world.BalanceAsync("revenue:subscription", "USD"), await world.BalanceAsync("revenue:usage", "USD")).ShouldBe((-1.451612903m, -4m));
        (await world.Portal.Wallets.RunAsync(world.Tenant, wallet => Voiding.RunAsync(wallet, "INV-000001", "A test"))).Succeeded.ShouldBeTrue();
        foreach (var account in new[] { "receivable", "deferred:fees", "deferred:credits", "revenue:subscription", "revenue:usage", "revenue:discount", "rounding" })
            (await world.BalanceAsync(account, "USD")).ShouldBe(0m, account);
    }

    [Fact]
    public async Task A_later_coupon_covers_from_the_next_period_on_and_never_overlaps()
    {
        await CouponAsync("once", """{"percent":"10","duration":"once"}""");
        await CouponAsync("more", """{"percent":"20","duration":"forever"}""");
        var subscription = await SubscribeAsync("once", seats: 1);
        (await ChangeAsync(subscription, "more")).Succeeded.ShouldBeTrue();
        (await ChangeAsync(subscription, "once")).Problem!.Code.ShouldBe("coupon_overlaps");
        (await world.Portal.ScalarAsync("select count(*) from coupon_redemptions")).ShouldBe(2L);
        await world.ToAsync("2030-02-02T02:00:00Z");
        (await world.InvoicesAsync()).Select(invoice => invoice.Total).ShouldBe([23.20m, 26.10m]); // 29 less 20 %, less 10 %
    }

    [Theory]
    [InlineData("nothing", "unknown_coupon")]
    [InlineData("late", "coupon_expired")]
    [InlineData("elsewhere", "coupon_not_applicable")]
    [InlineData("euro", "currency_mismatch")]
    public async Task What_cannot_be_redeemed_is_refused_and_nothing_is_sold(string coupon, string code)
    {
        await CouponAsync("late", """{"percent":"10","duration":"once","redeem_by":"2030-01-01T00:00:00Z"}""");
        await CouponAsync("elsewhere", """{"percent":"10","duration":"once","applies_to":["business"]}""");
        await CouponAsync("euro", """{"amount":"10","currency":"EUR","duration":"once"}""");
        var made = await world.Portal.Wallets.RunAsync(world.Tenant, wallet => Subscribing.StartAsync(wallet, new SubscriptionOrder("pro") { Coupon = coupon }));
        made.Problem!.Code.ShouldBe(code);
        (await world.Portal.ScalarAsync("select count(*) from subscriptions")).ShouldBe(0L);
    }

    [Fact]
    public async Task Of_twenty_at_once_on_the_last_redemption_one_wins()
    {
        await CouponAsync("last", """{"percent":"10","duration":"once","max_redemptions":1}""");
        var tenants = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => world.Portal.AddTenantAsync($"t{i}")));
        var made = await Task.WhenAll(tenants.Select(tenant => Task.Run(() =>
            world.Portal.Wallets.RunAsync(tenant, wallet => Subscribing.StartAsync(wallet, new SubscriptionOrder("pro") { Coupon = "last" })))));
        made.Count(result => result.Succeeded).ShouldBe(1);
        made.Where(result => !result.Succeeded).ShouldAllBe(result => result.Problem!.Code == "coupon_exhausted");
        (await world.Portal.ScalarAsync("select count(*) from subscriptions")).ShouldBe(1L);
    }

    private async Task CouponAsync(string key, string definition)
    {
        var coupon = JsonSerializer.Deserialize<CouponDefinition>(definition, PortalJson.Options)!;
        var put = await CatalogueChange.RunAsync(world.Portal.Source, change => CouponCatalogue.PutAsync(change, key, coupon));
        put.Succeeded.ShouldBeTrue(put.Problem?.ToString());
    }

    private Task<Subscription> SubscribeAsync(string coupon, int seats = 3) => world.SubscribeAsync(
        new SubscriptionOrder("pro", January, Exhaustion: "overage") { Coupon = coupon, Quantities = new Dictionary<string, decimal>(StringComparer.Ordinal) { ["seats"] = seats } });

    private Task<Result<Subscription>> ChangeAsync(Subscription subscription, string coupon) => world.Portal.Wallets.RunAsync(
        world.Tenant, wallet => SubscriptionChange.MakeAsync(wallet, subscription.Id, new SubscriptionChange { Coupon = coupon }));

    private async Task<Invoice> LastAsync() => await world.InvoiceAsync((await world.InvoicesAsync())[0]);

    private async Task<Invoice> UpcomingAsync() =>
        (await new Domain.Data.TenantReads(world.Portal.Source).RunAsync(world.Tenant, read => InvoiceQuery.UpcomingAsync(read)))!;

    private static decimal Left(DateTimeOffset at) => (February - at).Ticks / (decimal)(February - January).Ticks;

    private static decimal Money(string text) => decimal.Parse(text, CultureInfo.InvariantCulture);

    private static decimal Cents(decimal amount) => Math.Round(amount, 2, MidpointRounding.AwayFromZero);
}
