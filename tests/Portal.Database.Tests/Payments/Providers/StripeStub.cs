using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;

namespace Portal.Database.Tests.Payments.Providers;

/// <summary>Stripe: form-encoded requests, JSON answers, <c>Idempotency-Key</c>, lists with <c>has_more</c>.</summary>
internal sealed partial class StripeStub : StubServer
{
    public const string SecretKey = "sk_test_4eC39HqLyjWDarjtT1zdp7dc";
    private const int PageSize = 2; // smaller than asked for, so that every list has pages
    private readonly Dictionary<string, (string Request, StubAnswer Answer)> answered = new(StringComparer.Ordinal);
    private readonly List<JsonObject> objects = [];
    private readonly List<JsonObject> events = [];

    public IReadOnlyList<JsonObject> Events => Keep(() => events.ToArray());

    public IEnumerable<JsonObject> All(string type) => Keep(() => objects.Where(o => (string)o["object"]! == type).ToArray());

    public JsonObject Find(string id) => Keep(() => objects.Single(o => (string)o["id"]! == id));

    protected override StubAnswer Error(int status, string code) => new(status, new JsonObject
    {
        ["error"] = new JsonObject { ["type"] = status == 429 ? "invalid_request_error" : "api_error", ["code"] = code, ["message"] = "Try again." },
    });

    protected override StubAnswer Answer(StubCall call)
    {
        if (call.Header("Authorization") != "Bearer " + SecretKey) return Refuse(401, "invalid_request_error", "api_key_invalid");
        if (call.Method != "POST") return Read(call);
        if (call.Header("Content-Type")?.StartsWith("application/x-www-form-urlencoded", StringComparison.Ordinal) != true) return Refuse(400, "invalid_request_error", "form_expected");
        if (call.Header("Idempotency-Key") is not { } key) return Write(call);
        var request = call.Path + "?" + call.Body;
        if (answered.TryGetValue(key, out var known))
        {
            return known.Request == request
                ? known.Answer with { Headers = [("Idempotent-Replayed", "true")] }
                : Refuse(400, "idempotency_error", "idempotency_key_in_use");
        }

        var answer = Write(call);
        answered.Add(key, (request, answer with { Body = answer.Body?.DeepClone() }));
        return answer;
    }

    private StubAnswer Write(StubCall call)
    {
        var form = QueryHelpers.ParseQuery(call.Body).ToDictionary(pair => pair.Key, pair => pair.Value.ToString(), StringComparer.Ordinal);
        string? Of(string name) => form.GetValueOrDefault(name);
        var metadata = new JsonObject(form.Where(pair => pair.Key.StartsWith("metadata[", StringComparison.Ordinal))
            .Select(pair => KeyValuePair.Create(pair.Key[9..^1], (JsonNode?)pair.Value)));
        switch (call.Path)
        {
            case "/v1/checkout/sessions":
                return new StubAnswer(200, NewSession(form, Of, metadata));
            case "/v1/payment_intents":
                return NewCharge(Of, metadata);
            case "/v1/refunds":
                return NewRefund(Of("payment_intent") ?? (string)Get(Of("charge")!)!["payment_intent"]!, Number(Of("amount")), (string?)metadata["reference"]);
            case var path when path.EndsWith("/detach", StringComparison.Ordinal):
                if (Get(path.Split('/')[^2]) is not { } method) return Missing("payment_method");
                method["customer"] = null;
                return new StubAnswer(200, method.DeepClone());
            default:
                return Refuse(404, "invalid_request_error", "url_unknown");
        }
    }

    private JsonObject NewSession(Dictionary<string, string> form, Func<string, string?> of, JsonObject metadata)
    {
        var mode = of("mode")!;
        var session = Add("checkout.session", "cs_test_", ("mode", mode), ("client_reference_id", of("client_reference_id")), ("status", "open"), ("payment_status", "unpaid"),
            ("metadata", metadata), ("payment_intent", null), ("setup_intent", null), ("customer", null));
        session["url"] = $"https://checkout.stripe.com/c/pay/{(string)session["id"]!}";
        session["expires_at"] = form.TryGetValue("expires_at", out var at) ? Number(at) : null;
        if (mode != "payment") return (JsonObject)session.DeepClone();
        session["amount_total"] = Number(of("line_items[0][price_data][unit_amount]")) * Number(of("line_items[0][quantity]"));
        session["currency"] = of("line_items[0][price_data][currency]");
        session["payment_intent_data"] = new JsonObject { ["metadata"] = new JsonObject { ["reference"] = of("payment_intent_data[metadata][reference]") } };
        return (JsonObject)session.DeepClone();
    }

    private StubAnswer NewCharge(Func<string, string?> of, JsonObject metadata)
    {
        if (Get(of("payment_method")!) is not { } method) return Missing("payment_method");
        if ((string?)method["customer"] != of("customer")) return Refuse(400, "invalid_request_error", "payment_method_unexpected_state", "payment_method");
        var intent = Intent(Number(of("amount")), of("currency")!, metadata);
        var card = Enum.Parse<Card>((string)method["card"]!["kind"]!);
        Settle(intent, card, present: of("off_session") != "true");
        if (intent["last_payment_error"] is not JsonObject error) return new StubAnswer(200, Expanded(intent, ["latest_charge"]));
        var told = (JsonObject)error.DeepClone();
        told["payment_intent"] = intent.DeepClone();
        return new StubAnswer(402, new JsonObject { ["error"] = told });
    }

    private StubAnswer NewRefund(string payment, long amount, string? reference)
    {
        if (Get(payment) is not { } intent) return Missing("payment_intent");
        var charge = Get((string)intent["latest_charge"]!)!;
        var left = (long)charge["amount_captured"]! - (long)charge["amount_refunded"]!;
        if (left == 0) return Refuse(400, "invalid_request_error", "charge_already_refunded");
        return amount > left ? Refuse(400, "invalid_request_error", null, "amount") : new StubAnswer(200, MakeRefund(payment, amount, reference, "succeeded").DeepClone());
    }

    private JsonObject MakeRefund(string payment, long amount, string? reference, string status)
    {
        var charge = Get((string)Get(payment)!["latest_charge"]!)!;
        charge["amount_refunded"] = (long)charge["amount_refunded"]! + amount;
        var refund = Add("refund", "re_", ("amount", amount), ("currency", (string)charge["currency"]!), ("charge", (string)charge["id"]!), ("payment_intent", payment),
            ("status", status), ("metadata", reference is null ? new JsonObject() : new JsonObject { ["reference"] = reference }));
        Tell("refund.created", refund);
        Tell("charge.refunded", charge);
        return refund;
    }

    private JsonObject Intent(long amount, string currency, JsonObject metadata) => Add("payment_intent", "pi_",
        ("amount", amount), ("amount_received", 0L), ("currency", currency), ("metadata", metadata), ("status", "requires_payment_method"), ("latest_charge", null),
        ("last_payment_error", null));

    private void Settle(JsonObject intent, Card card, bool present)
    {
        var paid = card == Card.Good || (card == Card.Challenging && present);
        var charge = Add("charge", "ch_", ("amount", (long)intent["amount"]!), ("amount_captured", paid ? (long)intent["amount"]! : 0L), ("amount_refunded", 0L),
            ("currency", (string)intent["currency"]!), ("payment_intent", (string)intent["id"]!), ("disputed", false), ("status", paid ? "succeeded" : "failed"), ("metadata", new JsonObject()));
        intent["latest_charge"] = (string)charge["id"]!;
        if (paid)
        {
            (intent["status"], intent["amount_received"], intent["last_payment_error"]) = ("succeeded", (long)intent["amount"]!, null);
            Tell("payment_intent.succeeded", intent);
            Tell("charge.succeeded", charge);
            return;
        }

        var (code, decline) = card switch
        {
            Card.Empty => ("card_declined", "insufficient_funds"),
            Card.Stolen => ("card_declined", "stolen_card"),
            _ => ("authentication_required", "authentication_required"),
        };
        intent["last_payment_error"] = new JsonObject { ["type"] = "card_error", ["code"] = code, ["decline_code"] = decline, ["message"] = "Your card was declined." };
        Tell("payment_intent.payment_failed", intent);
    }

    private StubAnswer Read(StubCall call)
    {
        var expand = call.Query.Where(pair => pair.Key.StartsWith("expand", StringComparison.Ordinal)).SelectMany(pair => pair.Value).ToArray();
        switch (call.Path)
        {
            case "/v1/payment_intents/search":
                return Found(call);
            case "/v1/refunds":
                return List(call, "refund");
            case "/v1/disputes":
                return List(call, "dispute");
            default:
                return Get(call.Path.Split('/')[^1]) is { } known ? new StubAnswer(200, Expanded(known, expand!)) : Missing("id");
        }
    }

    // Newest first, as all lists are; the next page begins after the last id.
    private StubAnswer List(StubCall call, string type)
    {
        var rows = objects.Where(o => (string)o["object"]! == type && (call.Query["payment_intent"].Count == 0 || (string?)o["payment_intent"] == call.Query["payment_intent"])).Reverse().ToList();
        var from = call.Query["starting_after"] is [{ } after] ? rows.FindIndex(o => (string)o["id"]! == after) + 1 : 0;
        var page = rows.Skip(from).Take(PageSize).ToList();
        return new StubAnswer(200, new JsonObject
        {
            ["object"] = "list",
            ["url"] = call.Path,
            ["has_more"] = from + page.Count < rows.Count,
            ["data"] = new JsonArray([.. page.Select(o => o.DeepClone())]),
        });
    }

    private StubAnswer Found(StubCall call)
    {
        var reference = call.Query["query"].ToString().Split('\'')[3];
        var rows = objects.Where(o => (string)o["object"]! == "payment_intent" && (string?)o["metadata"]!["reference"] == reference).ToList();
        var from = call.Query["page"] is [{ } page] ? (int)Number(page) : 0;
        return new StubAnswer(200, new JsonObject
        {
            ["object"] = "search_result",
            ["url"] = call.Path,
            ["has_more"] = from + 1 < rows.Count,
            ["next_page"] = (from + 1).ToString(CultureInfo.InvariantCulture),
            ["data"] = new JsonArray([.. rows.Skip(from).Take(1).Select(o => o.DeepClone())]),
        });
    }

    private JsonObject Expanded(JsonObject row, IEnumerable<string> paths)
    {
        var copy = (JsonObject)row.DeepClone();
        foreach (var path in paths)
        {
            var at = copy;
            foreach (var name in path.Split('.'))
            {
                if (at[name] is JsonValue id) at[name] = Get((string)id!)!.DeepClone();
                if (at[name] is not JsonObject next) break;
                at = next;
            }
        }

        return copy;
    }

    private JsonObject Add(string type, string prefix, params (string Name, JsonNode? Value)[] members)
    {
        var row = new JsonObject { ["id"] = NewId(prefix), ["object"] = type, ["livemode"] = false };
        foreach (var (name, value) in members) row[name] = value;
        objects.Add(row);
        return row;
    }

    private void Tell(string type, JsonObject about) => events.Add(new JsonObject
    {
        ["id"] = NewId("evt_"),
        ["object"] = "event",
        ["api_version"] = "2024-06-20",
        ["type"] = type,
        ["livemode"] = false,
        ["pending_webhooks"] = 1,
        ["data"] = new JsonObject { ["object"] = about.DeepClone() },
    });

    private JsonObject? Get(string id) => objects.Find(o => (string)o["id"]! == id);

    private static long Number(string? text) => long.Parse(text!, CultureInfo.InvariantCulture);

    private static StubAnswer Missing(string param) => Refuse(404, "invalid_request_error", "resource_missing", param);

    private static StubAnswer Refuse(int status, string type, string? code, string? param = null) => new(status, new JsonObject
    {
        ["error"] = new JsonObject { ["type"] = type, ["code"] = code, ["param"] = param, ["message"] = "No." },
    });
}
