using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Payments.Charges;
using Portal.Domain.Payments.Saved;
using Portal.Testing;

namespace Portal.Database.Tests.Payments.Providers;

/// <summary>What only Checkout.com does.</summary>
public sealed class CheckoutComTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task A_checkout_is_a_hosted_payment_with_our_reference_as_its_key()
    {
        await using var bench = (CheckoutComBench)await CheckoutComBench.StartAsync();
        await using var world = await PaymentsWorld.CreateAsync(postgres, settings: bench.Settings);

        var checkout = (await world.Checkouts.StartAsync(new CheckoutOrder(world.Acme, "starter", PaymentsWorld.Portal))).Value;

        var reference = (await world.AttemptAsync(checkout)).Reference;
        var call = bench.Stub.Calls.Single();
        (call.Method, call.Path, call.Header("Cko-Idempotency-Key")).ShouldBe(("POST", "/hosted-payments", reference));
        ((string)call.Json["reference"]!, (long)call.Json["amount"]!, (string)call.Json["currency"]!, (bool)call.Json["capture"]!).ShouldBe((reference, 1000L, "USD", true));
        checkout.Url.ShouldBe($"https://pay.sandbox.checkout.com/page/{bench.LastPage}");
    }

    [Fact]
    public async Task A_charge_is_initiated_by_the_merchant_and_names_the_payment_at_which_its_holder_agreed()
    {
        await using var bench = (CheckoutComBench)await CheckoutComBench.StartAsync();
        await using var world = await PaymentsWorld.CreateAsync(postgres, settings: bench.Settings);
        var pending = (await world.Methods().StartAsync(new MethodOrder(world.Acme, PaymentsWorld.Portal))).Value;
        await bench.LeaveMethodAsync(pending.Page!);
        var method = (await world.Methods().RefreshAsync(world.Acme, pending.Id))!;
        (method.Label, method.ExpiresOn).ShouldBe(("Visa •••• 4242", new DateOnly(2031, 12, 31)));

        await world.Charges().ChargeAsync(new ChargeOrder(world.Acme, "inv_1_x", new Money(25m, Currency.Of("USD")), "Invoice 1"));

        var json = bench.Stub.Calls.Single(sent => sent is { Method: "POST", Path: "/payments" }).Json;
        $"{json["source"]!["id"]}/{json["previous_payment_id"]}".ShouldBe(method.Token);
        ((bool)json["merchant_initiated"]!, (string)json["payment_type"]!, (string)json["source"]!["type"]!).ShouldBe((true, "Unscheduled", "id"));
    }

    [Theory]
    [InlineData("USD", "10.00", 1000)]
    [InlineData("JPY", "500", 500)]
    [InlineData("KWD", "5.120", 5120)]
    [InlineData("CLP", "500", 50000)]
    public async Task Amounts_are_sent_in_its_units(string currency, string amount, long units)
    {
        await using var bench = (CheckoutComBench)await CheckoutComBench.StartAsync();
        await using var world = await PaymentsWorld.CreateAsync(postgres, settings: bench.Settings);
        var provider = world.Services.GetRequiredService<PaymentProviders>().Find("checkoutcom")!;
        var money = new Money(decimal.Parse(amount, System.Globalization.CultureInfo.InvariantCulture), Currency.Of(currency));

        await provider.CreateCheckoutAsync(new CheckoutRequest("att_1", money, "Pack", PaymentsWorld.Portal, PaymentsWorld.Portal, world.Clock.GetUtcNow().AddDays(1), PaymentsWorld.Portal), default);

        ((long)bench.Stub.Calls.Single().Json["amount"]!).ShouldBe(units);
        provider.Refuses(new Money(5.124m, Currency.Of("KWD")))!.Code.ShouldBe("amount_not_supported");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"id":"evt_1"}""")]
    public async Task A_signed_body_that_is_no_event_is_refused(string body)
    {
        await using var bench = (CheckoutComBench)await CheckoutComBench.StartAsync();
        await using var world = await PaymentsWorld.CreateAsync(postgres, settings: bench.Settings);
        var (signed, other) = (CheckoutComBench.Sign(body), CheckoutComBench.Sign(body, "another-key"));

        (await world.Inbox.ReceiveAsync("checkoutcom", signed.Header, signed.Body)).Problem!.Code.ShouldBe("invalid_payload");
        (await world.Inbox.ReceiveAsync("checkoutcom", other.Header, other.Body)).Problem!.Code.ShouldBe("invalid_signature");
    }
}
