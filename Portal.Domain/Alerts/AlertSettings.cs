using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;

namespace Portal.Domain.Alerts;

/// <summary>What an alert is to be.</summary>
/// <param name="Name">1 to 200 characters.</param>
/// <param name="Kind">One of <see cref="AlertKind"/>.</param>
/// <param name="Threshold">0 or more; above 0 but for a balance.</param>
/// <param name="Channels">Of <see cref="AlertChannel.All"/>, at least one.</param>
/// <param name="Pool">Key of a pool; null: all together. Money is spent by no pool.</param>
/// <param name="Consumer">Of an allowance alone; null: any.</param>
public sealed record AlertOrder(string Name, string Kind, decimal Threshold, IReadOnlyList<string> Channels, string? Pool = null, string? Consumer = null);

/// <summary>Commands on alerts, and what they are.</summary>
public static class AlertSettings
{
    /// <summary>Most alerts that a tenant may have.</summary>
    public const int Most = 50;

    /// <summary>Alerts by key.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="tenantId">Whose.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="after">Key of the one after which to go on; empty from the first.</param>
    /// <param name="pool">Only of this pool's key; null: all.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static Task<List<Alert>> ListAsync(
        NpgsqlConnection connection, long tenantId, int limit = Most, string after = "", string? pool = null, CancellationToken cancellationToken = default) =>
        connection.ListAsync(
            Alert.Select + " and a.key > $2 collate \"C\" and ($3 = '' or p.key = $3) order by a.key collate \"C\" limit $4", Alert.Read, cancellationToken, tenantId, after, pool ?? "", limit);

    /// <summary>One alert, or null.</summary>
    public static Task<Alert?> FindAsync(NpgsqlConnection connection, long tenantId, string key, CancellationToken cancellationToken = default) =>
        connection.FindAsync(Alert.Select + " and a.key = $2", Alert.Read, cancellationToken, tenantId, key);

    /// <summary>When alerts fired, newest first.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="tenantId">Whose.</param>
    /// <param name="standing">True: only what is shown in the portal and has not recovered.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static Task<List<AlertFiring>> FiringsAsync(
        NpgsqlConnection connection, long tenantId, bool standing, int limit, CancellationToken cancellationToken = default) =>
        connection.ListAsync(
            "select id, alert, at, text, recovered_at from alert_firings where tenant_id = $1 and (not $2 or (in_app and recovered_at is null)) order by id desc limit $3",
            row => new AlertFiring(row.GetGuid(0), row.GetString(1), row.GetFieldValue<DateTimeOffset>(2), row.GetString(3), row.Nullable<DateTimeOffset?>(4)),
            cancellationToken, tenantId, standing, limit);

    /// <summary>
    /// Makes an alert, or changes it: what changed is armed again and looked at at once. Refuses <c>invalid_key</c>, <c>invalid_name</c>,
    /// <c>invalid_kind</c>, <c>invalid_threshold</c>, <c>invalid_channels</c>, <c>unknown_pool</c>, <c>unknown_consumer</c>,
    /// <c>pool_not_allowed</c>, <c>consumer_not_allowed</c>, <c>too_many_alerts</c>.
    /// </summary>
    public static async Task<Result<(Alert Alert, bool Created)>> PutAsync(
        WalletTransaction wallet, string key, AlertOrder order, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(order);
        if ((Slug.Check("key", key) ?? Check(order)) is { } invalid) return invalid;
        Pool? pool = null;
        if (order.Pool is not null && (!wallet.Directory.Pools.TryGetValue(order.Pool, out pool) || pool.Closed))
            return Problem.Field("pool", "unknown_pool", $"There is no pool '{order.Pool}'.");
        Consumer? consumer = null;
        if (order.Consumer is not null && !wallet.Directory.Consumers.TryGetValue(order.Consumer, out consumer))
            return Problem.Field("consumer", "unknown_consumer", $"There is no consumer '{order.Consumer}'.");
        var known = await FindAsync(wallet.Connection, wallet.TenantId, key, cancellationToken);
        var channels = AlertChannel.All.Where(channel => order.Channels.Contains(channel, StringComparer.Ordinal)).ToArray();
        if (known is not null && (known.Name, known.Kind, known.Pool, known.Consumer, known.Threshold) == (order.Name, order.Kind, order.Pool, order.Consumer, order.Threshold)
            && known.Channels.SequenceEqual(channels, StringComparer.Ordinal)) return (known, false);
        if (known is null && (await ListAsync(wallet.Connection, wallet.TenantId, cancellationToken: cancellationToken)).Count >= Most)
            return Problem.Conflict("too_many_alerts", $"There are {Most} alerts, the most there may be.");
        await CloseFiringsAsync(wallet, key, cancellationToken);
        await wallet.ExecuteAsync(
            """
            insert into alerts (tenant_id, key, name, kind, pool_id, consumer_id, threshold, channels, created_at, created_by) values ($1, $2, $3, $4, $5::int, $6::int, $7, $8, $9, $10::text)
            on conflict (tenant_id, key) do update set name = excluded.name, kind = excluded.kind, pool_id = excluded.pool_id, consumer_id = excluded.consumer_id,
              threshold = excluded.threshold, channels = excluded.channels, armed = true, value = null, revision = alerts.revision + 1
            """,
            cancellationToken, wallet.TenantId, key, order.Name, order.Kind, pool?.Id, consumer?.Id, order.Threshold, channels, wallet.Now, wallet.Actor);
        await wallet.AuditAsync(known is null ? "alert.created" : "alert.changed", key, new { order.Kind, order.Threshold, order.Pool }, cancellationToken);
        return ((await FindAsync(wallet.Connection, wallet.TenantId, key, cancellationToken))!, known is null);
    }

    /// <summary>Removes an alert. <c>unknown_alert</c> when there is none.</summary>
    public static async Task<Result<Done>> RemoveAsync(WalletTransaction wallet, string key, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        if (await wallet.ExecuteAsync("delete from alerts where tenant_id = $1 and key = $2", cancellationToken, wallet.TenantId, key) == 0) return Unknown;
        await CloseFiringsAsync(wallet, key, cancellationToken);
        await wallet.AuditAsync("alert.removed", key, null, cancellationToken);
        return default(Done);
    }

    /// <summary>There is no such alert.</summary>
    public static Problem Unknown => Problem.NotFound("unknown_alert", "There is no such alert.");

    // What an alert said before it was changed is no longer what is watched.
    private static Task<int> CloseFiringsAsync(WalletTransaction wallet, string key, CancellationToken cancellationToken) => wallet.ExecuteAsync(
        "update alert_firings set recovered_at = $3 where tenant_id = $1 and alert = $2 and recovered_at is null", cancellationToken, wallet.TenantId, key, wallet.Now);

    private static Problem? Check(AlertOrder order)
    {
        if (!Texts.IsName(order.Name)) return Problem.Field("name", "invalid_name", "The name must be 1 to 200 characters, without control characters.");
        if (!AlertKind.All.Contains(order.Kind, StringComparer.Ordinal)) return Problem.Field("kind", "invalid_kind", $"The kind is one of {string.Join(", ", AlertKind.All)}.");
        if (order.Threshold < 0m || order.Threshold > Credits.Limit || !Credits.HasAtMostNinePlaces(order.Threshold) || (order.Threshold == 0m && order.Kind != AlertKind.Balance))
            return Problem.Field("threshold", "invalid_threshold", "The threshold is above 0 (of a balance also 0), with at most nine decimal places.");
        if (order.Channels.Count == 0 || order.Channels.Any(channel => !AlertChannel.All.Contains(channel, StringComparer.Ordinal)))
            return Problem.Field("channels", "invalid_channels", $"Give at least one channel of {string.Join(", ", AlertChannel.All)}.");
        if (order.Pool is not null && order.Kind == AlertKind.Spend) return Problem.Field("pool", "pool_not_allowed", "Spend is of the whole tenant, not of a pool.");
        return order.Consumer is not null && order.Kind != AlertKind.Allowance
            ? Problem.Field("consumer", "consumer_not_allowed", "Only an alert on allowances names a consumer.")
            : null;
    }
}
