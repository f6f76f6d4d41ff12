using System.Globalization;
using Portal.Web.Components.Shared;

namespace Portal.Web.Tests.Components;

public sealed class FiguresTests
{
    private static readonly CultureInfo British = CultureInfo.GetCultureInfo("en-GB");
    private static readonly CultureInfo German = CultureInfo.GetCultureInfo("de-DE");

    [Theory]
    [InlineData("0", "0")]
    [InlineData("12481.254", "12,481")]
    [InlineData("1000", "1,000")]
    [InlineData("999.996", "1,000")]
    [InlineData("12.3456", "12.35")]
    [InlineData("1.5", "1.5")]
    [InlineData("0.12345", "0.123")]
    [InlineData("0.000123456", "0.000123")]
    [InlineData("0.000000001", "0.000000001")]
    [InlineData("-86.4197", "-86.42")]
    public void Credits_show_the_digits_that_matter(string amount, string text) =>
        Figures.Credits(decimal.Parse(amount, CultureInfo.InvariantCulture), British).ShouldBe(text);

    [Fact]
    public void Exact_credits_keep_all_nine_places() =>
        Figures.ExactCredits(1234.000000001m, British).ShouldBe("1,234.000000001");

    [Theory]
    [InlineData("1234.5", "USD", "1,234.50\u00a0USD")]
    [InlineData("1234.5", "JPY", "1,235\u00a0JPY")]
    [InlineData("1.2345", "KWD", "1.235\u00a0KWD")]
    public void Money_has_the_places_of_its_currency(string amount, string currency, string text) =>
        Figures.Money(decimal.Parse(amount, CultureInfo.InvariantCulture), currency, culture: British).ShouldBe(text);

    [Fact]
    public void Money_follows_the_readers_format() => Figures.Money(1234.5m, "EUR", culture: German).ShouldBe("1.234,50\u00a0EUR");

    [Fact]
    public void A_price_per_credit_is_not_rounded_away() => Figures.Money(0.0085m, "USD", precise: true, British).ShouldBe("0.0085\u00a0USD");

    [Theory]
    [InlineData("0.12", "+12%")]
    [InlineData("-0.034", "\u22123.4%")]
    [InlineData("0", "0%")]
    public void A_change_has_its_sign(string ratio, string text) =>
        Figures.Change(decimal.Parse(ratio, CultureInfo.InvariantCulture), British).ShouldBe(text);
}
