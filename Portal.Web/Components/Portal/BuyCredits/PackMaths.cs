using Portal.Domain.Catalog;

namespace Portal.Web.Components.TenantPages.BuyCredits;

/// <summary>What a pack comes to, for comparing packs.</summary>
public static class PackMaths
{
    /// <summary>Price of a credit, bonus included, to nine places; null for a custom amount.</summary>
    public static decimal? PerCredit(Pack pack)
    {
        ArgumentNullException.ThrowIfNull(pack);
        return pack.Credits is { } credits ? Math.Round(pack.PriceOf().Value.Amount / (credits.Amount + pack.BonusCredits.Amount), 9) : null;
    }

    /// <summary>The same in four significant digits, as many as a comparison needs.</summary>
    public static decimal? PerCreditShown(Pack pack)
    {
        if (PerCredit(pack) is not { } exact) return null;
        var places = 3;
        for (var scaled = exact; scaled is > 0m and < 1m && places < 9; scaled *= 10m) places++;
        return Math.Round(exact, places);
    }

    /// <summary>The pack whose credit is the cheapest; null when none is cheaper than another.</summary>
    public static Pack? Best(IReadOnlyList<Pack> packs)
    {
        var priced = packs.Where(pack => pack.Credits is not null).OrderBy(PerCredit).ToList();
        return priced.Count > 1 && PerCredit(priced[0]) < PerCredit(priced[^1]) ? priced[0] : null;
    }

    /// <summary>Requests of the usual size that so many credits pay for, in figures that claim no more than two digits.</summary>
    public static long Requests(decimal credits, decimal usual)
    {
        var exact = Math.Floor(Math.Min(credits / usual, 1_000_000_000_000m));
        var unit = 1m;
        while (exact / unit >= 100m) unit *= 10m;
        return decimal.ToInt64(Math.Floor(exact / unit) * unit);
    }

    /// <summary>How long the credits last, as a sentence.</summary>
    public static string Expiry(Pack pack)
    {
        ArgumentNullException.ThrowIfNull(pack);
        return pack.ExpiresAfter is { } span ? $"Valid for {Text(span)} from payment" : "Never expires";
    }

    private static string Text(Domain.Kernel.CalendarSpan span)
    {
        var parts = new List<string>();
        if (span.Months >= 12) parts.Add(Counted(span.Months / 12, "year"));
        if (span.Months % 12 > 0) parts.Add(Counted(span.Months % 12, "month"));
        if (span.Days > 0) parts.Add(Counted(span.Days, "day"));
        if (span.Time.TotalHours >= 1) parts.Add(Counted((int)span.Time.TotalHours, "hour"));
        return parts.Count == 0 ? "less than an hour" : string.Join(", ", parts);
    }

    private static string Counted(int count, string unit) => count == 1 ? $"1 {unit}" : $"{count} {unit}s";
}
