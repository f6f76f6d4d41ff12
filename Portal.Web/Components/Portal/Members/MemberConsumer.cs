using Portal.Domain.Data;
using Portal.Domain.Tenants;

namespace Portal.Web.Components.TenantPages;

/// <summary>A consumer that is a member: linked to the membership, or named by the member's mail address.</summary>
/// <param name="Member">The membership.</param>
/// <param name="Key">Key of the consumer.</param>
/// <param name="DrawsFrom">Key of the pool that it draws from unless usage says otherwise.</param>
internal sealed record MemberConsumer(Guid Member, string Key, string DrawsFrom)
{
    private const string Sql = $"""
        select m.id, c.key, {ConsumerPools.Key} from members m
        join consumers c on c.tenant_id = m.tenant_id and (c.member_id = m.id or (c.member_id is null and lower(c.key) = lower(m.email)))
        {ConsumerPools.Joins}
        where m.tenant_id = $1 and m.removed_at is null order by c.key
        """;

    /// <summary>Those of all members.</summary>
    public static Task<List<MemberConsumer>> ListAsync(TenantRead read, CancellationToken cancellationToken) =>
        read.Connection.ListAsync(Sql, row => new MemberConsumer(row.GetGuid(0), row.GetString(1), row.GetString(2)), cancellationToken, read.TenantId, read.Now);
}
