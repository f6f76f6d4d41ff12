using Microsoft.Extensions.Configuration;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Payments.Adyen;
using Portal.Domain.Payments.CheckoutCom;
using Portal.Domain.Payments.Stripe;

namespace Portal.Domain.Payments;

/// <summary>Section <c>Portal:Payments</c> of the settings: which providers there are, and which of them takes what.</summary>
public sealed record PaymentSettings
{
    /// <summary>The sandbox takes payments (<c>Portal:Sandbox</c>).</summary>
    public bool Sandbox { get; init; }

    /// <summary>Keys of the providers in the order in which they are asked (<c>Providers</c>); empty: as they are listed in the README.</summary>
    public IReadOnlyList<string> Providers { get; init; } = [];

    /// <summary>Who takes payments in a currency (<c>ByCurrency:EUR=adyen</c>).</summary>
    public IReadOnlyDictionary<string, string> ByCurrency { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Stripe, when it is set up.</summary>
    public StripeSettings? Stripe { get; init; }

    /// <summary>Adyen, when it is set up.</summary>
    public AdyenSettings? Adyen { get; init; }

    /// <summary>Checkout.com, when it is set up.</summary>
    public CheckoutComSettings? CheckoutCom { get; init; }

    /// <summary>Reads the section.</summary>
    /// <exception cref="CannotStartException">Names the setting that is missing or cannot be.</exception>
    public static PaymentSettings Read(IConfiguration configuration, bool sandbox)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var section = configuration.GetSection("Portal:Payments");
        var settings = new PaymentSettings
        {
            Sandbox = sandbox,
            Providers = section.GetSection("Providers").Get<string[]>() ?? [],
            ByCurrency = (section.GetSection("ByCurrency").Get<Dictionary<string, string>>() ?? []).ToDictionary(
                pair => pair.Key.ToUpperInvariant(), pair => pair.Value, StringComparer.Ordinal),
            Stripe = StripeSettings.Read(section.GetSection("Stripe")),
            Adyen = AdyenSettings.Read(section.GetSection("Adyen")),
            CheckoutCom = CheckoutComSettings.Read(section.GetSection("CheckoutCom")),
        };
        settings.Check();
        return settings;
    }

    /// <summary>A setting that has to be there once its provider is set up.</summary>
    /// <exception cref="CannotStartException">It is not.</exception>
    internal static string Required(IConfigurationSection section, string key) =>
        section[key] is { Length: > 0 } value ? value : throw new CannotStartException($"{Name(section)}__{key} is missing: the payment provider needs it.");

    /// <summary>An address of a setting; another than the default is for tests and for proxies.</summary>
    /// <exception cref="CannotStartException">It is no address.</exception>
    internal static Uri Address(IConfigurationSection section, string key, string otherwise)
    {
        var text = section[key] is { Length: > 0 } given ? given : otherwise;
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw new CannotStartException($"{Name(section)}__{key} is no address with http or https.");
    }

    private static string Name(IConfigurationSection section) => section.Path.Replace(":", "__", StringComparison.Ordinal);

    private void Check()
    {
        foreach (var (currency, provider) in ByCurrency)
        {
            if (Currency.Find(currency) is null) throw new CannotStartException($"Portal__Payments__ByCurrency__{currency}: there is no currency {currency}.");
            if (!SetUp.Contains(provider, StringComparer.Ordinal)) throw new CannotStartException($"Portal__Payments__ByCurrency__{currency}: the provider '{provider}' is not set up.");
        }

        foreach (var provider in Providers)
        {
            if (!SetUp.Contains(provider, StringComparer.Ordinal)) throw new CannotStartException($"Portal__Payments__Providers: the provider '{provider}' is not set up.");
        }
    }

    private IEnumerable<string> SetUp
    {
        get
        {
            if (Stripe is not null) yield return StripeProvider.ProviderKey;
            if (Adyen is not null) yield return AdyenProvider.ProviderKey;
            if (CheckoutCom is not null) yield return CheckoutComProvider.ProviderKey;
            if (Sandbox) yield return Payments.Sandbox.SandboxProvider.ProviderKey;
        }
    }
}
