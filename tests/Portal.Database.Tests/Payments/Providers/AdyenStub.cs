using System.Globalization;
using System.Text.Json.Nodes;

namespace Portal.Database.Tests.Payments.Providers;

/// <summary>Adyen: JSON requests with <c>X-API-Key</c> and <c>Idempotency-Key</c>; what becomes of payments is told by notifications alone.</summary>
internal sealed class AdyenStub : StubServer
{
    public const string ApiKey = "AQEthmfxKovNaRFBw0m/n3Q5qf3VaY9UCJ1+XWZe9W27jmlZdGckFexampleOnly", Account = "PortalECOM";
    private readonly Dictionary<string, (string Request, StubAnswer Answer)> answered = new(StringComparer.Ordinal);
    private readonly List<JsonObject> links = [], payments = [], stored = [], notifications = [];

    public IReadOnlyList<JsonObject> Notifications => Keep(() => notifications.ToArray());

    public string LastLink => Keep(() => (string)links[^1]["id"]!);

    public int Paid => Keep(() => payments.Count(payment => (long)payment["captured"]! > 0));

    public JsonObject Payment(string id) => Keep(() => payments.Single(payment => (string)payment["id"]! == id));

    /// <summary>A customer pays on a link, or leaves a card on one that stores it.</summary>
    public void Pay(string link, Card card) => Keep(() =>
    {
        var page = links.Single(row => (string)row["id"]! == link);
        var request = page["request"]!;
        if ((string)page["status"]! != "active") return 0;
        var reference = (string)request["reference"]!;
        if ((string?)request["storePaymentMethodMode"] == "enabled")
        {
            stored.Add(new JsonObject
            {
                ["id"] = NewPsp(),
                ["shopper"] = (string)request["shopperReference"]!,
                ["card"] = card.ToString(),
                ["brand"] = "visa",
                ["name"] = "VISA",
                ["type"] = "scheme",
                ["lastFour"] = "4242",
                ["expiryMonth"] = "03",
                ["expiryYear"] = "2030",
                ["supportedRecurringProcessingModels"] = new JsonArray("CardOnFile", "UnscheduledCardOnFile"),
            });
            page["status"] = "completed";
            Notify("AUTHORISATION", NewPsp(), null, reference, 0, (string)request["amount"]!["currency"]!, success: true);
            return 0;
        }

        if (card is Card.Good or Card.Challenging) page["status"] = "completed";
        Authorise(reference, request["amount"]!, card, present: true);
        return 0;
    });

    /// <summary>A payment that the portal did not ask for.</summary>
    public string Charge(long value) => Keep(() => (string)Authorise(
        "shop-1234", new JsonObject { ["value"] = value, ["currency"] = "USD" }, Card.Good, present: true)["id"]!);

    public void Refund(string payment, long value) => Keep(() => MakeRefund(payment, value, reference: null, NewPsp()));

    public void Dispute(string payment, long value) => Keep(() =>
    {
        var row = Row(payment);
        Notify("NOTIFICATION_OF_CHARGEBACK", NewPsp(), payment, (string)row["reference"]!, value, (string)row["currency"]!, success: true);
        Notify("CHARGEBACK", NewPsp(), payment, (string)row["reference"]!, value, (string)row["currency"]!, success: true);
        row["disputed"] = value;
        return 0;
    });

    public void Decide(string payment, bool won) => Keep(() =>
    {
        var row = Row(payment);
        var code = won ? "CHARGEBACK_REVERSED" : "PREARBITRATION_LOST";
        Notify(code, NewPsp(), payment, (string)row["reference"]!, (long)row["disputed"]!, (string)row["currency"]!, success: true);
        return 0;
    });

    /// <summary>Tells something of a payment that the tests make up.</summary>
    public void Tell(string code, string psp, string payment, long value, bool success = true, string? reason = null, string? reference = null) => Keep(() =>
    {
        var row = Row(payment);
        Notify(code, psp, payment, reference ?? (string)row["reference"]!, value, (string)row["currency"]!, success, reason);
        return 0;
    });

    protected override StubAnswer Error(int status, string code) => Refuse(status, status == 429 ? "029" : "905", "internal");

    protected override StubAnswer Answer(StubCall call)
    {
        if (call.Header("X-API-Key") != ApiKey) return Refuse(401, "000", "security");
        var account = call.Method == "POST" ? (string?)call.Json["merchantAccount"] : call.Query["merchantAccount"].ToString();
        if (account != Account) return Refuse(403, "901", "security");
        if (call.Method != "POST") return Read(call);
        if (call.Header("Idempotency-Key") is not { Length: <= 64 } key) return Write(call);
        if (answered.TryGetValue(key, out var known))
            return known.Request == call.Path + call.Body ? known.Answer : Refuse(422, "702", "validation");
        var answer = Write(call);
        answered.Add(key, (call.Path + call.Body, answer with { Body = answer.Body?.DeepClone() }));
        return answer;
    }

    private StubAnswer Write(StubCall call)
    {
        var parts = call.Path.Trim('/').Split('/');
        return parts switch
        {
            ["v71", "paymentLinks"] => NewLink(call.Json),
            ["v71", "payments"] => NewPayment(call.Json),
            ["v71", "payments", var payment, "refunds"] => NewRefund(payment, call.Json),
            _ => Refuse(404, "000", "validation"),
        };
    }

    private StubAnswer NewLink(JsonObject request)
    {
        var id = "PL" + Guid.NewGuid().ToString("N")[..16].ToUpperInvariant();
        links.Add(new JsonObject { ["id"] = id, ["status"] = "active", ["request"] = request.DeepClone() });
        return new StubAnswer(201, new JsonObject
        {
            ["id"] = id,
            ["status"] = "active",
            ["url"] = $"https://test.adyen.link/{id}",
            ["reference"] = (string)request["reference"]!,
            ["amount"] = request["amount"]!.DeepClone(),
            ["merchantAccount"] = Account,
            ["expiresAt"] = (string?)request["expiresAt"],
        });
    }

    private StubAnswer NewPayment(JsonObject request)
    {
        var (id, shopper) = ((string?)request["paymentMethod"]!["storedPaymentMethodId"], (string?)request["shopperReference"]);
        if ((string?)request["shopperInteraction"] != "ContAuth" || (string?)request["recurringProcessingModel"] is null) return Refuse(422, "108", "validation");
        if (stored.Find(row => (string)row["id"]! == id && (string)row["shopper"]! == shopper) is not { } method) return Refuse(422, "800", "validation");
        var card = Enum.Parse<Card>((string)method["card"]!);
        var payment = Authorise((string)request["reference"]!, request["amount"]!, card, present: false);
        var (code, reason) = Refusal(card);
        return new StubAnswer(200, card == Card.Good
            ? new JsonObject { ["pspReference"] = (string)payment["id"]!, ["resultCode"] = "Authorised", ["merchantReference"] = (string)request["reference"]! }
            : new JsonObject { ["pspReference"] = (string)payment["id"]!, ["resultCode"] = "Refused", ["refusalReason"] = reason, ["refusalReasonCode"] = code });
    }

    private StubAnswer NewRefund(string payment, JsonObject request)
    {
        if (payments.Find(row => (string)row["id"]! == payment) is null) return Refuse(422, "167", "validation");
        var psp = NewPsp();
        MakeRefund(payment, (long)request["amount"]!["value"]!, (string)request["reference"]!, psp);
        return new StubAnswer(201, new JsonObject
        {
            ["pspReference"] = psp,
            ["paymentPspReference"] = payment,
            ["status"] = "received",
            ["reference"] = (string)request["reference"]!,
            ["merchantAccount"] = Account,
            ["amount"] = request["amount"]!.DeepClone(),
        });
    }

    private int MakeRefund(string payment, long value, string? reference, string psp)
    {
        var row = Row(payment);
        var fits = value <= (long)row["captured"]! - (long)row["refunded"]!;
        if (fits) row["refunded"] = (long)row["refunded"]! + value;
        Notify("REFUND", psp, payment, reference ?? (string)row["reference"]!, value, (string)row["currency"]!, fits, fits ? null : "Insufficient balance on payment");
        return 0;
    }

    private JsonObject Authorise(string reference, JsonNode amount, Card card, bool present)
    {
        var paid = card == Card.Good || (card == Card.Challenging && present);
        var (value, currency) = ((long)amount["value"]!, (string)amount["currency"]!);
        var payment = new JsonObject
        {
            ["id"] = NewPsp(),
            ["reference"] = reference,
            ["currency"] = currency,
            ["captured"] = paid ? value : 0L,
            ["refunded"] = 0L,
            ["disputed"] = 0L,
        };
        payments.Add(payment);
        Notify("AUTHORISATION", (string)payment["id"]!, null, reference, value, currency, paid, paid ? "033899:4242:03/2030" : Refusal(card).Reason);
        return payment;
    }

    private static (string Code, string Reason) Refusal(Card card) => card switch
    {
        Card.Empty => ("12", "Not enough balance"),
        Card.Stolen => ("5", "Blocked Card"),
        Card.Challenging => ("38", "Authentication required"),
        _ => ("0", ""),
    };

    private StubAnswer Read(StubCall call)
    {
        var shopper = call.Query["shopperReference"].ToString();
        if (call.Method == "DELETE")
        {
            var removed = stored.RemoveAll(row => (string)row["id"]! == call.Path.Split('/')[^1] && (string)row["shopper"]! == shopper);
            return removed > 0 ? new StubAnswer(204) : Refuse(422, "800", "validation");
        }

        return new StubAnswer(200, new JsonObject
        {
            ["merchantAccount"] = Account,
            ["shopperReference"] = shopper,
            ["storedPaymentMethods"] = new JsonArray([.. stored.Where(row => (string)row["shopper"]! == shopper).Select(row => row.DeepClone())]),
        });
    }

    private void Notify(string code, string psp, string? original, string reference, long value, string currency, bool success, string? reason = null)
    {
        var item = new JsonObject
        {
            ["additionalData"] = new JsonObject(),
            ["amount"] = new JsonObject { ["currency"] = currency, ["value"] = value },
            ["eventCode"] = code,
            ["eventDate"] = "2026-11-23T10:00:00+01:00",
            ["merchantAccountCode"] = Account,
            ["merchantReference"] = reference,
            ["paymentMethod"] = "visa",
            ["pspReference"] = psp,
            ["reason"] = reason ?? "",
            ["success"] = success ? "true" : "false",
        };
        if (original is not null) item["originalReference"] = original;
        notifications.Add(item);
    }

    private JsonObject Row(string payment) => payments.Single(row => (string)row["id"]! == payment);

    private static string NewPsp() => string.Create(CultureInfo.InvariantCulture, $"{Guid.NewGuid().ToString("N")[..16].ToUpperInvariant()}");

    private static StubAnswer Refuse(int status, string code, string type) =>
        new(status, new JsonObject { ["status"] = status, ["errorCode"] = code, ["message"] = "No.", ["errorType"] = type });
}
