using Portal.Domain.Kernel;

namespace Portal.Domain.Pricing.Rates;

/// <summary>Rounding a sum once and spreading it so that the parts sum to it exactly.</summary>
public static class LargestRemainder
{
    /// <summary>One unit of the ninth place.</summary>
    public const decimal Unit = 0.000000001m;

    /// <summary>
    /// Rounds the sum of exact amounts once, to nine places half to even, and replaces each amount by its share of that sum: itself
    /// rounded down, plus one unit for those with the largest remainders, the earlier first among equals.
    /// </summary>
    /// <returns>The rounded sum, which the shares sum to.</returns>
    public static decimal Spread(Span<decimal> amounts)
    {
        var exact = 0m;
        var needsRounding = false;
        foreach (var amount in amounts)
        {
            exact += amount;
            needsRounding |= amount.Scale > Credits.Places;
        }

        if (!needsRounding) return exact;
        var sum = Math.Round(exact, Credits.Places, MidpointRounding.ToEven);
        if (amounts.Length == 1)
        {
            amounts[0] = sum;
            return sum;
        }

        Span<decimal> remainders = amounts.Length <= 16 ? stackalloc decimal[amounts.Length] : new decimal[amounts.Length];
        var left = sum;
        for (var i = 0; i < amounts.Length; i++)
        {
            var floor = Math.Round(amounts[i], Credits.Places, MidpointRounding.ToNegativeInfinity);
            remainders[i] = amounts[i] - floor;
            amounts[i] = floor;
            left -= floor;
        }

        for (; left > 0m; left -= Unit)
        {
            var largest = 0;
            for (var i = 1; i < remainders.Length; i++)
            {
                if (remainders[i] > remainders[largest]) largest = i;
            }

            amounts[largest] += Unit;
            remainders[largest] -= 1m;
        }

        return sum;
    }
}
