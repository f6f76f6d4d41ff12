using System.Text;
using Portal.Domain.Payments;
using Portal.Domain.Payments.Stripe;
using Stripe;

namespace Portal.Database.Tests.Payments.Providers;

/// <summary>Stripe, its customers and its webhooks.</summary>
internal sealed class StripeBench : IBench
{
    public const string WebhookSecret = "whsec_7a1d7a9c2f5e4b8d9c3e6f1a2b4c5d6e";

    public StripeStub Stub { get; } = new();

    public string Key => StripeProvider.ProviderKey;

    public PaymentSettings Settings => new()
    {
        Stripe = new StripeSettings(StripeStub.SecretKey, WebhookSecret, Stub.Address) { Timeout = TimeSpan.FromSeconds(5) },
    };

    public string? Lacks => "GHS";

    public bool CanBeAsked => true;

    public int RefundsSent => Stub.Posts("/refunds");

    public int ChargesSent => Stub.Posts("/payment_intents");

    public int Paid => Stub.All("payment_intent").Count(intent => (long)intent["amount_received"]! > 0);

    public string LastPage => (string)Stub.All("checkout.session").Last()["id"]!;

    public static async Task<IBench> StartAsync()
    {
        var bench = new StripeBench();
        await bench.Stub.StartAsync();
        return bench;
    }

    public void Next(Trouble trouble) => Stub.Next(trouble);

    public Task PayAsync(string page, Card card = Card.Good) => Done(() => Stub.Pay(page, card));

    public Task LeaveMethodAsync(string page, Card card = Card.Good) => Done(() => Stub.Leave(page, card));

    public Task<string> StrangerPaysAsync(long cents) => Task.FromResult(Stub.Charge(cents));

    public Task RefundOnOwnPagesAsync(string payment, long cents) => Done(() => Stub.Refund(payment, cents));

    public Task DisputeAsync(string payment, long cents) => Done(() => Stub.Dispute(payment, cents));

    public Task DecideAsync(string payment, bool won) => Done(() => Stub.Decide(payment, won));

    public Task RelabelAsync(string payment, string reference) => Done(() => Stub.Find(payment)["metadata"]!["reference"] = reference);

    public Task<IReadOnlyList<Delivery>> WebhooksAsync(TimeSpan age = default) =>
        Task.FromResult<IReadOnlyList<Delivery>>([.. Stub.Events.Select(told => Sign(told.ToJsonString(), age))]);

    public static Delivery Sign(string body, TimeSpan age = default, string secret = WebhookSecret)
    {
        var header = EventUtility.GenerateSignatureHeader(body, secret, (TimeProvider.System.GetUtcNow() - age).ToUnixTimeSeconds());
        return new Delivery(new Dictionary<string, string>(StringComparer.Ordinal) { ["Stripe-Signature"] = header }, Encoding.UTF8.GetBytes(body));
    }

    public ValueTask DisposeAsync() => Stub.DisposeAsync();

    private static Task Done(Action action)
    {
        action();
        return Task.CompletedTask;
    }
}
