using System.Security.Claims;
using Microsoft.EntityFrameworkCore;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;

namespace Portal.Web.Access;

/// <summary>Whether a person is a member of a tenant, and as what: read from the database each time, never remembered.</summary>
public sealed class TenantAccess(IDbContextFactory<PortalDbContext> contexts)
{
    /// <summary>
    /// The tenant of that key as <paramref name="user"/> may see it, or null when there is none or the person is not a member
    /// (the two are not told apart, so that keys cannot be probed).
    /// </summary>
    public async Task<CurrentTenant?> FindAsync(ClaimsPrincipal user, string? tenantKey, CancellationToken cancellationToken = default)
    {
        if (user.UserId() is not { } userId || string.IsNullOrEmpty(tenantKey)) return null;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var row = await db.Database.SqlQuery<Membership>($"""
            select t.tenant_id, t.key, t.name, t.time_zone, t.currency::text as currency, m.id as member_id, m.role
            from members m join tenants t on t.tenant_id = m.tenant_id
            where m.user_id = {userId} and t.key = {tenantKey} and m.removed_at is null
            """).FirstOrDefaultAsync(cancellationToken);
        return row is null ? null : row.For(userId);
    }

    /// <summary>The tenants that the person may switch to, by name.</summary>
    public async Task<IReadOnlyList<TenantChoice>> ListAsync(ClaimsPrincipal user, CancellationToken cancellationToken = default)
    {
        if (user.UserId() is not { } userId) return [];
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await db.Database.SqlQuery<Membership>($"""
            select t.tenant_id, t.key, t.name, t.time_zone, t.currency::text as currency, m.id as member_id, m.role
            from members m join tenants t on t.tenant_id = m.tenant_id
            where m.user_id = {userId} and m.removed_at is null
            order by lower(t.name), t.tenant_id
            """).ToListAsync(cancellationToken);
        return [.. rows.Select(row => new TenantChoice(row.Key, row.Name, row.For(userId).Role))];
    }

    /// <summary>
    /// Reads the membership again: what every command and every live re-read asks before it acts. The fresh snapshot, or
    /// <c>not_a_member</c> or <c>role_required</c>.
    /// </summary>
    public async Task<Result<CurrentTenant>> RequireAsync(CurrentTenant tenant, MemberRole role, CancellationToken cancellationToken = default)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var row = await db.Database.SqlQuery<Membership>($"""
            select t.tenant_id, t.key, t.name, t.time_zone, t.currency::text as currency, m.id as member_id, m.role
            from members m join tenants t on t.tenant_id = m.tenant_id
            where m.tenant_id = {tenant.Id} and m.user_id = {tenant.UserId} and m.removed_at is null
            """).FirstOrDefaultAsync(cancellationToken);
        if (row is null) return Problem.Forbidden("not_a_member", $"You are no longer a member of {tenant.Name}.");
        var fresh = row.For(tenant.UserId);
        return fresh.May(role)
            ? fresh
            : Problem.Forbidden("role_required", $"This needs the role {role.Text()}; you are {fresh.Role.Text()}. An owner or admin can change that on Members.");
    }
}

/// <summary>A membership with its tenant, as read: plain values, so that a page can keep it from prerendering to its circuit.</summary>
public sealed record Membership(long TenantId, string Key, string Name, string TimeZone, string Currency, Guid MemberId, string Role)
{
    /// <summary>The same as the pages take it.</summary>
    public CurrentTenant For(Guid userId) => new(
        TenantId,
        Key,
        Name,
        Instants.FindZone(TimeZone) ?? TimeZoneInfo.Utc,
        Domain.Kernel.Currency.Of(Currency),
        userId,
        MemberId,
        MemberRoles.Find(Role) ?? MemberRole.Member);

    /// <summary>The membership that a snapshot was made of.</summary>
    public static Membership Of(CurrentTenant tenant)
    {
        ArgumentNullException.ThrowIfNull(tenant);
        return new(tenant.Id, tenant.Key, tenant.Name, tenant.Zone.Id, tenant.Currency.Code, tenant.MemberId, tenant.Role.Text());
    }
}
