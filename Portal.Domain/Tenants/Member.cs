using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Tenants;

/// <summary>A person in a tenant, or one who was invited.</summary>
/// <param name="TenantId">The tenant.</param>
/// <param name="Id">UUIDv7 of the membership.</param>
/// <param name="UserId">Identity's user; null until the invitation is accepted.</param>
/// <param name="Email">Where the invitation went, later the user's address.</param>
/// <param name="Role">What the person may do.</param>
/// <param name="InvitedAt">When invited, last.</param>
/// <param name="InvitedBy">Who invited.</param>
/// <param name="JoinedAt">When accepted.</param>
public sealed record Member(
    long TenantId, Guid Id, Guid? UserId, string Email, MemberRole Role, DateTimeOffset InvitedAt, string? InvitedBy, DateTimeOffset? JoinedAt)
{
    internal const string Columns = "tenant_id, id, user_id, email, role, invited_at, invited_by, joined_at";

    /// <summary>The id as the API shows it.</summary>
    public string PublicId => Kernel.PublicId.Format(Kernel.PublicId.Member, TenantId, Id);

    /// <summary>True for somebody who accepted.</summary>
    public bool HasJoined => UserId is not null;

    internal static Member Read(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetGuid(1), row.Nullable<Guid?>(2), row.GetString(3), MemberRoles.Find(row.GetString(4)) ?? MemberRole.Member,
        row.GetFieldValue<DateTimeOffset>(5), row.Nullable<string>(6), row.Nullable<DateTimeOffset?>(7));
}
