using Portal.Domain.Kernel;

namespace Portal.Domain.Subscriptions;

/// <summary>
/// The calendar of a subscription: anniversaries of its start on the zone's clocks, at the start's time of day. An anchor on day 29 to 31
/// clamps to the month's last day and returns to its own day. When the anchor is another day than the start's, the first period is short.
/// Pure: dates are kept as dates, so a change of zone moves only boundaries that are asked for afterwards.
/// </summary>
public sealed record BillingPeriods
{
    private readonly DateTimeOffset start;
    private readonly DateTime firstAnniversary;
    private readonly int anchorDay;
    private readonly int months;

    private BillingPeriods(DateTimeOffset start, DateTime firstAnniversary, int anchorDay, int months)
    {
        this.start = start;
        this.firstAnniversary = firstAnniversary;
        this.anchorDay = anchorDay;
        this.months = months;
    }

    /// <summary>True when the first period ends at the first anchor day instead of lasting its full length.</summary>
    public bool FirstIsShort { get; private init; }

    /// <summary>The calendar of a start.</summary>
    /// <param name="start">When the first period begins.</param>
    /// <param name="zone">Whose calendar anniversaries are dates of.</param>
    /// <param name="anchorDay">1 to 31.</param>
    /// <param name="months">Length of a period: at least 1.</param>
    public static BillingPeriods Of(DateTimeOffset start, TimeZoneInfo zone, int anchorDay, int months)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(anchorDay, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(anchorDay, 31);
        ArgumentOutOfRangeException.ThrowIfLessThan(months, 1);
        var local = TimeZoneInfo.ConvertTime(start, zone).DateTime;
        var inMonth = OnAnchor(local, anchorDay);
        var first = inMonth.Date < local.Date ? OnAnchor(FirstOfMonth(local).AddMonths(1).Add(local.TimeOfDay), anchorDay) : inMonth;
        return new BillingPeriods(start.ToUniversalTime(), first, anchorDay, months) { FirstIsShort = first.Date != local.Date };
    }

    /// <summary>The day of an instant in a zone: what the anchor is unless something else is said.</summary>
    public static int DayOf(DateTimeOffset start, TimeZoneInfo zone) => TimeZoneInfo.ConvertTime(start, zone).Day;

    /// <summary>The instant (UTC) at which a period begins; the one before ends there.</summary>
    /// <param name="number">From 0.</param>
    /// <param name="zone">The zone whose clocks count.</param>
    public DateTimeOffset Begin(int number, TimeZoneInfo zone)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        return number == 0 ? start : Anniversary((number - (FirstIsShort ? 1 : 0)) * months, zone);
    }

    /// <summary>The instants at which what comes every so many months comes in a period; the first is the period's begin.</summary>
    /// <param name="number">From 0.</param>
    /// <param name="every">Months that divide the period's length.</param>
    /// <param name="zone">The zone whose clocks count.</param>
    public IReadOnlyList<DateTimeOffset> Steps(int number, int every, TimeZoneInfo zone)
    {
        if (number == 0 && FirstIsShort) return [start];
        var first = (number - (FirstIsShort ? 1 : 0)) * months;
        return [.. Enumerable.Range(0, months / every).Select(step => number == 0 && step == 0 ? start : Anniversary(first + (step * every), zone))];
    }

    /// <summary>Seconds of the short first period and of the full one that it is the end of; the same twice when it is not short.</summary>
    /// <param name="length">Months of the full one.</param>
    /// <param name="zone">The zone whose clocks count.</param>
    public (decimal Elapsed, decimal Full) First(int length, TimeZoneInfo zone)
    {
        if (!FirstIsShort) return (1m, 1m);
        var end = Begin(1, zone);
        return (Seconds(end - start), Seconds(end - Anniversary(-length, zone)));
    }

    private static decimal Seconds(TimeSpan span) => span.Ticks / (decimal)TimeSpan.TicksPerSecond;

    private DateTimeOffset Anniversary(int monthsLater, TimeZoneInfo zone)
    {
        var month = FirstOfMonth(firstAnniversary).AddMonths(monthsLater).Add(firstAnniversary.TimeOfDay);
        return zone.InstantOf(OnAnchor(month, anchorDay));
    }

    private static DateTime FirstOfMonth(DateTime local) => new(local.Year, local.Month, 1, 0, 0, 0, DateTimeKind.Unspecified);

    private static DateTime OnAnchor(DateTime local, int anchorDay) =>
        FirstOfMonth(local).AddDays(Math.Min(anchorDay, DateTime.DaysInMonth(local.Year, local.Month)) - 1).Add(local.TimeOfDay);
}
