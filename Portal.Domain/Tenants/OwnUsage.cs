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
    private const string Sql = $"""
        select c.consumer_id, coalesce(own.key, team_pool.key) from members m
        join consumers c on c.tenant_id = m.tenant_id and (c.member_id = m.id or lower(c.key) = lower(m.email))
        {ConsumerPools.Joins}
        where m.tenant_id = $1 and m.id = $3 order by c.consumer_id
        """;

    /// <summary>What is the membership's own; one round trip.</summary>
    public static async Task<OwnUsage> OfAsync(TenantRead read, Guid memberId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        var consumers = await read.Connection.ListAsync(
            Sql, row => (Id: row.GetInt32(0), Pool: row.Nullable<string>(1)), cancellationToken, read.TenantId, read.Now, memberId);
        return new OwnUsage([.. consumers.Select(consumer => consumer.Id)], consumers.Select(consumer => consumer.Pool).FirstOrDefault(pool => pool is not null) ?? Wallet.Pool.SharedKey);
    }
}
