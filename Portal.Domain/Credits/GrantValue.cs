using System.Numerics;

namespace Portal.Domain.Wallet;

/// <summary>
/// The one formula for what a grant's credits are worth (domain.md §4), exact. Every movement posts the difference of
/// <see cref="Left"/> before and after, so that order does not matter and an empty grant holds exactly 0.
/// The SQL function <c>value_left</c> is the same formula.
/// </summary>
public static class GrantValue
{
    private const decimal Nano = 1_000_000_000m;
    private const decimal FitsLong = 9_000_000_000m; // × 10⁹ stays below 2⁶³

    /// <summary><c>round(value × remaining / amount, 9)</c>, half up; all at most nine decimal places, <paramref name="amount"/> above 0.</summary>
    public static decimal Left(decimal value, decimal remaining, decimal amount)
    {
        if (value == 0m || remaining == 0m) return 0m;
        if (remaining == amount) return value;
        if (value < FitsLong && amount < FitsLong)
        {
            UInt128 v = (ulong)(value * Nano), r = (ulong)(remaining * Nano), a = (ulong)(amount * Nano);
            return (decimal)(((2 * v * r) + a) / (2 * a)) / Nano;
        }

        BigInteger bigValue = new(value * Nano), bigRemaining = new(remaining * Nano), bigAmount = new(amount * Nano);
        return (decimal)(((2 * bigValue * bigRemaining) + bigAmount) / (2 * bigAmount)) / Nano;
    }
}
