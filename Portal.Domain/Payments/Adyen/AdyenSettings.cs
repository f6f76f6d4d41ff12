using Microsoft.Extensions.Configuration;
using Portal.Domain.Data;

namespace Portal.Domain.Payments.Adyen;

/// <summary>Section <c>Portal:Payments:Adyen</c>.</summary>
/// <param name="ApiKey">The API credential's key.</param>
/// <param name="MerchantAccount">The merchant account, which captures immediately.</param>
/// <param name="WebhookSecret">The standard webhook's HMAC key, in hexadecimal as the Customer Area shows it.</param>
/// <param name="ApiBase">Where the Checkout API is, version and all.</param>
public sealed record AdyenSettings(string ApiKey, string MerchantAccount, string WebhookSecret, Uri ApiBase)
{
    /// <summary>How long an answer may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    internal static AdyenSettings? Read(IConfigurationSection section)
    {
        if (section["ApiKey"] is not { Length: > 0 } key) return null;
        var secret = PaymentSettings.Required(section, "WebhookSecret");
        if (secret.Length % 2 != 0 || !secret.All(char.IsAsciiHexDigit)) throw new CannotStartException("Portal__Payments__Adyen__WebhookSecret is not hexadecimal.");
        return new AdyenSettings(
            key, PaymentSettings.Required(section, "MerchantAccount"), secret, PaymentSettings.Address(section, "ApiBase", "https://checkout-test.adyen.com/v71"));
    }

    /// <summary>Without the secrets.</summary>
    public override string ToString() => $"Adyen {MerchantAccount} at {ApiBase}";
}
