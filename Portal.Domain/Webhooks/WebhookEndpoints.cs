using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;

namespace Portal.Domain.Webhooks;

/// <summary>An endpoint to make.</summary>
/// <param name="Url">https; to this machine also http where the settings allow it.</param>
/// <param name="Types">Of <see cref="WebhookEventTypes.All"/>; none: all.</param>
/// <param name="Description">At most 200 characters.</param>
public sealed record EndpointOrder(string Url, IReadOnlyList<string> Types, string Description = "");

/// <summary>Commands on endpoints; tenant 0 is the platform. The caller's transaction commits.</summary>
public static class WebhookEndpoints
{
    /// <summary>Most endpoints that a tenant, or the platform, may have.</summary>
    public const int Most = 20;

    /// <summary>How long the secret before a new one signs too.</summary>
    public static readonly TimeSpan Overlap = TimeSpan.FromHours(24);

    /// <summary>Those that were not removed, oldest first.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="tenantId">Whose; 0 is the platform.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="after">The one after which to go on; null from the oldest.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static Task<List<WebhookEndpoint>> ListAsync(
        NpgsqlConnection connection, long tenantId, int limit, Guid? after, CancellationToken cancellationToken = default) =>
        connection.ListAsync(
            $"select {WebhookEndpoint.Columns} from webhook_endpoints where tenant_id = $1 and state <> 'removed' and id > $2 order by id limit $3",
            WebhookEndpoint.Read, cancellationToken, tenantId, after ?? Guid.Empty, limit);

    /// <summary>One that was not removed, or null.</summary>
    public static Task<WebhookEndpoint?> FindAsync(NpgsqlConnection connection, long tenantId, Guid id, CancellationToken cancellationToken = default) =>
        connection.FindAsync(
            $"select {WebhookEndpoint.Columns} from webhook_endpoints where tenant_id = $1 and id = $2 and state <> 'removed'", WebhookEndpoint.Read, cancellationToken, tenantId, id);

    /// <summary>
    /// Makes an endpoint, which hears of what happens from then on. Refuses <c>invalid_url</c>, <c>url_not_https</c>, <c>url_not_public</c>,
    /// <c>unknown_event_type</c>, <c>invalid_description</c>, <c>endpoint_exists</c>, <c>too_many_endpoints</c>.
    /// </summary>
    /// <returns>The endpoint and its secret, which is never shown again.</returns>
    public static async Task<Result<(WebhookEndpoint Endpoint, string Secret)>> CreateAsync(
        NpgsqlConnection connection, long tenantId, EndpointOrder order, WebhookSettings settings, DateTimeOffset now, string? actor,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(order);
        var url = WebhookAddress.Read(order.Url, settings);
        if (url.Problem is { } problem) return problem;
        if (order.Types.FirstOrDefault(type => !WebhookEventTypes.All.ContainsKey(type)) is { } unknown)
            return Problem.Field("types", "unknown_event_type", $"There is no event type '{(unknown.Length <= 100 ? unknown : unknown[..100])}'.");
        if (order.Description.Length > 200 || order.Description.Any(char.IsControl))
            return Problem.Field("description", "invalid_description", "The description has at most 200 characters, without control characters.");
        await connection.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended('webhook endpoints', $1))", cancellationToken, tenantId);
        var known = await ListAsync(connection, tenantId, Most + 1, after: null, cancellationToken);
        if (known.Any(endpoint => endpoint.Url == url.Value)) return Problem.Conflict("endpoint_exists", "There is an endpoint at that URL. Remove it first.");
        if (known.Count >= Most) return Problem.Conflict("too_many_endpoints", $"There are {Most} endpoints, the most there may be.");

        var (id, secret) = (Uuid7.At(now), WebhookSecret.Create());
        var made = (await connection.ListAsync(
            $"insert into webhook_endpoints (tenant_id, id, url, types, description, secret, created_at, created_by) values ($1, $2, $3, $4, $5, $6, $7, nullif($8, '')) returning {WebhookEndpoint.Columns}",
            WebhookEndpoint.Read, cancellationToken, tenantId, id, url.Value.AbsoluteUri, order.Types.Distinct(StringComparer.Ordinal).ToArray(), order.Description, secret, now, actor ?? ""))[0];
        await Audit.WriteAsync(connection, tenantId, now, actor, "webhook_endpoint.created", made.PublicId, new { made.Types }, cancellationToken);
        return (made, WebhookSecret.Text(secret));
    }

    /// <summary>Removes an endpoint: nothing is sent to it from now on. <c>unknown_endpoint</c> when there is none.</summary>
    public static async Task<Result<Done>> RemoveAsync(
        NpgsqlConnection connection, long tenantId, Guid id, DateTimeOffset now, string? actor, CancellationToken cancellationToken = default)
    {
        const string remove = "update webhook_endpoints set state = 'removed', reason = null where tenant_id = $1 and id = $2 and state <> 'removed'";
        if (await connection.ExecuteAsync(remove, cancellationToken, tenantId, id) == 0) return Unknown;
        const string stop = "update webhook_deliveries set state = 'failed', done_at = now(), error = 'The endpoint was removed.' where tenant_id = $1 and endpoint_id = $2 and state = 'pending'";
        await connection.ExecuteAsync(stop, cancellationToken, tenantId, id);
        await Audit.WriteAsync(connection, tenantId, now, actor, "webhook_endpoint.removed", Kernel.PublicId.Format(PublicId.Endpoint, tenantId, id), null, cancellationToken);
        return default(Done);
    }

    /// <summary>Sends to a disabled endpoint again; what waits for it is due at once. Changes nothing on an active one.</summary>
    public static async Task<Result<WebhookEndpoint>> EnableAsync(
        NpgsqlConnection connection, long tenantId, Guid id, DateTimeOffset now, string? actor, CancellationToken cancellationToken = default)
    {
        const string enable = "update webhook_endpoints set state = 'active', reason = null, failing_since = null where tenant_id = $1 and id = $2 and state = 'disabled'";
        if (await connection.ExecuteAsync(enable, cancellationToken, tenantId, id) > 0)
        {
            await connection.ExecuteAsync(
                "update webhook_deliveries set due_at = now() where tenant_id = $1 and endpoint_id = $2 and state = 'pending'", cancellationToken, tenantId, id);
            await Audit.WriteAsync(connection, tenantId, now, actor, "webhook_endpoint.enabled", PublicId.Format(PublicId.Endpoint, tenantId, id), null, cancellationToken);
        }

        return await FindAsync(connection, tenantId, id, cancellationToken) is { } found ? found : Unknown;
    }

    /// <summary>Gives an endpoint a new secret; the one before signs too for <see cref="Overlap"/>.</summary>
    public static async Task<Result<(WebhookEndpoint Endpoint, string Secret)>> RotateAsync(
        NpgsqlConnection connection, long tenantId, Guid id, DateTimeOffset now, string? actor, CancellationToken cancellationToken = default)
    {
        const string rotate = "update webhook_endpoints set old_secret = secret, old_secret_until = now() + $4, secret = $3 where tenant_id = $1 and id = $2 and state <> 'removed'";
        var secret = WebhookSecret.Create();
        if (await connection.ExecuteAsync(rotate, cancellationToken, tenantId, id, secret, Overlap) == 0) return Unknown;
        var endpoint = (await FindAsync(connection, tenantId, id, cancellationToken))!;
        await Audit.WriteAsync(connection, tenantId, now, actor, "webhook_endpoint.rotated", endpoint.PublicId, null, cancellationToken);
        return (endpoint, WebhookSecret.Text(secret));
    }

    /// <summary>There is no such endpoint.</summary>
    public static Problem Unknown => Problem.NotFound("unknown_endpoint", "There is no such endpoint.");
}
