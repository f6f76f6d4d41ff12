using System.Net;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Tenants;

/// <summary>
/// Commands on the people of a tenant, the same for pages and API. <c>by</c> is the role in which the caller acts: an admin (also a
/// tenant key) changes nothing about owners, an owner (also the platform) may all. The wallet's lock keeps two owners from
/// removing each other at once.
/// </summary>
public static class Members
{
    private const string ListSql = $"select {Member.Columns} from members where tenant_id = $1 and removed_at is null and id > $2 order by id limit $3";

    /// <summary>Members and open invitations in the order they were invited, from after <paramref name="after"/> on.</summary>
    public static Task<List<Member>> ListAsync(NpgsqlDataSource source, long tenantId, int limit, Guid? after, CancellationToken cancellationToken) =>
        source.ListAsync(ListSql, Member.Read, cancellationToken, tenantId, after ?? Guid.Empty, limit);

    /// <summary>The same within a snapshot of the tenant.</summary>
    public static Task<List<Member>> ListAsync(TenantRead read, int limit, Guid? after, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(read);
        return read.Connection.ListAsync(ListSql, Member.Read, cancellationToken, read.TenantId, after ?? Guid.Empty, limit);
    }

    /// <summary>
    /// Invites somebody by mail; somebody who has not accepted yet is sent a new link in the role now given.
    /// Refuses <c>invalid_email</c>, <c>role_required</c>, <c>already_member</c>.
    /// </summary>
    /// <param name="wallet">The tenant's wallet.</param>
    /// <param name="by">The caller's role.</param>
    /// <param name="email">Where to.</param>
    /// <param name="role">What the person is to be.</param>
    /// <param name="site">Address of the portal, for the link.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static async Task<Result<Member>> InviteAsync(
        WalletTransaction wallet, MemberRole by, string email, MemberRole role, Uri site, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        if (!MailAddresses.IsOne(email)) return Problem.Field("email", "invalid_email", "Give one mail address, such as ana@example.com.");
        if (role > by) return RoleRequired(role);
        var known = await wallet.Connection.FindAsync(
            $"select {Member.Columns} from members where tenant_id = $1 and lower(email) = lower($2) and removed_at is null",
            Member.Read,
            cancellationToken,
            wallet.TenantId,
            email);
        if (known is { HasJoined: true }) return Problem.Conflict("already_member", $"{email} is a member already.");
        if (known?.Role > by) return RoleRequired(known.Role);
        var id = known?.Id ?? Uuid7.At(wallet.Now);
        var (token, invitation) = Invitation.Create(wallet.TenantId, id);
        const string sql = $"""
            insert into members (tenant_id, id, email, role, invited_at, invited_by, invitation_hash) values ($1, $2, $3, $4, $5, nullif($6, ''), $7)
            on conflict (tenant_id, id) do update
              set role = excluded.role, invited_at = excluded.invited_at, invited_by = excluded.invited_by, invitation_hash = excluded.invitation_hash
            returning {Member.Columns}
            """;
        var member = await wallet.Connection.FindAsync(
            sql, Member.Read, cancellationToken, wallet.TenantId, id, email, role.Text(), wallet.Now, wallet.Actor ?? "", invitation.Hash);
        await MailAsync(wallet, email, new Uri(site, Invitation.Path + token), cancellationToken);
        await wallet.AuditAsync("member.invited", member!.PublicId, new { Role = role.Text() }, cancellationToken);
        return member;
    }

    /// <summary>Joins the person to the tenant of the invitation. Refuses <c>invitation_invalid</c>, <c>already_member</c>.</summary>
    /// <param name="wallet">The wallet of the invitation's tenant.</param>
    /// <param name="invitation">The link's token, parsed.</param>
    /// <param name="userId">The person's user.</param>
    /// <param name="email">The user's confirmed address.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static async Task<Result<Member>> AcceptAsync(
        WalletTransaction wallet, Invitation invitation, Guid userId, string email, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(invitation);
        var others = await wallet.Connection.ListAsync(
            "select 1 from members where tenant_id = $1 and removed_at is null and id <> $2 and (user_id = $3 or lower(email) = lower($4))",
            row => row.GetInt32(0),
            cancellationToken,
            wallet.TenantId,
            invitation.MemberId,
            userId,
            email);
        if (others.Count > 0) return Problem.Conflict("already_member", "You are a member of this company already.");
        const string sql = $"""
            update members set user_id = $4, email = $5, joined_at = $6, invitation_hash = null
            where tenant_id = $1 and id = $2 and invitation_hash = $3 and user_id is null and removed_at is null and invited_at > $7
            returning {Member.Columns}
            """;
        var member = await wallet.Connection.FindAsync(
            sql, Member.Read, cancellationToken, wallet.TenantId, invitation.MemberId, invitation.Hash, userId, email, wallet.Now, wallet.Now - Invitation.GoodFor);
        if (member is null) return Problem.NotFound("invitation_invalid", "This invitation has been used, withdrawn or is too old. Ask for a new one.");
        await wallet.AuditAsync("member.joined", member.PublicId, new { Role = member.Role.Text() }, cancellationToken);
        return member;
    }

    /// <summary>Gives a role. Refuses <c>unknown_member</c>, <c>role_required</c>, <c>last_owner</c>.</summary>
    public static async Task<Result<Member>> ChangeRoleAsync(
        WalletTransaction wallet, MemberRole by, Guid memberId, MemberRole role, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        var found = await FindAsync(wallet, by, memberId, cancellationToken);
        if (!found.Succeeded) return found;
        var member = found.Value;
        if (role > by) return RoleRequired(role);
        if (member.Role == role) return member;
        if (await IsLastOwnerAsync(wallet, member, cancellationToken)) return LastOwner("Make somebody else an owner first.");
        await wallet.ExecuteAsync(
            "update members set role = $3 where tenant_id = $1 and id = $2", cancellationToken, wallet.TenantId, memberId, role.Text());
        await wallet.AuditAsync("member.role_changed", member.PublicId, new { From = member.Role.Text(), To = role.Text() }, cancellationToken);
        return member with { Role = role };
    }

    /// <summary>Removes a person, or withdraws an invitation. Refuses <c>unknown_member</c>, <c>role_required</c>, <c>last_owner</c>.</summary>
    public static async Task<Result<Done>> RemoveAsync(
        WalletTransaction wallet, MemberRole by, Guid memberId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        var found = await FindAsync(wallet, by, memberId, cancellationToken);
        if (!found.Succeeded) return found.Problem!;
        if (await IsLastOwnerAsync(wallet, found.Value, cancellationToken)) return LastOwner("A company keeps at least one owner.");
        await wallet.ExecuteAsync(
            "update members set removed_at = $3, invitation_hash = null where tenant_id = $1 and id = $2",
            cancellationToken,
            wallet.TenantId,
            memberId,
            wallet.Now);
        await wallet.AuditAsync("member.removed", found.Value.PublicId, detail: null, cancellationToken);
        return default(Done);
    }

    /// <summary>Joins a person to a tenant that is being opened, without an invitation.</summary>
    public static async Task AddAsync(
        PlatformTransaction platform, long tenantId, Guid userId, string email, MemberRole role, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(platform);
        var id = Uuid7.At(platform.Now);
        await platform.Connection.ExecuteAsync(
            "insert into members (tenant_id, id, user_id, email, role, invited_at, joined_at) values ($1, $2, $3, $4, $6, $5, $5)",
            cancellationToken,
            tenantId,
            id,
            userId,
            email,
            platform.Now,
            role.Text());
        await Audit.WriteAsync(
            platform.Connection, tenantId, platform.Now, platform.Actor, "member.joined", PublicId.Format(PublicId.Member, tenantId, id), new { Role = role.Text() }, cancellationToken);
    }

    private static async Task<Result<Member>> FindAsync(WalletTransaction wallet, MemberRole by, Guid memberId, CancellationToken cancellationToken)
    {
        var member = await wallet.Connection.FindAsync(
            $"select {Member.Columns} from members where tenant_id = $1 and id = $2 and removed_at is null",
            Member.Read,
            cancellationToken,
            wallet.TenantId,
            memberId);
        if (member is null) return Problem.NotFound("unknown_member", "There is no such member.");
        return member.Role > by ? RoleRequired(member.Role) : member;
    }

    // Invitations do not count: an owner who never came cannot let anybody in.
    private static async Task<bool> IsLastOwnerAsync(WalletTransaction wallet, Member member, CancellationToken cancellationToken)
    {
        if (member.Role != MemberRole.Owner || !member.HasJoined) return false;
        var others = await wallet.Connection.ListAsync(
            "select 1 from members where tenant_id = $1 and role = 'owner' and user_id is not null and removed_at is null and id <> $2 limit 1",
            row => row.GetInt32(0),
            cancellationToken,
            wallet.TenantId,
            member.Id);
        return others.Count == 0;
    }

    private static async Task MailAsync(WalletTransaction wallet, string email, Uri link, CancellationToken cancellationToken)
    {
        var tenant = (await Tenant.FindAsync(wallet.Connection, wallet.TenantId, cancellationToken))!;
        var text = $"You have been invited to {tenant.Name}.\n\nAccept the invitation within {Invitation.GoodFor.TotalDays} days:\n{link}\n\n"
            + "If you did not expect this, ignore it.\n";
        var html = $"<p>You have been invited to <strong>{WebUtility.HtmlEncode(tenant.Name)}</strong>.</p>"
            + $"<p><a href=\"{WebUtility.HtmlEncode(link.AbsoluteUri)}\">Accept the invitation</a> within {Invitation.GoodFor.TotalDays} days.</p>"
            + "<p>If you did not expect this, ignore it.</p>";
        await Outbox.AddMailAsync(wallet.Connection, wallet.TenantId, email, $"Invitation to {tenant.Name}", text, html, cancellationToken);
    }

    private static Problem RoleRequired(MemberRole role) =>
        Problem.Forbidden("role_required", $"Only somebody with the role {role.Text()} may do that.");

    private static Problem LastOwner(string advice) => Problem.Conflict("last_owner", "This is the last owner. " + advice);
}
