using System.Collections.Frozen;
using Portal.Domain.Kernel;

namespace Portal.Domain.Payments;

/// <summary>The providers that this portal may use, by key, and which of them takes a payment.</summary>
public sealed class PaymentProviders
{
    private readonly FrozenDictionary<string, IPaymentProvider> byKey;
    private readonly IReadOnlyList<IPaymentProvider> inOrder;
    private readonly IReadOnlyDictionary<string, string> byCurrency;

    /// <summary>Those that are registered, in the order of the settings; what the settings do not name comes after.</summary>
    public PaymentProviders(IEnumerable<IPaymentProvider> providers, PaymentSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        byKey = providers.ToFrozenDictionary(provider => provider.Key, StringComparer.Ordinal);
        var named = settings.Providers.Where(byKey.ContainsKey).Select(key => byKey[key]).ToArray();
        inOrder = [.. named, .. providers.Except(named)];
        byCurrency = settings.ByCurrency;
    }

    /// <summary>Keys of all, in the order in which they are asked.</summary>
    public IEnumerable<string> Keys => inOrder.Select(provider => provider.Key);

    /// <summary>The provider of that key, or null.</summary>
    public IPaymentProvider? Find(string key) => byKey.GetValueOrDefault(key);

    /// <summary>
    /// Who takes an amount: the one that is named; else the tenant's own; else the currency's; else the first that can. Refuses:
    /// <c>unknown_provider</c>, <c>no_provider</c>, <c>currency_not_supported</c>, <c>amount_not_supported</c>.
    /// </summary>
    /// <param name="named">Key that whoever asks has named; null: none.</param>
    /// <param name="own">Key in the tenant's setting; null: it has none.</param>
    /// <param name="amount">What is to be charged; of amount 0 when only the currency is known.</param>
    public Result<IPaymentProvider> Choose(string? named, string? own, Money amount)
    {
        if ((named ?? own ?? byCurrency.GetValueOrDefault(amount.Currency.Code)) is { } key)
        {
            if (!byKey.TryGetValue(key, out var provider)) return Problem.Field("provider", "unknown_provider", $"There is no payment provider '{key}'.");
            return provider.Refuses(amount) is { } refusal ? refusal : Result.Of(provider);
        }

        Problem? first = null;
        foreach (var provider in inOrder)
        {
            if (provider.Refuses(amount) is not { } refusal) return Result.Of(provider);
            first ??= refusal;
        }

        return first ?? Problem.Unprocessable("no_provider", "No payment provider is set up, so nothing can be bought.");
    }
}
