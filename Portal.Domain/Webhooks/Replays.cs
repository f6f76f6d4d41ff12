using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;

namespace Portal.Domain.Webhooks;

/// <summary>Sends again what was sent, given up or never sent. The message keeps its id, so that a receiver that has it already can tell.</summary>
public static class Replays
{
    /// <summary>Longest span that is replayed at once.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(31);

    private const int Most = 10_000;

    private const string Again = """
        state = 'pending', attempts = 0, due_at = now(), done_at = null, status = null, error = null
        """;

    /// <summary>Sends one delivery again at once. Refuses <c>unknown_delivery</c>, <c>endpoint_disabled</c>.</summary>
    public static async Task<Result<WebhookDelivery>> OneAsync(
        NpgsqlConnection connection, long tenantId, Guid delivery, DateTimeOffset now, string? actor, CancellationToken cancellationToken = default)
    {
        if (await DeliveryQuery.FindAsync(connection, tenantId, delivery, cancellationToken) is not { } found) return Problem.NotFound("unknown_delivery", "There is no such delivery.");
        if (await EndpointAsync(connection, tenantId, found.EndpointId, cancellationToken) is { } refused) return refused;
        await connection.ExecuteAsync($"update webhook_deliveries set {Again} where tenant_id = $1 and id = $2", cancellationToken, tenantId, delivery);
        await Audit.WriteAsync(connection, tenantId, now, actor, "webhook.replayed", found.PublicId, null, cancellationToken);
        return (await DeliveryQuery.FindAsync(connection, tenantId, delivery, cancellationToken))!;
    }

    /// <summary>
    /// Sends again what happened in a span of business time: what was given up, or, with <paramref name="all"/>, everything that the endpoint
    /// wants, what it took and what it was never sent too. Refuses <c>unknown_endpoint</c>, <c>endpoint_disabled</c>, <c>invalid_span</c>,
    /// <c>span_too_large</c>.
    /// </summary>
    /// <param name="connection">A connection in a transaction.</param>
    /// <param name="tenantId">Whose endpoint; 0 is the platform.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="from">The first instant.</param>
    /// <param name="to">The first instant after it.</param>
    /// <param name="all">False: only what was given up.</param>
    /// <param name="now">Business time.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>How many messages are on their way.</returns>
    public static async Task<Result<int>> SpanAsync(
        NpgsqlConnection connection, long tenantId, Guid endpoint, DateTimeOffset from, DateTimeOffset to, bool all, DateTimeOffset now, string? actor,
        CancellationToken cancellationToken = default)
    {
        if (to <= from) return Problem.Field("to", "invalid_span", "The span ends after it begins.");
        if (to - from > Longest) return Problem.Field("to", "span_too_large", $"A replay spans at most {Longest.TotalDays:0} days.");
        if (await EndpointAsync(connection, tenantId, endpoint, cancellationToken) is { } refused) return refused;
        var count = await connection.ExecuteAsync(all ? All : GivenUp, cancellationToken, tenantId, endpoint, from, to);
        if (count > Most) return Problem.Unprocessable("span_too_large", $"More than {Most} messages lie in that span. Choose a shorter one.");
        var detail = new { From = from, To = to, All = all, Messages = count };
        await Audit.WriteAsync(connection, tenantId, now, actor, "webhook.replayed", PublicId.Format(PublicId.Endpoint, tenantId, endpoint), detail, cancellationToken);
        return count;
    }

    private const string GivenUp = $"""
        update webhook_deliveries d set {Again} from webhook_events e
        where d.tenant_id = $1 and d.endpoint_id = $2 and d.state = 'failed' and e.tenant_id = d.event_tenant and e.id = d.event_id and e.created_at >= $3 and e.created_at < $4
        """;

    private const string All = $"""
        insert into webhook_deliveries (tenant_id, id, endpoint_id, event_tenant, event_id, type)
        select w.tenant_id, uuid7_at(clock_timestamp()), w.id, e.tenant_id, e.id, e.type from webhook_endpoints w
        join webhook_events e on e.spread and e.type <> 'endpoint.test' and (w.tenant_id in (0, e.tenant_id)) and (w.types = array[]::text[] or e.type = any(w.types))
        where w.tenant_id = $1 and w.id = $2 and e.created_at >= $3 and e.created_at < $4
        on conflict (tenant_id, endpoint_id, event_tenant, event_id) do update set {Again}
        """;

    private static async Task<Problem?> EndpointAsync(NpgsqlConnection connection, long tenantId, Guid id, CancellationToken cancellationToken) =>
        await WebhookEndpoints.FindAsync(connection, tenantId, id, cancellationToken) switch
        {
            null => WebhookEndpoints.Unknown,
            { State: EndpointState.Disabled } => Problem.Conflict("endpoint_disabled", "The endpoint is disabled. Enable it first."),
            _ => null,
        };
}
