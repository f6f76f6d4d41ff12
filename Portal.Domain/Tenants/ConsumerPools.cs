namespace Portal.Domain.Tenants;

/// <summary>Which pool consumers draw from when usage names none, for queries: their own, else their team's of now, else the shared one.</summary>
public static class ConsumerPools
{
    /// <summary>Joins to <c>consumers c</c> its pool <c>own</c>, its team <c>t</c> and the team's pool <c>team_pool</c>, as far as they are open; <c>$2</c> is now.</summary>
    public const string Joins = """
        left join pools own on own.tenant_id = c.tenant_id and own.pool_id = c.pool_id and own.closed_at is null
        left join lateral (
          select s.team_id from team_memberships s where s.tenant_id = c.tenant_id and s.consumer_id = c.consumer_id and s.since <= $2
          order by s.since desc limit 1) s on true
        left join teams t on t.tenant_id = c.tenant_id and t.team_id = s.team_id
        left join pools team_pool on team_pool.tenant_id = c.tenant_id and team_pool.pool_id = t.pool_id and team_pool.closed_at is null
        """;

    /// <summary>Key of the pool, after <see cref="Joins"/>.</summary>
    public const string Key = "coalesce(own.key, team_pool.key, 'shared')";
}
