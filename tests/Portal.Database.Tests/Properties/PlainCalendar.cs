namespace Portal.Database.Tests.Properties;

/// <summary>Days and months on a calendar of a zone, written apart from the engine's.</summary>
internal static class PlainCalendar
{
    /// <summary>The same local time so many days later.</summary>
    public static DateTimeOffset AddDays(DateTimeOffset from, int days, TimeZoneInfo zone) => Instant(TimeZoneInfo.ConvertTime(from, zone).DateTime.AddDays(days), zone);

    /// <summary>The same day and local time so many months later; the month's last day where it is shorter.</summary>
    public static DateTimeOffset AddMonths(DateTimeOffset from, int months, TimeZoneInfo zone) =>
        months == 0 ? from : Instant(TimeZoneInfo.ConvertTime(from, zone).DateTime.AddMonths(months), zone);

    /// <summary>When the day, week (from Monday), month, quarter or lifetime began that holds an instant.</summary>
    public static DateTimeOffset PeriodStart(string period, DateTimeOffset instant, TimeZoneInfo zone)
    {
        var day = TimeZoneInfo.ConvertTime(instant, zone).DateTime.Date;
        if (period == "lifetime") return DateTimeOffset.UnixEpoch;
        bool Begins(DateTime date) => period switch
        {
            "week" => date.DayOfWeek == DayOfWeek.Monday,
            "month" => date.Day == 1,
            "quarter" => date.Day == 1 && date.Month % 3 == 1,
            _ => true,
        };
        while (!Begins(day)) day = day.AddDays(-1);
        return Instant(day, zone);
    }

    /// <summary>The instant of a local time; of a time that the clocks skip the first after it, of a time they show twice the first.</summary>
    public static DateTimeOffset Instant(DateTime local, TimeZoneInfo zone)
    {
        while (zone.IsInvalidTime(local)) local = local.AddMinutes(1);
        var offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local);
        return new DateTimeOffset(local, offset).ToUniversalTime();
    }
}
