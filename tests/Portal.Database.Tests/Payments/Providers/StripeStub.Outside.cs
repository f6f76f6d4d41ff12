using System.Text.Json.Nodes;

namespace Portal.Database.Tests.Payments.Providers;

/// <summary>What happens at Stripe without the portal asking for it: customers, banks, people in the dashboard.</summary>
internal sealed partial class StripeStub
{
    /// <summary>A customer pays on a page, or tries to.</summary>
    public void Pay(string session, Card card) => Keep(() =>
    {
        var page = Get(session)!;
        if (page["payment_intent"] is null)
        {
            var made = Intent((long)page["amount_total"]!, (string)page["currency"]!, (JsonObject)page["payment_intent_data"]!["metadata"]!.DeepClone());
            page["payment_intent"] = (string)made["id"]!;
        }

        var intent = Get((string)page["payment_intent"]!)!;
        Settle(intent, card, present: true);
        if (card == Card.Good)
        {
            (page["status"], page["payment_status"]) = ("complete", "paid");
            Tell("checkout.session.completed", page);
        }

        return 0;
    });

    /// <summary>A customer leaves a card on a page.</summary>
    public void Leave(string session, Card card) => Keep(() =>
    {
        var page = Get(session)!;
        var customer = Add("customer", "cus_");
        var method = Add("payment_method", "pm_", ("type", "card"), ("customer", (string)customer["id"]!), ("card", new JsonObject
        {
            ["brand"] = "visa",
            ["last4"] = "4242",
            ["exp_month"] = 8,
            ["exp_year"] = 2030,
            ["kind"] = card.ToString(),
        }));
        var setup = Add("setup_intent", "seti_", ("status", "succeeded"), ("customer", (string)customer["id"]!), ("payment_method", (string)method["id"]!));
        (page["setup_intent"], page["customer"], page["status"]) = ((string)setup["id"]!, (string)customer["id"]!, "complete");
        Tell("checkout.session.completed", page);
        return 0;
    });

    /// <summary>A payment that the portal did not ask for.</summary>
    public string Charge(long amount, string currency = "usd") => Keep(() =>
    {
        var intent = Intent(amount, currency, []);
        Settle(intent, Card.Good, present: true);
        return (string)intent["id"]!;
    });

    public void Refund(string payment, long amount, string? reference = null, string status = "succeeded") => Keep(() => MakeRefund(payment, amount, reference, status));

    /// <summary>A refund ends otherwise than it began.</summary>
    public void Change(string refund, string status, string? reason = null) => Keep(() =>
    {
        var row = Get(refund)!;
        (row["status"], row["failure_reason"]) = (status, reason);
        Tell(status == "failed" ? "refund.failed" : "refund.updated", row);
        return 0;
    });

    /// <summary>The customer's bank asks (<paramref name="inquiry"/>), or takes money.</summary>
    public string Dispute(string payment, long amount, bool inquiry = false) => Keep(() =>
    {
        var charge = Get((string)Get(payment)!["latest_charge"]!)!;
        var dispute = Add("dispute", "dp_", ("amount", amount), ("currency", (string)charge["currency"]!), ("charge", (string)charge["id"]!), ("payment_intent", payment),
            ("status", inquiry ? "warning_needs_response" : "needs_response"), ("balance_transactions", new JsonArray()));
        charge["disputed"] = true;
        Tell("charge.dispute.created", dispute);
        if (!inquiry)
        {
            // In the account's currency, fee and all: not to be added up with what was charged.
            dispute["balance_transactions"]!.AsArray().Add(new JsonObject { ["id"] = NewId("txn_"), ["object"] = "balance_transaction", ["amount"] = -amount * 2, ["fee"] = 1500, ["currency"] = "eur" });
            Tell("charge.dispute.funds_withdrawn", dispute);
        }

        return (string)dispute["id"]!;
    });

    public void Decide(string payment, bool won) => Keep(() =>
    {
        var dispute = objects.Last(o => (string)o["object"]! == "dispute" && (string)o["payment_intent"]! == payment);
        dispute["status"] = won ? "won" : "lost";
        Tell("charge.dispute.closed", dispute);
        if (!won) return 0;
        dispute["balance_transactions"]!.AsArray().Add(new JsonObject { ["id"] = NewId("txn_"), ["object"] = "balance_transaction", ["amount"] = (long)dispute["amount"]! * 2, ["currency"] = "eur" });
        Tell("charge.dispute.funds_reinstated", dispute);
        return 0;
    });
}
