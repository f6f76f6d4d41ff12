using System.Collections.Frozen;
using Portal.Domain.Kernel;

namespace Portal.Domain.Payments;

/// <summary>The providers that this portal may use, by key.</summary>
public sealed class PaymentProviders(IEnumerable<IPaymentProvider> providers)
{
    private readonly FrozenDictionary<string, IPaymentProvider> byKey = providers.ToFrozenDictionary(provider => provider.Key, StringComparer.Ordinal);
    private readonly string? preferred = providers.FirstOrDefault()?.Key;

    /// <summary>The provider of that key, or null.</summary>
    public IPaymentProvider? Find(string key) => byKey.GetValueOrDefault(key);

    /// <summary>The provider of that key, or the first that is registered when none is named. Refuses: <c>unknown_provider</c>, <c>no_provider</c>.</summary>
    public Result<IPaymentProvider> Choose(string? key)
    {
        if ((key ?? preferred) is not { } wanted) return Problem.Unprocessable("no_provider", "No payment provider is set up, so nothing can be bought.");
        return byKey.TryGetValue(wanted, out var provider)
            ? Result.Of(provider)
            : Problem.Field("provider", "unknown_provider", $"There is no payment provider '{wanted}'.");
    }
}
