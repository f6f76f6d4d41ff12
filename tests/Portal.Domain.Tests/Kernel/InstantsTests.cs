using Portal.Domain.Kernel;

namespace Portal.Domain.Tests.Kernel;

public sealed class InstantsTests
{
    [Theory]
    [InlineData("UTC", "2026-03-01T10:59:59Z", "2026-03-01T10:00:00Z")]
    [InlineData("Asia/Kathmandu", "2026-03-01T10:20:00Z", "2026-03-01T10:15:00Z")] // +05:45
    [InlineData("Asia/Kolkata", "2026-03-01T10:20:00Z", "2026-03-01T09:30:00Z")] // +05:30
    [InlineData("Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T01:00:00Z")] // the hour that comes twice
    public void Hours_begin_on_the_zones_clocks(string zone, string instant, string start) =>
        Instants.FindZone(zone)!.HourStart(At(instant)).ShouldBe(At(start));

    [Theory]
    [InlineData("Europe/Berlin", 2026, 3, 29, "2026-03-28T23:00:00Z")]
    [InlineData("Europe/Berlin", 2026, 3, 30, "2026-03-29T22:00:00Z")] // the day before had 23 hours
    [InlineData("America/Sao_Paulo", 2018, 11, 4, "2018-11-04T03:00:00Z")] // midnight was skipped
    public void Case_11_days_begin_where_the_zones_midnight_is(string zone, int year, int month, int day, string start) =>
        Instants.FindZone(zone)!.DayStart(new DateOnly(year, month, day)).ShouldBe(At(start));

    [Fact]
    public void A_uuid_tells_its_instant_and_stands_above_its_floor()
    {
        var instant = At("2026-03-01T10:20:00.123Z");
        Uuid7.InstantOf(Uuid7.At(instant)).ShouldBe(instant);
        Uuid7.InstantOf(Uuid7.Floor(instant)).ShouldBe(instant);
    }

    [Fact]
    public void Uuids_of_one_millisecond_sort_in_the_order_made()
    {
        var instant = At("2026-03-01T10:20:00.123Z");
        var made = Enumerable.Range(0, 10_000).Select(_ => Uuid7.At(instant).ToString()).ToArray();
        made.ShouldBe(made.Order(StringComparer.Ordinal));
        made.Distinct(StringComparer.Ordinal).Count().ShouldBe(10_000);
    }

    [Fact]
    public void Public_ids_carry_their_tenant_and_nothing_else_parses()
    {
        var id = Guid.NewGuid();
        PublicId.TryParse(PublicId.Grant, PublicId.Format(PublicId.Grant, 77, id), out var tenant, out var parsed).ShouldBeTrue();
        (tenant, parsed).ShouldBe((77L, id));
        foreach (var wrong in new[] { null, "", "grant", "grant_", "grant__", "hold_1_" + id.ToString("N"), "grant_0_" + id.ToString("N"), "grant_1_x", "grant_-1_" + id.ToString("N") })
            PublicId.TryParse(PublicId.Grant, wrong, out _, out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData("JPY", "0.5", "1")]
    [InlineData("USD", "0.005", "0.01")]
    [InlineData("USD", "-0.005", "-0.01")]
    [InlineData("KWD", "0.0005", "0.001")]
    public void Case_31_money_rounds_once_half_away_from_zero(string currency, string amount, string rounded) =>
        Currency.Of(currency).RoundToMinor(decimal.Parse(amount, System.Globalization.CultureInfo.InvariantCulture))
            .ShouldBe(decimal.Parse(rounded, System.Globalization.CultureInfo.InvariantCulture));

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
