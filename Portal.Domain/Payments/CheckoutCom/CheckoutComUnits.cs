namespace Portal.Domain.Payments.CheckoutCom;

/// <summary>How Checkout.com counts (its guide to calculating the amount): three places end in 0, pesos of Chile are sent with two zeros.</summary>
internal static class CheckoutComUnits
{
    public static readonly ProviderUnits Units = new(
        "CUP ERN IRR KPW SDG SSP SYP UYI UYW VED ZWG",
        new Dictionary<string, int>(StringComparer.Ordinal) { ["CLP"] = 2, ["CLF"] = 0 },
        new Dictionary<string, int>(StringComparer.Ordinal)
        {
            ["CLP"] = 100,
            ["BHD"] = 10,
            ["IQD"] = 10,
            ["JOD"] = 10,
            ["KWD"] = 10,
            ["LYD"] = 10,
            ["OMR"] = 10,
            ["TND"] = 10,
        });
}
