using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Portal.Domain.Webhooks;

/// <summary>Secrets of endpoints and what they sign, as Standard Webhooks has it.</summary>
public static class WebhookSecret
{
    private const string Prefix = "whsec_";
    private const int Bytes = 32;

    /// <summary>A new one.</summary>
    public static byte[] Create() => RandomNumberGenerator.GetBytes(Bytes);

    /// <summary>As it is shown, once.</summary>
    public static string Text(byte[] secret) => Prefix + Convert.ToBase64String(secret);

    /// <summary>The signature of a message: HMAC-SHA256 over <c>id.timestamp.body</c>.</summary>
    /// <param name="secret">The endpoint's.</param>
    /// <param name="id">Header <c>webhook-id</c>.</param>
    /// <param name="timestamp">Header <c>webhook-timestamp</c>, seconds since 1970.</param>
    /// <param name="body">As sent.</param>
    /// <returns><c>v1,</c> and base64.</returns>
    public static string Sign(byte[] secret, string id, long timestamp, string body) =>
        "v1," + Convert.ToBase64String(HMACSHA256.HashData(secret, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}.{body}"))));
}
