using System.Text.Json;
using Portal.Domain.Catalog;
using Portal.Domain.Kernel;

namespace Portal.Domain.Tests.Catalog;

public sealed class PackTests
{
    private const string Starter =
        """{"name":"Starter","credits":"1000","price":"10.00","currency":"USD","bonus_credits":"0","expires_after":"P1Y","priority":50,"products":null,"tax":"exclusive","active":true}""";

    [Fact]
    public void A_fixed_pack_has_one_price()
    {
        var pack = Check(Starter).Value;
        (pack.Credits, pack.Priority, pack.Active, pack.TaxInclusive).ShouldBe((new Credits(1000m), (short)50, true, false));
        pack.PriceOf().Value.ShouldBe(new Money(10m, Currency.Of("USD")));
        pack.PriceOf(new Credits(1m)).Problem!.Code.ShouldBe("credits_fixed");
    }

    [Fact]
    public void A_custom_amount_is_priced_by_a_model_within_bounds()
    {
        var pack = Check("""
            {"name":"Any","currency":"USD","min":"100","max":"10000",
             "price":{"model":"volume","tiers":[{"up_to":"1000","unit_amount":"0.01"},{"unit_amount":"0.00805"}]}}
            """).Value;
        pack.PriceOf(new Credits(1000m)).Value.Amount.ShouldBe(10m);
        pack.PriceOf(new Credits(1001m)).Value.Amount.ShouldBe(8.06m); // 8.05805
        pack.PriceOf(new Credits(99.999999999m)).Problem!.Code.ShouldBe("credits_out_of_range");
        pack.PriceOf().Problem!.Code.ShouldBe("credits_out_of_range");
    }

    [Theory]
    [InlineData("\"name\":\"Starter\"", "\"name\":\"\"", "name")]
    [InlineData("\"credits\":\"1000\"", "\"credits\":\"0\"", "credits")]
    [InlineData("\"credits\":\"1000\"", "\"credits\":\"0.0000000001\"", "credits")]
    [InlineData("\"price\":\"10.00\"", "\"price\":\"10.001\"", "price")]
    [InlineData("\"price\":\"10.00\"", "\"price\":\"-10\"", "price")]
    [InlineData("\"price\":\"10.00\"", "\"price\":\"0\"", "price")]
    [InlineData("\"price\":\"10.00\",", "", "price")]
    [InlineData("\"currency\":\"USD\"", "\"currency\":\"XXX\"", "currency")]
    [InlineData("\"bonus_credits\":\"0\"", "\"bonus_credits\":\"-1\"", "bonus_credits")]
    [InlineData("\"expires_after\":\"P1Y\"", "\"expires_after\":\"1 year\"", "expires_after")]
    [InlineData("\"priority\":50", "\"priority\":256", "priority")]
    [InlineData("\"products\":null", "\"products\":[]", "products")]
    [InlineData("\"tax\":\"exclusive\"", "\"tax\":\"none\"", "tax")]
    [InlineData("\"active\":true", "\"min\":\"5\"", "min")]
    public void A_refusal_names_the_field(string part, string instead, string field) =>
        Check(Starter.Replace(part, instead, StringComparison.Ordinal)).Problem.ShouldNotBeNull().Errors!.Keys.ShouldBe([field]);

    [Fact]
    public void Every_demo_pack_and_rate_stands_and_earns_its_markup()
    {
        foreach (var (key, definition) in DemoCatalogue.PacksForSale)
        {
            var pack = PackChecks.Check(key, definition).Value;
            var paidPerCredit = pack.PriceOf().Value.Amount / (pack.Credits!.Value + pack.BonusCredits).Amount;
            paidPerCredit.ShouldBeGreaterThan(DemoCatalogue.DollarsPerCredit / DemoCatalogue.Markup); // else every credit loses money
        }

        DemoCatalogue.Rates.Count.ShouldBe(DemoCatalogue.Costs.Count);
        var rate = DemoCatalogue.Rates.Single(r => r.Match!["model"] == "gpt-4o" && r.Match["token_type"] == "input" && r.Match["tier"] == "standard");
        (rate.Price!.Amount, rate.Price.Per).ShouldBe((0.375m, 1000m)); // $2.50 a million × 1.5 = 375 credits a million
    }

    private static Result<Pack> Check(string json) => PackChecks.Check("starter", JsonSerializer.Deserialize<PackDefinition>(json, PortalJson.Options)!);
}
