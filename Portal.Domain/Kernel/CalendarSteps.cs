namespace Portal.Domain.Kernel;

/// <summary>How long the steps of a burn-down or a chart are.</summary>
public enum CalendarStep
{
    /// <summary>Hours on the zone's clocks.</summary>
    Hour,

    /// <summary>Days of the zone's calendar.</summary>
    Day,

    /// <summary>Months of the zone's calendar.</summary>
    Month,
}

/// <summary>Periods cut into hours, days or months of a zone's calendar.</summary>
public static class CalendarSteps
{
    /// <summary>Most steps that one answer holds.</summary>
    public const int Most = 10_000;

    /// <summary>The step of a text such as <c>day</c>, or null.</summary>
    public static CalendarStep? Find(string? text) => text switch
    {
        "hour" => CalendarStep.Hour,
        "day" => CalendarStep.Day,
        "month" => CalendarStep.Month,
        _ => null,
    };

    /// <summary>
    /// The instants (UTC) at which the steps of <c>[from, to)</c> begin, ascending. The first is <paramref name="from"/> itself, the others
    /// where the zone's calendar begins an hour, day or month; none when the period is empty. Stops after <see cref="Most"/> + 1.
    /// </summary>
    public static List<DateTimeOffset> Begin(TimeZoneInfo zone, DateTimeOffset from, DateTimeOffset to, CalendarStep step)
    {
        ArgumentNullException.ThrowIfNull(zone);
        var begins = new List<DateTimeOffset>();
        for (var at = from.ToUniversalTime(); at < to && begins.Count <= Most; at = zone.NextBegin(at, step)) begins.Add(at);
        return begins;
    }

    /// <summary>The first instant after <paramref name="at"/> at which a step begins.</summary>
    public static DateTimeOffset NextBegin(this TimeZoneInfo zone, DateTimeOffset at, CalendarStep step)
    {
        if (step == CalendarStep.Hour)
        {
            var next = zone.HourStart(at + TimeSpan.FromHours(1));
            return next > at ? next : at + TimeSpan.FromHours(1); // where clocks go back by half an hour
        }

        var date = zone.DateIn(at);
        return zone.DayStart(step == CalendarStep.Day ? date.AddDays(1) : new DateOnly(date.Year, date.Month, 1).AddMonths(1));
    }
}
