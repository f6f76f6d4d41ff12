using Portal.Domain.Kernel;

namespace Portal.Domain.Pricing.Rates;

/// <summary>Rounding a sum once and spreading it so that the parts sum to it exactly.</summary>
public static class LargestRemainder
{
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

        Spread(amounts, sum, Credits.Places);
        return sum;
    }

    /// <summary>
    /// Replaces each exact amount by its share of a sum that was rounded: itself rounded down, plus one unit for those with the largest
    /// remainders, the earlier first among equals. Amounts may be below 0.
    /// </summary>
    /// <param name="amounts">Exact; they sum to <paramref name="sum"/> before it was rounded.</param>
    /// <param name="sum">What the shares sum to.</param>
    /// <param name="places">Decimal places of a unit.</param>
    public static void Spread(Span<decimal> amounts, decimal sum, int places)
    {
        var unit = new decimal(1, 0, 0, isNegative: false, (byte)places);
        Span<decimal> remainders = amounts.Length <= 16 ? stackalloc decimal[amounts.Length] : new decimal[amounts.Length];
        var left = sum;
        for (var i = 0; i < amounts.Length; i++)
        {
            var floor = Math.Round(amounts[i], places, MidpointRounding.ToNegativeInfinity);
            remainders[i] = amounts[i] - floor;
            amounts[i] = floor;
            left -= floor;
        }

        for (; left > 0m; left -= unit)
        {
            var largest = 0;
            for (var i = 1; i < remainders.Length; i++)
            {
                if (remainders[i] > remainders[largest]) largest = i;
            }

            amounts[largest] += unit;
            remainders[largest] -= 1m;
        }
    }
}
