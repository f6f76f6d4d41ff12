using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Web.Access;
using Portal.Web.Components.Shared;

namespace Portal.Web.Components.TenantPages;

/// <summary>A consumer of the list.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Key">Its key.</param>
/// <param name="Name">What people call it.</param>
/// <param name="OwnPool">Key of its default pool.</param>
/// <param name="Team">Key of its team.</param>
/// <param name="TeamName">Name of its team.</param>
/// <param name="DrawsFrom">Key of the pool that it draws from unless usage says otherwise.</param>
/// <param name="PoolName">Name of that pool.</param>
/// <param name="Member">Mail address of the member that it is.</param>
/// <param name="Used">Credits that it drew since the month began.</param>
public sealed record ConsumerView(
    int Id, string Key, string? Name, string? OwnPool, string? Team, string? TeamName, string DrawsFrom, string PoolName, string? Member, decimal Used)
{
    /// <summary>What people read first.</summary>
    public string Title => Name ?? Key;
}

/// <summary>Reads the list of consumers: all for those who see all, a plain member's own.</summary>
public static class ConsumersData
{
    private const string Sql = $"""
        with used as (select u.consumer_id, sum(u.credits) as credits from usage_hourly u where u.tenant_id = $1 and u.hour >= $3 and u.hour <= $2 group by 1)
        select c.consumer_id, c.key, c.name, own.key, t.key, t.name, {ConsumerPools.Key},
          coalesce(own.name, team_pool.name, (select name from pools where tenant_id = $1 and pool_id = 1)), m.email,
          coalesce(u.credits, 0)
        from consumers c
        left join used u on u.consumer_id = c.consumer_id
        {ConsumerPools.Joins}
        left join lateral (
          select m.email from members m where m.tenant_id = c.tenant_id and m.removed_at is null and (m.id = c.member_id or (c.member_id is null and lower(m.email) = lower(c.key)))
          limit 1) m on true
        where c.tenant_id = $1 and c.key > $4 and ($5::int[] is null or c.consumer_id = any($5))
          and ($6 = '' or {ConsumerPools.Key} = $6) and ($7 = '' or coalesce(t.key, '') = $7)
          and ($8 = '' or position(lower($8) in lower(c.key)) > 0 or position(lower($8) in lower(coalesce(c.name, ''))) > 0)
        order by c.key limit $9
        """;

    /// <summary>The consumers of a query by key, from after its cursor on.</summary>
    /// <param name="read">The snapshot.</param>
    /// <param name="tenant">The tenant, and the role of who looks.</param>
    /// <param name="query">Filters <c>pool</c>, <c>team</c>, <c>q</c>, and the cursor, which is a key.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<List<ConsumerView>> ReadAsync(TenantRead read, CurrentTenant tenant, TableQuery query, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(tenant);
        ArgumentNullException.ThrowIfNull(query);
        var own = tenant.May(MemberRole.Billing) ? null : (await OwnUsage.OfAsync(read, tenant.MemberId, cancellationToken)).Consumers.ToArray();
        var today = read.Zone.DateIn(read.Now);
        var month = read.Zone.DayStart(new DateOnly(today.Year, today.Month, 1));
        return await read.Connection.ListAsync(
            Sql, Read, cancellationToken, read.TenantId, read.Now, month, query.After ?? "", own, query["pool"] ?? "", query["team"] ?? "", query["q"] ?? "", limit);
    }

    private static ConsumerView Read(NpgsqlDataReader row) => new(
        row.GetInt32(0), row.GetString(1), row.Nullable<string>(2), row.Nullable<string>(3), row.Nullable<string>(4), row.Nullable<string>(5), row.GetString(6),
        row.GetString(7), row.Nullable<string>(8), row.GetDecimal(9));
}
