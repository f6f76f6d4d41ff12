using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Tenants;

/// <summary>An allowance and where it stands in its present period.</summary>
/// <param name="Consumer">Key of the consumer.</param>
/// <param name="Pool">Key of the pool.</param>
/// <param name="Limit">Credits a period.</param>
/// <param name="Period"><c>day</c>, <c>week</c>, <c>month</c>, <c>quarter</c> or <c>lifetime</c>, in the tenant's zone.</param>
/// <param name="Mode"><c>hard</c> refuses holds; <c>soft</c> only tells.</param>
/// <param name="Since">Usage that happened before does not count.</param>
/// <param name="Used">Credits drawn in this period, overflow included; may exceed the limit, for usage is always recorded.</param>
/// <param name="Held">Credits of the consumer's open holds in the pool.</param>
/// <param name="PeriodStart">When this period began; null for a lifetime.</param>
/// <param name="PeriodEnd">When the next begins; null for a lifetime.</param>
public sealed record AllowanceStanding(
    string Consumer, string Pool, decimal Limit, string Period, string Mode, DateTimeOffset Since, decimal Used, decimal Held,
    DateTimeOffset? PeriodStart, DateTimeOffset? PeriodEnd)
{
    /// <summary>What a hold could still get: never below 0.</summary>
    public decimal Available => Math.Max(0m, Limit - Used - Held);
}

/// <summary>Commands that set and end allowances, and what they stand at.</summary>
public static class AllowanceSettings
{
    private const string Select = """
        select c.key, p.key, a.credits, a.period, a.mode, a.since,
          greatest(coalesce((
            select u.used from allowance_usage u
            where u.tenant_id = a.tenant_id and u.consumer_id = a.consumer_id and u.pool_id = a.pool_id and u.period = a.period
              and u.period_start = s.period_start), 0), 0),
          coalesce((
            select sum(h.amount) from holds h
            where h.tenant_id = a.tenant_id and h.consumer_id = a.consumer_id and h.pool_id = a.pool_id and h.state = 'open' and h.expires_at > $2), 0)
        from allowances a
        join consumers c on c.tenant_id = a.tenant_id and c.consumer_id = a.consumer_id
        join pools p on p.tenant_id = a.tenant_id and p.pool_id = a.pool_id
        join unnest($3::text[], $4::timestamptz[]) s(period, period_start) on s.period = a.period
        where a.tenant_id = $1
        """;

    /// <summary>
    /// Sets a consumer's allowance in a pool, or changes it: a new limit or mode holds at once over what was drawn in this period; a new
    /// period goes on from what was drawn in it since the allowance was made. Refuses <c>unknown_consumer</c>, <c>unknown_pool</c>,
    /// <c>pool_closed</c>, <c>invalid_limit</c>, <c>invalid_period</c>, <c>invalid_mode</c>.
    /// </summary>
    public static async Task<Result<(AllowanceStanding Allowance, bool Created)>> PutAsync(
        WalletTransaction wallet, string consumer, string pool, decimal limit, string period, string mode, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        var named = Find(wallet, consumer, pool);
        if (named.Problem is { } unknown) return unknown;
        if (named.Value.Pool.Closed) return Problem.Conflict("pool_closed", $"The pool '{pool}' is closed.");
        if (limit < 0m || limit > Credits.Limit || !Credits.HasAtMostNinePlaces(limit))
            return Problem.Field("limit", "invalid_limit", "The limit is 0 or more credits, with at most nine decimal places.");
        if (!AllowancePeriod.All.Contains(period, StringComparer.Ordinal))
            return Problem.Field("period", "invalid_period", $"The period is one of {string.Join(", ", AllowancePeriod.All)}.");
        if (mode is not (Allowance.Hard or Allowance.Soft)) return Problem.Field("mode", "invalid_mode", "The mode is hard or soft.");

        var (consumerId, poolId) = (named.Value.Consumer.Id, named.Value.Pool.Id);
        var known = wallet.Directory.AllowanceOf(consumerId, poolId);
        await wallet.ExecuteAsync(
            """
            insert into allowances (tenant_id, consumer_id, pool_id, credits, period, mode, since) values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (tenant_id, consumer_id, pool_id) do update set credits = excluded.credits, period = excluded.period, mode = excluded.mode
            """,
            cancellationToken, wallet.TenantId, consumerId, poolId, limit, period, mode, wallet.Now);
        if (known is null || limit > known.Credits)
        {
            // What a higher limit is passed by is told again.
            await wallet.ExecuteAsync(
                "update allowance_usage set alerted_at = null where tenant_id = $1 and consumer_id = $2 and pool_id = $3 and alerted_at is not null",
                cancellationToken, wallet.TenantId, consumerId, poolId);
        }

        wallet.ConfigurationChanged();
        await wallet.AuditAsync("allowance.set", $"consumer:{consumerId}", new { pool, limit, period, mode }, cancellationToken);
        var standing = await wallet.Connection.FindAsync(
            Select + " and a.consumer_id = $5 and a.pool_id = $6", row => Read(row, wallet.Directory.Zone, wallet.Now), cancellationToken,
            [.. Parameters(wallet.TenantId, wallet.Directory.Zone, wallet.Now), consumerId, poolId]);
        return (standing!, known is null);
    }

    /// <summary>Ends an allowance and forgets its counters. Refuses <c>unknown_consumer</c>, <c>unknown_pool</c>, <c>unknown_allowance</c>.</summary>
    public static async Task<Result<Done>> RemoveAsync(WalletTransaction wallet, string consumer, string pool, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        var named = Find(wallet, consumer, pool);
        if (named.Problem is { } unknown) return unknown;
        var (consumerId, poolId) = (named.Value.Consumer.Id, named.Value.Pool.Id);
        if (wallet.Directory.AllowanceOf(consumerId, poolId) is null) return Unknown(consumer, pool);
        await wallet.ExecuteAsync(
            "delete from allowances where tenant_id = $1 and consumer_id = $2 and pool_id = $3", cancellationToken, wallet.TenantId, consumerId, poolId);
        wallet.ConfigurationChanged();
        await wallet.AuditAsync("allowance.removed", $"consumer:{consumerId}", new { pool }, cancellationToken);
        return default(Done);
    }

    /// <summary>Allowances of a tenant by consumer and pool, as they stand now.</summary>
    /// <param name="read">A snapshot of the tenant.</param>
    /// <param name="consumer">Key of one consumer; null for all.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static Task<List<AllowanceStanding>> ListAsync(TenantRead read, string? consumer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        return read.Connection.ListAsync(
            Select + " and ($5 = '' or c.key = $5) order by c.key, p.key", row => Read(row, read.Zone, read.Now), cancellationToken,
            [.. Parameters(read.TenantId, read.Zone, read.Now), consumer ?? ""]);
    }

    /// <summary>There is no such allowance.</summary>
    public static Problem Unknown(string consumer, string pool) =>
        Problem.NotFound("unknown_allowance", $"'{consumer}' has no allowance in the pool '{pool}'.");

    private static Result<(Consumer Consumer, Pool Pool)> Find(WalletTransaction wallet, string consumer, string pool)
    {
        if (!wallet.Directory.Consumers.TryGetValue(consumer, out var who)) return Problem.NotFound("unknown_consumer", $"There is no consumer '{consumer}'.");
        return wallet.Directory.Pools.TryGetValue(pool, out var where) ? (who, where) : Problem.NotFound("unknown_pool", $"There is no pool '{pool}'.");
    }

    private static object?[] Parameters(long tenantId, TimeZoneInfo zone, DateTimeOffset now) =>
        [tenantId, now, AllowancePeriod.All.ToArray(), AllowancePeriod.All.Select(period => AllowancePeriod.StartOf(period, zone, now))];

    private static AllowanceStanding Read(NpgsqlDataReader row, TimeZoneInfo zone, DateTimeOffset now)
    {
        var period = row.GetString(3);
        return new(
            row.GetString(0), row.GetString(1), row.GetDecimal(2), period, row.GetString(4), row.GetFieldValue<DateTimeOffset>(5), row.GetDecimal(6), row.GetDecimal(7),
            period == AllowancePeriod.Lifetime ? null : AllowancePeriod.StartOf(period, zone, now), AllowancePeriod.EndOf(period, zone, now));
    }
}
