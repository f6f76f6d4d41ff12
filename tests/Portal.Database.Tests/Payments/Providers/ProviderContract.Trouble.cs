using System.Text;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;

namespace Portal.Database.Tests.Payments.Providers;

/// <summary>Bad lines, bad webhooks, bad orders.</summary>
public abstract partial class ProviderContract
{
    [Theory]
    [InlineData("HangsUp")]
    [InlineData("TooMany")]
    [InlineData("Down")]
    public async Task A_provider_that_does_not_answer_charges_nothing_and_the_next_try_works(string trouble)
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        bench.Next(Enum.Parse<Trouble>(trouble));

        (await world.Checkouts.StartAsync(new CheckoutOrder(world.Acme, "starter", PaymentsWorld.Portal))).Problem!.Code.ShouldBe("provider_unavailable");

        (await world.CountAsync("payment_attempts where state = 'started'")).ShouldBe(1);
        (await world.EntriesAsync(world.Acme)).ShouldBe("");
        await BuyAsync(meeting);
        (await world.BalanceAsync("pool:shared", "CREDIT")).ShouldBe(1000m);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_checkout_whose_answer_was_lost_is_resolved_by_looking_up()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        bench.Next(Trouble.AnswerIsLost);
        (await world.Checkouts.StartAsync(new CheckoutOrder(world.Acme, "starter", PaymentsWorld.Portal))).Problem!.Code.ShouldBe("provider_unavailable");
        var id = (Guid)(await world.Database.ScalarAsync("select id from checkouts"))!;
        (await world.Checkouts.RefreshAsync(world.Acme, id))!.State.ShouldBe("open");

        await bench.PayAsync(bench.LastPage); // somebody had the page after all
        if (!bench.CanBeAsked) await meeting.DeliverAsync();

        (await world.Checkouts.RefreshAsync(world.Acme, id))!.State.ShouldBe("paid");
        await meeting.DeliverAsync();
        (await world.CountAsync("grants")).ShouldBe(1);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_payment_that_neither_webhook_nor_customer_told_of_is_found_by_the_job()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        var checkout = await StartAsync(world);
        (await world.Checkouts.RefreshDueAsync()).ShouldBe(0); // the customer is on the page
        await bench.PayAsync(bench.LastPage);
        await world.ExecuteAsync("update payment_attempts set due_at = now()");

        (await world.Checkouts.RefreshDueAsync()).ShouldBe(1);

        (await world.ReadAsync(checkout)).State.ShouldBe(bench.CanBeAsked ? "paid" : "open"); // of Adyen's only webhooks tell, which are repeated
        await meeting.DeliverAsync();
        (await world.ReadAsync(checkout)).State.ShouldBe("paid");
        await world.ExecuteAsync("update payment_attempts set due_at = now()");
        (await world.Checkouts.RefreshDueAsync()).ShouldBe(0);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_refund_whose_answer_was_lost_is_not_made_twice()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        var payment = await BuyAsync(meeting);
        (await world.AskAsync(payment, credits: 400m)).Succeeded.ShouldBeTrue();
        bench.Next(Trouble.AnswerIsLost);
        await world.Sender().SendDueAsync();
        (await world.RefundsAsync(world.Acme)).Single().State.ShouldBe("pending");

        for (var i = 0; i < 3; i++)
        {
            await world.ExecuteAsync("update refunds set due_at = now() where state = 'pending'");
            await world.Sender().SendDueAsync();
        }

        await meeting.DeliverAsync();
        (await world.RefundsAsync(world.Acme)).Single().State.ShouldBe("succeeded");
        (await world.BalanceAsync($"cash:{bench.Key}")).ShouldBe(6m);
        if (bench.CanBeAsked) bench.RefundsSent.ShouldBe(1);
        await world.BooksShouldBalanceAsync();
    }

    [Theory]
    [InlineData("body")]
    [InlineData("unsigned")]
    [InlineData("garbage")]
    public async Task A_forged_webhook_is_refused_and_not_kept(string how)
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        await StartAsync(world);
        await bench.PayAsync(bench.LastPage);
        var genuine = (await bench.WebhooksAsync())[0];
        var forged = how switch
        {
            "body" => genuine with { Body = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(genuine.Body).Replace("1000", "9000", StringComparison.Ordinal)) },
            "unsigned" => Unsigned(genuine),
            _ => genuine with { Headers = genuine.Headers.ToDictionary(header => header.Key, _ => "t=9,v1=zz", StringComparer.Ordinal), Body = [.. "zz"u8] },
        };

        var refused = (await world.Inbox.ReceiveAsync(bench.Key, forged.Header, forged.Body)).Problem!;

        refused.Code.ShouldBeOneOf("invalid_signature", "invalid_payload");
        if (how != "garbage") refused.Code.ShouldBe("invalid_signature");
        (await world.CountAsync("webhook_inbox")).ShouldBe(0);
        (await world.EntriesAsync(world.Acme)).ShouldBe("");
    }

    [Fact]
    public async Task A_webhook_that_names_another_tenants_attempt_changes_nothing_there()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        var other = await StartAsync(world, world.Globex);
        var reference = (await world.AttemptAsync(other)).Reference;
        var payment = await BuyAsync(meeting);
        var before = await world.EntriesAsync(world.Globex);

        await bench.RelabelAsync(payment.ProviderPayment, reference);
        await bench.RefundOnOwnPagesAsync(payment.ProviderPayment, 100);
        await meeting.DeliverAsync();

        (await world.EntriesAsync(world.Globex)).ShouldBe(before);
        (await world.ReadAsync(other)).State.ShouldBe("open");
        (await world.AttemptAsync(other)).State.ShouldBe("waiting");
        (await world.CountAsync($"payments where tenant_id = {world.Globex}")).ShouldBe(0);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_charge_in_a_currency_that_the_provider_lacks_is_refused_and_changes_nothing()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        if (bench.Lacks is not { } currency) return;
        var tenant = await world.AddTenantAsync("elsewhere", currency);
        await world.AddPackAsync("local", $$"""{"name":"Local","credits":"1000","price":"10.00","currency":"{{currency}}"}""");

        foreach (var named in new[] { null, bench.Key })
        {
            var refused = await world.Checkouts.StartAsync(new CheckoutOrder(tenant, "local", PaymentsWorld.Portal, Provider: named));
            refused.Problem!.Code.ShouldBe("currency_not_supported");
        }

        (await world.CountAsync("checkouts")).ShouldBe(0);
        (await world.CountAsync("payment_attempts")).ShouldBe(0);
    }

    // The signature stands in a header, or in the body.
    private static Delivery Unsigned(Delivery delivery) => delivery with
    {
        Headers = new Dictionary<string, string>(StringComparer.Ordinal),
        Body = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(delivery.Body).Replace("hmacSignature", "signature", StringComparison.Ordinal)),
    };
}
