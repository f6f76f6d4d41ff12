using System.Collections.Frozen;

namespace Portal.Domain.Kernel;

/// <summary>An ISO 4217 currency with the number of its minor unit's decimal places.</summary>
public sealed record Currency
{
    private static readonly FrozenDictionary<string, Currency> Known = Build();

    /// <summary>Three capital letters, such as USD.</summary>
    public string Code { get; }

    /// <summary>Decimal places of the minor unit: 0 (JPY), 2 (USD), 3 (KWD) or 4 (CLF).</summary>
    public int MinorPlaces { get; }

    private Currency(string code, int minorPlaces)
    {
        Code = code;
        MinorPlaces = minorPlaces;
    }

    /// <summary>Every currency that can be named.</summary>
    public static IEnumerable<Currency> All => Known.Values;

    /// <summary>The currency of that code.</summary>
    /// <exception cref="ArgumentException">No such currency in ISO 4217.</exception>
    public static Currency Of(string code) =>
        Find(code) ?? throw new ArgumentException($"'{code}' is no ISO 4217 currency.", nameof(code));

    /// <summary>The currency of that code, or null.</summary>
    public static Currency? Find(string? code) => code is not null && Known.TryGetValue(code, out var currency) ? currency : null;

    /// <summary>Rounds once to the minor unit, half away from zero: for what is invoiced or moved at a provider.</summary>
    public decimal RoundToMinor(decimal amount) => Math.Round(amount, MinorPlaces, MidpointRounding.AwayFromZero);

    /// <inheritdoc />
    public override string ToString() => Code;

    // ISO 4217, list one: codes by the places of their minor unit.
    private static FrozenDictionary<string, Currency> Build()
    {
        const string none = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
        const string two =
            "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE "
            + "CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW "
            + "KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK "
            + "PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS "
            + "UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG";
        const string three = "BHD IQD JOD KWD LYD OMR TND";
        const string four = "CLF UYW";
        return new[] { (none, 0), (two, 2), (three, 3), (four, 4) }
            .SelectMany(group => group.Item1.Split(' ').Select(code => new Currency(code, group.Item2)))
            .ToFrozenDictionary(currency => currency.Code, StringComparer.Ordinal);
    }
}
