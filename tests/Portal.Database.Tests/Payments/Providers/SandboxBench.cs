using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Payments.Sandbox;

namespace Portal.Database.Tests.Payments.Providers;

/// <summary>The sandbox, behind a line that breaks on demand.</summary>
internal sealed class SandboxBench : IBench
{
    private PaymentsWorld? world;

    public string Key => SandboxProvider.ProviderKey;

    public PaymentSettings Settings => new() { Sandbox = true };

    public string? Lacks => null;

    public bool CanBeAsked => true;

    public int RefundsSent => Line.Refunds;

    public int ChargesSent => Line.Charges;

    public int Paid => (int)(long)World.Database.ScalarAsync("select count(*) from sandbox_payments where captured > 0").GetAwaiter().GetResult()!;

    public string LastPage => (string)World.Database.ScalarAsync("select id from sandbox_sessions order by expires_at desc, id limit 1").GetAwaiter().GetResult()!;

    private PaymentsWorld World => world ?? throw new InvalidOperationException("No world yet.");

    private BadLine Line => (BadLine)World.Services.GetRequiredService<IPaymentProvider>();

    public static Task<IBench> StartAsync() => Task.FromResult<IBench>(new SandboxBench());

    public void Join(PaymentsWorld world) => this.world = world;

    public void Next(Trouble trouble) => Line.Troubles.Enqueue(trouble);

    public async Task PayAsync(string page, Card card = Card.Good)
    {
        (await World.Sandbox.PayAsync(page, Number(card))).Succeeded.ShouldBeTrue();
        if (card == Card.Challenging) (await World.Sandbox.AuthenticateAsync(page, approved: true)).Succeeded.ShouldBeTrue();
    }

    public Task LeaveMethodAsync(string page, Card card = Card.Good) => PayAsync(page, card);

    public async Task<string> StrangerPaysAsync(long cents)
    {
        var (session, money) = ("att_7f_" + Guid.NewGuid().ToString("N"), new Money(cents / 100m, Currency.Of("USD")));
        var page = await World.Sandbox.CreateCheckoutAsync(
            new CheckoutRequest(session, money, "Elsewhere", PaymentsWorld.Portal, PaymentsWorld.Portal, World.Clock.GetUtcNow().AddDays(1), PaymentsWorld.Portal), default);
        await PayAsync(page.Value.ProviderObject, Card.Good);
        return (await World.Sandbox.LookUpAsync(new Sought(session), default)).Single().ProviderPayment;
    }

    public async Task RefundOnOwnPagesAsync(string payment, long cents) => (await World.Sandbox.RefundOnOwnPagesAsync(payment, Dollars(cents))).Succeeded.ShouldBeTrue();

    public async Task DisputeAsync(string payment, long cents) => (await World.Sandbox.DisputeAsync(payment, Dollars(cents))).Succeeded.ShouldBeTrue();

    public async Task DecideAsync(string payment, bool won) => (await World.Sandbox.DecideDisputeAsync(payment, won)).Succeeded.ShouldBeTrue();

    public async Task RelabelAsync(string payment, string reference)
    {
        await World.ExecuteAsync("update sandbox_payments set reference = $2 where id = $1", payment, reference);
        await World.Sandbox.DecideDisputeAsync(payment, won: false); // tells it, if there is anything to tell
        await World.Sandbox.RefundOnOwnPagesAsync(payment, Dollars(1));
    }

    public async Task<IReadOnlyList<Delivery>> WebhooksAsync(TimeSpan age = default)
    {
        var deliveries = new List<Delivery>();
        foreach (var body in await World.EventsAsync())
        {
            var header = await World.SignAsync(body, age);
            deliveries.Add(new Delivery(new Dictionary<string, string>(StringComparer.Ordinal) { [SandboxSignature.Header] = header(SandboxSignature.Header)! }, body));
        }

        return deliveries;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static Money Dollars(long cents) => new(cents / 100m, Currency.Of("USD"));

    // The sandbox has one card that is declined, for whatever reason.
    private static string Number(Card card) => card switch
    {
        Card.Good => PaymentsWorld.Accepted,
        Card.Challenging => PaymentsWorld.Challenged,
        _ => PaymentsWorld.Declined,
    };

    /// <summary>Loses questions or answers on demand.</summary>
    internal sealed class BadLine(SandboxProvider sandbox) : IPaymentProvider
    {
        public Queue<Trouble> Troubles { get; } = new();

        public int Refunds { get; private set; }

        public int Charges { get; private set; }

        public string Key => sandbox.Key;

        public Problem? Refuses(Money amount) => sandbox.Refuses(amount);

        public Task<Result<HostedPage>> CreateCheckoutAsync(CheckoutRequest request, CancellationToken cancellationToken) =>
            SendAsync(() => sandbox.CreateCheckoutAsync(request, cancellationToken));

        public Task<Result<HostedPage>> SaveMethodAsync(SaveMethodRequest request, CancellationToken cancellationToken) =>
            SendAsync(() => sandbox.SaveMethodAsync(request, cancellationToken));

        public Task<SavedMethod?> FindMethodAsync(Sought sought, CancellationToken cancellationToken) => sandbox.FindMethodAsync(sought, cancellationToken);

        public Task ForgetMethodAsync(string method, CancellationToken cancellationToken) => sandbox.ForgetMethodAsync(method, cancellationToken);

        public Task<Result<PaymentReport>> ChargeAsync(ChargeRequest request, CancellationToken cancellationToken)
        {
            Charges++;
            return SendAsync(() => sandbox.ChargeAsync(request, cancellationToken));
        }

        public Task<Result<PaymentReport>> RefundAsync(RefundRequest request, CancellationToken cancellationToken)
        {
            Refunds++;
            return SendAsync(() => sandbox.RefundAsync(request, cancellationToken));
        }

        public Task<IReadOnlyList<PaymentReport>> LookUpAsync(Sought sought, CancellationToken cancellationToken) => sandbox.LookUpAsync(sought, cancellationToken);

        public Task<Result<IReadOnlyList<ProviderMessage>>> VerifyAsync(Func<string, string?> header, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
            sandbox.VerifyAsync(header, body, cancellationToken);

        public Task<Result<ProviderEvent>> ReadAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken) => sandbox.ReadAsync(message, cancellationToken);

        private async Task<T> SendAsync<T>(Func<Task<T>> send)
        {
            if (!Troubles.TryDequeue(out var trouble)) return await send();
            if (trouble is Trouble.AnswerIsLost or Trouble.NeverAnswers) await send();
            throw new ProviderSilenceException(trouble.ToString());
        }
    }
}
