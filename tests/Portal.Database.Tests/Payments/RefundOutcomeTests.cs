using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Payments.Sandbox;
using Portal.Testing;

namespace Portal.Database.Tests.Payments;

/// <summary>What becomes of refunds at the provider, and of those that its people make by themselves.</summary>
public sealed class RefundOutcomeTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task A_refund_whose_answer_was_lost_is_looked_up_and_not_made_again()
    {
        Unreliable? provider = null;
        await using var world = await PaymentsWorld.CreateAsync(postgres, sandbox => provider = new Unreliable(sandbox));
        var payment = await world.BuyAsync();
        (await world.AskAsync(payment, credits: 250m)).Succeeded.ShouldBeTrue();
        provider!.AnswersAreLost = true;

        (await world.Sender().SendDueAsync()).ShouldBe(1);
        (await world.RefundsAsync(world.Acme)).Single().State.ShouldBe("pending");
        (await world.Sender().SendDueAsync()).ShouldBe(0); // put off
        await world.ExecuteAsync("update refunds set due_at = now()");
        (await world.Sender().SendDueAsync()).ShouldBe(1);

        (await world.RefundsAsync(world.Acme)).Single().State.ShouldBe("succeeded");
        (provider.Refunds, provider.LookUps).ShouldBe((1, 1));
        (await world.BalanceAsync("cash:sandbox")).ShouldBe(7.5m);
        await world.DeliverAsync();
        (await world.BalanceAsync("cash:sandbox")).ShouldBe(7.5m);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_webhook_that_comes_before_our_calls_answer_books_the_refund_once()
    {
        Unreliable? provider = null;
        await using var world = await PaymentsWorld.CreateAsync(postgres, sandbox => provider = new Unreliable(sandbox));
        var payment = await world.BuyAsync();
        await world.AskAsync(payment, amount: 4m);
        provider!.BeforeAnswering = world.DeliverAsync;

        await world.Sender().SendDueAsync();
        await world.DeliverAsync();

        (await world.RefundsAsync(world.Acme)).Single().State.ShouldBe("succeeded");
        (await world.BalancesAsync(world.Acme)).ShouldBe("issued -1000\npool:shared 600\nrefunded 400\ncash:sandbox 6\ndeferred:credits -6");
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_provider_that_tells_no_refund_apart_is_understood_too()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var payment = await world.BuyAsync();
        var reference = (string)(await world.Database.ScalarAsync("select reference from sandbox_payments"))!;
        await world.AskAsync(payment, amount: 4m);

        await world.TellAsync("evt_1", payment.ProviderPayment, reference, 1000, refunded: 400);
        (await world.RefundsAsync(world.Acme)).Single().State.ShouldBe("succeeded");
        await world.TellAsync("evt_2", payment.ProviderPayment, reference, 1000, refunded: 500);

        var dashboard = (await world.RefundsAsync(world.Acme))[0];
        (dashboard.Origin, dashboard.Credits, dashboard.Amount, dashboard.Suspense).ShouldBe(("provider", 100m, 1m, 0m));
        (await world.BalancesAsync(world.Acme)).ShouldBe("issued -1000\npool:shared 500\nrefunded 500\ncash:sandbox 5\ndeferred:credits -5");
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_refund_on_the_providers_pages_takes_unspent_credits_held_or_not_and_the_rest_waits_in_suspense()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var payment = await world.BuyAsync(tax: 2.00m);
        await world.UseAsync(700);
        await world.HoldAsync(300m);

        (await world.Sandbox.RefundOnOwnPagesAsync(payment.ProviderPayment)).Succeeded.ShouldBeTrue();
        await world.DeliverAsync();
        await world.DeliverAsync();

        // 300 of 1,000 are unspent: 3.00 and 0.60 of the tax; 8.40 of the 12.00 no credits are left for.
        var refund = (await world.RefundsAsync(world.Acme)).Single();
        (refund.State, refund.Credits, refund.Net, refund.Tax, refund.Suspense).ShouldBe(("succeeded", 300m, 3m, 0.6m, 8.4m));
        (await world.BalancesAsync(world.Acme)).ShouldBe("""
            consumed:llm 700
            issued -1000
            refunded 300
            revenue:usage -7
            suspense 8.4
            tax_payable -1.4
            """);
        await world.BooksShouldBalanceAsync();
    }

    [Theory]
    [InlineData("now", "expire")]
    [InlineData("later", "expire")]
    [InlineData("later", "regrant")]
    public async Task A_refund_that_the_provider_refuses_gives_the_credits_back(string when, string setting)
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await world.ExecuteAsync("update platform set returned_credits = $1", setting);
        var payment = await world.BuyAsync("growth", tax: 0.01m);
        await world.AskAsync(payment, credits: 1000m);
        (await world.Sandbox.RefundOnOwnPagesAsync(payment.ProviderPayment)).Succeeded.ShouldBeTrue(); // told later
        if (when == "later") await world.AdvanceAsync(TimeSpan.FromDays(366));

        await world.Sender().SendDueAsync();

        var refund = (await world.RefundsAsync(world.Acme)).Single();
        (refund.State, refund.Failure).ShouldBe(("failed", "refund_exceeds_payment"));
        (await world.BalanceAsync("refunds_pending")).ShouldBe(0m);
        (await world.BalanceAsync("rounding")).ShouldBe(0m);
        (await world.BalanceAsync("tax_payable")).ShouldBe(-0.01m);
        (await world.BalanceAsync("pool:shared", "CREDIT")).ShouldBe(when == "now" ? 5250m : setting == "expire" ? 0m : 1000m);
        await world.BooksShouldBalanceAsync();

        await world.DeliverAsync();
        // Of 45.01 that left, what is unspent explains: all of it, nothing, or 1,000 of 5,250 credits.
        var left = (await world.RefundsAsync(world.Acme))[0];
        (left.Credits, left.Net).ShouldBe(when == "now" ? (5250m, 45m) : setting == "expire" ? (0m, 0m) : (1000m, 8.57m));
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_provider_that_hangs_up_keeps_the_refund_waiting_and_nobody_else_from_theirs()
    {
        Unreliable? provider = null;
        await using var world = await PaymentsWorld.CreateAsync(postgres, sandbox => provider = new Unreliable(sandbox));
        var (acme, globex) = (await world.BuyAsync(), await world.BuyAsync(tenant: world.Globex));
        await world.AskAsync(acme);
        await world.AskAsync(globex);
        provider!.HangsUpOn = acme.ProviderPayment;

        (await world.Sender().SendDueAsync()).ShouldBe(2);

        (await world.RefundsAsync(world.Acme)).Single().State.ShouldBe("pending");
        (await world.RefundsAsync(world.Globex)).Single().State.ShouldBe("succeeded");
        (await world.BalanceAsync("refunds_pending")).ShouldBe(-10m);
        (await world.AskAsync(acme)).Problem!.Code.ShouldBe("nothing_to_refund");
        await world.BooksShouldBalanceAsync();
    }

    /// <summary>The sandbox behind a bad line.</summary>
    private sealed class Unreliable(SandboxProvider sandbox) : IPaymentProvider
    {
        public bool AnswersAreLost { get; set; }

        public string? HangsUpOn { get; set; }

        public Func<Task>? BeforeAnswering { get; set; }

        public int Refunds { get; private set; }

        public int LookUps { get; private set; }

        public string Key => sandbox.Key;

        public async Task<Result<PaymentReport>> RefundAsync(RefundRequest request, CancellationToken cancellationToken)
        {
            if (request.ProviderPayment == HangsUpOn) throw new HttpRequestException("The provider hung up.");
            Refunds++;
            var answer = await sandbox.RefundAsync(request, cancellationToken);
            if (BeforeAnswering is not null) await BeforeAnswering();
            return AnswersAreLost ? throw new TimeoutException("No answer came.") : answer;
        }

        public Task<IReadOnlyList<PaymentReport>> LookUpAsync(Sought sought, CancellationToken cancellationToken)
        {
            LookUps++;
            return sandbox.LookUpAsync(sought, cancellationToken);
        }

        public Problem? Refuses(Money amount) => sandbox.Refuses(amount);

        public Task<Result<HostedPage>> CreateCheckoutAsync(CheckoutRequest request, CancellationToken cancellationToken) => sandbox.CreateCheckoutAsync(request, cancellationToken);

        public Task<Result<HostedPage>> SaveMethodAsync(SaveMethodRequest request, CancellationToken cancellationToken) => sandbox.SaveMethodAsync(request, cancellationToken);

        public Task<SavedMethod?> FindMethodAsync(Sought sought, CancellationToken cancellationToken) => sandbox.FindMethodAsync(sought, cancellationToken);

        public Task ForgetMethodAsync(string method, CancellationToken cancellationToken) => sandbox.ForgetMethodAsync(method, cancellationToken);

        public Task<Result<PaymentReport>> ChargeAsync(ChargeRequest request, CancellationToken cancellationToken) => sandbox.ChargeAsync(request, cancellationToken);

        public Task<Result<IReadOnlyList<ProviderMessage>>> VerifyAsync(
            Func<string, string?> header, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) => sandbox.VerifyAsync(header, body, cancellationToken);

        public Task<Result<ProviderEvent>> ReadAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) => sandbox.ReadAsync(message, cancellationToken);
    }
}
