using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Webhooks;

/// <summary>
/// Sends events to endpoints: spreads new ones, has their bodies written, and gives every endpoint that has something due a turn beside all
/// others. An endpoint is one sender's at a time; who dies leaves its messages as they were, so each is sent at least once.
/// </summary>
public sealed class WebhookSending(NpgsqlDataSource source, WebhookBodies bodies, WebhookLine line, WebhookSettings settings, ILogger<WebhookSending> log)
{
    private const int AtOnce = 500, EndpointsAtOnce = 32, MessagesAtOnce = 8;

    // One statement: an event is spread to all or to none.
    private const string Spread = """
        with new as (select tenant_id, id, type from webhook_events where not spread order by id limit $1 for update skip locked),
        made as (
          insert into webhook_deliveries (tenant_id, id, endpoint_id, event_tenant, event_id, type)
          select w.tenant_id, uuid7_at(clock_timestamp()), w.id, n.tenant_id, n.id, n.type
          from new n join webhook_endpoints w on w.tenant_id in (0, n.tenant_id) and w.state = 'active' and (w.types = array[]::text[] or n.type = any(w.types))
          on conflict do nothing
        )
        update webhook_events e set spread = true from new n where e.tenant_id = n.tenant_id and e.id = n.id
        """;

    private const string Waiting = """
        select w.tenant_id, w.id from webhook_endpoints w
        where w.state = 'active' and (w.busy_until is null or w.busy_until < now()) and exists (
          select from webhook_deliveries d join webhook_events e on e.tenant_id = d.event_tenant and e.id = d.event_id
          where d.tenant_id = w.tenant_id and d.endpoint_id = w.id and d.state = 'pending' and d.due_at <= now() and e.body is not null)
        order by w.failing_since nulls first, w.id
        """;

    private const string Due = """
        select d.id, d.attempts, e.tenant_id, e.id, e.type, e.body from webhook_deliveries d join webhook_events e on e.tenant_id = d.event_tenant and e.id = d.event_id
        where d.tenant_id = $1 and d.endpoint_id = $2 and d.state = 'pending' and d.due_at <= now() and e.body is not null
        order by d.due_at, d.id limit $3
        """;

    // Longer than a turn may take with its last messages; what is left of a process that died.
    private const string Take = """
        update webhook_endpoints set busy_until = now() + $3 where tenant_id = $1 and id = $2 and state = 'active' and (busy_until is null or busy_until < now())
        returning url, secret, case when old_secret_until > now() then old_secret end
        """;

    private sealed record Target(Uri Url, byte[] Secret, byte[]? OldSecret)
    {
        public IEnumerable<byte[]> Secrets => OldSecret is null ? [Secret] : [Secret, OldSecret];
    }

    /// <summary>Sends what is due; answers how many messages were taken. Safe to run twice, and on several nodes at once.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken = default)
    {
        while (await ExecuteAsync(Spread, cancellationToken, AtOnce) == AtOnce)
        {
        }

        await bodies.RunAsync(cancellationToken);
        var waiting = await source.ListAsync(Waiting, row => (Tenant: row.GetInt64(0), Id: row.GetGuid(1)), cancellationToken);
        var taken = 0;
        await Parallel.ForEachAsync(
            waiting, new ParallelOptions { MaxDegreeOfParallelism = EndpointsAtOnce, CancellationToken = cancellationToken },
            async (endpoint, token) => Interlocked.Add(ref taken, await TurnAsync(endpoint.Tenant, endpoint.Id, token)));
        return taken;
    }

    // A turn ends with the first message that is not taken: an endpoint that is down is asked once a run, not once a message.
    private async Task<int> TurnAsync(long tenant, Guid endpoint, CancellationToken cancellationToken)
    {
        var lease = settings.Turn + settings.Timeout + settings.Timeout;
        var targets = await source.ListAsync(
            Take, row => new Target(new Uri(row.GetString(0)), row.GetFieldValue<byte[]>(1), row.Nullable<byte[]>(2)), cancellationToken, tenant, endpoint, lease);
        if (targets is not [var target]) return 0;
        var clock = Stopwatch.StartNew();
        var taken = 0;
        try
        {
            while (clock.Elapsed < settings.Turn)
            {
                var due = await source.ListAsync(Due, ReadDue, cancellationToken, tenant, endpoint, MessagesAtOnce);
                var outcomes = await Task.WhenAll(due.Select(message => TryAsync(tenant, endpoint, target, message, cancellationToken)));
                taken += outcomes.Count(outcome => outcome);
                if (due.Count < MessagesAtOnce || outcomes.Contains(false)) break;
            }
        }
        finally
        {
            await ExecuteAsync("update webhook_endpoints set busy_until = null where tenant_id = $1 and id = $2", CancellationToken.None, tenant, endpoint);
        }

        return taken;
    }

    private async Task<bool> TryAsync(long tenant, Guid endpoint, Target target, DueMessage message, CancellationToken cancellationToken)
    {
        var outcome = await line.SendAsync(target.Url, message.MessageId, message.Body, target.Secrets, cancellationToken);
        await WebhookLog.KeepAsync(source, tenant, endpoint, message, outcome, CancellationToken.None); // sent is sent, even while stopping
        if (!outcome.IsTaken)
            log.LogInformation("Webhook {Message} to endpoint {Endpoint} of tenant {Tenant}, try {Attempt}: {Error}", message.MessageId, endpoint, tenant, message.Attempts + 1, outcome.Error);
        Telemetry.OutboxMessages.Add(1, new KeyValuePair<string, object?>("kind", "webhook"), new KeyValuePair<string, object?>("outcome", outcome.IsTaken ? "sent" : "put off"));
        return outcome.IsTaken;
    }

    private async Task<int> ExecuteAsync(string sql, CancellationToken cancellationToken, params object?[] parameters)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(sql, cancellationToken, parameters);
    }

    private static DueMessage ReadDue(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetInt32(1), PublicId.Format(PublicId.Message, row.GetInt64(2), row.GetGuid(3)), row.GetString(4), row.GetString(5));
}

/// <summary>A message that is due.</summary>
/// <param name="Delivery">The delivery.</param>
/// <param name="Attempts">Tries so far.</param>
/// <param name="MessageId">Header <c>webhook-id</c>.</param>
/// <param name="Type">Of the event.</param>
/// <param name="Body">What is sent.</param>
internal sealed record DueMessage(Guid Delivery, int Attempts, string MessageId, string Type, string Body);
