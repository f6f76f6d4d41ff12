using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Portal.Domain.Tenants;

/// <summary>The token in an invitation's link: tenant, membership and a secret of which only the hash is kept.</summary>
/// <param name="TenantId">The tenant.</param>
/// <param name="MemberId">The membership that waits.</param>
/// <param name="Hash">SHA-256 of the secret.</param>
public sealed record Invitation(long TenantId, Guid MemberId, byte[] Hash)
{
    /// <summary>How long a link is good for.</summary>
    public static readonly TimeSpan GoodFor = TimeSpan.FromDays(14);

    /// <summary>Path of the page that accepts; the token follows.</summary>
    public const string Path = "/invitations/";

    /// <summary>A new token.</summary>
    public static (string Token, Invitation Invitation) Create(long tenantId, Guid memberId)
    {
        var secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
        return (string.Create(CultureInfo.InvariantCulture, $"{tenantId:x}_{memberId:N}_{secret}"), new(tenantId, memberId, HashOf(secret)));
    }

    /// <summary>Takes a token apart; null when it is none.</summary>
    public static Invitation? Parse(string? token)
    {
        if (token is null || token.Length > 200 || token.Split('_') is not [var tenant, var member, var secret]) return null;
        return long.TryParse(tenant, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var tenantId) && tenantId > 0
            && Guid.TryParseExact(member, "N", out var memberId)
            ? new(tenantId, memberId, HashOf(secret))
            : null;
    }

    private static byte[] HashOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
