using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Webhooks;

/// <summary>How a delivery stands.</summary>
public static class DeliveryState
{
    /// <summary>The values.</summary>
    public const string Pending = "pending", Delivered = "delivered", Failed = "failed";

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<string> All = [Pending, Delivered, Failed];
}

/// <summary>One event on its way to one endpoint.</summary>
/// <param name="TenantId">Whose endpoint; 0 is the platform's.</param>
/// <param name="Id">UUIDv7.</param>
/// <param name="EndpointId">The endpoint.</param>
/// <param name="EventTenant">Whom the event concerns.</param>
/// <param name="EventTenantKey">That tenant's key; "" of a test of the platform's endpoint.</param>
/// <param name="EventId">The event.</param>
/// <param name="Type">Its type.</param>
/// <param name="State">One of <see cref="DeliveryState"/>.</param>
/// <param name="Attempts">Tries since it was made or replayed.</param>
/// <param name="DueAt">When it is tried next, while it is pending (real time, as all that follows).</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="DoneAt">When it was taken or given up.</param>
/// <param name="Status">Status of the last answer; null: none came.</param>
/// <param name="Error">Why the last try did not count.</param>
public sealed record WebhookDelivery(
    long TenantId, Guid Id, Guid EndpointId, long EventTenant, string EventTenantKey, Guid EventId, string Type, string State, int Attempts, DateTimeOffset DueAt,
    DateTimeOffset CreatedAt, DateTimeOffset? DoneAt, int? Status, string? Error)
{
    /// <summary>The id as the API shows it.</summary>
    public string PublicId => Kernel.PublicId.Format(Kernel.PublicId.Delivery, TenantId, Id);

    /// <summary>Header <c>webhook-id</c> and <c>id</c> of the body: the same at every try and every endpoint.</summary>
    public string MessageId => Kernel.PublicId.Format(Kernel.PublicId.Message, EventTenant, EventId);

    /// <summary>Reads <see cref="PublicId"/> of a delivery to an endpoint of that tenant, or of the platform: 0.</summary>
    public static bool TryParseId(long tenantId, string? text, out Guid id) => WebhookEndpoint.TryParse(Kernel.PublicId.Delivery, tenantId, text, out id);
}

/// <summary>One try of a delivery.</summary>
/// <param name="At">When (real time).</param>
/// <param name="TookMs">Milliseconds.</param>
/// <param name="Status">Of the answer; null: none came.</param>
/// <param name="Error">Why it did not count; null when it was taken.</param>
/// <param name="Response">How the answer began.</param>
public sealed record WebhookAttempt(DateTimeOffset At, int TookMs, int? Status, string? Error, string Response);

/// <summary>Reads deliveries.</summary>
public static class DeliveryQuery
{
    private const string Select = """
        select d.tenant_id, d.id, d.endpoint_id, d.event_tenant, coalesce(t.key, ''), d.event_id, d.type, d.state, d.attempts, d.due_at, d.created_at, d.done_at, d.status, d.error
        from webhook_deliveries d left join tenants t on t.tenant_id = d.event_tenant where d.tenant_id = $1
        """;

    /// <summary>Deliveries, newest first.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="tenantId">Whose endpoints; 0 is the platform.</param>
    /// <param name="endpoint">Only to this one; null: to all of the tenant's.</param>
    /// <param name="state">Only those that stand so; null: all.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="after">The one after which to go on; null from the newest.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static Task<List<WebhookDelivery>> ListAsync(
        NpgsqlConnection connection, long tenantId, Guid? endpoint, string? state, int limit, Guid? after, CancellationToken cancellationToken = default) =>
        connection.ListAsync(
            Select + " and ($2 = '00000000-0000-0000-0000-000000000000' or d.endpoint_id = $2) and ($3 = '' or d.state = $3) and d.id < $4 order by d.id desc limit $5", Read,
            cancellationToken, tenantId, endpoint ?? Guid.Empty, state ?? "", after ?? Guid.AllBitsSet, limit);

    /// <summary>One delivery, or null.</summary>
    public static Task<WebhookDelivery?> FindAsync(NpgsqlConnection connection, long tenantId, Guid id, CancellationToken cancellationToken = default) =>
        connection.FindAsync(Select + " and d.id = $2", Read, cancellationToken, tenantId, id);

    /// <summary>The tries of deliveries, oldest first.</summary>
    public static async Task<ILookup<Guid, WebhookAttempt>> AttemptsAsync(
        NpgsqlConnection connection, long tenantId, IEnumerable<Guid> deliveries, CancellationToken cancellationToken = default)
    {
        const string sql = "select delivery_id, at, took_ms, status, error, response from webhook_attempts where tenant_id = $1 and delivery_id = any($2) order by id";
        var rows = await connection.ListAsync(
            sql,
            row => (row.GetGuid(0), new WebhookAttempt(row.GetFieldValue<DateTimeOffset>(1), row.GetInt32(2), row.Nullable<int?>(3), row.Nullable<string>(4), row.GetString(5))),
            cancellationToken, tenantId, deliveries);
        return rows.ToLookup(row => row.Item1, row => row.Item2);
    }

    private static WebhookDelivery Read(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetGuid(1), row.GetGuid(2), row.GetInt64(3), row.GetString(4), row.GetGuid(5), row.GetString(6), row.GetString(7), row.GetInt32(8),
        row.GetFieldValue<DateTimeOffset>(9), row.GetFieldValue<DateTimeOffset>(10), row.Nullable<DateTimeOffset?>(11), row.Nullable<int?>(12), row.Nullable<string>(13));
}
