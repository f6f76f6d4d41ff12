using Portal.Domain.Payments;
using Portal.Testing;

namespace Portal.Database.Tests.Payments;

public sealed class StartingTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Theory]
    [InlineData("nothing", null, null, null, null, "unknown_pack")]
    [InlineData("retired", null, null, null, null, "unknown_pack")]
    [InlineData("euro", null, null, null, null, "currency_mismatch")]
    [InlineData("starter", "nowhere", null, null, null, "unknown_pool")]
    [InlineData("starter", null, "stripe", null, null, "unknown_provider")]
    [InlineData("starter", null, null, "WELCOME", null, "unknown_coupon")]
    [InlineData("starter", null, null, null, "https://evil.test/", "return_url_not_registered")]
    [InlineData("starter", null, null, null, "http://portal.test.evil.test/", "return_url_not_registered")]
    [InlineData("starter", null, null, null, "http://shop.test:8443/back", "return_url_not_registered")]
    [InlineData("starter", null, null, null, "http://someone@portal.test/", "invalid_return_url")]
    [InlineData("starter", null, null, null, "javascript:alert(1)", "invalid_return_url")]
    [InlineData("starter", null, null, null, "//portal.test/x", "invalid_return_url")]
    [InlineData("starter", null, null, null, "/t/acme/buy", "invalid_return_url")]
    public async Task What_cannot_be_bought_is_refused_and_nothing_is_written(
        string pack, string? pool, string? provider, string? coupon, string? returnUrl, string code)
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await world.AddPackAsync("retired", """{"name":"Retired","credits":"1","price":"1","currency":"USD","active":false}""");
        await world.AddPackAsync("euro", """{"name":"Euro","credits":"1","price":"1","currency":"EUR"}""");
        await world.ExecuteAsync("update platform set return_origins = $1", (object)new[] { "https://shop.test" });

        var result = await world.Checkouts.StartAsync(
            new CheckoutOrder(world.Acme, pack, PaymentsWorld.Portal, Pool: pool, Provider: provider, Coupon: coupon, ReturnUrl: returnUrl));

        result.Problem!.Code.ShouldBe(code);
        (await world.CountAsync("checkouts")).ShouldBe(0);
        (await world.CountAsync("payment_attempts")).ShouldBe(0);
        (await world.CountAsync("sandbox_sessions")).ShouldBe(0);
    }

    [Fact]
    public async Task A_suspended_tenant_may_not_buy()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await world.ExecuteAsync("update tenants set state = 'suspended' where tenant_id = $1", world.Acme);

        (await world.Checkouts.StartAsync(new CheckoutOrder(world.Acme, "starter", PaymentsWorld.Portal))).Problem!.Code.ShouldBe("tenant_suspended");
        (await world.CountAsync("checkouts")).ShouldBe(0);
    }

    [Fact]
    public async Task A_registered_origin_is_returned_to_with_the_checkouts_id_in_its_query()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await world.ExecuteAsync("update platform set return_origins = $1", (object)new[] { "https://shop.test" });

        var checkout = (await world.Checkouts.StartAsync(
            new CheckoutOrder(world.Acme, "starter", PaymentsWorld.Portal, ReturnUrl: "https://shop.test/done?order=7"))).Value;

        (await world.Database.ScalarAsync("select success_url from sandbox_sessions")).ShouldBe($"https://shop.test/done?order=7&checkout={checkout.PublicId}");
    }

    [Fact]
    public async Task An_attempt_is_a_row_whose_id_is_the_providers_reference()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (checkout, session) = await world.StartAsync();

        var attempt = await world.AttemptAsync(checkout);
        (attempt.State, attempt.ProviderObject, attempt.Amount).ShouldBe(("waiting", session, 10m));
        (await world.Database.ScalarAsync("select reference from sandbox_sessions")).ShouldBe(attempt.Reference);
        (await world.Database.ScalarAsync($"select tenant from provider_objects where id = '{attempt.Reference}'")).ShouldBe(world.Acme);
    }

    [Fact]
    public async Task The_terms_are_those_of_the_start_whatever_becomes_of_the_pack()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (_, session) = await world.StartAsync();
        await world.ExecuteAsync("update packs set active = false, definition = $1::text::json where key = 'starter'",
            """{"name":"Starter","credits":"1","price":"99.00","currency":"USD","active":false}""");

        await world.Sandbox.PayAsync(session, PaymentsWorld.Accepted);
        await world.DeliverAsync();

        (await world.Database.ScalarAsync("select sum(remaining) from grants")).ShouldBe(1000m);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_custom_amount_is_priced_by_its_model_within_its_bounds()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await world.AddPackAsync("any", """{"name":"Any","price":{"model":"per_unit","amount":"0.0125"},"min":"100","max":"10000","currency":"USD"}""");
        CheckoutOrder Order(decimal? credits) => new(world.Acme, "any", PaymentsWorld.Portal, Credits: credits);

        (await world.Checkouts.StartAsync(Order(null))).Problem!.Code.ShouldBe("credits_out_of_range");
        (await world.Checkouts.StartAsync(Order(99m))).Problem!.Code.ShouldBe("credits_out_of_range");
        (await world.Checkouts.StartAsync(Order(100.0000000001m))).Problem!.Code.ShouldBe("invalid_credits");
        var checkout = (await world.Checkouts.StartAsync(Order(333m))).Value;

        // 333 × 0.0125 = 4.1625
        (checkout.Credits, checkout.Net, checkout.Tax).ShouldBe((333m, 4.16m, 0m));
    }

    [Fact]
    public async Task Another_tenants_checkout_is_not_found()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (checkout, _) = await world.StartAsync();

        (await world.Checkouts.FindAsync(world.Globex, checkout.Id)).ShouldBeNull();
        (await world.Checkouts.RefreshAsync(world.Globex, checkout.Id)).ShouldBeNull();
    }
}
