using System.Collections.Frozen;
using Portal.Domain.Kernel;

namespace Portal.Domain.Payments;

/// <summary>How a provider counts amounts: which currencies it lacks, and where it does not count by the minor unit of ISO 4217.</summary>
public sealed class ProviderUnits
{
    private readonly FrozenSet<string> lacking;
    private readonly FrozenDictionary<string, int> places;
    private readonly FrozenDictionary<string, int> steps;

    /// <param name="lacking">Codes, apart by blanks.</param>
    /// <param name="places">Decimal places where they differ from ISO 4217.</param>
    /// <param name="steps">Of how many of its units an amount must be a multiple, where that is not 1.</param>
    public ProviderUnits(string lacking, IReadOnlyDictionary<string, int> places, IReadOnlyDictionary<string, int> steps)
    {
        ArgumentNullException.ThrowIfNull(lacking);
        this.lacking = lacking.Split(' ', StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);
        this.places = places.ToFrozenDictionary(StringComparer.Ordinal);
        this.steps = steps.ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>Why the amount cannot be charged: <c>currency_not_supported</c>, <c>amount_not_supported</c>; null when it can.</summary>
    /// <param name="name">What people call the provider.</param>
    /// <param name="amount">In whole minor units of ISO 4217.</param>
    public Problem? Refuses(string name, Money amount)
    {
        var currency = amount.Currency;
        if (lacking.Contains(currency.Code)) return Problem.Unprocessable("currency_not_supported", $"{name} takes no payments in {currency}. Choose another payment provider.");
        var scaled = amount.Amount * Scale(currency);
        var step = steps.GetValueOrDefault(currency.Code, 1);
        return decimal.IsInteger(scaled) && scaled % step == 0m
            ? null
            : Problem.Unprocessable("amount_not_supported", $"{name} takes amounts in {currency} only in steps of {step / Scale(currency)}.");
    }

    /// <summary>The whole number of its units.</summary>
    /// <exception cref="ArgumentException">The amount is one that it refuses.</exception>
    public long Of(Money amount)
    {
        var scaled = amount.Amount * Scale(amount.Currency);
        return decimal.IsInteger(scaled)
            ? decimal.ToInt64(scaled)
            : throw new ArgumentException($"{amount.Amount} is not a whole number of the units in which {amount.Currency} is charged.", nameof(amount));
    }

    /// <summary>The amount of so many units.</summary>
    public decimal Amount(long units, Currency currency) => units / Scale(currency);

    private decimal Scale(Currency currency)
    {
        ArgumentNullException.ThrowIfNull(currency);
        return places.GetValueOrDefault(currency.Code, currency.MinorPlaces) switch
        {
            0 => 1m,
            2 => 100m,
            3 => 1_000m,
            4 => 10_000m,
            _ => throw new ArgumentOutOfRangeException(nameof(currency)),
        };
    }
}
