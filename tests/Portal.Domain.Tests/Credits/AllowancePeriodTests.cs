using Portal.Domain.Wallet;

namespace Portal.Domain.Tests.Wallet;

public sealed class AllowancePeriodTests
{
    [Theory]
    [InlineData("day", "UTC", "2026-03-05T23:59:59Z", "2026-03-05T00:00:00Z", "2026-03-06T00:00:00Z")]
    [InlineData("week", "UTC", "2026-03-01T12:00:00Z", "2026-02-23T00:00:00Z", "2026-03-02T00:00:00Z")] // a Sunday: the week began on Monday the 23rd
    [InlineData("week", "UTC", "2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z")] // Monday's midnight is in the new week
    [InlineData("month", "UTC", "2026-02-28T23:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z")]
    [InlineData("quarter", "UTC", "2026-06-30T23:59:59Z", "2026-04-01T00:00:00Z", "2026-07-01T00:00:00Z")]
    [InlineData("quarter", "UTC", "2026-12-31T00:00:00Z", "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z")]
    // Tokyo is nine hours ahead: 15:00 UTC is its midnight.
    [InlineData("day", "Asia/Tokyo", "2026-03-05T15:00:00Z", "2026-03-05T15:00:00Z", "2026-03-06T15:00:00Z")]
    [InlineData("month", "Asia/Tokyo", "2026-02-28T15:00:00Z", "2026-02-28T15:00:00Z", "2026-03-31T15:00:00Z")]
    // Berlin moves its clocks on 29 March 2026 (a day of 23 hours) and on 25 October 2026 (25 hours).
    [InlineData("day", "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")]
    [InlineData("day", "Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")]
    [InlineData("week", "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-22T23:00:00Z", "2026-03-29T22:00:00Z")]
    [InlineData("month", "Europe/Berlin", "2026-03-15T00:00:00Z", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z")]
    public void A_period_is_one_of_the_tenants_calendar(string period, string zone, string instant, string start, string end)
    {
        var (tenant, at) = (TimeZoneInfo.FindSystemTimeZoneById(zone), Instant(instant));
        AllowancePeriod.StartOf(period, tenant, at).ShouldBe(Instant(start));
        AllowancePeriod.EndOf(period, tenant, at).ShouldBe(Instant(end));
        AllowancePeriod.StartOf(period, tenant, Instant(end)).ShouldBe(Instant(end));
        AllowancePeriod.StartOf(period, tenant, Instant(end).AddTicks(-1)).ShouldBe(Instant(start));
    }

    [Fact]
    public void A_lifetime_has_one_period()
    {
        AllowancePeriod.EndOf("lifetime", TimeZoneInfo.Utc, Instant("2026-03-05T00:00:00Z")).ShouldBeNull();
        AllowancePeriod.StartOf("lifetime", TimeZoneInfo.Utc, Instant("2026-03-05T00:00:00Z"))
            .ShouldBe(AllowancePeriod.StartOf("lifetime", TimeZoneInfo.Utc, Instant("2036-03-05T00:00:00Z")));
    }

    private static DateTimeOffset Instant(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
