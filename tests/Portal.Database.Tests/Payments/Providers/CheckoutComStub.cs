using System.Globalization;
using System.Text.Json.Nodes;

namespace Portal.Database.Tests.Payments.Providers;

/// <summary>Checkout.com: JSON requests with a bearer key and <c>Cko-Idempotency-Key</c>; lists by <c>limit</c> and <c>skip</c>.</summary>
internal sealed class CheckoutComStub : StubServer
{
    public const string SecretKey = "sk_sbox_3akx7yqlqmyvcx2rqlvzk3hpqa4", Channel = "pc_zs5fqhybzc2e3jmq3efvybybpq";
    private const int PageSize = 1; // smaller than asked for, so that every list has pages
    private readonly Dictionary<string, StubAnswer> answered = new(StringComparer.Ordinal);
    private readonly List<JsonObject> pages = [], payments = [], instruments = [], disputes = [], events = [];

    public IReadOnlyList<JsonObject> Events => Keep(() => events.ToArray());

    public string LastPage => Keep(() => (string)pages[^1]["id"]!);

    public int Paid => Keep(() => payments.Count(payment => (long)payment["captured"]! > 0));

    public JsonObject Payment(string id) => Keep(() => Row(id));

    /// <summary>A customer pays on a page, or leaves a card on one for nothing.</summary>
    public void Pay(string page, Card card) => Keep(() =>
    {
        var request = pages.Single(row => (string)row["id"]! == page)["request"]!;
        if ((long)request["amount"]! > 0) return Authorise(request, card, present: true);
        var instrument = new JsonObject
        {
            ["id"] = NewId("src_"),
            ["type"] = "card",
            ["scheme"] = "Visa",
            ["last4"] = "4242",
            ["expiry_month"] = 12,
            ["expiry_year"] = 2031,
            ["card"] = card.ToString(),
        };
        instruments.Add(instrument);
        var verified = new JsonObject
        {
            ["id"] = NewId("pay_"),
            ["reference"] = (string)request["reference"]!,
            ["currency"] = (string)request["currency"]!,
            ["amount"] = 0L,
            ["status"] = "Card Verified",
            ["captured"] = 0L,
            ["visible"] = true,
            ["source"] = instrument.DeepClone(),
            ["actions"] = new JsonArray(),
        };
        payments.Add(verified);
        Tell("card_verified", verified);
        return verified;
    });

    /// <summary>A payment that the portal did not ask for.</summary>
    public string Charge(long amount) => Keep(() => (string)Authorise(
        new JsonObject { ["reference"] = "shop-77", ["amount"] = amount, ["currency"] = "USD" }, Card.Good, present: true)["id"]!);

    public void Refund(string payment, long amount) => Keep(() => MakeRefund(Row(payment), amount, reference: null, decided: true));

    public void Dispute(string payment, long amount) => Keep(() =>
    {
        var row = Row(payment);
        var dispute = new JsonObject
        {
            ["id"] = NewId("dsp_"),
            ["category"] = "fraudulent",
            ["amount"] = amount,
            ["currency"] = (string)row["currency"]!,
            ["status"] = "evidence_required",
            ["payment_id"] = payment,
        };
        disputes.Add(dispute);
        return TellDispute("dispute_received", dispute);
    });

    public void Decide(string payment, bool won) => Keep(() =>
    {
        var dispute = disputes.Last(row => (string)row["payment_id"]! == payment);
        dispute["status"] = won ? "won" : "lost";
        return TellDispute(won ? "dispute_won" : "dispute_lost", dispute);
    });

    protected override StubAnswer Error(int status, string code) => status == 429 ? new StubAnswer(429) : Refuse(status, "server_error", code);

    protected override StubAnswer Answer(StubCall call)
    {
        if (call.Header("Authorization") != "Bearer " + SecretKey) return new StubAnswer(401);
        if (call.Method == "DELETE") return new StubAnswer(instruments.RemoveAll(row => (string)row["id"]! == call.Path.Split('/')[^1]) > 0 ? 204 : 404);
        if (call.Method == "GET") return Read(call);
        if (call.Header("Cko-Idempotency-Key") is not { } key) return Write(call);
        if (answered.TryGetValue(key, out var known)) return known;
        var answer = Write(call);
        answered.Add(key, answer with { Body = answer.Body?.DeepClone() });
        return answer;
    }

    private StubAnswer Write(StubCall call) => call.Path.Trim('/').Split('/') switch
    {
        ["hosted-payments"] => NewPage(call.Json),
        ["payments"] => NewPayment(call.Json),
        ["payments", var payment, "refunds"] => NewRefund(payment, call.Json),
        _ => new StubAnswer(404),
    };

    private StubAnswer NewPage(JsonObject request)
    {
        if ((string?)request["processing_channel_id"] != Channel) return Refuse(422, "request_invalid", "processing_channel_id_invalid");
        if ((string?)request["billing"]?["address"]?["country"] is not { Length: 2 }) return Refuse(422, "request_invalid", "billing_address_country_required");
        var id = NewId("hpp_");
        pages.Add(new JsonObject { ["id"] = id, ["request"] = request.DeepClone() });
        return new StubAnswer(201, new JsonObject
        {
            ["id"] = id,
            ["reference"] = (string)request["reference"]!,
            ["_links"] = new JsonObject { ["redirect"] = new JsonObject { ["href"] = $"https://pay.sandbox.checkout.com/page/{id}" } },
        });
    }

    private StubAnswer NewPayment(JsonObject request)
    {
        if (instruments.Find(row => (string)row["id"]! == (string?)request["source"]!["id"]) is not { } instrument) return Refuse(422, "request_invalid", "source_id_unknown");
        if ((bool?)request["merchant_initiated"] != true || (string?)request["previous_payment_id"] is null) return Refuse(422, "request_invalid", "previous_payment_id_required");
        var card = Enum.Parse<Card>((string)instrument["card"]!);
        var payment = Authorise(request, card, present: false);
        var answer = new JsonObject
        {
            ["id"] = (string)payment["id"]!,
            ["status"] = card == Card.Good ? "Authorized" : (string)payment["status"]!,
            ["approved"] = card == Card.Good,
            ["response_code"] = (string?)payment["response_code"],
            ["reference"] = (string)request["reference"]!,
            ["_links"] = new JsonObject(),
        };
        return new StubAnswer(201, answer);
    }

    private StubAnswer NewRefund(string payment, JsonObject request)
    {
        if (payments.Find(row => (string)row["id"]! == payment) is not { } row) return new StubAnswer(404);
        var left = (long)row["captured"]! - Actions(row).Sum(action => (long)action["amount"]!);
        if ((long)request["amount"]! > left) return Refuse(422, "request_invalid", "refund_amount_exceeds_balance");
        var action = MakeRefund(row, (long)request["amount"]!, (string)request["reference"]!, decided: false);
        return new StubAnswer(202, new JsonObject { ["action_id"] = (string)action["id"]!, ["reference"] = (string)request["reference"]! });
    }

    private JsonObject MakeRefund(JsonObject payment, long amount, string? reference, bool decided)
    {
        var action = new JsonObject { ["id"] = NewId("act_"), ["type"] = "Refund", ["amount"] = amount, ["reference"] = reference };
        if (decided) (action["approved"], action["response_code"]) = (true, "10000");
        payment["actions"]!.AsArray().Add(action);
        Tell("payment_refunded", payment);
        return action;
    }

    private JsonObject Authorise(JsonNode request, Card card, bool present)
    {
        var paid = card == Card.Good || (card == Card.Challenging && present);
        var code = card switch { Card.Empty => "20051", Card.Stolen => "30043", Card.Challenging when !present => "20154", _ => "10000" };
        var payment = new JsonObject
        {
            ["id"] = NewId("pay_"),
            ["reference"] = (string)request["reference"]!,
            ["currency"] = (string)request["currency"]!,
            ["amount"] = (long)request["amount"]!,
            ["status"] = paid ? "Captured" : "Declined",
            ["captured"] = paid ? (long)request["amount"]! : 0L,
            ["visible"] = present,
            ["response_code"] = code,
            ["actions"] = new JsonArray(),
        };
        payments.Add(payment);
        Tell(paid ? "payment_approved" : "payment_declined", payment);
        if (paid) Tell("payment_captured", payment);
        return payment;
    }

    private StubAnswer Read(StubCall call) => call.Path.Trim('/').Split('/') switch
    {
        ["payments"] => List(call, payments.Where(row => (string)row["reference"]! == call.Query["reference"]).Select(Shown)),
        ["payments", var id] => payments.Find(row => (string)row["id"]! == id) is { } payment ? new StubAnswer(200, Shown(payment)) : new StubAnswer(404),
        ["payments", var id, "actions"] => new StubAnswer(200, new JsonArray([.. Actions(Row(id)).Reverse().Select(Decided)])),
        ["disputes"] => List(call, disputes.Where(row => (string)row["payment_id"]! == call.Query["payment_id"]).Select(row => (JsonObject)row.DeepClone())),
        _ => new StubAnswer(404),
    };

    // Capturing follows authorisation by a moment: the first look at a charge still finds it authorised.
    private static JsonObject Shown(JsonObject payment)
    {
        var copy = (JsonObject)payment.DeepClone();
        var captured = (bool)payment["visible"]! ? (long)payment["captured"]! : 0L;
        if (!(bool)payment["visible"]! && (long)payment["captured"]! > 0) copy["status"] = "Authorized";
        payment["visible"] = true;
        copy["balances"] = new JsonObject { ["total_authorized"] = (long)payment["captured"]!, ["total_captured"] = captured };
        foreach (var own in new[] { "visible", "captured", "actions" }) copy.Remove(own);
        return copy;
    }

    // So is a refund: the first look finds it undecided.
    private static JsonNode Decided(JsonObject action)
    {
        var copy = action.DeepClone();
        (action["approved"], action["response_code"]) = (true, "10000");
        return copy;
    }

    private static IEnumerable<JsonObject> Actions(JsonObject payment) => payment["actions"]!.AsArray().Select(action => action!.AsObject());

    private static StubAnswer List(StubCall call, IEnumerable<JsonObject> rows)
    {
        var all = rows.ToList();
        var skip = int.Parse(call.Query["skip"].ToString(), CultureInfo.InvariantCulture);
        return new StubAnswer(200, new JsonObject
        {
            ["limit"] = PageSize,
            ["skip"] = skip,
            ["total_count"] = all.Count,
            ["data"] = new JsonArray([.. all.Skip(skip).Take(PageSize)]),
        });
    }

    private void Tell(string type, JsonObject payment) => events.Add(new JsonObject
    {
        ["id"] = NewId("evt_"),
        ["type"] = type,
        ["version"] = "1.0.0",
        ["created_on"] = "2026-11-23T10:00:00Z",
        ["data"] = new JsonObject
        {
            ["id"] = (string)payment["id"]!,
            ["reference"] = (string)payment["reference"]!,
            ["amount"] = (long)payment["amount"]!,
            ["currency"] = (string)payment["currency"]!,
            ["processing_channel_id"] = Channel,
        },
    });

    private int TellDispute(string type, JsonObject dispute)
    {
        events.Add(new JsonObject { ["id"] = NewId("evt_"), ["type"] = type, ["version"] = "1.0.0", ["data"] = dispute.DeepClone() });
        return 0;
    }

    private JsonObject Row(string payment) => payments.Single(row => (string)row["id"]! == payment);

    private static StubAnswer Refuse(int status, string type, string code) =>
        new(status, new JsonObject { ["request_id"] = "0HL80RJLS76I7", ["error_type"] = type, ["error_codes"] = new JsonArray(code) });
}
