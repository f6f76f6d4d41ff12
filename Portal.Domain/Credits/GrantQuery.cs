using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Wallet;

/// <summary>A grant with the pool that holds it.</summary>
/// <param name="Grant">The grant.</param>
/// <param name="Pool">Key of its pool.</param>
public sealed record PooledGrant(Grant Grant, string Pool);

/// <summary>Reads grants.</summary>
public static class GrantQuery
{
    internal const string Select = "select " + GrantRow.Columns + """
        , p.key
        from grants g join pools p on p.tenant_id = g.tenant_id and p.pool_id = g.pool_id
        where g.tenant_id = $1
        """;

    /// <summary>All grants of the tenant in burn order, those that are used up or expired among them. <paramref name="pool"/>: only of that pool's key.</summary>
    public static async Task<List<PooledGrant>> ListAsync(TenantRead read, string? pool = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        var grants = await read.Connection.ListAsync(Select + " and ($2 = '' or p.key = $2)", Read, cancellationToken, read.TenantId, pool ?? "");
        grants.Sort(static (x, y) => BurnOrder.Instance.Compare(x.Grant, y.Grant));
        return grants;
    }

    /// <summary>One grant, or null.</summary>
    public static async Task<PooledGrant?> FindAsync(TenantRead read, Guid id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        return await read.Connection.FindAsync(Select + " and g.id = $2", Read, cancellationToken, read.TenantId, id);
    }

    internal static PooledGrant Read(NpgsqlDataReader row) => new(GrantRow.Read(row), row.GetString(GrantRow.Width));
}
