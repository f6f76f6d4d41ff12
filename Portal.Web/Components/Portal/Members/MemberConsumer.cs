using Portal.Domain.Data;

namespace Portal.Web.Components.TenantPages;

/// <summary>A consumer that is a member: linked to the membership, or named by the member's mail address.</summary>
/// <param name="Member">The membership.</param>
/// <param name="Key">Key of the consumer.</param>
/// <param name="DrawsFrom">Key of the pool that it draws from unless usage says otherwise.</param>
internal sealed record MemberConsumer(Guid Member, string Key, string DrawsFrom)
{
    private const string Sql = """
        select m.id, c.key, coalesce(own.key, team_pool.key, 'shared') from members m
        join consumers c on c.tenant_id = m.tenant_id and (c.member_id = m.id or (c.member_id is null and lower(c.key) = lower(m.email)))
        left join pools own on own.tenant_id = c.tenant_id and own.pool_id = c.pool_id and own.closed_at is null
        left join lateral (
          select s.team_id from team_memberships s where s.tenant_id = c.tenant_id and s.consumer_id = c.consumer_id and s.since <= $2
          order by s.since desc limit 1) s on true
        left join teams t on t.tenant_id = c.tenant_id and t.team_id = s.team_id
        left join pools team_pool on team_pool.tenant_id = c.tenant_id and team_pool.pool_id = t.pool_id and team_pool.closed_at is null
        where m.tenant_id = $1 and m.removed_at is null order by c.key
        """;

    /// <summary>Those of all members.</summary>
    public static Task<List<MemberConsumer>> ListAsync(TenantRead read, CancellationToken cancellationToken) =>
        read.Connection.ListAsync(Sql, row => new MemberConsumer(row.GetGuid(0), row.GetString(1), row.GetString(2)), cancellationToken, read.TenantId, read.Now);
}
