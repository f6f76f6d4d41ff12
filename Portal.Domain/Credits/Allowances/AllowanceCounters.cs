using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Wallet;

/// <summary>
/// What the usage decided under a lock adds to the counters of allowances, written with it. Counted are only consumers that have an
/// allowance in the pool that the usage names: all others cost one look-up.
/// </summary>
public sealed class AllowanceCounters
{
    // Every kind of period is kept, so that an allowance whose period changes goes on from what was drawn in the new one.
    private const string AddToCounters = """
        insert into allowance_usage as u (tenant_id, consumer_id, pool_id, period, period_start, used)
        select * from unnest($1::bigint[], $2::int[], $3::int[], $4::text[], $5::timestamptz[], $6::numeric[])
        on conflict (tenant_id, consumer_id, pool_id, period, period_start) do update set used = u.used + excluded.used
        """;

    // Once a period: what a soft allowance has been passed by is noted where people look for what happened.
    private const string TellOfPassed = """
        with passed as (
          update allowance_usage u set alerted_at = n.now
          from unnest($1::bigint[], $2::int[], $3::int[], $4::timestamptz[], $5::timestamptz[], $6::uuid[]) n(tenant_id, consumer_id, pool_id, period_start, now, id)
          join allowances a on a.tenant_id = n.tenant_id and a.consumer_id = n.consumer_id and a.pool_id = n.pool_id
          where u.tenant_id = n.tenant_id and u.consumer_id = n.consumer_id and u.pool_id = n.pool_id and u.period = a.period
            and u.period_start = n.period_start and u.alerted_at is null and u.used > a.credits
          returning u.tenant_id, n.id, n.now, u.consumer_id, u.pool_id, u.period, u.period_start, a.credits, u.used
        )
        insert into audit (tenant_id, id, at, actor, action, subject, detail)
        select p.tenant_id, p.id, p.now, 'intake', 'allowance.passed', 'consumer:' || p.consumer_id,
          jsonb_build_object('pool', o.key, 'period', p.period, 'period_start', to_char(p.period_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'limit', p.credits::text, 'used', p.used::text)
        from passed p join pools o on o.tenant_id = p.tenant_id and o.pool_id = p.pool_id
        """;

    private readonly Dictionary<(int Consumer, int Pool, string Period, DateTimeOffset Start), decimal> sums = [];
    private readonly HashSet<(int Consumer, int Pool, DateTimeOffset Start)> soft = [];

    /// <summary>True when there is something to write.</summary>
    public bool HasChanges => sums.Count > 0;

    /// <summary>
    /// Counts credits that a consumer drew through a pool; negative ones take back what was counted (a void, an amendment). Nothing is
    /// counted without an allowance, nor of usage that happened before it was made.
    /// </summary>
    /// <param name="directory">Allowances and zone as they are under the lock.</param>
    /// <param name="consumerId">Who drew; 0: nobody known.</param>
    /// <param name="poolNamedId">The pool that the usage named.</param>
    /// <param name="occurredAt">When it happened: the period that it counts in.</param>
    /// <param name="credits">Credits drawn.</param>
    public void Add(WalletDirectory directory, int consumerId, int poolNamedId, DateTimeOffset occurredAt, decimal credits)
    {
        ArgumentNullException.ThrowIfNull(directory);
        if (credits == 0m || directory.AllowanceOf(consumerId, poolNamedId) is not { } allowance || occurredAt < allowance.Since) return;
        foreach (var period in AllowancePeriod.All)
        {
            var start = AllowancePeriod.StartOf(period, directory.Zone, occurredAt);
            var key = (consumerId, poolNamedId, period, start);
            sums[key] = sums.GetValueOrDefault(key) + credits;
            if (period == allowance.Period && !allowance.IsHard) soft.Add((consumerId, poolNamedId, start));
        }
    }

    /// <summary>What counts against an allowance in the period of now, under the wallet's lock.</summary>
    public static async Task<decimal> UsedAsync(WalletTransaction wallet, Allowance allowance, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(allowance);
        await using var command = wallet.Command(
            "select used from allowance_usage where tenant_id = $1 and consumer_id = $2 and pool_id = $3 and period = $4 and period_start = $5",
            wallet.TenantId, allowance.ConsumerId, allowance.PoolId, allowance.Period,
            AllowancePeriod.StartOf(allowance.Period, wallet.Directory.Zone, wallet.Now));
        return Math.Max(0m, (decimal?)await command.ExecuteScalarAsync(cancellationToken) ?? 0m);
    }

    /// <summary>Adds the statements that write the counters of these wallets; none for none.</summary>
    internal static void AddTo(NpgsqlBatch batch, IReadOnlyCollection<WalletState> wallets)
    {
        var rows = wallets.SelectMany(wallet => wallet.Allowances.sums.Select(sum => (wallet.TenantId, sum.Key, Credits: sum.Value)))
            .OrderBy(row => row.TenantId).ThenBy(row => row.Key).ToArray();
        if (rows.Length == 0) return;
        batch.Add(AddToCounters, rows.Select(r => r.TenantId), rows.Select(r => r.Key.Consumer), rows.Select(r => r.Key.Pool),
            rows.Select(r => r.Key.Period), rows.Select(r => r.Key.Start), rows.Select(r => r.Credits));
        var told = wallets.SelectMany(wallet => wallet.Allowances.soft.Select(key => (wallet.TenantId, wallet.Now, Key: key))).ToArray();
        if (told.Length == 0) return;
        batch.Add(TellOfPassed, told.Select(r => r.TenantId), told.Select(r => r.Key.Consumer), told.Select(r => r.Key.Pool), told.Select(r => r.Key.Start),
            told.Select(r => r.Now), told.Select(r => Uuid7.At(r.Now)));
    }

    internal void Clear()
    {
        sums.Clear();
        soft.Clear();
    }
}
