using System.Globalization;
using Portal.Domain.Kernel;

namespace Portal.Web.Components.ConsolePages.Profitability;

/// <summary>A period of usage on the platform's calendar.</summary>
/// <param name="Key">What the address calls it: <c>30d</c>, <c>90d</c>, a month such as <c>2026-03</c>, or <c>custom</c>.</param>
/// <param name="From">First instant.</param>
/// <param name="To">First instant after it.</param>
public sealed record ProfitPeriod(string Key, DateTimeOffset From, DateTimeOffset To)
{
    /// <summary>Where the address does not say.</summary>
    public const string Default = "30d";

    /// <summary>Between two dates.</summary>
    public const string Custom = "custom";

    private const int MostDays = 800, MonthsOffered = 25;

    /// <summary>Too long for a step a day.</summary>
    public bool ByMonth => To - From > TimeSpan.FromDays(93);

    /// <summary>Reads it; both dates of a custom period are in it.</summary>
    public static ProfitPeriod Of(string key, string? from, string? to, TimeZoneInfo zone, DateTimeOffset now)
    {
        var today = zone.DateIn(now);
        return key switch
        {
            Custom when Date(from) is { } first && Date(to) is { } last && first <= last && last.DayNumber - first.DayNumber <= MostDays =>
                new(Custom, zone.DayStart(first), zone.DayStart(last.AddDays(1))),
            "90d" => new("90d", zone.DayStart(today.AddDays(-89)), now),
            _ when Date(key + "-01") is { } month => new(key, zone.DayStart(month), zone.DayStart(month.AddMonths(1))),
            _ => new(Default, zone.DayStart(today.AddDays(-29)), now),
        };
    }

    /// <summary>What can be chosen, and what people call it.</summary>
    public static IEnumerable<(string Key, string Text)> Offered(TimeZoneInfo zone, DateTimeOffset now)
    {
        var today = zone.DateIn(now);
        var month = new DateOnly(today.Year, today.Month, 1);
        return
        [
            (Default, "Last 30 days"), ("90d", "Last 90 days"),
            .. Enumerable.Range(0, MonthsOffered).Select(back => month.AddMonths(-back))
                .Select(one => (one.ToString("yyyy-MM", CultureInfo.InvariantCulture), one.ToString("MMMM yyyy", CultureInfo.CurrentCulture))),
            (Custom, "Between two dates"),
        ];
    }

    private static DateOnly? Date(string? text) =>
        Domain.Kernel.Instants.ReadDay(text) is { Year: > 2000 and < 2200 } date ? date : null;
}
