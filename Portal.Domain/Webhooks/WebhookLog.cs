using System.Globalization;
using System.Net;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;

namespace Portal.Domain.Webhooks;

/// <summary>Keeps what came of tries, says when the next is, and disables endpoints that take nothing any more.</summary>
public static class WebhookLog
{
    /// <summary>Waits after each try that failed; after the last a message is given up. The schedule of Standard Webhooks.</summary>
    public static readonly IReadOnlyList<TimeSpan> RetryAfter =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2), TimeSpan.FromHours(5), TimeSpan.FromHours(10),
        TimeSpan.FromHours(14), TimeSpan.FromHours(20), TimeSpan.FromHours(24),
    ];

    /// <summary>An endpoint that took nothing for so long is disabled.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromDays(5);

    /// <summary>Events and what came of them are kept so long.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(90);

    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(24);

    // Waits are spread by up to a tenth, so that what failed together does not come back together.
    private const string Failed = """
        update webhook_deliveries set attempts = attempts + 1, status = $3, error = $4,
          state = case when $5 then 'failed' else 'pending' end, done_at = case when $5 then now() end, due_at = now() + $6 * (1 + random() / 10)
        where tenant_id = $1 and id = $2 and state = 'pending'
        """;

    private const string Delivered = """
        update webhook_deliveries set attempts = attempts + 1, status = $3, error = null, state = 'delivered', done_at = now() where tenant_id = $1 and id = $2 and state = 'pending'
        """;

    private const string Attempt = """
        insert into webhook_attempts (tenant_id, id, delivery_id, at, took_ms, status, error, response) values ($1, uuid7_at(clock_timestamp()), $2, now(), $3, $4, $5, $6)
        """;

    private const string Disable = """
        update webhook_endpoints set state = 'disabled', reason = case when $3 then 'It answered 410: it wants nothing any more.'
          else 'It took nothing since ' || to_char(failing_since at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC.' end
        where tenant_id = $1 and id = $2 and state = 'active' and ($3 or failing_since < now() - $4) returning url, reason
        """;

    internal static async Task KeepAsync(
        NpgsqlDataSource source, long tenant, Guid endpoint, DueMessage message, WebhookOutcome outcome, CancellationToken cancellationToken)
    {
        await PlatformTransaction.RunAsync<Done>(source, async platform =>
        {
            var connection = platform.Connection;
            await connection.ExecuteAsync(Attempt, cancellationToken, tenant, message.Delivery, outcome.TookMs, outcome.Status, outcome.Error, outcome.Response);
            if (outcome.IsTaken)
            {
                await connection.ExecuteAsync(Delivered, cancellationToken, tenant, message.Delivery, outcome.Status);
                await connection.ExecuteAsync(
                    "update webhook_endpoints set failing_since = null where tenant_id = $1 and id = $2 and failing_since is not null", cancellationToken, tenant, endpoint);
                return default(Done);
            }

            var isLast = message.Attempts >= RetryAfter.Count;
            await connection.ExecuteAsync(
                Failed, cancellationToken, tenant, message.Delivery, outcome.Status, outcome.Error, isLast, isLast ? TimeSpan.Zero : Wait(message.Attempts, outcome.RetryAfter));
            await connection.ExecuteAsync(
                "update webhook_endpoints set failing_since = now() where tenant_id = $1 and id = $2 and failing_since is null", cancellationToken, tenant, endpoint);
            await DisableAsync(platform, tenant, endpoint, outcome.IsGone, cancellationToken);
            return default(Done);
        }, cancellationToken);
    }

    /// <summary>Forgets events older than <see cref="Kept"/>, and what came of them.</summary>
    public static async Task PruneAsync(NpgsqlDataSource source, CancellationToken cancellationToken = default)
    {
        await PlatformTransaction.RunAsync<Done>(source, async platform =>
        {
            const string deliveries = """
                delete from webhook_deliveries d using webhook_events e, platform p
                where e.tenant_id = d.event_tenant and e.id = d.event_id and e.created_at < now() + p.clock_offset - $1 and d.state <> 'pending'
                """;
            const string events = """
                delete from webhook_events e using platform p where e.created_at < now() + p.clock_offset - $1
                  and not exists (select from webhook_deliveries d where d.event_tenant = e.tenant_id and d.event_id = e.id)
                """;
            await platform.Connection.ExecuteAsync(deliveries, cancellationToken, Kept);
            await platform.Connection.ExecuteAsync(events, cancellationToken, Kept);
            return default(Done);
        }, cancellationToken);
    }

    /// <summary>The wait after a try that failed: the schedule's, or longer when the receiver says so, at most a day.</summary>
    /// <param name="attempts">Tries before it.</param>
    /// <param name="asked">What the receiver asked for.</param>
    internal static TimeSpan Wait(int attempts, TimeSpan? asked)
    {
        var wait = RetryAfter[attempts];
        return asked > wait ? asked.Value > LongestWait ? LongestWait : asked.Value : wait;
    }

    private static async Task DisableAsync(PlatformTransaction platform, long tenant, Guid endpoint, bool isGone, CancellationToken cancellationToken)
    {
        var disabled = await platform.Connection.ListAsync(
            Disable, row => (Url: row.GetString(0), Reason: row.GetString(1)), cancellationToken, tenant, endpoint, isGone, Patience);
        if (disabled is not [var (url, reason)]) return;
        await Audit.WriteAsync(
            platform.Connection, tenant, platform.Now, "job", "webhook_endpoint.disabled", PublicId.Format(PublicId.Endpoint, tenant, endpoint), new { Reason = reason }, cancellationToken);
        const string tenants = "select email from members where tenant_id = $1 and role in ('owner', 'admin') and joined_at is not null and removed_at is null";
        const string operators = "select email from users where operator_role = 'operator' and email is not null and $1 = 0";
        var text = $"Webhooks to {url} are disabled. {reason}\n\nNothing is sent there until somebody enables the endpoint again on the page Webhooks; what waited is sent then.\n";
        var html = $"<p>Webhooks to <strong>{WebUtility.HtmlEncode(url)}</strong> are disabled. {WebUtility.HtmlEncode(reason)}</p>"
            + "<p>Nothing is sent there until somebody enables the endpoint again on the page Webhooks; what waited is sent then.</p>";
        foreach (var to in await platform.Connection.ListAsync(tenant == 0 ? operators : tenants, row => row.GetString(0), cancellationToken, tenant))
            await Outbox.AddMailAsync(platform.Connection, tenant, to, string.Create(CultureInfo.InvariantCulture, $"Webhooks to {new Uri(url).IdnHost} are disabled"), text, html, cancellationToken);
    }
}
