using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;

namespace Portal.Domain.Webhooks;

/// <summary>Messages that try an endpoint: signed, sent, tried again and listed like any other.</summary>
public static class TestMessages
{
    private const string Add = """
        with told as (
          insert into webhook_events (tenant_id, id, type, subject, key, created_at, spread) values ($1, $2, $3, $4, $3 || ':' || $2, $5, true) returning id)
        insert into webhook_deliveries (tenant_id, id, endpoint_id, event_tenant, event_id, type) select $1, uuid7_at(clock_timestamp()), $6, $1, id, $3 from told returning id
        """;

    private const string UnderWay = "select id from webhook_deliveries where tenant_id = $1 and endpoint_id = $2 and type = $3 and state = 'pending' limit 1";

    /// <summary>
    /// Sends one to an endpoint, with the next run. Refuses <c>unknown_endpoint</c>, <c>endpoint_disabled</c>, <c>test_under_way</c> while the one before
    /// has neither been taken nor given up.
    /// </summary>
    /// <param name="connection">A connection in a transaction.</param>
    /// <param name="tenantId">Whose endpoint; 0 is the platform.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="now">Business time.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static async Task<Result<WebhookDelivery>> SendAsync(
        NpgsqlConnection connection, long tenantId, Guid endpoint, DateTimeOffset now, string? actor, CancellationToken cancellationToken = default)
    {
        await connection.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended('webhook endpoints', $1))", cancellationToken, tenantId);
        if (await WebhookEndpoints.FindAsync(connection, tenantId, endpoint, cancellationToken) is not { } found) return WebhookEndpoints.Unknown;
        if (found.State == EndpointState.Disabled) return Problem.Conflict("endpoint_disabled", "The endpoint is disabled. Enable it first.");
        if ((await connection.ListAsync(UnderWay, row => row.GetGuid(0), cancellationToken, tenantId, endpoint, WebhookEventTypes.Test)).Count > 0)
            return Problem.Conflict("test_under_way", "A test message is on its way already. See its tries below.");
        var delivery = (await connection.ListAsync(
            Add, row => row.GetGuid(0), cancellationToken, tenantId, Uuid7.At(now), WebhookEventTypes.Test, found.PublicId, now, endpoint)).Single();
        await Audit.WriteAsync(connection, tenantId, now, actor, "webhook_endpoint.tested", found.PublicId, null, cancellationToken);
        return (await DeliveryQuery.FindAsync(connection, tenantId, delivery, cancellationToken))!;
    }
}
