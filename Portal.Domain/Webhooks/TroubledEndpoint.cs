using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Webhooks;

/// <summary>A tenant's endpoint that takes nothing, for the operators.</summary>
/// <param name="Tenant">The tenant's key.</param>
/// <param name="Endpoint">The endpoint.</param>
/// <param name="Waiting">Messages that wait for it.</param>
public sealed record TroubledEndpoint(string Tenant, WebhookEndpoint Endpoint, long Waiting)
{
    /// <summary>Those that fail or are disabled, the longest first.</summary>
    public static Task<List<TroubledEndpoint>> ListAsync(NpgsqlDataSource source, int limit, CancellationToken cancellationToken = default)
    {
        const string sql = """
            select e.tenant_id, e.id, e.url, e.types, e.description, e.state, e.reason, e.failing_since, e.old_secret_until, e.created_at, t.key,
              (select count(*) from webhook_deliveries d where d.tenant_id = e.tenant_id and d.endpoint_id = e.id and d.state = 'pending')
            from webhook_endpoints e join tenants t using (tenant_id) where e.state = 'disabled' or (e.state = 'active' and e.failing_since is not null)
            order by e.failing_since nulls last, e.id limit $1
            """;
        return source.ListAsync(sql, row => new TroubledEndpoint(row.GetString(10), WebhookEndpoint.Read(row), row.GetInt64(11)), cancellationToken, limit);
    }
}
