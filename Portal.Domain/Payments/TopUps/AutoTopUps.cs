using Npgsql;
using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Payments.TopUps;

/// <summary>Reads and sets the automatic top-ups of pools.</summary>
public static class AutoTopUps
{
    private const string Select = """
        select a.threshold, a.target, a.pack, a.daily_cap, a.monthly_cap, a.declines, a.waits_until, a.off_at, a.failure,
          coalesce(sum(c.net + c.tax) filter (where c.created_at >= $3), 0), coalesce(sum(c.net + c.tax), 0)
        from auto_top_ups a
        left join checkouts c on c.tenant_id = a.tenant_id and c.pool_id = a.pool_id and c.automatic and c.state in ('open', 'paid') and c.created_at >= $4
        where a.tenant_id = $1 and a.pool_id = $2
        group by a.tenant_id, a.pool_id
        """;

    private const string Upsert = """
        insert into auto_top_ups (tenant_id, pool_id, threshold, target, pack, daily_cap, monthly_cap) values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (tenant_id, pool_id) do update set threshold = excluded.threshold, target = excluded.target, pack = excluded.pack, daily_cap = excluded.daily_cap,
          monthly_cap = excluded.monthly_cap, declines = 0, waits_until = null, off_at = null, failure = null
        """;

    /// <summary>The automatic top-up of a pool; null when there is none.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="tenantId">Whose.</param>
    /// <param name="poolId">The pool.</param>
    /// <param name="zone">The tenant's zone: caps are of its days and months.</param>
    /// <param name="now">Business time.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static Task<AutoTopUp?> FindAsync(
        NpgsqlConnection connection, long tenantId, int poolId, TimeZoneInfo zone, DateTimeOffset now, CancellationToken cancellationToken = default) =>
        connection.FindAsync(
            Select,
            row => new AutoTopUp(
                new AutoTopUpDefinition(row.GetDecimal(0), row.GetDecimal(1), row.GetString(2), row.Nullable<decimal?>(3), row.Nullable<decimal?>(4)), row.GetInt32(5),
                row.Nullable<DateTimeOffset?>(6), row.Nullable<DateTimeOffset?>(7), row.Nullable<string>(8), row.GetDecimal(9), row.GetDecimal(10)),
            cancellationToken, tenantId, poolId, AllowancePeriod.StartOf(AllowancePeriod.Day, zone, now), AllowancePeriod.StartOf(AllowancePeriod.Month, zone, now));

    /// <summary>
    /// Puts a pool's, and switches it on. Refuses: <c>unknown_pool</c>, <c>pool_closed</c>, <c>invalid_threshold</c>, <c>invalid_target</c>,
    /// <c>unknown_pack</c> (also one no longer sold), <c>currency_mismatch</c>, <c>invalid_cap</c>, <c>cap_below_price</c> (no pack would ever be
    /// bought), <c>no_payment_method</c>.
    /// </summary>
    public static async Task<Result<AutoTopUp>> PutAsync(
        WalletTransaction wallet, string pool, AutoTopUpDefinition wanted, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(wanted);
        if (!wallet.Directory.Pools.TryGetValue(pool, out var found)) return Problem.NotFound("unknown_pool", $"There is no pool '{pool}'.");
        if (found.Closed) return Problem.Conflict("pool_closed", $"The pool '{pool}' is closed.");
        if (Check(wanted) is { } problem) return problem;
        if (await Packs.FindAsync(wallet.Connection, wanted.Pack, cancellationToken) is not { Active: true } pack)
            return Problem.Field("pack", "unknown_pack", $"There is no pack '{wanted.Pack}' for sale.");
        if (pack.Currency.Code != wallet.Directory.Currency)
            return Problem.Field("pack", "currency_mismatch", $"The pack is sold in {pack.Currency}; the tenant's currency is {wallet.Directory.Currency}.");
        var rate = await Taxes.Taxation.OfSaleAsync(wallet.Connection, wallet.TenantId, wallet.Directory.Zone, cancellationToken);
        if (Checkouts.Price(pack, rate, pack.Credits is null ? pack.Min.Amount : null).Value.Total is var least && (wanted.DailyCap < least || wanted.MonthlyCap < least))
            return Problem.Field(wanted.DailyCap < least ? "daily_cap" : "monthly_cap", "cap_below_price", $"One purchase of {pack.Name} costs {least:0.00} {pack.Currency}: nothing could be bought within the cap.");
        const string method = "select 1 from payment_methods where tenant_id = $1 and state = 'saved' and is_default";
        if ((await wallet.Connection.ListAsync(method, row => row.GetInt32(0), cancellationToken, wallet.TenantId)).Count == 0)
            return Problem.Unprocessable("no_payment_method", "There is no payment method to charge. Add one first.");
        await wallet.ExecuteAsync(
            Upsert, cancellationToken, wallet.TenantId, found.Id, wanted.Threshold, wanted.Target, wanted.Pack, wanted.DailyCap, wanted.MonthlyCap);
        return (await FindAsync(wallet.Connection, wallet.TenantId, found.Id, wallet.Directory.Zone, wallet.Now, cancellationToken))!;
    }

    /// <summary>Takes a pool's away; what is being bought still arrives. Refuses: <c>unknown_pool</c>, <c>no_auto_top_up</c>.</summary>
    public static async Task<Result<Done>> RemoveAsync(WalletTransaction wallet, string pool, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        if (!wallet.Directory.Pools.TryGetValue(pool, out var found)) return Problem.NotFound("unknown_pool", $"There is no pool '{pool}'.");
        const string delete = "delete from auto_top_ups where tenant_id = $1 and pool_id = $2 returning 1";
        if ((await wallet.Connection.ListAsync(delete, row => row.GetInt32(0), cancellationToken, wallet.TenantId, found.Id)).Count == 0)
            return Problem.NotFound("no_auto_top_up", $"The pool '{pool}' is not topped up automatically.");
        return default(Done);
    }

    /// <summary>A charge went through.</summary>
    internal static Task SucceededAsync(WalletTransaction wallet, int poolId, CancellationToken cancellationToken) => wallet.ExecuteAsync(
        "update auto_top_ups set declines = 0, waits_until = null, failure = null where tenant_id = $1 and pool_id = $2 and off_at is null", cancellationToken, wallet.TenantId, poolId);

    /// <summary>A charge was refused: it waits, longer the second time, and switches itself off after the third. Told again of one checkout it changes nothing.</summary>
    internal static async Task RefusedAsync(WalletTransaction wallet, Guid checkout, string failure, CancellationToken cancellationToken)
    {
        const string refuse = """
            with refused as (
              update checkouts set state = 'failed', failure = $3 where tenant_id = $1 and id = $2 and automatic and state = 'open' returning tenant_id, pool_id)
            update auto_top_ups a set declines = a.declines + 1, failure = $3, waits_until = $4 + ($5::interval[])[a.declines + 1],
              off_at = case when a.declines >= cardinality($5::interval[]) then $4 end
            from refused r where a.tenant_id = r.tenant_id and a.pool_id = r.pool_id and a.off_at is null
            """;
        await wallet.WriteAsync(cancellationToken);
        await wallet.Connection.ExecuteAsync(refuse, cancellationToken, wallet.TenantId, checkout, failure, wallet.Now, AutoTopUp.Waits.ToArray());
    }

    private static Problem? Check(AutoTopUpDefinition wanted)
    {
        var errors = new FieldErrors();
        if (wanted.Threshold < 0m || !IsAmount(wanted.Threshold)) errors.Add("threshold", "invalid_threshold", "The threshold is 0 or more credits, with at most nine decimal places.");
        if (wanted.Target <= wanted.Threshold || !IsAmount(wanted.Target)) errors.Add("target", "invalid_target", "The target is above the threshold, with at most nine decimal places.");
        foreach (var (field, cap) in new[] { ("daily_cap", wanted.DailyCap), ("monthly_cap", wanted.MonthlyCap) })
            if (cap is <= 0m or > 1_000_000_000_000m) errors.Add(field, "invalid_cap", "A cap is an amount of money above 0.");
        return errors.ToProblem(ProblemKind.Invalid);
    }

    private static bool IsAmount(decimal credits) => credits <= Credits.Limit && Credits.HasAtMostNinePlaces(credits);
}
