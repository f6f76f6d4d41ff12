using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Portal.Domain.Payments;
using Portal.Domain.Payments.Adyen;

namespace Portal.Database.Tests.Payments.Providers;

/// <summary>Adyen, its customers and its notifications, two to a body.</summary>
internal sealed class AdyenBench : IBench
{
    public const string HmacKey = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";

    public AdyenStub Stub { get; } = new();

    public string Key => AdyenProvider.ProviderKey;

    public PaymentSettings Settings => new()
    {
        Adyen = new AdyenSettings(AdyenStub.ApiKey, AdyenStub.Account, HmacKey, new Uri(Stub.Address, "v71")) { Timeout = TimeSpan.FromSeconds(5) },
    };

    public string? Lacks => "KPW";

    public bool CanBeAsked => false;

    public int RefundsSent => Stub.Posts("/refunds");

    public int ChargesSent => Stub.Posts("/payments");

    public int Paid => Stub.Paid;

    public string LastPage => Stub.LastLink;

    public static async Task<IBench> StartAsync()
    {
        var bench = new AdyenBench();
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
        Task.FromResult<IReadOnlyList<Delivery>>([.. Stub.Notifications.Chunk(2).Select(items => Sign(items))]);

    /// <summary>A body with those items, each signed.</summary>
    public static Delivery Sign(IEnumerable<JsonObject> items, string key = HmacKey)
    {
        var body = new JsonObject { ["live"] = "false", ["notificationItems"] = new JsonArray([.. items.Select(item => new JsonObject { ["NotificationRequestItem"] = Signed(item, key) })]) };
        return new Delivery(new Dictionary<string, string>(StringComparer.Ordinal), Encoding.UTF8.GetBytes(body.ToJsonString()));
    }

    private static JsonObject Signed(JsonObject item, string key)
    {
        var copy = (JsonObject)item.DeepClone();
        copy["additionalData"]!["hmacSignature"] = AdyenProvider.Sign(key, JsonElement.Parse(copy.ToJsonString()));
        return copy;
    }

    public ValueTask DisposeAsync() => Stub.DisposeAsync();

    private static Task Done(Action action)
    {
        action();
        return Task.CompletedTask;
    }
}
