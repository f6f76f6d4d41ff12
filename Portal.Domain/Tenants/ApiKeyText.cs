using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Portal.Domain.Tenants;

/// <summary>
/// The text of an API key, taken apart: whose it is, which row it names, and the hash of its secret. Made keys read
/// <c>pk_{id}_{secret}</c> (platform) and <c>tk_{tenant}_{id}_{secret}</c> (tenant), so that a key is found on its shard.
/// Any other text may be a platform key set by configuration: its id is derived from the text.
/// </summary>
/// <param name="TenantId">The tenant, 0 for the platform.</param>
/// <param name="Id">The key's row.</param>
/// <param name="Hash">SHA-256 of the secret.</param>
/// <param name="Hint">The last four characters.</param>
public sealed record ApiKeyText(long TenantId, Guid Id, byte[] Hash, string Hint)
{
    private const int MaxLength = 512;

    /// <summary>A new key with 256 random bits. The text is shown once; what is kept is <see cref="Hash"/>.</summary>
    public static (string Text, ApiKeyText Key) Create(long tenantId, Guid id)
    {
        var secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var text = tenantId == 0
            ? string.Create(CultureInfo.InvariantCulture, $"pk_{id:N}_{secret}")
            : string.Create(CultureInfo.InvariantCulture, $"tk_{tenantId:x}_{id:N}_{secret}");
        return (text, Of(tenantId, id, secret));
    }

    /// <summary>Takes a text apart; null when it cannot be a key.</summary>
    public static ApiKeyText? Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text) || text.Length > MaxLength) return null;
        var parts = text.Split('_');
        if (parts is ["pk", var platformId, var platformSecret] && Guid.TryParseExact(platformId, "N", out var id))
            return Of(0, id, platformSecret);
        if (parts is ["tk", var tenant, var tenantKeyId, var tenantSecret])
        {
            return long.TryParse(tenant, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var tenantId) && tenantId > 0
                && Guid.TryParseExact(tenantKeyId, "N", out id)
                ? Of(tenantId, id, tenantSecret)
                : null;
        }

        var named = SHA256.HashData(Encoding.UTF8.GetBytes("portal api key " + text));
        return Of(0, new Guid(named.AsSpan(0, 16), bigEndian: true), text);
    }

    private static ApiKeyText Of(long tenantId, Guid id, string secret) =>
        new(tenantId, id, SHA256.HashData(Encoding.UTF8.GetBytes(secret)), secret.Length > 8 ? secret[^4..] : "");
}
