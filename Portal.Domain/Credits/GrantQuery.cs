using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Wallet;

/// <summary>A grant with the pool that holds it.</summary>
/// <param name="Grant">The grant.</param>
/// <param name="Pool">Key of its pool.</param>
public sealed record PooledGrant(Grant Grant, string Pool);

/// <summary>Which grants.</summary>
/// <param name="Pool">Only of the pool of this key; null: of all.</param>
/// <param name="Source">Only from this source; null: from any.</param>
/// <param name="Standing">Only those that stand so at the snapshot's instant; null: all there ever were.</param>
public sealed record GrantFilter(string? Pool = null, string? Source = null, GrantStanding? Standing = null);

/// <summary>How a grant stands at an instant.</summary>
public enum GrantStanding
{
    /// <summary>Has credits left, to spend now or from a later instant on.</summary>
    Open,

    /// <summary>Has credits left that can be spent now.</summary>
    Spendable,

    /// <summary>Takes effect later.</summary>
    ToCome,

    /// <summary>Nothing is left: used, moved, rolled over or taken back.</summary>
    Empty,

    /// <summary>Its time is over.</summary>
    Expired,
}

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

    /// <summary>The grants that a filter means, in burn order.</summary>
    public static async Task<List<PooledGrant>> ListAsync(TenantRead read, GrantFilter filter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(filter);
        var standing = filter.Standing switch
        {
            null => "",
            GrantStanding.Open => " and g.open and g.remaining > 0 and (g.expires_at is null or g.expires_at > $4)",
            GrantStanding.Spendable => " and g.open and g.remaining > 0 and (g.expires_at is null or g.expires_at > $4) and g.effective_at <= $4",
            GrantStanding.ToCome => " and g.open and g.remaining > 0 and g.effective_at > $4",
            GrantStanding.Empty => " and g.remaining = 0 and (g.expires_at is null or g.expires_at > $4)",
            GrantStanding.Expired => " and g.expires_at <= $4",
            _ => throw new ArgumentOutOfRangeException(nameof(filter)),
        };
        var grants = await read.Connection.ListAsync(
            Select + " and ($2 = '' or p.key = $2) and ($3 = '' or g.source = $3) and $4::timestamptz is not null" + standing,
            Read, cancellationToken, read.TenantId, filter.Pool ?? "", filter.Source ?? "", read.Now);
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
