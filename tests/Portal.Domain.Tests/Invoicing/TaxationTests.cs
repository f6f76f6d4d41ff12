using Portal.Domain.Taxes;

namespace Portal.Domain.Tests.Invoicing;

public sealed class TaxationTests
{
    private static readonly DateOnly Day = new(2026, 6, 15);

    private static readonly TaxTableRow[] Table =
    [
        new("DE", "", new DateOnly(2007, 1, 1), "USt.", 19m),
        new("DE", "", new DateOnly(2020, 7, 1), "USt.", 16m),
        new("DE", "", new DateOnly(2021, 1, 1), "USt.", 19m),
        new("US", "", new DateOnly(2000, 1, 1), "None", 0m),
        new("US", "CA", new DateOnly(2000, 1, 1), "Sales tax", 7.25m),
        new("CH", "", new DateOnly(2024, 1, 1), "MWST", 8.1m),
    ];

    [Theory]
    [InlineData("2006-12-31", 0)]
    [InlineData("2020-06-30", 19)]
    [InlineData("2020-07-01", 16)]
    [InlineData("2020-12-31", 16)]
    [InlineData("2021-01-01", 19)]
    public void The_latest_rate_not_after_the_day_holds(string day, int percent) =>
        Rate(new TaxPlace("DE", null, null, null, false), "DE", DateOnly.Parse(day, System.Globalization.CultureInfo.InvariantCulture)).Percent.ShouldBe(percent);

    [Fact]
    public void A_regions_rate_goes_before_its_countrys()
    {
        Rate(new TaxPlace("US", "CA", null, null, false)).Percent.ShouldBe(7.25m);
        Rate(new TaxPlace("US", "OR", null, null, false)).Percent.ShouldBe(0m);
    }

    [Theory]
    [InlineData("DE", "IE", "DE123456789", true, 0)] // another country of the EU, a checked id: reverse charge
    [InlineData("DE", "IE", "DE123456789", false, 19)] // the register does not know it
    [InlineData("DE", "IE", "DE123456789", null, 19)] // never checked
    [InlineData("DE", "DE", "DE123456789", true, 19)] // at home
    [InlineData("DE", "US", "DE123456789", true, 19)] // the seller is outside
    [InlineData("CH", "IE", "CHE123456789", true, 8)] // the customer is outside
    public void Reverse_charge_needs_two_countries_of_the_union_and_a_checked_id(string customer, string seller, string vatId, bool? valid, int percent)
    {
        var rate = Rate(new TaxPlace(customer, null, vatId, valid, false), seller);
        Math.Truncate(rate.Percent).ShouldBe(percent);
        rate.Name.StartsWith("Reverse charge", StringComparison.Ordinal).ShouldBe(percent == 0);
    }

    [Fact]
    public void Who_is_exempt_pays_none_and_the_invoice_says_why() => Rate(new TaxPlace("DE", null, null, null, true)).ShouldBe(new TaxRate("Tax exempt", 0m));

    [Fact]
    public void Without_a_place_nothing_is_taxed() => Rate(new TaxPlace(null, null, null, null, false)).ShouldBe(Taxation.None);

    private static TaxRate Rate(TaxPlace place, string seller = "DE", DateOnly? day = null) =>
        new Taxation(place, seller, [.. Table.Where(row => row.Country == place.Country)]).On(day ?? Day);
}
