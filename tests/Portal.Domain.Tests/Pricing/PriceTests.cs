using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Tests.Pricing;

/// <summary>Price models, with figures from other engines' published tests and worked out by hand.</summary>
public sealed class PriceTests
{
    private static readonly Price Graduated = new()
    {
        Model = PriceModel.Graduated,
        Tiers = [new(5m, 0m, 100m), new(10m, 0m, 50m), new(15m, 10m, 0m), new(null, 5m, 0m)],
    };

    private static readonly Price Volume = new()
    {
        Model = PriceModel.Volume,
        Tiers = [new(5m, 0m, 100m), new(10m, 0m, 150m), new(15m, 10m, 0m), new(null, 5m, 0m)],
    };

    private static readonly Price Package = new() { Model = PriceModel.Package, Amount = 15m, Per = 10m };

    private static readonly Price Unit = new() { Model = PriceModel.PerUnit, Amount = 10m };

    [Theory]
    [InlineData("0", "0")]
    [InlineData("3", "100")]
    [InlineData("5", "100")]
    [InlineData("5.001", "150")]
    [InlineData("7", "150")]
    [InlineData("12", "170")]
    [InlineData("22", "235")]
    public void Graduated_charges_each_unit_in_its_tier(string quantity, string expected) =>
        Graduated.Charge(Decimal(quantity)).ShouldBe(Decimal(expected));

    [Theory]
    [InlineData("0", "0")]
    [InlineData("1", "12")]
    [InlineData("10", "102")]
    [InlineData("11", "110")]
    [InlineData("12", "115")]
    [InlineData("21", "163")]
    public void Graduated_flat_amounts_are_due_once_their_tier_is_entered(string quantity, string expected) =>
        new Price { Model = PriceModel.Graduated, Tiers = [new(10m, 10m, 2m), new(20m, 5m, 3m), new(null, 5m, 3m)] }
            .Charge(Decimal(quantity)).ShouldBe(Decimal(expected));

    [Theory]
    [InlineData("0.05", "0.5")]
    [InlineData("0.1", "1")]
    [InlineData("0.5", "3")]
    [InlineData("2", "7.5")]
    public void Graduated_bounds_may_be_fractions(string quantity, string expected) =>
        new Price { Model = PriceModel.Graduated, Tiers = [new(0.1m, 10m, 0m), new(1m, 5m, 0m), new(null, 2m, 0m)] }
            .Charge(Decimal(quantity)).ShouldBe(Decimal(expected));

    [Theory]
    [InlineData("0", "0")]
    [InlineData("5", "100")]
    [InlineData("14", "140")]
    [InlineData("15", "150")]
    [InlineData("16", "80")]
    [InlineData("100", "500")]
    public void Case_35_volume_drops_past_an_inclusive_bound(string quantity, string expected) =>
        Volume.Charge(Decimal(quantity)).ShouldBe(Decimal(expected));

    [Theory]
    [InlineData("0", "0")]
    [InlineData("1", "15")]
    [InlineData("5", "15")]
    [InlineData("9.5", "15")]
    [InlineData("10", "15")]
    [InlineData("10.000000001", "30")]
    [InlineData("11", "30")]
    [InlineData("100", "150")]
    public void Case_35_a_started_package_is_charged_whole(string quantity, string expected) =>
        Package.Charge(Decimal(quantity)).ShouldBe(Decimal(expected));

    [Theory]
    [InlineData("0", "0")]
    [InlineData("10", "5")]
    [InlineData("10.1", "9")]
    [InlineData("1000", "20")]
    public void Stairstep_names_the_amount_of_the_whole(string quantity, string expected) =>
        new Price { Model = PriceModel.Stairstep, Tiers = [new(10m, 0m, 5m), new(50m, 0m, 9m), new(null, 0m, 20m)] }
            .Charge(Decimal(quantity)).ShouldBe(Decimal(expected));

    [Fact]
    public void At_zero_nothing_is_due_unless_it_charges_at_zero()
    {
        var price = Unit with { FlatFee = 3m };
        price.Charge(0m).ShouldBe(0m);
        (price with { ChargeAtZero = true }).Charge(0m).ShouldBe(3m);
        (Graduated with { ChargeAtZero = true }).Charge(0m).ShouldBe(100m);
        (Volume with { ChargeAtZero = true, Minimum = 150m }).Charge(0m).ShouldBe(150m);
    }

    [Fact]
    public void Minimum_and_maximum_bound_what_is_charged()
    {
        (Volume with { Minimum = 150m }).Charge(5m).ShouldBe(150m);
        (Volume with { Minimum = 100m }).Charge(100m).ShouldBe(500m);
        (Volume with { Maximum = 125m }).Charge(7m).ShouldBe(125m);
        (Unit with { Maximum = 100m }).Charge(12m).ShouldBe(100m);
        (Package with { Maximum = 75m }).Charge(110m).ShouldBe(75m);
    }

    [Fact]
    public void Flat_fee_then_discount_then_minimum_then_maximum()
    {
        var price = Unit with { FlatFee = 20m, DiscountPercent = 25m };
        price.Charge(2m).ShouldBe(30m); // (2 × 10 + 20) × 0.75
        (price with { Minimum = 31m }).Charge(2m).ShouldBe(31m);
        (price with { Minimum = 10m, Maximum = 29m }).Charge(2m).ShouldBe(29m);
        (Unit with { DiscountPercent = 50m, Maximum = 100m }).Charge(20m).ShouldBe(100m);
    }

    [Fact]
    public void Accrual_leaves_the_minimum_to_the_end_of_the_period()
    {
        var price = Unit with { Minimum = 1000m, Maximum = 2000m };
        price.Accrue(10m).ShouldBe(100m);
        price.Charge(10m).ShouldBe(1000m);
        price.Accrue(300m).ShouldBe(2000m);
    }

    [Fact]
    public void Rated_by_difference_a_volume_price_returns_what_it_took() // 12 → +120, 14 → +20, 15 → +10, 16 → −70
    {
        var price = new Price { Model = PriceModel.Volume, Tiers = [new(15m, 10m, 0m), new(null, 5m, 0m)] };
        decimal[] reached = [0m, 12m, 14m, 15m, 16m];
        reached.Zip(reached.Skip(1), (before, after) => price.Accrue(after) - price.Accrue(before)).ShouldBe([120m, 20m, 10m, -70m]);
    }

    [Fact]
    public void Other_engines_figures_are_ours_too()
    {
        Price Slab(decimal flat = 0m) => new() { Model = PriceModel.Graduated, Tiers = [new(10m, 5m, 0m), new(null, 3m, 0m)], FlatFee = flat };
        (Package with { Amount = 50m }).Charge(25m).ShouldBe(150m); // flexprice: 25 units, $50 per 10
        Slab().Charge(20m).ShouldBe(80m); // slab 10@5, then @3
        (Slab() with { Model = PriceModel.Volume }).Charge(20m).ShouldBe(60m);
        Slab(flat: 100m).Charge(20m).ShouldBe(180m); // flat 100 + slab
        (Package with { Amount = 100m }).Charge(121m).ShouldBe(1300m); // lago: package 100 per 10
        (Unit with { Amount = 5.12345m }).Charge(10m).ShouldBe(51.2345m);
        (Unit with { Amount = 2.99m, Per = 100m, Scope = PriceScope.Event, Minimum = 1.75m, Maximum = 12m })
            .ShouldSatisfyAllConditions( // lago: 2.99 % of each of 10, 80, 10000, at least 1.75, at most 12
                percent => (percent.Charge(10m) + percent.Charge(80m) + percent.Charge(10_000m)).ShouldBe(16.142m));
    }

    [Fact]
    public void Only_a_plain_unit_price_needs_no_counter()
    {
        Unit.IsLinear.ShouldBeTrue();
        (Unit with { DiscountPercent = 10m }).IsLinear.ShouldBeTrue();
        (Unit with { FlatFee = 1m }).IsLinear.ShouldBeFalse();
        (Unit with { Minimum = 1m }).IsLinear.ShouldBeFalse();
        (Unit with { Maximum = 1m }).IsLinear.ShouldBeFalse();
        Package.IsLinear.ShouldBeFalse();
    }

    [Fact]
    public void A_negative_quantity_is_a_bug() => Should.Throw<ArgumentOutOfRangeException>(() => Unit.Charge(-1m));

    private static decimal Decimal(string text) => decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
