using System.Globalization;
using System.Text.RegularExpressions;

namespace Portal.Domain.Kernel;

/// <summary>A span in calendar units as ISO 8601 writes it: <c>P1Y</c>, <c>P3M</c>, <c>P30D</c>, <c>PT12H</c>. Months clamp to the month's last day.</summary>
public sealed partial record CalendarSpan
{
    private CalendarSpan(int months, int days, TimeSpan time)
    {
        Months = months;
        Days = days;
        Time = time;
    }

    /// <summary>Years and months, in months.</summary>
    public int Months { get; }

    /// <summary>Weeks and days, in days of the calendar.</summary>
    public int Days { get; }

    /// <summary>Exact time on top.</summary>
    public TimeSpan Time { get; }

    /// <summary>Reads a span longer than nothing and not longer than 100 years; null for anything else.</summary>
    public static CalendarSpan? Parse(string? text)
    {
        if (text is null || text.Length > 40 || Form().Match(text) is not { Success: true } match) return null;
        int Part(string name) => match.Groups[name] is { Success: true } group ? int.Parse(group.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : 0;
        var span = new CalendarSpan(
            (Part("years") * 12) + Part("months"), (Part("weeks") * 7) + Part("days"),
            TimeSpan.FromHours(Part("hours")) + TimeSpan.FromMinutes(Part("minutes")) + TimeSpan.FromSeconds(Part("seconds")));
        var tooLong = span.Months > 1200 || span.Days > 36_525 || span.Time.TotalDays > 36_525;
        return tooLong || span is { Months: 0, Days: 0, Time.Ticks: 0 } ? null : span;
    }

    /// <summary>The instant that much later on the zone's clocks; one that clocks skip moves to the first that exists.</summary>
    public DateTimeOffset AddTo(DateTimeOffset instant, TimeZoneInfo zone)
    {
        var local = TimeZoneInfo.ConvertTime(instant, zone).DateTime.AddMonths(Months).AddDays(Days);
        return (Months == 0 && Days == 0 ? instant.ToUniversalTime() : zone.InstantOf(local)) + Time;
    }

    [GeneratedRegex(
        @"^P(?=.)(?:(?<years>\d{1,4})Y)?(?:(?<months>\d{1,5})M)?(?:(?<weeks>\d{1,5})W)?(?:(?<days>\d{1,6})D)?(?:T(?=.)(?:(?<hours>\d{1,7})H)?(?:(?<minutes>\d{1,8})M)?(?:(?<seconds>\d{1,8})S)?)?\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Form();
}
