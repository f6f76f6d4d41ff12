using Microsoft.Extensions.Configuration;

namespace Portal.Domain.Payments.CheckoutCom;

/// <summary>Section <c>Portal:Payments:CheckoutCom</c>.</summary>
/// <param name="SecretKey">The account's secret key, <c>sk_…</c>.</param>
/// <param name="ProcessingChannel">The processing channel, <c>pc_…</c>, which captures immediately.</param>
/// <param name="WebhookSecret">The signature key of the webhook action.</param>
/// <param name="ApiBase">Where the API is.</param>
public sealed record CheckoutComSettings(string SecretKey, string ProcessingChannel, string WebhookSecret, Uri ApiBase)
{
    /// <summary>Country of the billing address that hosted pages begin with, ISO 3166; the customer may change it.</summary>
    public string Country { get; init; } = "US";

    /// <summary>How long an answer may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    internal static CheckoutComSettings? Read(IConfigurationSection section) => section["SecretKey"] is { Length: > 0 } key
        ? new CheckoutComSettings(
            key, PaymentSettings.Required(section, "ProcessingChannel"), PaymentSettings.Required(section, "WebhookSecret"),
            PaymentSettings.Address(section, "ApiBase", "https://api.sandbox.checkout.com"))
        { Country = section["Country"] is { Length: 2 } country ? country : "US" }
        : null;

    /// <summary>Without the secrets.</summary>
    public override string ToString() => $"Checkout.com {ProcessingChannel} at {ApiBase}";
}
