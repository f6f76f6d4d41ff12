using System.Globalization;
using Portal.Domain.Kernel;
using Portal.Domain.Subscriptions;

namespace Portal.Domain.Tests.Subscriptions;

/// <summary>Anniversaries, worked out on the calendar.</summary>
public sealed class BillingPeriodsTests
{
    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private static TimeZoneInfo Zone(string id) => Instants.FindZone(id)!;

    private static string[] Begins(BillingPeriods periods, int count, string zone = "UTC") =>
        [.. Enumerable.Range(0, count).Select(n => periods.Begin(n, Zone(zone)).ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture))];

    [Fact]
    public void Case_10_an_anchor_on_the_31st_clamps_and_returns()
    {
        var periods = BillingPeriods.Of(At("2026-01-31T00:00Z"), TimeZoneInfo.Utc, 31, 1);
        periods.FirstIsShort.ShouldBeFalse();
        Begins(periods, 5).ShouldBe(["2026-01-31T00:00Z", "2026-02-28T00:00Z", "2026-03-31T00:00Z", "2026-04-30T00:00Z", "2026-05-31T00:00Z"]);
    }

    [Fact]
    public void Case_10_a_leap_february_has_its_29th()
    {
        var periods = BillingPeriods.Of(At("2027-12-31T09:30Z"), TimeZoneInfo.Utc, 31, 1);
        Begins(periods, 4).ShouldBe(["2027-12-31T09:30Z", "2028-01-31T09:30Z", "2028-02-29T09:30Z", "2028-03-31T09:30Z"]);
    }

    // OpenMeter P09: the period that holds an instant.
    [Theory]
    [InlineData("2025-01-31T15:00Z", 31, "2025-08-13T20:00Z", "2025-07-31T15:00Z", "2025-08-31T15:00Z")]
    [InlineData("2025-01-31T15:00Z", 31, "2025-09-30T15:00Z", "2025-09-30T15:00Z", "2025-10-31T15:00Z")]
    [InlineData("2025-01-30T00:00Z", 30, "2025-02-13T00:00Z", "2025-01-30T00:00Z", "2025-02-28T00:00Z")]
    public void Oracle_P09_the_period_that_holds_an_instant(string start, int anchor, string instant, string begin, string end)
    {
        var periods = BillingPeriods.Of(At(start), TimeZoneInfo.Utc, anchor, 1);
        var number = Enumerable.Range(0, 24).Last(n => periods.Begin(n, TimeZoneInfo.Utc) <= At(instant));
        periods.Begin(number, TimeZoneInfo.Utc).ShouldBe(At(begin));
        periods.Begin(number + 1, TimeZoneInfo.Utc).ShouldBe(At(end));
    }

    // Flexprice P12: a month after, clamped to anchor day 31.
    [Theory]
    [InlineData("2026-02-28T00:00Z", "2026-03-31T00:00Z")]
    [InlineData("2026-12-31T00:00Z", "2027-01-31T00:00Z")]
    public void Oracle_P12_a_clamped_day_counts_as_the_anchor(string start, string next)
    {
        var periods = BillingPeriods.Of(At(start), TimeZoneInfo.Utc, 31, 1);
        periods.FirstIsShort.ShouldBeFalse();
        periods.Begin(1, TimeZoneInfo.Utc).ShouldBe(At(next));
    }

    [Fact]
    public void Case_11_the_billing_day_is_the_customers_and_keeps_its_hour_through_changes_of_clocks()
    {
        // Berlin: midnight is 23:00Z in winter, 22:00Z in summer; clocks change on 29 March and 25 October 2026.
        var periods = BillingPeriods.Of(At("2026-02-28T23:00Z"), Zone("Europe/Berlin"), 1, 1);
        Begins(periods, 3, "Europe/Berlin").ShouldBe(["2026-02-28T23:00Z", "2026-03-31T22:00Z", "2026-04-30T22:00Z"]);
        periods.Begin(9, Zone("Europe/Berlin")).ShouldBe(At("2026-11-30T23:00Z"));
    }

    [Fact]
    public void Case_11_a_time_that_clocks_skip_is_the_first_that_exists_and_one_that_comes_twice_the_earlier()
    {
        // New York skips 02:00 to 03:00 on 8 March 2026 (then UTC-4) and has 01:30 twice on 1 November (first at UTC-4).
        BillingPeriods.Of(At("2026-02-08T07:30Z"), Zone("America/New_York"), 8, 1).Begin(1, Zone("America/New_York")).ShouldBe(At("2026-03-08T07:00Z"));
        BillingPeriods.Of(At("2026-02-08T07:37:20Z"), Zone("America/New_York"), 8, 1).Begin(1, Zone("America/New_York")).ShouldBe(At("2026-03-08T07:00Z"));
        BillingPeriods.Of(At("2026-10-01T05:30Z"), Zone("America/New_York"), 1, 1).Begin(1, Zone("America/New_York")).ShouldBe(At("2026-11-01T05:30Z"));
    }

    [Fact]
    public void Another_anchor_than_the_start_makes_the_first_period_short()
    {
        var periods = BillingPeriods.Of(At("2026-01-20T12:00Z"), TimeZoneInfo.Utc, 5, 3);
        periods.FirstIsShort.ShouldBeTrue();
        Begins(periods, 4).ShouldBe(["2026-01-20T12:00Z", "2026-02-05T12:00Z", "2026-05-05T12:00Z", "2026-08-05T12:00Z"]);
        periods.Steps(0, 1, TimeZoneInfo.Utc).ShouldBe([At("2026-01-20T12:00Z")]);
        periods.Steps(1, 1, TimeZoneInfo.Utc).ShouldBe([At("2026-02-05T12:00Z"), At("2026-03-05T12:00Z"), At("2026-04-05T12:00Z")]);
        // 16 days of the 31 from 5 January to 5 February.
        periods.First(1, TimeZoneInfo.Utc).ShouldBe((16m * 86_400m, 31m * 86_400m));
        Begins(BillingPeriods.Of(At("2026-01-02T00:00Z"), TimeZoneInfo.Utc, 5, 1), 2).ShouldBe(["2026-01-02T00:00Z", "2026-01-05T00:00Z"]);
    }

    [Fact]
    public void A_year_is_granted_by_months_on_the_same_days()
    {
        var periods = BillingPeriods.Of(At("2026-08-31T00:00Z"), TimeZoneInfo.Utc, 31, 12);
        var steps = periods.Steps(0, 1, TimeZoneInfo.Utc);
        steps.Count.ShouldBe(12);
        steps[1].ShouldBe(At("2026-09-30T00:00Z"));
        steps[6].ShouldBe(At("2027-02-28T00:00Z"));
        steps[7].ShouldBe(At("2027-03-31T00:00Z"));
        periods.Begin(1, TimeZoneInfo.Utc).ShouldBe(At("2027-08-31T00:00Z"));
        periods.Steps(0, 3, TimeZoneInfo.Utc).Count.ShouldBe(4);
    }

    [Fact]
    public void A_change_of_zone_moves_later_boundaries_alone()
    {
        var periods = BillingPeriods.Of(At("2026-01-01T00:00Z"), TimeZoneInfo.Utc, 1, 1);
        periods.Begin(1, TimeZoneInfo.Utc).ShouldBe(At("2026-02-01T00:00Z"));
        periods.Begin(2, Zone("Asia/Tokyo")).ShouldBe(At("2026-02-28T15:00Z")); // 1 March, midnight in Tokyo
    }
}
