namespace Portal.Database.Tests.Properties;

/// <summary>Days and months on a calendar of a zone, written apart from the engine's.</summary>
internal static class PlainCalendar
{
    /// <summary>The same local time so many days later.</summary>
    public static DateTimeOffset AddDays(DateTimeOffset from, int days, TimeZoneInfo zone) => Instant(TimeZoneInfo.ConvertTime(from, zone).DateTime.AddDays(days), zone);

    /// <summary>So many months and days later.</summary>
    public static DateTimeOffset Add(DateTimeOffset from, int months, int days, TimeZoneInfo zone) =>
        Instant(TimeZoneInfo.ConvertTime(from, zone).DateTime.AddMonths(months).AddDays(days), zone);

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

    /// <summary>The instant of a local time; of a time that the clocks skip the first minute after it, of a time they show twice the first.</summary>
    public static DateTimeOffset Instant(DateTime local, TimeZoneInfo zone)
    {
        while (zone.IsInvalidTime(local)) local = local.Date.AddMinutes(Math.Floor(local.TimeOfDay.TotalMinutes) + 1);
        var offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local);
        return new DateTimeOffset(local, offset).ToUniversalTime();
    }
}

/// <summary>The months of a subscription: from its start to the anchor's day when that is another, then from anchor to anchor.</summary>
internal sealed class PlainMonths
{
    private readonly DateTimeOffset start;
    private readonly DateTime local;
    private readonly int anchor;
    private readonly TimeZoneInfo zone;
    private readonly int monthsToFirst;

    public PlainMonths(DateTimeOffset start, int? anchorDay, TimeZoneInfo zone)
    {
        (this.start, this.zone, local) = (start, zone, TimeZoneInfo.ConvertTime(start, zone).DateTime);
        anchor = anchorDay ?? local.Day;
        monthsToFirst = Anchor(0).Day < local.Day ? 1 : 0;
        FirstIsShort = Anchor(monthsToFirst).Date != local.Date;
    }

    public bool FirstIsShort { get; }

    /// <summary>When a month begins, counted from 0.</summary>
    public DateTimeOffset Begin(int month) => month == 0 ? start : PlainCalendar.Instant(Anchor(monthsToFirst + month - (FirstIsShort ? 1 : 0)), zone);

    /// <summary>What the short first month has of an amount: by its seconds in so many months that end with it.</summary>
    public decimal Proportion(decimal amount, int months)
    {
        var whole = Begin(1) - PlainCalendar.Instant(Anchor(monthsToFirst - months), zone);
        return Math.Round(amount * Seconds(Begin(1) - start) / Seconds(whole), 9, MidpointRounding.ToEven);
    }

    private static decimal Seconds(TimeSpan span) => span.Ticks / 10_000_000m;

    /// <summary>The anchor's day of the month that is so many after that of the start; its last day where it is shorter.</summary>
    private DateTime Anchor(int months)
    {
        var month = new DateTime(local.Year, local.Month, 1).AddMonths(months);
        return month.AddDays(Math.Min(anchor, DateTime.DaysInMonth(month.Year, month.Month)) - 1).Add(local.TimeOfDay);
    }
}
