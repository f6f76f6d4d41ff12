using Microsoft.Extensions.Configuration;

namespace Portal.Domain.Payments.Stripe;

/// <summary>Section <c>Portal:Payments:Stripe</c>.</summary>
/// <param name="SecretKey">The account's secret key, <c>sk_…</c> or a restricted <c>rk_…</c>.</param>
/// <param name="WebhookSecret">The endpoint's signing secret, <c>whsec_…</c>.</param>
/// <param name="ApiBase">Where Stripe is.</param>
public sealed record StripeSettings(string SecretKey, string WebhookSecret, Uri ApiBase)
{
    /// <summary>How long an answer may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    internal static StripeSettings? Read(IConfigurationSection section) => section["SecretKey"] is { Length: > 0 } key
        ? new StripeSettings(key, PaymentSettings.Required(section, "WebhookSecret"), PaymentSettings.Address(section, "ApiBase", "https://api.stripe.com"))
        : null;

    /// <summary>Without the secrets.</summary>
    public override string ToString() => $"Stripe at {ApiBase}";
}
