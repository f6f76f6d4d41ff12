using System.Text.RegularExpressions;
using Portal.Domain.Kernel;

namespace Portal.Domain.Taxes;

/// <summary>A tax id of a business: of countries of the EU a VAT id in the format that the country gives out, elsewhere what the customer writes.</summary>
public static partial class VatId
{
    // By the European Commission's list of formats (VIES, question 11). Greece writes EL.
    private static readonly Dictionary<string, string> Formats = new(StringComparer.Ordinal)
    {
        ["AT"] = "ATU[0-9]{8}",
        ["BE"] = "BE[01][0-9]{9}",
        ["BG"] = "BG[0-9]{9,10}",
        ["HR"] = "HR[0-9]{11}",
        ["CY"] = "CY[0-9]{8}[A-Z]",
        ["CZ"] = "CZ[0-9]{8,10}",
        ["DK"] = "DK[0-9]{8}",
        ["EE"] = "EE[0-9]{9}",
        ["FI"] = "FI[0-9]{8}",
        ["FR"] = "FR[A-HJ-NP-Z0-9]{2}[0-9]{9}",
        ["DE"] = "DE[0-9]{9}",
        ["GR"] = "EL[0-9]{9}",
        ["HU"] = "HU[0-9]{8}",
        ["IE"] = "IE([0-9]{7}[A-Z]{1,2}|[0-9][A-Z+*][0-9]{5}[A-Z])",
        ["IT"] = "IT[0-9]{11}",
        ["LV"] = "LV[0-9]{11}",
        ["LT"] = "LT([0-9]{9}|[0-9]{12})",
        ["LU"] = "LU[0-9]{8}",
        ["MT"] = "MT[0-9]{8}",
        ["NL"] = "NL[0-9A-Z+*]{10}[0-9]{2}",
        ["PL"] = "PL[0-9]{10}",
        ["PT"] = "PT[0-9]{9}",
        ["RO"] = "RO[0-9]{2,10}",
        ["SK"] = "SK[0-9]{10}",
        ["SI"] = "SI[0-9]{8}",
        ["ES"] = "ES[0-9A-Z][0-9]{7}[0-9A-Z]",
        ["SE"] = "SE[0-9]{12}",
    };

    /// <summary>True for a country of the European Union.</summary>
    public static bool IsInUnion(string country) => Formats.ContainsKey(country);

    /// <summary>
    /// The id as it is kept: capital letters, nothing between the characters. Refuses <c>invalid_vat_id</c> for what the country cannot have
    /// given out, such as another country's prefix.
    /// </summary>
    /// <param name="text">As written.</param>
    /// <param name="country">ISO 3166-1 code of the customer's country.</param>
    public static Result<string> Read(string text, string country)
    {
        ArgumentNullException.ThrowIfNull(text);
        var id = Between().Replace(text, "").ToUpperInvariant();
        if (!Formats.TryGetValue(country, out var format))
            return Elsewhere().IsMatch(id) ? id : Problem.Field("vat_id", "invalid_vat_id", "A tax id has 2 to 30 letters and digits.");
        return Regex.IsMatch(id, $"^({format})$", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1))
            ? id
            : Problem.Field("vat_id", "invalid_vat_id", $"No VAT id of {Countries.NameOf(country)} looks like that: it begins with {(country == "GR" ? "EL" : country)}.");
    }

    [GeneratedRegex("[ .\\-/]", RegexOptions.None, 1_000)]
    private static partial Regex Between();

    [GeneratedRegex("^[A-Z0-9+*]{2,30}$", RegexOptions.None, 1_000)]
    private static partial Regex Elsewhere();
}
