using System.Text.Json;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Wallet;

/// <summary>What a hold is now.</summary>
public static class HoldState
{
    public const string Open = "open", Captured = "captured", Released = "released", Expired = "expired";
}

/// <summary>The capture that ended a hold, or was told that its event was known.</summary>
/// <param name="Key">Identity of the event.</param>
/// <param name="Digest">Digest of the capture's body: its repeats have the same.</param>
/// <param name="Answer">The answer, for its repeats.</param>
public sealed record HoldCapture(Guid Key, long Digest, JsonElement Answer);

/// <summary>Credits reserved for work in progress.</summary>
/// <param name="TenantId">Whose.</param>
/// <param name="Id">UUIDv7.</param>
/// <param name="PoolId">The pool that it names.</param>
/// <param name="Pool">Its key.</param>
/// <param name="Consumer">Key of the consumer; null: none.</param>
/// <param name="Product">Its product; null: unrestricted grants alone serve it.</param>
/// <param name="Credits">Credits reserved, 0 or more.</param>
/// <param name="Money">Money that its estimate would accrue besides, in the tenant's currency.</param>
/// <param name="State">One of <see cref="HoldState"/>, as last booked.</param>
/// <param name="CreatedAt">When it was placed.</param>
/// <param name="ExpiresAt">It frees itself at this instant.</param>
/// <param name="ClosedAt">When its credits became free; null while it is open.</param>
/// <param name="Capture">Its capture, if there was one.</param>
public sealed record Hold(
    long TenantId, Guid Id, int PoolId, string Pool, string? Consumer, string? Product, decimal Credits, decimal Money, string State,
    DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? ClosedAt, HoldCapture? Capture)
{
    private const string Select = """
        select h.tenant_id, h.id, h.pool_id, p.key, c.key, h.product, h.amount, h.money, h.state, h.created_at, h.expires_at, h.closed_at,
          h.capture_key, h.capture_digest, h.answer::text, h.meter, h.quantity
        from holds h join pools p on p.tenant_id = h.tenant_id and p.pool_id = h.pool_id
        left join consumers c on c.tenant_id = h.tenant_id and c.consumer_id = h.consumer_id
        where h.tenant_id = $1 and h.id = $2
        """;

    /// <summary>The meter that would measure its event; null: credits were named.</summary>
    public string? Meter { get; init; }

    /// <summary>What it would measure.</summary>
    public decimal Quantity { get; init; }

    /// <summary>Its id in the API.</summary>
    public string PublicId => Kernel.PublicId.Format(Kernel.PublicId.Hold, TenantId, Id);

    /// <summary>Its state at an instant: expired from <see cref="ExpiresAt"/> on, whether or not that has been booked.</summary>
    public string StateAt(DateTimeOffset now) => State == HoldState.Open && ExpiresAt <= now ? HoldState.Expired : State;

    /// <summary>A hold of a tenant, or null.</summary>
    public static Task<Hold?> FindAsync(NpgsqlConnection connection, long tenantId, Guid id, CancellationToken cancellationToken = default) =>
        connection.FindAsync(Select, Read, cancellationToken, tenantId, id);

    private static Hold Read(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetGuid(1), row.GetInt32(2), row.GetString(3), row.Nullable<string>(4), row.Nullable<string>(5), row.GetDecimal(6),
        row.GetDecimal(7), row.GetString(8), row.GetFieldValue<DateTimeOffset>(9), row.GetFieldValue<DateTimeOffset>(10),
        row.Nullable<DateTimeOffset?>(11),
        row.IsDBNull(12) ? null : new HoldCapture(row.GetGuid(12), row.GetInt64(13), JsonElement.Parse(row.GetString(14))))
    {
        Meter = row.Nullable<string>(15),
        Quantity = row.GetDecimal(16),
    };
}
