using System.Globalization;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Payments.GivenBack;
using Portal.Testing;

namespace Portal.Database.Tests.Payments.Providers;

/// <summary>
/// What the ledger and the customers may expect of any provider; each runs all of it. Figures of pack <c>starter</c>: 1,000 credits for
/// 10.00 USD, so a credit is worth one cent.
/// </summary>
public abstract partial class ProviderContract(PostgresFixture postgres)
{
    private protected abstract Task<IBench> BenchAsync();

    private protected PostgresFixture Postgres => postgres;

    [Fact]
    public async Task A_pack_that_is_paid_is_granted_and_booked_once()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        var checkout = await StartAsync(world);
        var attempt = await world.AttemptAsync(checkout);
        (attempt.State, attempt.ProviderObject).ShouldBe(("waiting", bench.LastPage));
        checkout.Url.ShouldStartWith("http");

        await bench.PayAsync(attempt.ProviderObject!);
        await meeting.DeliverAsync();

        (await world.ReadAsync(checkout)).State.ShouldBe("paid");
        (await world.AttemptAsync(checkout)).State.ShouldBe("succeeded");
        (await world.EntriesAsync(world.Acme)).ShouldBe($"""
            issued CREDIT -1000
            pool:shared CREDIT 1000
            cash:{bench.Key} USD 10
            deferred:credits USD -10
            """);
        bench.Paid.ShouldBe(1);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task Coming_back_before_the_webhook_finds_the_payment()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        var checkout = await StartAsync(world);
        await bench.PayAsync(bench.LastPage);
        if (!bench.CanBeAsked) await meeting.DeliverAsync();

        (await world.Checkouts.RefreshAsync(world.Acme, checkout.Id))!.State.ShouldBe("paid");
        await meeting.DeliverAsync();

        (await world.CountAsync("grants")).ShouldBe(1);
        await world.BooksShouldBalanceAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Case_17_Duplicate_reordered_and_delayed_provider_webhooks(bool backwards)
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        var checkout = await StartAsync(world);
        await bench.PayAsync(bench.LastPage, Card.Empty);
        await bench.PayAsync(bench.LastPage);
        var payment = bench.CanBeAsked ? (await world.Checkouts.RefreshAsync(world.Acme, checkout.Id))!.PaymentId : null;
        if (payment is null) await meeting.DeliverAsync();
        var paid = await PaymentAsync(world, checkout);
        await bench.RefundOnOwnPagesAsync(paid.ProviderPayment, 400);

        for (var i = 0; i < 3; i++) await meeting.DeliverAsync(backwards);

        // 400 of 1,000 credits are worth 4.00 of 10.00.
        (await world.BalancesAsync(world.Acme)).ShouldBe($"""
            issued -1000
            pool:shared 600
            refunded 400
            cash:{bench.Key} 6
            deferred:credits -6
            """);
        (await world.ReadAsync(checkout)).State.ShouldBe("paid");
        (await world.CountAsync("webhook_inbox where state <> 'done'")).ShouldBe(0);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_declined_card_leaves_the_checkout_open_for_another()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        var checkout = await StartAsync(world);

        await bench.PayAsync(bench.LastPage, Card.Stolen);
        await meeting.DeliverAsync();

        var refused = await world.ReadAsync(checkout);
        refused.State.ShouldBe("failed");
        refused.Failure.ShouldNotBeNull();
        (await world.EntriesAsync(world.Acme)).ShouldBe("");

        await bench.PayAsync(bench.LastPage);
        await meeting.DeliverAsync();
        (await world.ReadAsync(checkout)).State.ShouldBe("paid");
    }

    [Fact]
    public async Task A_refund_in_parts_is_sent_once_each_and_adds_up()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        var payment = await BuyAsync(meeting);

        foreach (var credits in new[] { 250m, 333.3m, 416.7m })
        {
            (await world.AskAsync(payment, credits)).Succeeded.ShouldBeTrue();
            await world.Sender().SendDueAsync();
            await meeting.DeliverAsync();
        }

        // 2.50, then 5.833 less 2.50 = 3.33, then 10.00 less 5.83 = 4.17.
        (await world.RefundsAsync(world.Acme)).Select(refund => (refund.State, refund.Amount)).Reverse().ShouldBe([("succeeded", 2.5m), ("succeeded", 3.33m), ("succeeded", 4.17m)]);
        (await world.BalanceAsync($"cash:{bench.Key}")).ShouldBe(0m);
        (await world.BalanceAsync("refunds_pending")).ShouldBe(0m);
        bench.RefundsSent.ShouldBe(3);
        (await world.AskAsync(payment)).Succeeded.ShouldBeFalse();
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task Case_29_Refund_of_a_partly_used_pack_on_the_providers_own_pages_takes_what_is_unspent()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        var payment = await BuyAsync(meeting);
        await world.UseAsync(700);

        await bench.RefundOnOwnPagesAsync(payment.ProviderPayment, 1000);
        await meeting.DeliverAsync();

        // 300 credits for 3.00; for 7.00 there is nothing left to take.
        var refund = (await world.RefundsAsync(world.Acme)).Single();
        (refund.Credits, refund.Net, refund.Suspense).ShouldBe((300m, 3m, 7m));
        (await world.BalanceAsync($"cash:{bench.Key}")).ShouldBe(0m);
        (await world.BalanceAsync("suspense")).ShouldBe(7m);
        await world.BooksShouldBalanceAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Case_30_Dispute_opened_won_lost(bool won)
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        var payment = await BuyAsync(meeting);
        await world.UseAsync(700);

        await bench.DisputeAsync(payment.ProviderPayment, 1000);
        await meeting.DeliverAsync();

        // 300 unused credits for 3.00; 700 used ones are owed, and what they earned, 7.00, is charged back.
        (await world.BalancesAsync(world.Acme)).ShouldBe($"""
            clawed_back 1000
            consumed:llm 700
            debt:shared -700
            issued -1000
            chargebacks 7
            revenue:usage -7
            """);

        await bench.DecideAsync(payment.ProviderPayment, won);
        await meeting.DeliverAsync();
        await meeting.DeliverAsync();

        (await world.BalanceAsync($"cash:{bench.Key}")).ShouldBe(won ? 10m : 0m);
        (await world.BalanceAsync("debt:shared", "CREDIT")).ShouldBe(won ? 0m : -700m);
        (await world.BalanceAsync("pool:shared", "CREDIT")).ShouldBe(won ? 300m : 0m);
        (await world.BalanceAsync("chargebacks")).ShouldBe(won ? 0m : 7m);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_success_told_after_the_checkout_expired_grants_the_pack()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        var checkout = await StartAsync(world);
        await bench.PayAsync(bench.LastPage);
        world.Clock.SetUtcNow(checkout.ExpiresAt.AddDays(2));
        world.Checkouts.StatusOf(checkout).ShouldBe("expired");

        await meeting.DeliverAsync();

        world.Checkouts.StatusOf(await world.ReadAsync(checkout)).ShouldBe("paid");
        (await world.BalanceAsync("pool:shared", "CREDIT")).ShouldBe(1000m);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task Money_that_nobody_asked_for_waits_in_the_platforms_suspense()
    {
        await using var meeting = await MeetAsync();
        var (world, bench) = meeting;
        var payment = await bench.StrangerPaysAsync(4200);
        await meeting.DeliverAsync();
        await bench.RefundOnOwnPagesAsync(payment, 200);
        await meeting.DeliverAsync();
        await meeting.DeliverAsync();

        (await world.BalanceAsync($"cash:{bench.Key}", tenant: 0)).ShouldBe(40m);
        (await world.BalanceAsync("suspense", tenant: 0)).ShouldBe(-40m);
        (await world.EntriesAsync(world.Acme)).ShouldBe("");
        await world.BooksShouldBalanceAsync();
    }

    private protected static async Task<Checkout> StartAsync(PaymentsWorld world, long? tenant = null)
    {
        var started = await world.Checkouts.StartAsync(new CheckoutOrder(tenant ?? world.Acme, "starter", PaymentsWorld.Portal));
        return started.Value;
    }

    private protected static async Task<Payment> BuyAsync(Meeting meeting, long? tenant = null)
    {
        var checkout = await StartAsync(meeting.World, tenant);
        await meeting.Bench.PayAsync(meeting.Bench.LastPage);
        await meeting.DeliverAsync();
        return await PaymentAsync(meeting.World, checkout);
    }

    private protected static async Task<Payment> PaymentAsync(PaymentsWorld world, Checkout checkout) =>
        await world.PaymentAsync(checkout.TenantId, (await world.ReadAsync(checkout)).PaymentId!.Value);

    private protected static string Text(decimal amount) => amount.ToString(CultureInfo.InvariantCulture);

    private protected async Task<Meeting> MeetAsync()
    {
        var bench = await BenchAsync();
        var world = await PaymentsWorld.CreateAsync(
            postgres, bench is SandboxBench ? sandbox => new SandboxBench.BadLine(sandbox) : null, bench.Settings);
        (bench as SandboxBench)?.Join(world);
        return new Meeting(world, bench);
    }

    /// <summary>The portal and a provider.</summary>
    private protected sealed record Meeting(PaymentsWorld World, IBench Bench) : IAsyncDisposable
    {
        /// <summary>Posts all webhooks that the provider has written so far, and works them off.</summary>
        public async Task DeliverAsync(bool backwards = false)
        {
            var deliveries = await Bench.WebhooksAsync();
            foreach (var delivery in backwards ? deliveries.Reverse() : deliveries)
            {
                (await World.Inbox.ReceiveAsync(Bench.Key, delivery.Header, delivery.Body)).Problem.ShouldBeNull();
                await World.Inbox.ProcessDueAsync();
            }
        }

        public async ValueTask DisposeAsync()
        {
            await World.DisposeAsync();
            await Bench.DisposeAsync();
        }
    }
}
