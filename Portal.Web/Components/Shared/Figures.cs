using System.Globalization;
using Portal.Domain.Kernel;

namespace Portal.Web.Components.Shared;

/// <summary>Figures as people read them, in the culture of the reader.</summary>
public static class Figures
{
    private const char NoBreakSpace = '\u00a0';

    /// <summary>Credits with no more digits than matter: none from 1,000 up, two from 1 up, else three significant ones.</summary>
    public static string Credits(decimal amount, CultureInfo? culture = null) =>
        Shorten(amount, Places(amount)).ToString(Pattern(Places(amount), 0), culture ?? CultureInfo.CurrentCulture);

    /// <summary>Credits to the last of their nine places, trailing zeros left out.</summary>
    public static string ExactCredits(decimal amount, CultureInfo? culture = null) =>
        amount.ToString(Pattern(9, 0), culture ?? CultureInfo.CurrentCulture);

    /// <summary>
    /// Money in the places of its currency with its code, <c>1,234.50 USD</c>; with <paramref name="precise"/> up to nine places, or fifteen below a millionth,
    /// for prices of a single credit or token.
    /// </summary>
    public static string Money(decimal amount, string currency, bool precise = false, CultureInfo? culture = null)
    {
        var places = Currency.Find(currency)?.MinorPlaces ?? 2;
        var text = precise
            ? amount.ToString(Pattern(Math.Abs(amount) < 0.000001m ? 15 : 9, places), culture ?? CultureInfo.CurrentCulture)
            : Math.Round(amount, places, MidpointRounding.AwayFromZero).ToString("N" + places, culture ?? CultureInfo.CurrentCulture);
        return text + NoBreakSpace + currency;
    }

    /// <summary>A ratio as a percentage with its sign: 0.123 is <c>+12 %</c> as the culture writes it.</summary>
    public static string Change(decimal ratio, CultureInfo? culture = null)
    {
        culture ??= CultureInfo.CurrentCulture;
        var places = Math.Abs(ratio) < 0.1m && ratio != 0 ? 1 : 0;
        var text = Math.Abs(ratio).ToString("P" + places, culture);
        return ratio switch { > 0 => "+" + text, < 0 => "\u2212" + text, _ => text };
    }

    /// <summary>A whole number with the culture's separators.</summary>
    public static string Count(long count, CultureInfo? culture = null) => count.ToString("N0", culture ?? CultureInfo.CurrentCulture);

    private static int Places(decimal amount) => Math.Abs(amount) switch
    {
        0 => 0,
        >= 1000m => 0,
        >= 1m => 2,
        >= 0.1m => 3,
        >= 0.01m => 4,
        >= 0.001m => 5,
        >= 0.0001m => 6,
        >= 0.00001m => 7,
        >= 0.000001m => 8,
        _ => 9,
    };

    private static decimal Shorten(decimal amount, int places) => Math.Round(amount, places, MidpointRounding.ToEven);

    private static string Pattern(int places, int fixedPlaces) =>
        places == 0 ? "#,##0" : "#,##0." + new string('0', Math.Min(fixedPlaces, places)) + new string('#', Math.Max(0, places - fixedPlaces));
}
