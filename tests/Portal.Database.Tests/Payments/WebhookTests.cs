using System.Text;
using Portal.Domain.Payments.Sandbox;
using Portal.Testing;

namespace Portal.Database.Tests.Payments;

public sealed class WebhookTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task A_repeated_webhook_is_taken_and_changes_nothing()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (_, session) = await world.StartAsync();
        await world.Sandbox.PayAsync(session, PaymentsWorld.Accepted);
        await world.DeliverAsync();
        var before = await world.EntriesAsync(world.Acme);

        for (var i = 0; i < 3; i++) await world.DeliverAsync();

        (await world.CountAsync("webhook_inbox")).ShouldBe(1);
        (await world.Database.ScalarAsync("select state || ' ' || tenant from webhook_inbox")).ShouldBe($"done {world.Acme}");
        (await world.EntriesAsync(world.Acme)).ShouldBe(before);
        await world.BooksShouldBalanceAsync();
    }

    [Theory]
    [InlineData("secret")]
    [InlineData("late")]
    [InlineData("early")]
    [InlineData("body")]
    [InlineData("none")]
    [InlineData("garbage")]
    public async Task A_forged_or_stale_webhook_is_refused_and_not_kept(string how)
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (checkout, _) = await world.StartAsync();
        var reference = (await world.AttemptAsync(checkout)).Reference;
        var body = new SandboxEvent("evt_1", "payment.succeeded", new SandboxEventPayment("sp_1", reference, "USD", 1000, 0, 0, null)).ToBytes();
        var minutes = TimeSpan.FromMinutes(5) + TimeSpan.FromSeconds(2);

        var result = how switch
        {
            "secret" => await world.ReceiveAsync(body, secret: "whsec_other"),
            "late" => await world.ReceiveAsync(body, age: minutes),
            "early" => await world.ReceiveAsync(body, age: -minutes),
            "body" => await world.Inbox.ReceiveAsync("sandbox", await world.SignAsync(body), Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(body).Replace("1000", "9000", StringComparison.Ordinal))),
            "none" => await world.Inbox.ReceiveAsync("sandbox", _ => null, body),
            _ => await world.Inbox.ReceiveAsync("sandbox", _ => "t=99999999999999999999,v1=zz", body),
        };

        result.Problem!.Code.ShouldBe("invalid_signature");
        await world.Inbox.ProcessDueAsync();
        (await world.CountAsync("webhook_inbox")).ShouldBe(0);
        (await world.EntriesAsync(world.Acme)).ShouldBe("");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"id":"","type":"x"}""")]
    [InlineData("""{"id":"evt_1","type":"x","payment":{"id":"sp_1","currency":"XXX","captured":1,"refunded":0,"disputed":0}}""")]
    [InlineData("""{"id":"evt_1","type":"x","payment":{"id":"sp_1","currency":"USD","captured":-1,"refunded":0,"disputed":0}}""")]
    public async Task A_signed_body_that_is_no_event_is_refused(string body)
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);

        (await world.ReceiveAsync(Encoding.UTF8.GetBytes(body))).Problem!.Code.ShouldBe("invalid_payload");
        (await world.CountAsync("webhook_inbox")).ShouldBe(0);
    }

    [Fact]
    public async Task A_webhook_of_no_provider_is_refused()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);

        (await world.Inbox.ReceiveAsync("stripe", _ => null, Array.Empty<byte>())).Problem!.Code.ShouldBe("unknown_provider");
    }

    [Fact]
    public async Task A_success_told_after_the_checkout_expired_grants_the_pack()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (checkout, session) = await world.StartAsync();
        await world.Sandbox.PayAsync(session, PaymentsWorld.Accepted);
        world.Clock.SetUtcNow(checkout.ExpiresAt.AddDays(3));
        world.Checkouts.StatusOf(checkout).ShouldBe("expired");

        await world.DeliverAsync();

        world.Checkouts.StatusOf(await world.ReadAsync(checkout)).ShouldBe("paid");
        (await world.Database.ScalarAsync("select sum(remaining) from grants")).ShouldBe(1000m);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_decline_told_after_the_success_changes_nothing()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (checkout, session) = await world.StartAsync();
        await world.Sandbox.PayAsync(session, PaymentsWorld.Declined);
        await world.Sandbox.PayAsync(session, PaymentsWorld.Accepted);
        var events = await world.EventsAsync();

        foreach (var body in events.Reverse())
        {
            (await world.ReceiveAsync(body)).Succeeded.ShouldBeTrue();
            await world.Inbox.ProcessDueAsync();
        }

        var paid = await world.ReadAsync(checkout);
        (paid.State, paid.Failure).ShouldBe(("paid", null));
        (await world.AttemptAsync(checkout)).State.ShouldBe("succeeded");
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_second_payment_of_one_checkout_is_the_customers_credit()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (checkout, session) = await world.StartAsync();
        await world.Sandbox.PayAsync(session, PaymentsWorld.Accepted);
        await world.DeliverAsync();
        var reference = (await world.AttemptAsync(checkout)).Reference;

        await world.TellAsync("evt_second", "sp_second", reference, 1000);
        await world.TellAsync("evt_second_again", "sp_second", reference, 1000);

        (await world.EntriesAsync(world.Acme)).ShouldBe("""
            issued CREDIT -1000
            pool:shared CREDIT 1000
            cash:sandbox USD 10
            deferred:credits USD -10
            cash:sandbox USD 10
            customer_credit USD -10
            """);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task More_than_was_asked_buys_the_pack_and_leaves_the_rest_as_credit()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (checkout, _) = await world.StartAsync();

        await world.TellAsync("evt_1", "sp_1", (await world.AttemptAsync(checkout)).Reference, 1234);

        (await world.ReadAsync(checkout)).State.ShouldBe("paid");
        (await world.Database.ScalarAsync("select balance from ledger_accounts where account = 'customer_credit'")).ShouldBe(-2.34m);
        await world.BooksShouldBalanceAsync();
    }

    [Theory]
    [InlineData(999, "USD", "9.99")]
    [InlineData(1000, "EUR", "10")]
    public async Task Less_than_was_asked_or_another_currency_waits_in_suspense(long minorUnits, string currency, string amount)
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (checkout, _) = await world.StartAsync();

        await world.TellAsync("evt_1", "sp_1", (await world.AttemptAsync(checkout)).Reference, minorUnits, currency: currency);

        (await world.ReadAsync(checkout)).State.ShouldBe("open");
        (await world.EntriesAsync(world.Acme)).ShouldBe($"cash:sandbox {currency} {amount}\nsuspense {currency} -{amount}");
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task Money_that_nobody_asked_for_waits_in_the_platforms_suspense_once()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);

        await world.TellAsync("evt_1", "sp_stranger", reference: null, 5000);
        await world.TellAsync("evt_2", "sp_stranger", reference: null, 5000);
        await world.TellAsync("evt_3", "sp_stranger", reference: "att_1_0123", 7000, refunded: 500);
        await world.TellAsync("evt_4", "sp_refused", reference: null, 0, failure: "card_declined");

        (await world.EntriesAsync(0)).ShouldBe("""
            cash:sandbox USD 50
            suspense USD -50
            cash:sandbox USD 15
            suspense USD -15
            """);
        (await world.CountAsync("payments where tenant_id = 0")).ShouldBe(1);
        (await world.CountAsync("webhook_inbox where state = 'done' and tenant is null")).ShouldBe(4);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_reference_of_a_known_tenant_but_of_no_attempt_waits_in_suspense()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await world.ExecuteAsync("insert into provider_objects (provider, id, tenant) values ('sandbox', 'sp_1', $1)", world.Acme);

        await world.TellAsync("evt_1", "sp_1", reference: null, 300);

        (await world.EntriesAsync(world.Acme)).ShouldBe("cash:sandbox USD 3\nsuspense USD -3");
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_refund_that_was_told_before_its_payment_leaves_the_same_books()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (first, _) = await world.StartAsync();
        var (second, _) = await world.StartAsync(tenant: world.Globex);
        var (acme, globex) = ((await world.AttemptAsync(first)).Reference, (await world.AttemptAsync(second)).Reference);

        await world.TellAsync("evt_1", "sp_1", acme, 1000);
        await world.TellAsync("evt_2", "sp_1", acme, 1000, refunded: 400);
        await world.TellAsync("evt_3", "sp_2", globex, 1000, refunded: 400);
        await world.TellAsync("evt_4", "sp_2", globex, 1000);

        const string balances = "select string_agg(account || ' ' || trim_scale(balance), '; ' order by account) from ledger_accounts where balance <> 0 and unit = 'USD' and tenant_id = ";
        var booked = await world.Database.ScalarAsync($"{balances}{world.Acme}");
        booked.ShouldBe("cash:sandbox 6; deferred:credits -6");
        (await world.Database.ScalarAsync($"{balances}{world.Globex}")).ShouldBe(booked);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_message_left_by_a_process_that_died_is_worked_off_when_it_is_due_again()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (checkout, session) = await world.StartAsync();
        await world.Sandbox.PayAsync(session, PaymentsWorld.Accepted);
        await world.ReceiveAsync((await world.EventsAsync()).Single());
        await world.ExecuteAsync("update webhook_inbox set attempts = 1, due_at = now() + interval '1 minute'"); // taken, and never finished

        (await world.Inbox.ProcessDueAsync()).ShouldBe(0);
        await world.ExecuteAsync("update webhook_inbox set due_at = now()");
        (await world.Inbox.ProcessDueAsync()).ShouldBe(1);

        (await world.ReadAsync(checkout)).State.ShouldBe("paid");
    }

    [Fact]
    public async Task Webhook_and_look_up_at_the_same_time_book_once()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var (checkout, session) = await world.StartAsync();
        await world.Sandbox.PayAsync(session, PaymentsWorld.Accepted);
        await world.ReceiveAsync((await world.EventsAsync()).Single());

        await Task.WhenAll(
            Task.Run(() => world.Inbox.ProcessDueAsync()),
            Task.Run(() => world.Checkouts.RefreshAsync(world.Acme, checkout.Id)),
            Task.Run(() => world.Checkouts.RefreshAsync(world.Acme, checkout.Id)));

        (await world.CountAsync("ledger_transactions")).ShouldBe(1);
        await world.BooksShouldBalanceAsync();
    }
}
