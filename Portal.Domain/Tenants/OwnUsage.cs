using Portal.Domain.Data;
using Portal.Domain.Wallet;

namespace Portal.Domain.Tenants;

/// <summary>
/// What a person with the role <c>member</c> sees of a wallet: the usage of their own consumers and the pool that these draw from.
/// A consumer is a member's own when it is linked to the membership, or when its key is the member's mail address.
/// </summary>
/// <param name="Consumers">Numbers of the consumers; none when the person has not used anything yet.</param>
/// <param name="Pool">Key of the pool.</param>
public sealed record OwnUsage(IReadOnlyList<int> Consumers, string Pool)
{
    private const string Sql = """
        select c.consumer_id, coalesce(own.key, teams_own.key) from members m
        join consumers c on c.tenant_id = m.tenant_id and (c.member_id = m.id or lower(c.key) = lower(m.email))
        left join pools own on own.tenant_id = c.tenant_id and own.pool_id = c.pool_id
        left join lateral (
          select s.team_id from team_memberships s where s.tenant_id = c.tenant_id and s.consumer_id = c.consumer_id and s.since <= $3
          order by s.since desc limit 1) s on true
        left join teams t on t.tenant_id = c.tenant_id and t.team_id = s.team_id
        left join pools teams_own on teams_own.tenant_id = t.tenant_id and teams_own.pool_id = t.pool_id
        where m.tenant_id = $1 and m.id = $2 order by c.consumer_id
        """;

    /// <summary>What is the membership's own; one round trip.</summary>
    public static async Task<OwnUsage> OfAsync(TenantRead read, Guid memberId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        var consumers = await read.Connection.ListAsync(
            Sql, row => (Id: row.GetInt32(0), Pool: row.Nullable<string>(1)), cancellationToken, read.TenantId, memberId, read.Now);
        return new OwnUsage([.. consumers.Select(consumer => consumer.Id)], consumers.Select(consumer => consumer.Pool).FirstOrDefault(pool => pool is not null) ?? Wallet.Pool.SharedKey);
    }
}
