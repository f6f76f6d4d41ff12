using System.Globalization;

namespace Portal.Domain.Kernel;

/// <summary>An amount of one currency, exact to nine decimal places as the ledger keeps it.</summary>
/// <param name="Amount">The amount in major units, at most nine decimal places.</param>
/// <param name="Currency">Its currency.</param>
public readonly record struct Money(decimal Amount, Currency Currency)
{
    /// <summary>Nothing, in that currency.</summary>
    public static Money Zero(Currency currency) => new(0m, currency);

    /// <exception cref="InvalidOperationException">The currencies differ.</exception>
    public static Money operator +(Money left, Money right) => new(left.Amount + right.Amount, Same(left, right));

    /// <exception cref="InvalidOperationException">The currencies differ.</exception>
    public static Money operator -(Money left, Money right) => new(left.Amount - right.Amount, Same(left, right));

    public static Money Add(Money left, Money right) => left + right;

    public static Money Subtract(Money left, Money right) => left - right;

    /// <summary>Rounded once to the currency's minor unit, half away from zero.</summary>
    public Money RoundToMinor() => this with { Amount = Currency.RoundToMinor(Amount) };

    /// <summary>Amount in the minor unit's places and the code: <c>10.00 USD</c>.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Amount.ToString("F" + Currency.MinorPlaces, CultureInfo.InvariantCulture)} {Currency.Code}");

    private static Currency Same(Money left, Money right) =>
        left.Currency == right.Currency
            ? left.Currency
            : throw new InvalidOperationException($"{left.Currency} and {right.Currency} do not mix.");
}
