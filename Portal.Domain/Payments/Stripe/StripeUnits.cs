namespace Portal.Domain.Payments.Stripe;

/// <summary>How Stripe counts (docs.stripe.com/currencies).</summary>
internal static class StripeUnits
{
    /// <summary>
    /// ISK and UGX, without minor unit, are sent as if they had two places, which must be 00. MGA, whose minor unit is a fifth, is sent whole.
    /// Amounts of three places end in 0.
    /// </summary>
    public static readonly ProviderUnits Units = new(
        "BTN CLF CUP ERN GHS IQD IRR KPW LYD MRU SDG SSP STN SVC SYP TMT UYI UYW VED VES ZWG",
        new Dictionary<string, int>(StringComparer.Ordinal) { ["ISK"] = 2, ["UGX"] = 2, ["MGA"] = 0 },
        new Dictionary<string, int>(StringComparer.Ordinal)
        {
            ["ISK"] = 100,
            ["UGX"] = 100,
            ["BHD"] = 10,
            ["JOD"] = 10,
            ["KWD"] = 10,
            ["OMR"] = 10,
            ["TND"] = 10,
        });
}
