using System.Security.Cryptography;
using System.Text;
using Portal.Domain.Payments;
using Portal.Domain.Payments.CheckoutCom;

namespace Portal.Database.Tests.Payments.Providers;

/// <summary>Checkout.com, its customers and its webhooks.</summary>
internal sealed class CheckoutComBench : IBench
{
    public const string WebhookSecret = "c0a1e6e2-5b2f-4a57-8f2e-0a3a9d8b7c6d";

    public CheckoutComStub Stub { get; } = new();

    public string Key => CheckoutComProvider.ProviderKey;

    public PaymentSettings Settings => new()
    {
        CheckoutCom = new CheckoutComSettings(CheckoutComStub.SecretKey, CheckoutComStub.Channel, WebhookSecret, Stub.Address) { Timeout = TimeSpan.FromSeconds(5) },
    };

    public string? Lacks => "KPW";

    public bool CanBeAsked => true;

    public bool AnswersCharges => false; // authorised in the answer, captured a moment later

    public int RefundsSent => Stub.Posts("/refunds");

    public int ChargesSent => Stub.Posts("/payments");

    public int Paid => Stub.Paid;

    public string LastPage => Stub.LastPage;

    public static async Task<IBench> StartAsync()
    {
        var bench = new CheckoutComBench();
        await bench.Stub.StartAsync();
        return bench;
    }

    public void Next(Trouble trouble) => Stub.Next(trouble);

    public Task PayAsync(string page, Card card = Card.Good) => Done(() => Stub.Pay(page, card));

    public Task LeaveMethodAsync(string page, Card card = Card.Good) => Done(() => Stub.Pay(page, card));

    public Task<string> StrangerPaysAsync(long cents) => Task.FromResult(Stub.Charge(cents));

    public Task RefundOnOwnPagesAsync(string payment, long cents) => Done(() => Stub.Refund(payment, cents));

    public Task DisputeAsync(string payment, long cents) => Done(() => Stub.Dispute(payment, cents));

    public Task DecideAsync(string payment, bool won) => Done(() => Stub.Decide(payment, won));

    public Task RelabelAsync(string payment, string reference) => Done(() => Stub.Payment(payment)["reference"] = reference);

    public Task<IReadOnlyList<Delivery>> WebhooksAsync(TimeSpan age = default) =>
        Task.FromResult<IReadOnlyList<Delivery>>([.. Stub.Events.Select(told => Sign(told.ToJsonString()))]);

    public static Delivery Sign(string body, string secret = WebhookSecret)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        var signature = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), bytes));
        return new Delivery(new Dictionary<string, string>(StringComparer.Ordinal) { ["Cko-Signature"] = signature }, bytes);
    }

    public ValueTask DisposeAsync() => Stub.DisposeAsync();

    private static Task Done(Action action)
    {
        action();
        return Task.CompletedTask;
    }
}
