using System.Numerics;
using CsCheck;
using Portal.Domain.Wallet;

namespace Portal.Domain.Tests.Wallet;

public sealed class GrantTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("10", "1000", "996", "9.96")]
    [InlineData("1", "3", "1", "0.333333333")]
    [InlineData("1", "3", "2", "0.666666667")]
    [InlineData("0.000000001", "2", "1", "0.000000001")] // half up
    [InlineData("9999999999.999999999", "9999999999.999999999", "0.000000001", "0.000000001")]
    [InlineData("5", "7", "0", "0")]
    [InlineData("5", "7", "7", "5")]
    public void Value_left_is_value_by_the_credits_left(string value, string amount, string remaining, string left) =>
        GrantValue.Left(Number(value), Number(remaining), Number(amount)).ShouldBe(Number(left));

    [Fact]
    public void Value_goes_out_by_difference_whatever_the_parts()
    {
        var nano = Gen.Long[1, 5_000_000_000_000_000].Select(n => n / 1_000_000_000m);
        Gen.Select(nano, nano, Gen.Double[0, 1].Array[1, 20]).Sample((value, amount, cuts) =>
        {
            var (left, taken) = (amount, 0m);
            foreach (var cut in cuts)
            {
                var part = Math.Round(left * (decimal)cut, 9, MidpointRounding.ToZero);
                var difference = GrantValue.Left(value, left, amount) - GrantValue.Left(value, left - part, amount);
                difference.ShouldBeGreaterThanOrEqualTo(0m);
                (left, taken) = (left - part, taken + difference);
            }

            taken += GrantValue.Left(value, left, amount);
            taken.ShouldBe(value);
        });
    }

    [Fact]
    public void The_fast_and_the_wide_arithmetic_agree()
    {
        var nano = Gen.Long[1, long.MaxValue].Select(n => n / 1_000_000_000m);
        Gen.Select(nano, nano, nano).Where((_, amount, remaining) => remaining <= amount).Sample((value, amount, remaining) =>
        {
            BigInteger v = new(value * 1_000_000_000m), a = new(amount * 1_000_000_000m), r = new(remaining * 1_000_000_000m);
            GrantValue.Left(value, remaining, amount).ShouldBe((decimal)(((2 * v * r) + a) / (2 * a)) / 1_000_000_000m);
        });
    }

    [Fact]
    public void Case_28_priority_beats_restriction_and_restriction_is_first_among_equals()
    {
        var (plain, restricted, urgent) = (Make(1), Make(2, products: ["llm"]), Make(3, priority: 0));
        InOrder(plain, restricted, urgent).ShouldBe([urgent, restricted, plain]);
    }

    [Fact]
    public void Then_expiry_then_cost_basis_then_effect_then_id()
    {
        var (soon, later, never) = (Make(1, expires: 5), Make(2, expires: 9), Make(3));
        InOrder(never, later, soon).ShouldBe([soon, later, never]);
        var (cheap, dear) = (Make(4, amount: 3m, value: 1m), Make(5, amount: 2m, value: 1m)); // 1/3 < 1/2
        InOrder(dear, cheap).ShouldBe([cheap, dear]);
        var (first, second) = (Make(6, effective: 0), Make(7, effective: 1));
        InOrder(second, first).ShouldBe([first, second]);
        InOrder(Make(9), Make(8)).Select(grant => grant.Id).ShouldBe([Id(8), Id(9)]);
    }

    [Fact]
    public void Case_3_the_order_is_total_whatever_the_arrival()
    {
        var grants = Enumerable.Range(1, 6).Select(i => Make((byte)i, value: i % 2, expires: i % 3 == 0 ? null : i % 3)).ToArray();
        var expected = InOrder(grants);
        Gen.Shuffle(grants).Sample(shuffled => InOrder(shuffled).ShouldBe(expected));
    }

    [Fact]
    public void Case_1_the_instant_of_expiry_is_outside()
    {
        var grant = Make(1, expires: 5);
        grant.CanServe("llm", Start.AddDays(5).AddTicks(-1)).ShouldBeTrue();
        grant.CanServe("llm", Start.AddDays(5)).ShouldBeFalse();
        Make(2, effective: 1).CanServe("llm", Start).ShouldBeFalse();
        Make(3, products: ["images"]).CanServe("llm", Start).ShouldBeFalse();
    }

    private static Grant[] InOrder(params Grant[] grants) => [.. grants.Order(BurnOrder.Instance)];

    private static Guid Id(byte n) => new(n, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    private static decimal Number(string text) => decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    private static Grant Make(byte id, short priority = 50, string[]? products = null, int? expires = null, decimal amount = 10m, decimal value = 0m, int effective = 0) => new()
    {
        TenantId = 1,
        Id = Id(id),
        PoolId = 1,
        Source = GrantSource.Purchase,
        Amount = amount,
        Remaining = amount,
        Value = value,
        Currency = "USD",
        Priority = priority,
        Products = products,
        EffectiveAt = Start.AddDays(effective),
        ExpiresAt = expires is null ? null : Start.AddDays(expires.Value),
        CreatedAt = Start,
    };
}
