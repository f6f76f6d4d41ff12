using Portal.Domain.Kernel;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Tests.Pricing;

/// <summary>What a card version must not hold, and how the refusal names it.</summary>
public sealed class RateChecksTests
{
    private static readonly RateDefinition Good = new()
    {
        Meter = "llm",
        Unit = "CREDIT",
        Match = new Dictionary<string, string> { ["model"] = "gpt-4o" },
        Price = PerUnit("0.5"),
    };

    [Fact]
    public void A_missing_or_a_star_matches_any()
    {
        var rates = Check(Good with { Match = null }, Good with { Match = new Dictionary<string, string> { ["model"] = "*", ["tier"] = "batch" } });
        rates.Errors.ShouldBeEmpty();
        rates.Rates.Select(rate => rate.Match).ShouldBe([DimensionSet.Empty, DimensionSet.Of(("tier", "batch"))]);
    }

    [Theory]
    [InlineData("unknown_meter", "rates[1].meter")]
    [InlineData("unknown_dimension", "rates[1].match.planet")]
    [InlineData("invalid_unit", "rates[1].unit")]
    [InlineData("invalid_amount", "rates[1].price.amount")]
    [InlineData("required", "rates[1].price.amount")]
    [InlineData("invalid_price_model", "rates[1].price.model")]
    [InlineData("tiers_out_of_order", "rates[1].price.tiers[1].up_to")]
    [InlineData("tiers_bounded", "rates[1].price.tiers[2].up_to")]
    [InlineData("scope_not_allowed", "rates[1].price.scope")]
    [InlineData("invalid_vendor", "rates[1].vendor")]
    [InlineData("rate_overlap", "rates[1].match")]
    [InlineData("invalid_match", "rates[1].match.model")]
    public void A_refusal_names_the_rate_and_the_field(string code, string field)
    {
        var tiers = new PriceDefinition
        {
            Model = "graduated",
            Scope = "event",
            Tiers = [new() { UpTo = 10m, UnitAmount = 1m }, new() { UpTo = 20m, UnitAmount = 1m }, new() { UnitAmount = 1m }],
        };
        var other = Good with { Match = new Dictionary<string, string> { ["model"] = "gpt-5" } };
        var bad = (code, field) switch
        {
            ("unknown_meter", _) => other with { Meter = "nope" },
            ("unknown_dimension", _) => other with { Match = new Dictionary<string, string> { ["model"] = "m", ["planet"] = "mars" } },
            ("invalid_unit", _) => other with { Unit = "EURO" },
            ("invalid_amount", _) => other with { Price = PerUnit("-1") },
            ("required", _) => other with { Price = new PriceDefinition { Model = "per_unit" } },
            ("invalid_price_model", _) => other with { Price = new PriceDefinition { Model = "dynamic" } },
            ("tiers_out_of_order", _) => other with { Price = tiers with { Tiers = [tiers.Tiers[0], new() { UpTo = 10m, UnitAmount = 1m }, tiers.Tiers[2]] } },
            ("tiers_bounded", _) => other with { Price = tiers with { Tiers = [tiers.Tiers[0], tiers.Tiers[1], new() { UpTo = 30m, UnitAmount = 1m }] } },
            ("scope_not_allowed", _) => other with { Meter = "peak", Price = PerUnit("1") with { Scope = "event" } },
            ("invalid_vendor", _) => other with { Vendor = "openai" },
            ("rate_overlap", _) => Good with { Match = new Dictionary<string, string> { ["tier"] = "batch" } },
            ("invalid_match", _) => Good with { Match = new Dictionary<string, string> { ["model"] = "" } },
            _ => throw new InvalidOperationException(code),
        };
        var (_, errors) = Check(Good, bad);
        errors.ShouldContainKey(field);
        errors.Count.ShouldBe(1);
        Problem(Good, bad)!.Code.ShouldBe(code);
    }

    [Fact]
    public void An_overlap_names_both_rates()
    {
        var detail = Check(Good, Good with { Match = new Dictionary<string, string> { ["tier"] = "batch" } }).Errors["rates[1].match"].Single();
        detail.ShouldContain("rates[0] (llm: model=gpt-4o)");
        detail.ShouldContain("rates[1] (llm: tier=batch)");
        detail.ShouldContain("model=gpt-4o, tier=batch");
    }

    [Fact]
    public void A_price_stands_in_any_scope()
    {
        foreach (var scope in new[] { null, "tenant", "consumer", "event" })
        {
            Check(Good with { Price = PerUnit("1") with { Scope = scope } }).Errors.ShouldBeEmpty();
        }

        Check(Good with { Price = PerUnit("1") with { FlatFee = 1m, Scope = "event" } }).Errors.ShouldBeEmpty();
        Check(Good with { Price = PerUnit("1") with { FlatFee = 1m } }).Errors.ShouldBeEmpty();
    }

    [Fact]
    public void An_event_accrues_one_currency() =>
        Check(Good with { Unit = "USD" }, Good with { Unit = "EUR", Match = new Dictionary<string, string> { ["model"] = "x" } })
            .Errors.ShouldContainKey("rates[1].unit");

    [Fact]
    public void A_cost_is_money_and_names_its_vendor_or_the_card()
    {
        Check(CardKind.Cost, Good).Errors.ShouldContainKey("rates[0].unit");
        Check(CardKind.Cost, Good with { Unit = "USD" }).Rates.Single().Vendor.ShouldBe("acme");
        Check(CardKind.Cost, Good with { Unit = "USD", Vendor = "openai" }).Rates.Single().Vendor.ShouldBe("openai");
    }

    [Fact]
    public void All_errors_are_named_at_once() =>
        Check(Good with { Unit = "X" }, Good with { Meter = null }).Errors.Keys.ShouldBe(["rates[0].unit", "rates[1].meter"]);

    [Fact]
    public void An_empty_card_is_refused() => Problem()!.Errors!.Keys.ShouldBe(["rates"]);

    private static PriceDefinition PerUnit(string amount) =>
        new() { Model = "per_unit", Amount = decimal.Parse(amount, System.Globalization.CultureInfo.InvariantCulture), Per = 1000m };

    private static Problem? Problem(params RateDefinition[] rates) => Run(CardKind.Rate, rates).Errors.ToProblem();

    private static (IReadOnlyList<Rate> Rates, Dictionary<string, string[]> Errors) Check(params RateDefinition[] rates) => Check(CardKind.Rate, rates);

    private static (IReadOnlyList<Rate> Rates, Dictionary<string, string[]> Errors) Check(CardKind kind, params RateDefinition[] rates)
    {
        var (result, errors) = Run(kind, rates);
        return (result, errors.ToProblem()?.Errors?.ToDictionary() ?? []);
    }

    private static (IReadOnlyList<Rate> Rates, FieldErrors Errors) Run(CardKind kind, RateDefinition[] rates)
    {
        var errors = new FieldErrors();
        var result = RateChecks.Check(kind, "acme", rates, errors);
        IReadOnlySet<string> dimensions = new HashSet<string> { "model", "tier", "token_type" };
        if (errors.None) RateChecks.CheckTogether(result, new Dictionary<string, MeterShape> { ["llm"] = new(dimensions, Accumulation.Sum), ["peak"] = new(dimensions, Accumulation.Greatest) }, errors);
        return (result, errors);
    }
}
