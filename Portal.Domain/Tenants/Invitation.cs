using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Npgsql;
using Portal.Domain.Data;

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

    /// <summary>What it invites to, while it can still be accepted; null afterwards.</summary>
    public Task<InvitedTo?> FindAsync(NpgsqlDataSource source, CancellationToken cancellationToken = default) => source.FindAsync(
        """
        select t.key, t.name, m.role, m.email from members m join tenants t on t.tenant_id = m.tenant_id cross join platform p
        where m.tenant_id = $1 and m.id = $2 and m.invitation_hash = $3 and m.user_id is null and m.removed_at is null
          and m.invited_at > clock_timestamp() + p.clock_offset - $4
        """,
        row => new InvitedTo(row.GetString(0), row.GetString(1), MemberRoles.Find(row.GetString(2)) ?? MemberRole.Member, row.GetString(3)),
        cancellationToken,
        TenantId,
        MemberId,
        Hash,
        GoodFor);

    private static byte[] HashOf(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}

/// <summary>What an invitation offers.</summary>
/// <param name="TenantKey">Key of the tenant.</param>
/// <param name="TenantName">Its name.</param>
/// <param name="Role">What the person is to be.</param>
/// <param name="Email">Where the invitation went.</param>
public sealed record InvitedTo(string TenantKey, string TenantName, MemberRole Role, string Email);
