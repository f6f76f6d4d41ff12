using System.Text.Json;
using Portal.Domain.Catalog.Coupons;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Pricing;
using Portal.Testing;

namespace Portal.Database.Tests.Payments;

/// <summary>Coupons on purchases: the pack starter sells 1000 credits for $10.</summary>
public sealed class CouponSaleTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    // 10.00 less 20 % is 8.00, and 19 % of it 1.52. The credits are worth what was paid for them.
    [Fact]
    public async Task A_pack_is_sold_for_less_and_its_credits_are_worth_less()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres, invoices: true);
        await world.ExecuteAsync("insert into tax_rates values ('DE', '', '2020-01-01', 'VAT', 19)");
        await world.ExecuteAsync("insert into tax_profiles (tenant_id, country) values ($1, 'DE')", world.Acme);
        await CouponAsync(world, """{"percent":"20","duration":"once","applies_to":["starter"]}""");
        var checkout = (await BuyAsync(world)).Value;
        (checkout.Net, checkout.Tax).ShouldBe((8.00m, 1.52m));

        await world.Sandbox.PayAsync((string)(await world.Database.ScalarAsync("select id from sandbox_sessions"))!, PaymentsWorld.Accepted);
        await world.DeliverAsync();
        (await world.ReadAsync(checkout)).State.ShouldBe(CheckoutStatus.Paid);
        (await world.Database.ScalarAsync("select amount || ' ' || value from grants")).ShouldBe("1000.000000000 8.000000000");
        (await world.Database.ScalarAsync("select total from invoices")).ShouldBe(9.52m);
        await world.BooksShouldBalanceAsync();
    }

    [Theory]
    [InlineData("""{"percent":"100","duration":"once"}""", "nothing_to_pay")]
    [InlineData("""{"amount":"10.00","currency":"USD","duration":"once"}""", "nothing_to_pay")]
    [InlineData("""{"amount":"1.00","currency":"EUR","duration":"once"}""", "currency_mismatch")]
    [InlineData("""{"percent":"10","duration":"once","redeem_by":"2020-01-01T00:00:00Z"}""", "coupon_expired")]
    [InlineData("""{"percent":"10","duration":"once","applies_to":["scale"]}""", "coupon_not_applicable")]
    public async Task What_a_coupon_cannot_be_had_for_is_not_begun(string coupon, string code)
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await world.AddPackAsync("scale", """{"name":"Scale","credits":"10000","price":"80","currency":"USD"}""");
        await CouponAsync(world, coupon);
        (await BuyAsync(world)).Problem!.Code.ShouldBe(code);
        (await world.CountAsync("checkouts")).ShouldBe(0);
        (await world.CountAsync("coupon_redemptions")).ShouldBe(0);
    }

    // What was begun counts until its time is over; what was paid counts for ever.
    [Fact]
    public async Task The_last_redemption_is_free_again_when_nobody_paid_in_time()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await CouponAsync(world, """{"amount":"1.00","currency":"USD","duration":"once","max_redemptions":1}""");
        var begun = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => BuyAsync(world))));
        var one = begun.Single(result => result.Succeeded).Value;
        one.Net.ShouldBe(9.00m);
        begun.Where(result => !result.Succeeded).ShouldAllBe(result => result.Problem!.Code == "coupon_exhausted");

        await world.ExecuteAsync("update checkouts set expires_at = now() - interval '1 second'");
        var again = (await BuyAsync(world)).Value;
        (await BuyAsync(world)).Problem!.Code.ShouldBe("coupon_exhausted");
        await world.Sandbox.PayAsync((await world.AttemptAsync(again)).ProviderObject!, PaymentsWorld.Accepted);
        await world.DeliverAsync();
        (await world.ReadAsync(again)).State.ShouldBe(CheckoutStatus.Paid);
        await world.ExecuteAsync("update checkouts set expires_at = now() - interval '1 second'");
        (await BuyAsync(world)).Problem!.Code.ShouldBe("coupon_exhausted");
        await world.BooksShouldBalanceAsync();
    }

    private static async Task CouponAsync(PaymentsWorld world, string definition)
    {
        var coupon = JsonSerializer.Deserialize<CouponDefinition>(definition, PortalJson.Options)!;
        var put = await CatalogueChange.RunAsync(world.Database.DataSource, change => CouponCatalogue.PutAsync(change, "welcome", coupon));
        put.Succeeded.ShouldBeTrue(put.Problem?.ToString());
    }

    private static Task<Result<Checkout>> BuyAsync(PaymentsWorld world) =>
        world.Checkouts.StartAsync(new CheckoutOrder(world.Acme, "starter", PaymentsWorld.Portal, Coupon: "welcome"));
}
