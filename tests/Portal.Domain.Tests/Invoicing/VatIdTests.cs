using Portal.Domain.Taxes;

namespace Portal.Domain.Tests.Invoicing;

public sealed class VatIdTests
{
    [Theory]
    [InlineData("DE", "de 123.456-789", "DE123456789")]
    [InlineData("AT", "ATU12345678", "ATU12345678")]
    [InlineData("GR", "EL123456789", "EL123456789")]
    [InlineData("IE", "IE6388047V", "IE6388047V")]
    [InlineData("NL", "NL123456789B01", "NL123456789B01")]
    [InlineData("FR", "FR 83 404 833 048", "FR83404833048")]
    [InlineData("ES", "ESX1234567R", "ESX1234567R")]
    [InlineData("US", "12-3456789", "123456789")]
    public void An_id_is_kept_in_capitals_with_nothing_between(string country, string written, string kept) => VatId.Read(written, country).Value.ShouldBe(kept);

    [Theory]
    [InlineData("DE", "DE12345678")]
    [InlineData("DE", "ATU12345678")]
    [InlineData("GR", "GR123456789")]
    [InlineData("FR", "FRO1404833048")]
    [InlineData("BE", "BE2123456789")]
    [InlineData("US", "?")]
    public void An_id_that_the_country_cannot_have_given_out_is_refused(string country, string written) => VatId.Read(written, country).Problem!.Code.ShouldBe("invalid_vat_id");

    [Fact]
    public void There_are_27_countries_in_the_union() => Countries.All.Count(country => VatId.IsInUnion(country.Code)).ShouldBe(27);

    [Fact]
    public void Countries_have_names() => Countries.NameOf("DE").ShouldBe("Germany");
}
