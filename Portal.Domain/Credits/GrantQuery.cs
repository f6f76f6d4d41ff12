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
    internal const string Select = """
        select g.tenant_id, g.id, g.pool_id, g.source, g.amount, g.remaining, g.value, g.currency::text, g.priority, g.products, g.effective_at, g.expires_at,
               g.open, g.parent_id, g.lineage, g.roll_count, g.reference, g.reason, g.created_at, p.key
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

    internal static PooledGrant Read(NpgsqlDataReader row) => new(
        new Grant
        {
            TenantId = row.GetInt64(0),
            Id = row.GetGuid(1),
            PoolId = row.GetInt32(2),
            Source = row.GetString(3),
            Amount = row.GetDecimal(4),
            Remaining = row.GetDecimal(5),
            Value = row.GetDecimal(6),
            Currency = row.GetString(7),
            Priority = row.GetInt16(8),
            Products = row.Nullable<string[]>(9),
            EffectiveAt = row.GetFieldValue<DateTimeOffset>(10),
            ExpiresAt = row.Nullable<DateTimeOffset?>(11),
            Open = row.GetBoolean(12),
            ParentId = row.Nullable<Guid?>(13),
            Lineage = row.Nullable<string>(14),
            RollCount = row.GetInt16(15),
            Reference = row.Nullable<string>(16),
            Reason = row.Nullable<string>(17),
            CreatedAt = row.GetFieldValue<DateTimeOffset>(18),
        },
        row.GetString(19));
}
