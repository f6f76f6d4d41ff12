using Portal.Domain.Kernel;
using Portal.Domain.Payments;

namespace Portal.Domain.Tests.Payments;

public sealed class TaxedPriceTests
{
    [Theory]
    [InlineData("10.00", false, "0", "USD", "10.00", "0")]
    [InlineData("10.00", true, "0", "USD", "10.00", "0")]
    [InlineData("10.00", false, "19", "EUR", "10.00", "1.90")]
    [InlineData("11.90", true, "19", "EUR", "10.00", "1.90")]
    [InlineData("9.99", true, "19", "EUR", "8.39", "1.60")] // 8.3949…
    [InlineData("0.125", false, "0", "USD", "0.13", "0")] // half away from zero
    [InlineData("1500", false, "10", "JPY", "1500", "150")]
    [InlineData("1.234", false, "5", "KWD", "1.234", "0.062")] // 0.0617
    public void Net_and_tax_round_once_and_add_up(string price, bool inclusive, string rate, string currency, string net, string tax)
    {
        var taxed = TaxedPrice.Of(Number(price), inclusive, Number(rate), Currency.Of(currency));

        (taxed.Net, taxed.Tax, taxed.Total).ShouldBe((Number(net), Number(tax), Number(net) + Number(tax)));
    }

    [Theory]
    [InlineData("10.00", "USD", 1000)]
    [InlineData("1500", "JPY", 1500)]
    [InlineData("1.234", "KWD", 1234)]
    public void Minor_units_are_whole_and_come_back(string amount, string currency, long expected)
    {
        var of = Currency.Of(currency);

        MinorUnits.Of(new Money(Number(amount), of)).ShouldBe(expected);
        MinorUnits.Amount(expected, of).ShouldBe(Number(amount));
        Should.Throw<ArgumentException>(() => MinorUnits.Of(new Money(Number(amount) + 0.0001m, of)));
    }

    private static decimal Number(string text) => decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
