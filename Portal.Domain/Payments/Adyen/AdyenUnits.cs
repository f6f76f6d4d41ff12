namespace Portal.Domain.Payments.Adyen;

/// <summary>How Adyen counts (docs.adyen.com, currency codes): four currencies have other places than in ISO 4217.</summary>
internal static class AdyenUnits
{
    public static readonly ProviderUnits Units = new(
        "AFN BIF BTN CDF CLF CUP ERN IQD IRR KPW LRD LSL MGA SDG SSP SYP TJS TMT UYI UYW VED ZWG",
        new Dictionary<string, int>(StringComparer.Ordinal) { ["CLP"] = 2, ["CVE"] = 0, ["IDR"] = 0, ["ISK"] = 2 },
        new Dictionary<string, int>(StringComparer.Ordinal) { ["CLP"] = 100, ["ISK"] = 100 });
}
