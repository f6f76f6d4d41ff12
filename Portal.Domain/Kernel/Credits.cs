using System.Globalization;

namespace Portal.Domain.Kernel;

/// <summary>
/// An amount of credits, exact to nine decimal places, the unit of every prepaid balance.
/// Range: that of <c>numeric(28,9)</c>, ±9,999,999,999,999,999,999.999999999. Arithmetic that leaves it throws <see cref="OverflowException"/>.
/// </summary>
public readonly record struct Credits : IComparable<Credits>
{
    /// <summary>Decimal places that credits keep.</summary>
    public const int Places = 9;

    /// <summary>Largest absolute amount.</summary>
    public const decimal Limit = 9_999_999_999_999_999_999.999999999m;

    /// <summary>The amount.</summary>
    public decimal Amount { get; }

    /// <summary>Makes an amount that already has at most nine decimal places.</summary>
    /// <exception cref="ArgumentException">More than nine decimal places: round explicitly with <see cref="Round"/>.</exception>
    /// <exception cref="OverflowException">Outside the range.</exception>
    public Credits(decimal amount)
    {
        if (!HasAtMostNinePlaces(amount)) throw new ArgumentException("Credits have at most nine decimal places.", nameof(amount));
        Amount = InRange(amount);
    }

    /// <summary>No credits.</summary>
    public static Credits Zero => default;

    /// <summary>Rounds once to nine places, half to even: the one rounding that rating does per event.</summary>
    public static Credits Round(decimal amount) => new(Math.Round(amount, Places, MidpointRounding.ToEven));

    /// <summary>True when <paramref name="amount"/> needs no rounding to be credits.</summary>
    public static bool HasAtMostNinePlaces(decimal amount) => amount.Scale <= Places || Math.Round(amount, Places) == amount;

    public static Credits operator +(Credits left, Credits right) => new(left.Amount + right.Amount);

    public static Credits operator -(Credits left, Credits right) => new(left.Amount - right.Amount);

    public static Credits operator -(Credits value) => new(-value.Amount);

    public static bool operator <(Credits left, Credits right) => left.Amount < right.Amount;

    public static bool operator >(Credits left, Credits right) => left.Amount > right.Amount;

    public static bool operator <=(Credits left, Credits right) => left.Amount <= right.Amount;

    public static bool operator >=(Credits left, Credits right) => left.Amount >= right.Amount;

    public static Credits Add(Credits left, Credits right) => left + right;

    public static Credits Subtract(Credits left, Credits right) => left - right;

    public static Credits Negate(Credits value) => -value;

    /// <inheritdoc />
    public int CompareTo(Credits other) => Amount.CompareTo(other.Amount);

    /// <summary>The API's form: nine places, invariant culture.</summary>
    public override string ToString() => Amount.ToString("0.000000000", CultureInfo.InvariantCulture);

    private static decimal InRange(decimal amount) =>
        Math.Abs(amount) <= Limit ? amount : throw new OverflowException("The amount exceeds the range of credits.");
}
