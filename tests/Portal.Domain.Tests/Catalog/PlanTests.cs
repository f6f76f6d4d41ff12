using System.Text.Json;
using Portal.Domain.Catalog;
using Portal.Domain.Kernel;

namespace Portal.Domain.Tests.Catalog;

public sealed class PlanTests
{
    private const string Pro = """
        {"name":"Pro","currency":"USD","period":"month","tax":"exclusive","rate_card":null,"outcomes":null,"items":[
          {"key":"base","type":"flat","amount":"29.00"},
          {"key":"seats","type":"seat","amount":"15.00","included":"1"},
          {"key":"credits","type":"included_credits","credits":"30000","revenue_share":"20.00","every":"month",
             "rollover":{"min":"0","max":"60000","max_share":null,"max_rolls":2,"expires_after":"P1M"}},
          {"key":"overage","type":"overage","price":{"model":"per_unit","amount":"0.002"}},
          {"key":"hosts","type":"usage","meter":"hosts","price":{"model":"per_unit","amount":"15.00"}},
          {"key":"minimum","type":"minimum","amount":"100.00"}]}
        """;

    private static Result<Plan> Check(string plan) => PlanChecks.Check("pro", 1, JsonSerializer.Deserialize<PlanDefinition>(plan, PortalJson.Options)!);

    [Fact]
    public void The_whole_of_it_checks()
    {
        var plan = Check(Pro).Value;
        plan.Months.ShouldBe(1);
        var credits = plan.Included.ShouldHaveSingleItem();
        (credits.Credits, credits.Share, credits.Months).ShouldBe((30000m, 20m, 1));
        credits.Rollover!.MaxRolls.ShouldBe(2);
        credits.Rollover.ExpiresAfter!.Months.ShouldBe(1);
        plan.Overage!.Price!.Charge(1000m).ShouldBe(2m);
    }

    [Theory]
    [InlineData("\"name\":\"Pro\"", "\"name\":\"\"", "required", "name")]
    [InlineData("\"USD\"", "\"XXL\"", "unknown_currency", "currency")]
    [InlineData("\"period\":\"month\"", "\"period\":\"week\"", "invalid_period", "period")]
    [InlineData("\"tax\":\"exclusive\"", "\"tax\":\"maybe\"", "invalid_tax", "tax")]
    [InlineData("\"tax\":\"exclusive\"", "\"tax\":\"inclusive\"", "usage_not_inclusive", "items[4].type")]
    [InlineData("\"outcomes\":null", "\"outcomes\":{\"support\":\"No Slug\"}", "unknown_outcomes", "outcomes.support")]
    [InlineData("\"key\":\"base\"", "\"key\":\"Base!\"", "invalid_key", "items[0].key")]
    [InlineData("\"key\":\"seats\"", "\"key\":\"base\"", "duplicate_item", "items[1].key")]
    [InlineData("\"type\":\"flat\"", "\"type\":\"fee\"", "invalid_item_type", "items[0].type")]
    [InlineData("\"29.00\"", "\"-1\"", "invalid_amount", "items[0].amount")]
    [InlineData("\"29.00\"", "\"29.001\"", "invalid_amount", "items[0].amount")]
    [InlineData("\"amount\":\"29.00\"", "\"credits\":\"1\",\"amount\":\"29.00\"", "field_not_allowed", "items[0].credits")]
    [InlineData("\"included\":\"1\"", "\"included\":\"1.5\"", "invalid_amount", "items[1].included")]
    [InlineData("\"credits\":\"30000\"", "\"credits\":\"0\"", "invalid_credits", "items[2].credits")]
    [InlineData("\"credits\":\"30000\"", "\"credits\":\"0.0000000001\"", "invalid_credits", "items[2].credits")]
    [InlineData("\"every\":\"month\"", "\"every\":\"day\"", "invalid_every", "items[2].every")]
    [InlineData("\"every\":\"month\"", "\"every\":\"quarter\"", "every_does_not_divide", "items[2].every")]
    [InlineData("\"revenue_share\":\"20.00\"", "\"revenue_share\":\"29.01\"", "revenue_share_exceeds_fees", "items")]
    [InlineData("\"min\":\"0\"", "\"min\":\"-1\"", "invalid_credits", "items[2].rollover.min")]
    [InlineData("\"min\":\"0\"", "\"min\":\"60001\"", "invalid_rollover", "items[2].rollover.max")]
    [InlineData("\"max_share\":null", "\"max_share\":\"-0.1\"", "invalid_max_share", "items[2].rollover.max_share")]
    [InlineData("\"max_rolls\":2", "\"max_rolls\":0", "invalid_max_rolls", "items[2].rollover.max_rolls")]
    [InlineData("\"P1M\"", "\"1 month\"", "invalid_period", "items[2].rollover.expires_after")]
    [InlineData("\"amount\":\"0.002\"", "\"amount\":\"-0.002\"", "invalid_amount", "items[3].price.amount")]
    [InlineData("\"key\":\"minimum\",\"type\":\"minimum\",\"amount\":\"100.00\"", "\"key\":\"o2\",\"type\":\"overage\",\"price\":{\"model\":\"per_unit\",\"amount\":\"1\"}", "duplicate_item", "items[5].type")]
    [InlineData("\"key\":\"minimum\",\"type\":\"minimum\",\"amount\":\"100.00\"", "\"key\":\"o2\",\"type\":\"overage\",\"meter\":\"h\",\"price\":{\"model\":\"per_unit\",\"amount\":\"1\"}},{\"key\":\"o3\",\"type\":\"overage\",\"meter\":\"h\",\"price\":{\"model\":\"per_unit\",\"amount\":\"1\"}", "duplicate_item", "items[6].type")]
    [InlineData("\"meter\":\"hosts\",\"price\"", "\"price\"", "required", "items[4].meter")]
    [InlineData("\"meter\":\"hosts\",", "\"meter\":\"hosts\",\"rate_card\":\"default\",", "invalid_price", "items[4].price")]
    public void What_cannot_be_says_which_field(string was, string becomes, string code, string field)
    {
        Pro.ShouldContain(was);
        var problem = Check(Pro.Replace(was, becomes, StringComparison.Ordinal)).Problem.ShouldNotBeNull();
        problem.Code.ShouldBe(code);
        problem.Errors!.Keys.ShouldContain(field);
    }

    [Fact]
    public void All_that_is_wrong_is_said_at_once() =>
        Check(Pro.Replace("\"29.00\"", "\"-1\"", StringComparison.Ordinal).Replace("\"USD\"", "\"XXL\"", StringComparison.Ordinal))
            .Problem!.Errors!.Count.ShouldBeGreaterThan(1);

    // min(max, max(left, min)), the smaller maximum holding.
    [Theory]
    [InlineData(90, 0, 50, null, 50)]
    [InlineData(40, 0, 50, null, 40)]
    [InlineData(10, 25, 50, null, 25)]
    [InlineData(90, 0, 50, "0.2", 20)]
    [InlineData(90, 0, null, "0.2", 20)]
    [InlineData(90, 0, null, null, 90)]
    [InlineData(5, 30, null, "0.2", 20)]
    public void What_rolls(int left, int min, int? max, string? share, int rolled) =>
        new Rollover(min, max, share is null ? null : decimal.Parse(share, System.Globalization.CultureInfo.InvariantCulture), null, null)
            .Rolled(left, 100m).ShouldBe(rolled);
}
