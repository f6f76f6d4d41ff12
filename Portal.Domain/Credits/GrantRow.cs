using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Wallet;

/// <summary>A grant as queries read it: the columns of <c>grants g</c> in one order.</summary>
internal static class GrantRow
{
    /// <summary>The columns, from position 0.</summary>
    public const string Columns =
        "g.tenant_id, g.id, g.pool_id, g.source, g.amount, g.remaining, g.value, g.currency, g.priority, g.products, g.effective_at, g.expires_at, "
        + "g.open, g.parent_id, g.lineage, g.roll_count, g.reference, g.reason, g.created_at, g.rolled_at";

    /// <summary>The position after them.</summary>
    public const int Width = 20;

    /// <summary>The grant of a row that begins with <see cref="Columns"/>.</summary>
    public static Grant Read(NpgsqlDataReader row) => new()
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
        RolledAt = row.Nullable<DateTimeOffset?>(19),
    };
}
