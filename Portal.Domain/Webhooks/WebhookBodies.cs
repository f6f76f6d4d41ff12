using Microsoft.Extensions.Logging;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Webhooks;

/// <summary>Something that happened to a tenant.</summary>
/// <param name="TenantId">The tenant.</param>
/// <param name="TenantKey">Its key.</param>
/// <param name="Id">UUIDv7.</param>
/// <param name="Type">Of <see cref="WebhookEventTypes.All"/>.</param>
/// <param name="Subject">Public id or key of what it is about.</param>
/// <param name="CreatedAt">Business time.</param>
public sealed record WebhookEvent(long TenantId, string TenantKey, Guid Id, string Type, string Subject, DateTimeOffset CreatedAt)
{
    /// <summary><c>id</c> of the body and header <c>webhook-id</c>.</summary>
    public string MessageId => PublicId.Format(PublicId.Message, TenantId, Id);
}

/// <summary>Writes what a message says. The API does, since <c>data</c> is what its GET answers.</summary>
public interface IWebhookBodyWriter
{
    /// <summary>The body, JSON.</summary>
    Task<string> WriteAsync(WebhookEvent told, CancellationToken cancellationToken);
}

/// <summary>
/// Has the bodies of events written that are on their way. A body is written once, as the object stands then, and sent as it is at every try
/// and to every endpoint. A process without the API writes none and leaves them to one that has it.
/// </summary>
public sealed class WebhookBodies(NpgsqlDataSource source, IEnumerable<IWebhookBodyWriter> writers, ILogger<WebhookBodies> log)
{
    private const int AtOnce = 100;

    // Those that could not be written come last, so that they stop no other.
    private const string Wanted = """
        select e.tenant_id, coalesce(t.key, ''), e.id, e.type, e.subject, e.created_at from webhook_events e left join tenants t using (tenant_id)
        where e.body is null and (e.tenant_id, e.id) in (select d.event_tenant, d.event_id from webhook_deliveries d where d.state = 'pending')
        order by e.tries, e.id limit $1
        """;

    private readonly IWebhookBodyWriter? writer = writers.FirstOrDefault();

    /// <summary>Writes what is wanted; answers how many. Safe to run twice and at once: the first to write is who is sent.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken = default)
    {
        if (writer is null) return 0;
        for (var written = 0; ;)
        {
            var wanted = await source.ListAsync(
                Wanted,
                row => new WebhookEvent(row.GetInt64(0), row.GetString(1), row.GetGuid(2), row.GetString(3), row.GetString(4), row.GetFieldValue<DateTimeOffset>(5)),
                cancellationToken, AtOnce);
            var failed = 0;
            foreach (var told in wanted)
            {
                if (await TryAsync(told, cancellationToken)) written++;
                else failed++;
            }

            if (wanted.Count < AtOnce || failed > 0) return written;
        }
    }

    private async Task<bool> TryAsync(WebhookEvent told, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        try
        {
            var body = await writer!.WriteAsync(told, cancellationToken);
            const string keep = "update webhook_events set body = $3 where tenant_id = $1 and id = $2 and body is null";
            await connection.ExecuteAsync(keep, cancellationToken, told.TenantId, told.Id, body);
            return true;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            log.LogError(exception, "What {Event} says ({Type}) could not be written", told.MessageId, told.Type);
            await connection.ExecuteAsync("update webhook_events set tries = tries + 1 where tenant_id = $1 and id = $2", cancellationToken, told.TenantId, told.Id);
            return false;
        }
    }
}
