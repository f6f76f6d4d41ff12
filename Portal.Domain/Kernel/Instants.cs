using System.Globalization;

namespace Portal.Domain.Kernel;

/// <summary>Calendar arithmetic in a zone: billing days and hours, stored as the UTC instant at which they begin.</summary>
public static class Instants
{
    private const string Day = "yyyy-MM-dd";

    /// <summary>The zone of an IANA id, or null when there is none.</summary>
    public static TimeZoneInfo? FindZone(string? id) =>
        id is not null && TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone) && zone.HasIanaId ? zone : null;

    /// <summary>The UTC instant at which the hour of <paramref name="instant"/> began on the zone's clocks (offsets of half hours included).</summary>
    public static DateTimeOffset HourStart(this TimeZoneInfo zone, DateTimeOffset instant)
    {
        var offset = zone.GetUtcOffset(instant);
        var local = instant.UtcTicks + offset.Ticks;
        return new DateTimeOffset(local - (local % TimeSpan.TicksPerHour) - offset.Ticks, TimeSpan.Zero);
    }

    /// <summary>A day as addresses and bodies write it, such as 2026-03-01; null for anything else.</summary>
    public static DateOnly? ReadDay(string? text) =>
        DateOnly.TryParseExact(text, Day, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;

    /// <summary>A day as <see cref="ReadDay"/> reads it.</summary>
    public static string DayText(DateOnly day) => day.ToString(Day, CultureInfo.InvariantCulture);

    /// <summary>The date on the zone's calendar.</summary>
    public static DateOnly DateIn(this TimeZoneInfo zone, DateTimeOffset instant) =>
        DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(instant, zone).DateTime);

    /// <summary>
    /// The UTC instant at which a date begins in the zone. Where clocks skip midnight the day begins at the first instant that exists;
    /// where midnight comes twice, at the earlier one.
    /// </summary>
    public static DateTimeOffset DayStart(this TimeZoneInfo zone, DateOnly date) => zone.InstantOf(date.ToDateTime(TimeOnly.MinValue));

    /// <summary>The UTC instant of a time on the zone's clocks: of one that they skip the first that exists, of one that comes twice the earlier.</summary>
    public static DateTimeOffset InstantOf(this TimeZoneInfo zone, DateTime local)
    {
        // Clocks are set on whole minutes: what is skipped ends at one.
        if (zone.IsInvalidTime(local)) local = local.AddTicks(-(local.Ticks % TimeSpan.TicksPerMinute));
        while (zone.IsInvalidTime(local)) local = local.AddMinutes(1);
        var offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local);
        return new DateTimeOffset(local, offset).ToUniversalTime();
    }
}
