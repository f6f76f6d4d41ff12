using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Payments.Charges;
using Portal.Domain.Payments.Saved;
using Portal.Testing;

namespace Portal.Database.Tests.Payments.Providers;

/// <summary>What only Stripe does.</summary>
public sealed class StripeTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task A_checkout_is_sent_as_a_form_with_our_reference_as_its_key_and_in_its_metadata()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;

        var checkout = (await world.Checkouts.StartAsync(new CheckoutOrder(world.Acme, "starter", PaymentsWorld.Portal))).Value;

        var reference = (await world.AttemptAsync(checkout)).Reference;
        var call = bench.Stub.Calls.Single();
        (call.Method, call.Path, call.Header("Idempotency-Key")).ShouldBe(("POST", "/v1/checkout/sessions", reference));
        call.Header("Content-Type").ShouldStartWith("application/x-www-form-urlencoded");
        call.Header("Stripe-Version").ShouldNotBeNullOrEmpty();
        var form = QueryHelpers.ParseQuery(call.Body);
        form["mode"].ToString().ShouldBe("payment");
        form["client_reference_id"].ToString().ShouldBe(reference);
        form["payment_intent_data[metadata][reference]"].ToString().ShouldBe(reference);
        form["line_items[0][price_data][unit_amount]"].ToString().ShouldBe("1000");
        form["line_items[0][price_data][currency]"].ToString().ShouldBe("usd");
        form["success_url"].ToString().ShouldBe($"http://portal.test/t/acme/buy?checkout={checkout.PublicId}");
        checkout.Url.ShouldStartWith("https://checkout.stripe.com/");
    }

    [Fact]
    public async Task A_charge_names_customer_and_method_and_says_that_nobody_is_there()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        var pending = (await world.Methods().StartAsync(new MethodOrder(world.Acme, PaymentsWorld.Portal))).Value;
        await bench.LeaveMethodAsync(pending.Page!);
        var method = (await world.Methods().RefreshAsync(world.Acme, pending.Id))!;
        (method.Label, method.ExpiresOn).ShouldBe(("Visa •••• 4242", new DateOnly(2030, 8, 31)));

        var outcome = (await world.Charges().ChargeAsync(new ChargeOrder(world.Acme, "inv_1_x", new Money(25m, Currency.Of("USD")), "Invoice 1"))).Value;

        var call = bench.Stub.Calls.Single(sent => sent is { Method: "POST", Path: "/v1/payment_intents" });
        call.Header("Idempotency-Key").ShouldBe(outcome.Attempt.Reference);
        var form = QueryHelpers.ParseQuery(call.Body);
        $"{form["customer"]}/{form["payment_method"]}".ShouldBe(method.Token);
        (form["off_session"].ToString(), form["confirm"].ToString(), form["metadata[reference]"].ToString()).ShouldBe(("true", "true", outcome.Attempt.Reference));
    }

    [Theory]
    [InlineData("USD", "10.00", 1000)]
    [InlineData("JPY", "500", 500)]
    [InlineData("KWD", "5.120", 5120)] // three places, the last of them 0
    [InlineData("ISK", "5", 500)] // none in ISO 4217, two here
    [InlineData("UGX", "5", 500)]
    [InlineData("MGA", "10", 10)] // two in ISO 4217, none here
    public async Task Amounts_are_sent_in_stripes_units_and_read_back_in_ours(string currency, string amount, long units)
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        var tenant = await world.AddTenantAsync("elsewhere", currency);
        await world.AddPackAsync("local", $$"""{"name":"Local","credits":"1000","price":"{{amount}}","currency":"{{currency}}"}""");

        var checkout = (await world.Checkouts.StartAsync(new CheckoutOrder(tenant, "local", PaymentsWorld.Portal))).Value;
        QueryHelpers.ParseQuery(bench.Stub.Calls.Single().Body)["line_items[0][price_data][unit_amount]"].ToString().ShouldBe(units.ToString(CultureInfo.InvariantCulture));
        await bench.PayAsync(bench.LastPage);
        await meeting.DeliverAsync();

        (await world.ReadAsync(checkout)).State.ShouldBe("paid");
        (await world.BalanceAsync("cash:stripe", currency, tenant)).ShouldBe(decimal.Parse(amount, CultureInfo.InvariantCulture));
        await world.BooksShouldBalanceAsync();
    }

    [Theory]
    [InlineData("KWD", "5.124")]
    [InlineData("MGA", "10.20")]
    public async Task An_amount_that_stripe_cannot_count_is_refused_and_nothing_changes(string currency, string amount)
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        var tenant = await world.AddTenantAsync("elsewhere", currency);
        await world.AddPackAsync("local", $$"""{"name":"Local","credits":"1000","price":"{{amount}}","currency":"{{currency}}"}""");

        (await world.Checkouts.StartAsync(new CheckoutOrder(tenant, "local", PaymentsWorld.Portal))).Problem!.Code.ShouldBe("amount_not_supported");
        (await world.CountAsync("checkouts")).ShouldBe(0);
        bench.Stub.Calls.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(302)]
    [InlineData(-302)]
    public async Task A_signature_more_than_five_minutes_off_is_refused(int secondsAgo)
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        bench.Stub.Charge(500);

        foreach (var delivery in await bench.WebhooksAsync(TimeSpan.FromSeconds(secondsAgo)))
            (await world.Inbox.ReceiveAsync("stripe", delivery.Header, delivery.Body)).Problem!.Code.ShouldBe("invalid_signature");
        var other = StripeBench.Sign(bench.Stub.Events[0].ToJsonString(), secret: "whsec_other");
        (await world.Inbox.ReceiveAsync("stripe", other.Header, other.Body)).Problem!.Code.ShouldBe("invalid_signature");
        (await world.CountAsync("webhook_inbox")).ShouldBe(0);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"id":"evt_1","type":"charge.succeeded"}""")]
    [InlineData("""{"id":"","type":"charge.succeeded","data":{"object":{}}}""")]
    public async Task A_signed_body_that_is_no_event_is_refused(string body)
    {
        await using var meeting = await MeetAsync();
        var delivery = StripeBench.Sign(body);

        (await meeting.World.Inbox.ReceiveAsync("stripe", delivery.Header, delivery.Body)).Problem!.Code.ShouldBe("invalid_payload");
    }

    [Fact]
    public async Task Of_an_event_no_personal_data_is_kept_and_one_of_no_payment_changes_nothing()
    {
        await using var meeting = await MeetAsync();
        var world = meeting.World;
        // As Stripe's examples have it.
        var plan = StripeBench.Sign("""{"id":"evt_1Pgc76B7WZ01zgkWwyRHS12y","object":"event","api_version":null,"type":"plan.created","data":{"object":{"id":"price_1","object":"plan","amount":2000}}}""");
        var lost = StripeBench.Sign("""
            {"id":"evt_2","object":"event","api_version":"2019-01-01","type":"charge.succeeded","data":{"object":{"id":"ch_1PgafuB7WZ01zgkWXYmPNZs8","object":"charge",
             "payment_intent":null,"billing_details":{"name":"Jenny Rosen"}}}}
            """);

        foreach (var delivery in new[] { plan, lost }) (await world.Inbox.ReceiveAsync("stripe", delivery.Header, delivery.Body)).Succeeded.ShouldBeTrue();
        await world.Inbox.ProcessDueAsync();

        (await world.Database.ScalarAsync("select string_agg(state, ',' order by event_id) from webhook_inbox")).ShouldBe("done,failed");
        (await world.Database.ScalarAsync("select bool_or(convert_from(body, 'UTF8') like '%Jenny%') from webhook_inbox")).ShouldBe(false);
        (await world.CountAsync("payments")).ShouldBe(0);
    }

    [Fact]
    public async Task An_inquiry_takes_no_money_and_a_partial_dispute_only_its_part()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        var payment = await meeting.BuyAsync();

        bench.Stub.Dispute(payment.ProviderPayment, 1000, inquiry: true);
        await meeting.DeliverAsync();
        (await world.BalanceAsync("cash:stripe")).ShouldBe(10m);

        await bench.DisputeAsync(payment.ProviderPayment, 250);
        await meeting.DeliverAsync();

        (await world.BalanceAsync("cash:stripe")).ShouldBe(7.5m);
        (await world.BalanceAsync("pool:shared", "CREDIT")).ShouldBe(750m); // 250 of 1,000 cents: 250 of 1,000 credits
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task Refunds_on_several_pages_of_a_list_add_up()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        var payment = await meeting.BuyAsync();
        foreach (var cents in new long[] { 100, 150, 50, 200, 25 }) bench.Stub.Refund(payment.ProviderPayment, cents);

        await meeting.DeliverAsync();

        (await world.BalanceAsync("cash:stripe")).ShouldBe(4.75m);
        bench.Stub.Calls.Count(call => call.Path == "/v1/refunds" && call.Query.ContainsKey("starting_after")).ShouldBeGreaterThan(1);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_refund_that_came_back_days_later_gives_credits_and_cash_back()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        var payment = await meeting.BuyAsync();
        (await world.AskAsync(payment, credits: 400m)).Succeeded.ShouldBeTrue();
        await world.Sender().SendDueAsync();
        (await world.RefundsAsync(world.Acme)).Single().State.ShouldBe("succeeded");

        bench.Stub.Change((string)bench.Stub.All("refund").Single()["id"]!, "failed", "lost_or_stolen_card");
        await meeting.DeliverAsync();
        await meeting.DeliverAsync();

        var refund = (await world.RefundsAsync(world.Acme)).Single();
        (refund.State, refund.Failure).ShouldBe(("failed", "lost_or_stolen_card"));
        (await world.BalancesAsync(world.Acme)).ShouldBe("""
            issued -1000
            pool:shared 1000
            cash:stripe 10
            deferred:credits -10
            """);
        (await world.PaymentAsync(world.Acme, payment.Id)).Refunded.ShouldBe(0m);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_refund_that_waits_at_the_bank_is_not_sent_again()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        var payment = await meeting.BuyAsync();
        (await world.AskAsync(payment, credits: 400m)).Succeeded.ShouldBeTrue();
        var id = (await world.RefundsAsync(world.Acme)).Single().PublicId;
        bench.Stub.Refund(payment.ProviderPayment, 400, id, "pending"); // done by a process that died
        await world.ExecuteAsync("update refunds set attempts = 1");

        for (var i = 0; i < 2; i++)
        {
            await world.ExecuteAsync("update refunds set due_at = now()");
            await world.Sender().SendDueAsync();
        }

        bench.RefundsSent.ShouldBe(0);
        (await world.RefundsAsync(world.Acme)).Single().State.ShouldBe("pending");
        bench.Stub.Change((string)bench.Stub.All("refund").Single()["id"]!, "succeeded");
        await meeting.DeliverAsync();
        (await world.RefundsAsync(world.Acme)).Single().State.ShouldBe("succeeded");
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_key_that_is_wrong_leaves_everything_as_it_is_until_it_is_mended()
    {
        await using var bench = (StripeBench)await StripeBench.StartAsync();
        var stripe = bench.Settings.Stripe! with { SecretKey = "sk_test_wrong_wrong_wrong" };
        await using var world = await PaymentsWorld.CreateAsync(postgres, settings: new PaymentSettings { Stripe = stripe });

        (await world.Checkouts.StartAsync(new CheckoutOrder(world.Acme, "starter", PaymentsWorld.Portal))).Problem!.Code.ShouldBe("provider_unavailable");

        (await world.Database.ScalarAsync("select state from payment_attempts")).ShouldBe("started");
        stripe.ToString().ShouldNotContain("sk_test");
        $"{stripe with { WebhookSecret = "whsec_x" }}".ShouldNotContain("whsec");
    }

    [Fact]
    public async Task An_answer_that_never_comes_is_given_up_after_the_timeout_and_the_charge_made_once()
    {
        await using var bench = (StripeBench)await StripeBench.StartAsync();
        var stripe = bench.Settings.Stripe! with { Timeout = TimeSpan.FromMilliseconds(700) };
        await using var world = await PaymentsWorld.CreateAsync(postgres, settings: new PaymentSettings { Stripe = stripe });
        var pending = (await world.Methods().StartAsync(new MethodOrder(world.Acme, PaymentsWorld.Portal))).Value;
        await bench.LeaveMethodAsync(pending.Page!);
        await world.Methods().RefreshAsync(world.Acme, pending.Id);
        bench.Next(Trouble.NeverAnswers);
        var order = new ChargeOrder(world.Acme, "inv_1_x", new Money(25m, Currency.Of("USD")), "Invoice 1");

        (await world.Charges().ChargeAsync(order)).Value.Standing.ShouldBe(ChargeStanding.UnderWay);
        (await world.Charges().ChargeAsync(order)).Value.Standing.ShouldBe(ChargeStanding.Paid);

        bench.Paid.ShouldBe(1);
        await world.BooksShouldBalanceAsync();
    }

    private async Task<StripeMeeting> MeetAsync()
    {
        var bench = (StripeBench)await StripeBench.StartAsync();
        return new StripeMeeting(await PaymentsWorld.CreateAsync(postgres, settings: bench.Settings), bench);
    }

    private sealed record StripeMeeting(PaymentsWorld World, StripeBench Bench) : IAsyncDisposable
    {
        public async Task DeliverAsync()
        {
            foreach (var delivery in await Bench.WebhooksAsync()) (await World.Inbox.ReceiveAsync("stripe", delivery.Header, delivery.Body)).Succeeded.ShouldBeTrue();
            await World.Inbox.ProcessDueAsync();
        }

        public async Task<Payment> BuyAsync()
        {
            var checkout = (await World.Checkouts.StartAsync(new CheckoutOrder(World.Acme, "starter", PaymentsWorld.Portal))).Value;
            await Bench.PayAsync(Bench.LastPage);
            await DeliverAsync();
            return await World.PaymentAsync(World.Acme, (await World.ReadAsync(checkout)).PaymentId!.Value);
        }

        public async ValueTask DisposeAsync()
        {
            await World.DisposeAsync();
            await Bench.DisposeAsync();
        }
    }
}
