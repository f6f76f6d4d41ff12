namespace Portal.Domain.Webhooks;

/// <summary>What outgoing webhooks tell of. An endpoint that names none hears of all, those of later versions too.</summary>
public static class WebhookEventTypes
{
    /// <summary>Types that nothing but the code that tells them names.</summary>
    public const string AllowancePassed = "allowance.passed", TopUpStopped = "auto_top_up.stopped", PoolExhausted = "pool.exhausted", AlertFired = "alert.fired", AlertRecovered = "alert.recovered";

    /// <summary>A message that somebody asked for to try an endpoint. Nobody subscribes to it: it goes to the one endpoint that is tried.</summary>
    public const string Test = "endpoint.test";

    /// <summary>All of them, with what each means.</summary>
    public static readonly IReadOnlyDictionary<string, string> All = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["invoice.finalised"] = "An invoice has its number and is to be paid",
        ["invoice.paid"] = "Nothing is due on an invoice any more",
        ["invoice.past_due"] = "The first charge of an invoice was refused",
        ["invoice.voided"] = "An invoice was taken back",
        ["invoice.uncollectible"] = "An invoice was written off",
        ["credit_note.created"] = "Something was taken off an invoice; the data are the invoice",
        ["payment.succeeded"] = "Money arrived",
        ["payment.failed"] = "A charge was refused; the data are what was to be paid, a checkout or an invoice",
        ["payment.refunded"] = "Money was given back",
        ["payment.disputed"] = "Money was taken back by a dispute",
        ["subscription.created"] = "A plan was subscribed to",
        ["subscription.changed"] = "Its plan, seats, limits or standing changed, or will",
        ["subscription.cancelled"] = "It ended",
        ["grant.created"] = "Credits were granted",
        ["grant.expired"] = "What was left of a grant expired",
        [AllowancePassed] = "Usage passed a soft allowance",
        [TopUpStopped] = "An automatic top-up switched itself off after refusals",
        [PoolExhausted] = "The last credits of a pool were used or expired",
        [AlertFired] = "A threshold that somebody set was passed",
        [AlertRecovered] = "What it watches is back",
    };
}
