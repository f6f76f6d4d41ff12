using Portal.Domain.Kernel;

namespace Portal.Domain.Payments;

/// <summary>Amounts as providers count them: whole numbers of the currency's minor unit.</summary>
public static class MinorUnits
{
    /// <summary>10.00 USD is 1000, 10 JPY is 10, 1.234 KWD is 1234.</summary>
    /// <exception cref="ArgumentException">The amount is not a whole number of minor units: it has to be rounded once, before.</exception>
    public static long Of(Money money)
    {
        var scaled = money.Amount * Scale(money.Currency);
        return decimal.IsInteger(scaled)
            ? decimal.ToInt64(scaled)
            : throw new ArgumentException($"{money.Amount} is not a whole number of {money.Currency}'s minor unit.", nameof(money));
    }

    /// <summary>The amount of so many minor units.</summary>
    public static decimal Amount(long minorUnits, Currency currency) => minorUnits / Scale(currency);

    private static decimal Scale(Currency currency) => currency.MinorPlaces switch { 0 => 1m, 2 => 100m, 3 => 1_000m, 4 => 10_000m, _ => throw new ArgumentOutOfRangeException(nameof(currency)) };
}
