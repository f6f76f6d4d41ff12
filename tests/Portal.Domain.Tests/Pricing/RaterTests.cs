using CsCheck;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Tests.Pricing;

public sealed class RaterTests
{
    private static readonly Price HalfPerThousand = new() { Model = PriceModel.PerUnit, Amount = 0.5m, Per = 1000m };

    [Fact]
    public void An_event_is_the_sum_of_its_quantities_rounded_once()
    {
        var rating = Rater.Rate("llm", [Q(4808m, "input"), Q(10m, "output")],
            Book(R("input", HalfPerThousand), R("output", HalfPerThousand with { Amount = 2m })),
            Book(C("input", 2.5m), C("output", 10m)));
        rating.Rated.ShouldBeTrue();
        rating.Credits.ShouldBe(new Credits(2.424m)); // 4.808 × 0.5 + 0.01 × 2
        rating.Cost.ShouldBe(0.01212m); // 4808 × 2.5e-6 + 10 × 10e-6
        rating.CostCurrency.ShouldBe("USD");
        rating.Quantity.ShouldBe(4818m);
        rating.MoneyCurrency.ShouldBeNull();
        rating.Lines.Select(line => line.Credits.Amount).ShouldBe([2.404m, 0.02m]);
        rating.Lines.Select(line => line.Cost).ShouldBe([0.01202m, 0.0001m]);
        rating.Lines.Select(line => line.TokenType).ShouldBe(["input", "output"]);
        (rating.RateVersionId, rating.CostVersionId).ShouldBe((7, 8));
    }

    [Fact]
    public void A_cost_is_the_sum_of_its_token_types() // openmeter, unit cost
    {
        decimal? Cost(decimal input, int inputs, decimal output, int outputs) => Rater.Rate(
            "llm", [Q(inputs, "input"), Q(outputs, "output")], Book(R("", HalfPerThousand)), Book(C("input", input * 1_000_000m), C("output", output * 1_000_000m))).Cost;
        Cost(0.01m, 100, 0.03m, 50).ShouldBe(2.5m);
        Cost(0.003m, 200, 0.015m, 80).ShouldBe(1.8m);
    }

    [Fact]
    public void Case_41_token_types_are_disjoint_buckets_each_with_its_own_price()
    {
        var rating = Rater.Rate("llm", [Q(1000m, "input"), Q(1000m, "cached_input"), Q(1000m, "reasoning")],
            Book(R("input", HalfPerThousand), R("cached_input", HalfPerThousand with { Amount = 0.125m }), R("reasoning", HalfPerThousand with { Amount = 2m })),
            RateBook.Empty);
        rating.Lines.Select(line => line.Credits.Amount).ShouldBe([0.5m, 0.125m, 2m]);
        rating.Credits.Amount.ShouldBe(2.625m);
    }

    [Fact]
    public void Case_46_a_missing_cost_is_unknown_for_the_whole_event_and_never_zero()
    {
        var rating = Rater.Rate("llm", [Q(1m, "input"), Q(1m, "reasoning")],
            Book(R("input", HalfPerThousand), R("reasoning", HalfPerThousand)), Book(C("input", 2.5m)));
        rating.Rated.ShouldBeTrue();
        rating.Cost.ShouldBeNull();
        rating.CostCurrency.ShouldBeNull();
        rating.CostVersionId.ShouldBeNull();
        rating.Lines.ShouldAllBe(line => line.Cost == null);
    }

    [Fact]
    public void A_price_of_nothing_is_known()
    {
        var rating = Rater.Rate("llm", [Q(1m, "input")], Book(R("input", HalfPerThousand with { Amount = 0m })), Book(C("input", 0m)));
        (rating.Rated, rating.Credits.Amount, rating.Cost, rating.CostCurrency).ShouldBe((true, 0m, 0m, "USD"));
    }

    [Fact]
    public void Costs_in_two_currencies_are_unknown() => Rater.Rate(
            "llm", [Q(1m, "input"), Q(1m, "output")], Book(R("input", HalfPerThousand), R("output", HalfPerThousand)),
            Book(C("input", 1m), C("output", 1m) with { Unit = "EUR" }))
        .Cost.ShouldBeNull();

    [Fact]
    public void One_quantity_without_a_rate_leaves_the_whole_event_unrated()
    {
        var rating = Rater.Rate("llm", [Q(5m, "input"), Q(7m, "output")], Book(R("input", HalfPerThousand)), Book(C("input", 1m), C("output", 1m)));
        (rating.Rated, rating.RateVersionId, rating.Credits, rating.Cost).ShouldBe((false, null, Credits.Zero, null));
        rating.Quantity.ShouldBe(12m);
        rating.Lines.Select(line => line.Quantity).ShouldBe([5m, 7m]);
    }

    [Fact]
    public void Nothing_measured_costs_nothing()
    {
        var rating = Rater.Rate("llm", [], RateBook.Empty, RateBook.Empty);
        (rating.Rated, rating.Credits, rating.Cost, rating.CostCurrency).ShouldBe((true, Credits.Zero, 0m, null));
    }

    [Fact]
    public void A_money_rate_accrues_money_beside_credits()
    {
        var rating = Rater.Rate("llm", [Q(1000m, "input"), Q(2m, "output")],
            Book(R("input", HalfPerThousand), R("output", HalfPerThousand with { Amount = 3m, Per = 1m }) with { Unit = "EUR" }), RateBook.Empty);
        (rating.Credits.Amount, rating.Money, rating.MoneyCurrency).ShouldBe((0.5m, 6m, "EUR"));
        rating.Lines.Select(line => (line.Credits.Amount, line.Money)).ShouldBe([(0.5m, 0m), (0m, 6m)]);
    }

    [Fact]
    public void Quantities_that_find_the_same_rate_are_priced_together()
    {
        var package = new Price { Model = PriceModel.Package, Amount = 10m, Per = 10m, Scope = PriceScope.Event };
        var rating = Rater.Rate("llm", [Q(3m, "input"), Q(6m, "output")], Book(R("", package)), RateBook.Empty);
        rating.Credits.Amount.ShouldBe(10m); // one started package for 9, not two
        rating.Lines.Select(line => line.Credits.Amount).ShouldBe([3.333333333m, 6.666666667m]);
    }

    [Fact]
    public void Absurd_figures_leave_the_event_unrated() =>
        Rater.Rate("llm", [Q(Rater.Greatest, "input")], Book(R("input", HalfPerThousand with { Amount = 1_000_000_000_000m, Per = 0.000001m })), RateBook.Empty)
            .Rated.ShouldBeFalse();

    [Fact]
    public void Lines_sum_to_the_event_whatever_the_prices()
    {
        var quantity = Gen.Select(Gen.Decimal[0.000000001m, 1_000_000m], Gen.OneOf("input", "output", "cached_input"));
        var price = Gen.Select(Gen.Decimal[0m, 100m], Gen.Int[1, 1_000_000], Gen.Bool, (amount, per, package) => new Price
        {
            Model = package ? PriceModel.Package : PriceModel.PerUnit,
            Amount = amount,
            Per = per,
            Scope = PriceScope.Event,
        });
        Gen.Select(quantity.Array[1, 20], price, price).Sample((quantities, own, other) =>
        {
            var rating = Rater.Rate("llm", [.. quantities.Select(q => Q(q.Item1, q.Item2))], Book(R("input", own), R("", other)), Book(C("", 1.7m)));
            rating.Lines.Sum(line => line.Credits.Amount).ShouldBe(rating.Credits.Amount);
            rating.Lines.Sum(line => line.Cost!.Value).ShouldBe(rating.Cost!.Value);
            rating.Lines.Sum(line => line.Quantity).ShouldBe(rating.Quantity);
        });
    }

    private static MeasuredQuantity Q(decimal amount, string tokenType) => new(amount, DimensionSet.Of(("token_type", tokenType)));

    private static RateBook Book(params Rate[] rates) =>
        new(new CardVersion(rates[0].Vendor is null ? 7 : 8, "default", 1, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, rates).Rates);

    private static Rate R(string tokenType, Price price) => new()
    {
        Index = 0,
        Meter = "llm",
        Match = DimensionSet.Of(("token_type", tokenType)),
        Unit = Rate.CreditUnit,
        Price = price,
    };

    private static Rate C(string tokenType, decimal perMillion) =>
        R(tokenType, new Price { Model = PriceModel.PerUnit, Amount = perMillion, Per = 1_000_000m }) with { Unit = "USD", Vendor = "openai" };
}
