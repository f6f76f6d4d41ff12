using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Payments.Adyen;
using Portal.Testing;

namespace Portal.Database.Tests.Payments.Providers;

/// <summary>What only Adyen does.</summary>
public sealed class AdyenTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public void The_signature_is_that_of_the_documented_example()
    {
        // The example of Adyen's guide to HMAC signatures.
        var item = JsonElement.Parse("""
            {"pspReference":"7914073381342284","merchantAccountCode":"TestMerchant","merchantReference":"TestPayment-1407325143704",
             "amount":{"value":1130,"currency":"EUR"},"eventCode":"AUTHORISATION","success":"true"}
            """);

        AdyenProvider.Sign(AdyenBench.HmacKey, item).ShouldBe("coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0=");
    }

    [Fact]
    public async Task A_checkout_is_a_payment_link_with_our_reference_as_its_key()
    {
        await using var bench = (AdyenBench)await AdyenBench.StartAsync();
        await using var world = await PaymentsWorld.CreateAsync(postgres, settings: bench.Settings);

        var checkout = (await world.Checkouts.StartAsync(new CheckoutOrder(world.Acme, "starter", PaymentsWorld.Portal))).Value;

        var reference = (await world.AttemptAsync(checkout)).Reference;
        var call = bench.Stub.Calls.Single();
        (call.Method, call.Path, call.Header("Idempotency-Key")).ShouldBe(("POST", "/v71/paymentLinks", reference));
        ((string)call.Json["reference"]!, (long)call.Json["amount"]!["value"]!, (string)call.Json["amount"]!["currency"]!).ShouldBe((reference, 1000L, "USD"));
        checkout.Url.ShouldBe($"https://test.adyen.link/{bench.LastPage}");
    }

    [Fact]
    public async Task Webhooks_are_answered_as_documented_and_kept_one_by_one_under_their_identity()
    {
        await using var bench = (AdyenBench)await AdyenBench.StartAsync();
        await using var world = await PaymentsWorld.CreateAsync(postgres, settings: bench.Settings);
        bench.Stub.Charge(500);
        bench.Stub.Charge(700);
        var delivery = (await bench.WebhooksAsync()).Single();

        (await world.Inbox.ReceiveAsync("adyen", delivery.Header, delivery.Body)).Value.ShouldBe("[accepted]");
        (await world.Inbox.ReceiveAsync("adyen", delivery.Header, delivery.Body)).Value.ShouldBe("[accepted]");

        var expected = bench.Stub.Notifications.Select(item => $"AUTHORISATION:{item["pspReference"]}:true").Order(StringComparer.Ordinal);
        (await world.Database.ScalarAsync("select string_agg(event_id, ',' order by event_id collate \"C\") from webhook_inbox")).ShouldBe(string.Join(',', expected));
        (await world.Database.ScalarAsync("select bool_or(convert_from(body, 'UTF8') like '%hmac%') from webhook_inbox")).ShouldBe(false);
    }

    [Fact]
    public async Task One_forged_item_refuses_the_whole_body()
    {
        await using var bench = (AdyenBench)await AdyenBench.StartAsync();
        await using var world = await PaymentsWorld.CreateAsync(postgres, settings: bench.Settings);
        bench.Stub.Charge(500);
        bench.Stub.Charge(700);
        var delivery = (await bench.WebhooksAsync()).Single();
        var body = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(delivery.Body).Replace("\"value\":700", "\"value\":70000", StringComparison.Ordinal));

        (await world.Inbox.ReceiveAsync("adyen", delivery.Header, body)).Problem!.Code.ShouldBe("invalid_signature");
        (await world.Inbox.ReceiveAsync("adyen", delivery.Header, "{\"notificationItems\":[]}"u8.ToArray())).Problem!.Code.ShouldBe("invalid_payload");
        (await world.CountAsync("webhook_inbox")).ShouldBe(0);
    }

    [Fact]
    public async Task A_notification_of_another_merchant_account_or_of_no_money_changes_nothing()
    {
        await using var bench = (AdyenBench)await AdyenBench.StartAsync();
        await using var world = await PaymentsWorld.CreateAsync(postgres, settings: bench.Settings);
        bench.Stub.Charge(500);
        var foreign = bench.Stub.Notifications[0].DeepClone().AsObject();
        foreign["merchantAccountCode"] = "OtherECOM";
        var report = bench.Stub.Notifications[0].DeepClone().AsObject();
        (report["eventCode"], report["amount"]) = ("REPORT_AVAILABLE", null);
        var delivery = AdyenBench.Sign([foreign, report]);

        (await world.Inbox.ReceiveAsync("adyen", delivery.Header, delivery.Body)).Succeeded.ShouldBeTrue();
        await world.Inbox.ProcessDueAsync();

        (await world.CountAsync("webhook_inbox where state = 'done'")).ShouldBe(1);
        (await world.CountAsync("payments")).ShouldBe(0);
    }

    [Fact]
    public async Task A_refund_that_adyen_took_on_waits_for_its_end_and_gives_the_credits_back_when_it_fails()
    {
        await using var bench = (AdyenBench)await AdyenBench.StartAsync();
        await using var world = await PaymentsWorld.CreateAsync(postgres, settings: bench.Settings);
        var checkout = (await world.Checkouts.StartAsync(new CheckoutOrder(world.Acme, "starter", PaymentsWorld.Portal))).Value;
        await bench.PayAsync(bench.LastPage);
        await DeliverAsync(world, bench);
        var payment = await world.PaymentAsync(world.Acme, (await world.ReadAsync(checkout)).PaymentId!.Value);
        bench.Stub.Payment(payment.ProviderPayment)["refunded"] = 1000L; // so that it will refuse
        (await world.AskAsync(payment, credits: 400m)).Succeeded.ShouldBeTrue();
        for (var i = 0; i < 3; i++)
        {
            await world.ExecuteAsync("update refunds set due_at = now()");
            await world.Sender().SendDueAsync();
        }

        (await world.RefundsAsync(world.Acme)).Single().State.ShouldBe("pending");
        bench.RefundsSent.ShouldBe(1); // what was taken on is not sent again
        await DeliverAsync(world, bench);

        var refund = (await world.RefundsAsync(world.Acme)).Single();
        (refund.State, refund.Failure).ShouldBe(("failed", "Insufficient balance on payment"));
        (await world.BalanceAsync("pool:shared", "CREDIT")).ShouldBe(1000m);
        await world.BooksShouldBalanceAsync();
    }

    [Theory]
    [InlineData("USD", "10.00", 1000)]
    [InlineData("JPY", "10", 10)]
    [InlineData("KWD", "1.234", 1234)]
    [InlineData("CLP", "500", 50000)] // two places here, none in ISO 4217
    [InlineData("ISK", "500", 50000)]
    [InlineData("IDR", "500", 500)] // none here, two in ISO 4217
    public async Task Amounts_are_sent_in_adyens_units(string currency, string amount, long units)
    {
        await using var bench = (AdyenBench)await AdyenBench.StartAsync();
        await using var world = await PaymentsWorld.CreateAsync(postgres, settings: bench.Settings);
        var provider = world.Services.GetRequiredService<PaymentProviders>().Find("adyen")!;
        var money = new Money(decimal.Parse(amount, System.Globalization.CultureInfo.InvariantCulture), Currency.Of(currency));

        await provider.CreateCheckoutAsync(new CheckoutRequest("att_1", money, "Pack", PaymentsWorld.Portal, PaymentsWorld.Portal, world.Clock.GetUtcNow().AddDays(1), PaymentsWorld.Portal), default);

        ((long)bench.Stub.Calls.Single().Json["amount"]!["value"]!).ShouldBe(units);
        provider.Refuses(new Money(10.5m, Currency.Of("IDR")))!.Code.ShouldBe("amount_not_supported");
    }

    private static async Task DeliverAsync(PaymentsWorld world, AdyenBench bench)
    {
        foreach (var delivery in await bench.WebhooksAsync()) (await world.Inbox.ReceiveAsync("adyen", delivery.Header, delivery.Body)).Succeeded.ShouldBeTrue();
        await world.Inbox.ProcessDueAsync();
    }
}
