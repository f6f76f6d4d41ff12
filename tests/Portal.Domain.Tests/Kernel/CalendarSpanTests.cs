using Portal.Domain.Kernel;

namespace Portal.Domain.Tests.Kernel;

public sealed class CalendarSpanTests
{
    [Theory]
    [InlineData("P1Y", "2026-03-01T12:00:00Z", "UTC", "2027-03-01T12:00:00Z")]
    [InlineData("P1M", "2026-01-31T00:00:00Z", "UTC", "2026-02-28T00:00:00Z")]
    [InlineData("P1Y", "2024-02-29T00:00:00Z", "UTC", "2025-02-28T00:00:00Z")]
    [InlineData("P2W", "2026-01-01T00:00:00Z", "UTC", "2026-01-15T00:00:00Z")]
    [InlineData("PT36H", "2026-03-28T23:00:00Z", "Europe/Berlin", "2026-03-30T11:00:00Z")]
    [InlineData("P1D", "2026-03-28T11:00:00Z", "Europe/Berlin", "2026-03-29T10:00:00Z")] // noon to noon, clocks go forward
    [InlineData("P1D", "2026-03-28T01:30:00Z", "Europe/Berlin", "2026-03-29T01:00:00Z")] // 02:30 does not exist: 03:00
    [InlineData("P1M", "2026-02-08T07:37:20Z", "America/New_York", "2026-03-08T07:00:00Z")] // 02:37:20 does not exist: 03:00 sharp
    [InlineData("P1YT1S", "2026-01-01T00:00:00Z", "UTC", "2027-01-01T00:00:01Z")]
    public void It_is_added_on_the_zones_calendar(string span, string from, string zone, string to) =>
        CalendarSpan.Parse(span).ShouldNotBeNull().AddTo(At(from), Instants.FindZone(zone)!).ShouldBe(At(to));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("P")]
    [InlineData("PT")]
    [InlineData("P0D")]
    [InlineData("1Y")]
    [InlineData("P-1Y")]
    [InlineData("P1.5Y")]
    [InlineData("P1H")]
    [InlineData("P101Y")]
    [InlineData("P1Y\n")]
    public void Anything_else_is_none(string? text) => CalendarSpan.Parse(text).ShouldBeNull();

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
