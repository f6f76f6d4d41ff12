using System.Globalization;
using Portal.Domain.Kernel;

namespace Portal.Web.Components.TenantPages;

/// <summary>The period that the Usage page shows, as its address says.</summary>
/// <param name="Key">A preset, or <c>custom</c>.</param>
/// <param name="From">First instant.</param>
/// <param name="To">First instant after it.</param>
/// <param name="PreviousFrom">First instant of the period it is compared with.</param>
/// <param name="PreviousTo">First instant after that.</param>
public sealed record UsagePeriod(string Key, DateTimeOffset From, DateTimeOffset To, DateTimeOffset PreviousFrom, DateTimeOffset PreviousTo)
{
    /// <summary>The key of a period between two dates.</summary>
    public const string Custom = "custom";

    /// <summary>Where the address does not say.</summary>
    public const string Default = "30d";

    /// <summary>Presets and what people call them.</summary>
    public static readonly IReadOnlyList<(string Key, string Text)> Presets =
        [("24h", "Last 24 hours"), ("7d", "Last 7 days"), ("30d", "Last 30 days"), ("90d", "Last 90 days"), ("this-month", "This month"), ("last-month", "Last month"),
        ("this-quarter", "This quarter"), ("last-quarter", "Last quarter"), ("this-year", "This year"), (Custom, "Custom")];

    /// <summary>Steps short enough for hours.</summary>
    public bool ByHour => To - From <= TimeSpan.FromHours(49);

    /// <summary>Reads the period of an address; whatever makes no sense is the default. Dates are inclusive, on the tenant's calendar.</summary>
    public static UsagePeriod Of(string? key, string? from, string? to, TimeZoneInfo zone, DateTimeOffset now)
    {
        var today = zone.DateIn(now);
        var month = new DateOnly(today.Year, today.Month, 1);
        var quarter = month.AddMonths(-((month.Month - 1) % 3));
        return key switch
        {
            "24h" => Back("24h", zone.HourStart(now.AddHours(-23)), now),
            "7d" => Days("7d", zone, today, 7, now),
            "90d" => Days("90d", zone, today, 90, now),
            "this-month" => Running("this-month", zone, month, 1, now),
            "last-month" => Whole("last-month", zone, month.AddMonths(-1), 1),
            "this-quarter" => Running("this-quarter", zone, quarter, 3, now),
            "last-quarter" => Whole("last-quarter", zone, quarter.AddMonths(-3), 3),
            "this-year" => Running("this-year", zone, new DateOnly(today.Year, 1, 1), 12, now),
            Custom when Date(from) is { } first && Date(to) is { } last && first <= last && last.DayNumber - first.DayNumber <= 800 => Between(zone, first, last),
            _ => Days(Default, zone, today, 30, now),
        };
    }

    private static UsagePeriod Days(string key, TimeZoneInfo zone, DateOnly today, int days, DateTimeOffset now) =>
        Back(key, zone.DayStart(today.AddDays(1 - days)), now);

    private static UsagePeriod Back(string key, DateTimeOffset from, DateTimeOffset to) => new(key, from, to, from - (to - from), from);

    // The calendar period that runs, against as long a part of the one before.
    private static UsagePeriod Running(string key, TimeZoneInfo zone, DateOnly first, int months, DateTimeOffset now)
    {
        var (begins, before) = (zone.DayStart(first), zone.DayStart(first.AddMonths(-months)));
        return new(key, begins, now, before, Earlier(before + (now - begins), begins));
    }

    private static UsagePeriod Whole(string key, TimeZoneInfo zone, DateOnly first, int months) =>
        new(key, zone.DayStart(first), zone.DayStart(first.AddMonths(months)), zone.DayStart(first.AddMonths(-months)), zone.DayStart(first));

    private static UsagePeriod Between(TimeZoneInfo zone, DateOnly first, DateOnly last)
    {
        var days = last.DayNumber - first.DayNumber + 1;
        return new(Custom, zone.DayStart(first), zone.DayStart(last.AddDays(1)), zone.DayStart(first.AddDays(-days)), zone.DayStart(first));
    }

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    private static DateOnly? Date(string? text) =>
        Domain.Kernel.Instants.ReadDay(text) is { Year: > 2000 and < 2200 } date ? date : null;
}
