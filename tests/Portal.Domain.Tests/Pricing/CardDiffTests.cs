using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Tests.Pricing;

public sealed class CardDiffTests
{
    [Fact]
    public void Rates_are_compared_by_what_they_match_and_what_they_charge()
    {
        RateDefinition[] before = [Rate("a", PriceDefinition.PerUnit(1m, 1000m)), Rate("b", PriceDefinition.PerUnit(2m, 1000m)), Rate("gone", PriceDefinition.PerUnit(1m, 1m)), Rate("*", PriceDefinition.PerUnit(9m, 1m))];
        RateDefinition[] after = [Rate("b", PriceDefinition.PerUnit(3m, 1000m)), Rate("a", new PriceDefinition { Model = "per_unit", Amount = 0.0010m }), Rate("new", PriceDefinition.PerUnit(1m, 1m)), Rate(null, PriceDefinition.PerUnit(9m, 1m))];

        var diff = CardDiff.Of("default", 1, before, 2, after);

        diff.Added.Single().Match!["model"].ShouldBe("new");
        diff.Removed.Single().Match!["model"].ShouldBe("gone");
        var changed = diff.Changed.Single();
        (changed.Match["model"], changed.Before.Price!.Amount, changed.After.Price!.Amount).ShouldBe(("b", 2m, 3m));
        diff.Unchanged.ShouldBe(2, "1 per 1,000 is 0.001 each, and * is any");
    }

    [Fact]
    public void Tiers_scope_unit_and_vendor_make_a_difference_and_their_writing_does_not()
    {
        PriceDefinition Tiers(decimal first, string? scope = null) => new()
        {
            Model = "graduated",
            Scope = scope,
            Tiers = [new PriceTierDefinition { UpTo = 10m, UnitAmount = first }, new PriceTierDefinition { UnitAmount = 5m, FlatAmount = 0m }],
        };
        CardDiff.SamePrice(Tiers(10m), Tiers(10.0m, "tenant")).ShouldBeTrue();
        CardDiff.SamePrice(Tiers(10m), Tiers(11m)).ShouldBeFalse();
        CardDiff.SamePrice(Tiers(10m), Tiers(10m, "event")).ShouldBeFalse();
        CardDiff.SamePrice(new PriceDefinition { Model = "package", Amount = 1m, Per = 10m }, new PriceDefinition { Model = "package", Amount = 2m, Per = 20m }).ShouldBeFalse();
        CardDiff.Of("c", 1, [Rate("a", Tiers(1m)) with { Vendor = "x" }], 2, [Rate("a", Tiers(1m)) with { Vendor = "y" }]).Changed.Count.ShouldBe(1);
        CardDiff.Of("c", 1, [Rate("a", Tiers(1m))], 2, [Rate("a", Tiers(1m)) with { Unit = "USD" }]).Changed.Count.ShouldBe(1);
    }

    private static RateDefinition Rate(string? model, PriceDefinition price) => new()
    {
        Meter = "llm",
        Unit = "CREDIT",
        Price = price,
        Match = model is null ? null : new Dictionary<string, string>(StringComparer.Ordinal) { ["model"] = model },
    };
}
