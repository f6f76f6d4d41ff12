using CsCheck;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Tests.Pricing;

public sealed class LargestRemainderTests
{
    private const decimal Nano = 0.000000001m;

    [Fact]
    public void Case_32_the_leftover_goes_to_the_largest_remainders()
    {
        decimal[] amounts = [1.0000000003m, 2.0000000006m, 3.0000000006m]; // sum 6.0000000015 rounds to 6.000000002
        LargestRemainder.Spread(amounts).ShouldBe(6.000000002m);
        amounts.ShouldBe([1m, 2m + Nano, 3m + Nano]);
    }

    [Fact]
    public void Equal_remainders_go_to_the_earlier()
    {
        decimal[] amounts = [Nano / 3, Nano / 3, Nano / 3];
        LargestRemainder.Spread(amounts).ShouldBe(Nano);
        amounts.ShouldBe([Nano, 0m, 0m]);
    }

    [Fact]
    public void The_sum_rounds_half_to_even()
    {
        decimal[] down = [Nano / 4, Nano / 4];
        LargestRemainder.Spread(down).ShouldBe(0m);
        decimal[] up = [Nano, Nano / 4, Nano / 4];
        LargestRemainder.Spread(up).ShouldBe(2 * Nano);
    }

    [Fact]
    public void The_parts_sum_to_the_whole_and_stay_within_a_unit_of_themselves() =>
        Gen.Decimal[-1000m, 1000m].Array[1, 40].Sample(exact =>
        {
            var parts = exact.ToArray();
            var sum = LargestRemainder.Spread(parts);
            parts.Sum().ShouldBe(sum);
            sum.ShouldBe(Math.Round(exact.Sum(), 9, MidpointRounding.ToEven));
            for (var i = 0; i < parts.Length; i++)
            {
                Math.Round(parts[i], 9).ShouldBe(parts[i]);
                Math.Abs(parts[i] - exact[i]).ShouldBeLessThan(Nano);
            }
        });
}
