using System.Net;
using Microsoft.Extensions.Logging;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Notifications;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Domain.Webhooks;

namespace Portal.Domain.Alerts;

/// <summary>
/// Looks at tenants whose wallet moved since the last look, and at those with alerts every few minutes, since time alone moves a burn rate.
/// It takes no wallet's lock, so intake does not wait for it. An alert fires once when its threshold is crossed, and again only after
/// what it looks at has recovered.
/// </summary>
public sealed class AlertWatch(NpgsqlDataSource source, TenantReads reads, WalletSignals signals, SiteAddress site, ILogger<AlertWatch> log) : IPlatformWork
{
    private const int AtOnce = 500;
    private const long Lock = 0x506f_7274_616c_0064; // advisory, of the watch alone

    // Pools are looked at where somebody listens for their end.
    private const string Moved = """
        select w.tenant_id from wallets w left join alert_looks l using (tenant_id)
        where w.tenant_id > $1
          and (exists (select from alerts a where a.tenant_id = w.tenant_id)
            or exists (select from webhook_endpoints e where e.tenant_id in (0, w.tenant_id) and e.state = 'active' and (e.types = array[]::text[] or 'pool.exhausted' = any(e.types))))
          and (l.version is null or l.version <> w.version or (l.at < now() - interval '5 minutes' and exists (select from alerts a where a.tenant_id = w.tenant_id)))
        order by w.tenant_id limit $2
        """;

    private sealed record Seen(long Version, DateTimeOffset Now, string TenantKey, IReadOnlyList<(Alert Alert, (decimal Value, string Text)? Level)> Alerts, IReadOnlyList<PoolBalance> Pools);

    private sealed record Look(long Version, int[] PoolsWithCredits);

    /// <summary>Looks at whatever moved; does nothing while somebody else does.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var alone = await source.OpenConnectionAsync(cancellationToken);
        var mine = await alone.ListAsync("select pg_try_advisory_lock($1)", row => row.GetBoolean(0), cancellationToken, Lock);
        if (!mine[0]) return;
        try
        {
            await LookAsync(cancellationToken);
        }
        finally
        {
            await alone.ExecuteAsync("select pg_advisory_unlock($1)", CancellationToken.None, Lock);
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        for (var last = 0L; ;)
        {
            var moved = await source.ListAsync(Moved, row => row.GetInt64(0), cancellationToken, last, AtOnce);
            foreach (var tenant in moved) await TryLookAsync(tenant, cancellationToken);
            if (moved.Count < AtOnce) return;
            last = moved[^1];
        }
    }

    private async Task TryLookAsync(long tenant, CancellationToken cancellationToken)
    {
        try
        {
            var seen = await reads.RunAsync(tenant, read => SeeAsync(read, cancellationToken), cancellationToken);
            var told = await PlatformTransaction.RunAsync<bool>(source, platform => TellAsync(platform, tenant, seen, cancellationToken), cancellationToken);
            if (!told.Value) return;
            await using var connection = await source.OpenConnectionAsync(cancellationToken);
            await connection.ExecuteAsync("update wallets set version = version + 1 where tenant_id = $1", cancellationToken, tenant); // pages show it
            signals.Changed(tenant);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            log.LogError(exception, "The alerts of tenant {Tenant} could not be looked at", tenant);
        }
    }

    private static async Task<Seen> SeeAsync(TenantRead read, CancellationToken cancellationToken)
    {
        var alerts = await AlertSettings.ListAsync(read.Connection, read.TenantId, cancellationToken: cancellationToken);
        var levels = await AlertLevels.ReadAsync(read, alerts, cancellationToken);
        var tenant = (await Tenant.FindAsync(read.Connection, read.TenantId, cancellationToken))!;
        return new Seen(read.Version, read.Now, tenant.Key, [.. alerts.Select(alert => (alert, levels.Of(alert)))], levels.Pools);
    }

    // Two looks at once come one after the other, and an older snapshot tells nothing any more.
    private async Task<Result<bool>> TellAsync(PlatformTransaction platform, long tenant, Seen seen, CancellationToken cancellationToken)
    {
        var connection = platform.Connection;
        await connection.ExecuteAsync("insert into alert_looks (tenant_id, version, at) values ($1, -1, now()) on conflict do nothing", cancellationToken, tenant);
        var look = (await connection.FindAsync(
            "select version, pools_with_credits from alert_looks where tenant_id = $1 for update", row => new Look(row.GetInt64(0), row.GetFieldValue<int[]>(1)), cancellationToken, tenant))!;
        if (look.Version > seen.Version) return false;
        var changed = false;
        foreach (var (alert, level) in seen.Alerts)
        {
            if (level is { } found) changed |= await MoveAsync(connection, tenant, seen, alert, found.Value, found.Text, cancellationToken);
        }

        await TellPoolsAsync(connection, tenant, seen, look, cancellationToken);
        return changed;
    }

    private async Task<bool> MoveAsync(NpgsqlConnection connection, long tenant, Seen seen, Alert alert, decimal value, string text, CancellationToken cancellationToken)
    {
        // Guarded by the revision: an alert that was changed meanwhile is looked at again.
        const string move = """
            update alerts set armed = $4, value = $5, fired_at = case when armed and not $4 then $6 else fired_at end
            where tenant_id = $1 and key = $2 and revision = $3 and (armed <> $4 or value is distinct from $5) returning (select a.armed from alerts a where a.tenant_id = $1 and a.key = $2)
            """;
        var armed = alert.IsArmed ? !alert.IsCrossedBy(value) : alert.IsRecoveredAt(value);
        var moved = await connection.ListAsync(move, row => row.GetBoolean(0), cancellationToken, tenant, alert.Key, alert.Revision, armed, value, seen.Now);
        if (moved is not [var before] || before == armed) return false;
        var id = Uuid7.At(seen.Now);
        if (armed)
        {
            await connection.ExecuteAsync(
                "update alert_firings set recovered_at = $3 where tenant_id = $1 and alert = $2 and recovered_at is null", cancellationToken, tenant, alert.Key, seen.Now);
        }
        else
        {
            await connection.ExecuteAsync(
                "insert into alert_firings (tenant_id, id, alert, at, text, value, in_app) values ($1, $2, $3, $4, $5, $6, $7)", cancellationToken,
                tenant, id, alert.Key, seen.Now, text, value, alert.Channels.Contains(AlertChannel.InApp, StringComparer.Ordinal));
            if (alert.Channels.Contains(AlertChannel.Mail, StringComparer.Ordinal)) await MailAsync(connection, tenant, seen.TenantKey, alert, text, cancellationToken);
        }

        if (alert.Channels.Contains(AlertChannel.Webhook, StringComparer.Ordinal))
            await TellAsync(connection, tenant, armed ? WebhookEventTypes.AlertRecovered : WebhookEventTypes.AlertFired, alert.Key, id.ToString(), cancellationToken);
        return true;
    }

    // A pool that has none left is told once, until it had some again.
    private static async Task TellPoolsAsync(NpgsqlConnection connection, long tenant, Seen seen, Look look, CancellationToken cancellationToken)
    {
        var filled = seen.Pools.Where(pool => pool.Figures.Balance > 0m).Select(pool => pool.Id).ToArray();
        await connection.ExecuteAsync(
            "update alert_looks set version = $2, at = now(), pools_with_credits = $3 where tenant_id = $1", cancellationToken, tenant, seen.Version, filled);
        foreach (var pool in seen.Pools.Where(pool => pool.Figures.Balance <= 0m && look.PoolsWithCredits.Contains(pool.Id)))
            await TellAsync(connection, tenant, WebhookEventTypes.PoolExhausted, pool.Key, Uuid7.At(seen.Now).ToString(), cancellationToken);
    }

    private static Task<int> TellAsync(NpgsqlConnection connection, long tenant, string type, string subject, string key, CancellationToken cancellationToken) =>
        connection.ExecuteAsync("select tell($1, $2, $3, $4)", cancellationToken, tenant, type, subject, key);

    private async Task MailAsync(NpgsqlConnection connection, long tenant, string tenantKey, Alert alert, string text, CancellationToken cancellationToken)
    {
        const string readers = "select email from members where tenant_id = $1 and role in ('owner', 'admin', 'billing') and joined_at is not null and removed_at is null";
        var link = new Uri(site.Root, $"t/{tenantKey}/alerts");
        var html = $"<p>{WebUtility.HtmlEncode(text)}</p><p><a href=\"{WebUtility.HtmlEncode(link.AbsoluteUri)}\">Look at the alerts</a></p>";
        foreach (var to in await connection.ListAsync(readers, row => row.GetString(0), cancellationToken, tenant))
            await Outbox.AddMailAsync(connection, tenant, to, $"Alert: {alert.Name}", $"{text}\n\nLook at the alerts:\n{link}\n", html, cancellationToken);
    }
}
