using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Wallet;

/// <summary>One step of a burn-down. Opening + granted − used − expired + moved − refunded = closing.</summary>
/// <param name="At">The instant (UTC) at which the step begins.</param>
/// <param name="Granted">Credits that came in, or took effect.</param>
/// <param name="Used">Credits used, debt included.</param>
/// <param name="Expired">Credits that expired, at their own instant.</param>
/// <param name="Moved">Credits moved in (above 0) or out by transfers, merges and corrections.</param>
/// <param name="Refunded">Credits taken back by refunds and disputes.</param>
/// <param name="Closing">Spendable credits less debt at the step's end.</param>
/// <param name="Money">What the step's usage earned and cost; null when not asked for.</param>
public sealed record BurndownStep(
    DateTimeOffset At, decimal Granted, decimal Used, decimal Expired, decimal Moved, decimal Refunded, decimal Closing, BurndownMoney? Money);

/// <summary>Money of usage that happened within a step, in the tenant's currency.</summary>
/// <param name="Revenue">Earned.</param>
/// <param name="Cost">Paid for inference; null when any of it is unknown.</param>
public sealed record BurndownMoney(decimal Revenue, decimal? Cost)
{
    /// <summary>Revenue − cost; null when the cost is unknown.</summary>
    public decimal? Margin => Revenue - Cost;
}

/// <summary>A balance over time.</summary>
/// <param name="Opening">Spendable credits less debt before the first step.</param>
/// <param name="Items">The steps, oldest first.</param>
public sealed record BurndownReport(decimal Opening, IReadOnlyList<BurndownStep> Items);

/// <summary>
/// Reads burn-downs. Steps hold what the ledger took within them (<c>posted_at</c>), but expiries and grants that took effect later stand
/// at the instant at which they did, booked or not: so the last closing is the balance of that moment.
/// </summary>
public static class BurndownQuery
{
    // Everything that moved since the first step; bucket 0 lies before it, the last one after the period. Usage is what is left of the
    // accounts' entries without the few that are not usage: summed from their index alone, by the time in the transaction's id.
    private const string Movements = """
        with accounts as (
          select a.account from pools p cross join lateral (values ('pool:' || p.key), ('debt:' || p.key)) a(account)
          where p.tenant_id = $1 and ($2 = '' or p.key = $2)),
        later as (
          select g.id, g.amount, g.effective_at from grants g join pools p on p.tenant_id = g.tenant_id and p.pool_id = g.pool_id
          where g.tenant_id = $1 and g.effective_at > g.created_at and g.effective_at >= $3 and ($2 = '' or p.key = $2)),
        others as (
          select e.transaction_id, case t.kind when 'expiry' then t.occurred_at else t.posted_at end as at, t.kind, e.amount as credits,
            (t.kind in ('grant', 'purchase') or t.kind = 'merge' and e.amount > 0) and e.grant_id in (select id from later) as is_later
          from ledger_transactions t
          join ledger_entries e on e.tenant_id = $1 and e.transaction_id = t.id and e.unit = 'CREDIT'
          join accounts a on a.account = e.account
          where t.tenant_id = $1 and t.id >= $4 and t.kind <> 'usage'),
        usage as (
          select width_bucket(e.transaction_id, $7::uuid[]) as step, sum(e.amount) as credits
          from accounts a join ledger_entries e on e.tenant_id = $1 and e.account = a.account and e.unit = 'CREDIT' and e.transaction_id >= $4
          group by 1
          union all
          select width_bucket(transaction_id, $7::uuid[]), -credits from others),
        moved as (
          select at, kind, credits from others where not coalesce(is_later, false)
          union all
          select effective_at, 'grant', amount from later
          union all
          select g.expires_at, 'unbooked', -g.remaining from grants g join pools p on p.tenant_id = g.tenant_id and p.pool_id = g.pool_id
          where g.tenant_id = $1 and g.open and g.remaining > 0 and g.expires_at <= $5 and ($2 = '' or p.key = $2))
        select width_bucket(at, $6::timestamptz[]), kind, sum(credits) from moved group by 1, 2
        union all
        select step, 'usage', sum(credits) from usage group by 1 having sum(credits) <> 0
        union all
        select -1, 'balance', case when exists (select from accounts) then
          coalesce((select sum(l.balance) from ledger_accounts l join accounts using (account) where l.tenant_id = $1 and l.unit = 'CREDIT'), 0) end
        """;

    private const string Money = """
        select width_bucket(u.hour, $5::timestamptz[]), sum(u.revenue), sum(u.cost),
          bool_or(u.cost_unknown > 0 or u.cost_currency <> $6 and (u.cost_currency <> '' or u.quantity <> 0))
        from usage_hourly u
        where u.tenant_id = $1 and u.hour >= $3 and u.hour < $4
          and ($2 = '' or u.pool_id = (select p.pool_id from pools p where p.tenant_id = $1 and p.key = $2))
        group by 1
        """;

    /// <summary>
    /// The burn-down of <c>[from, to)</c> on the tenant's calendar; one round trip. Refuses <c>unknown_pool</c>,
    /// <c>invalid_period</c> (empty), <c>too_many_steps</c> (above <see cref="CalendarSteps.Most"/>).
    /// </summary>
    /// <param name="read">The tenant's snapshot.</param>
    /// <param name="pool">Key of a pool; null is all together.</param>
    /// <param name="from">First instant.</param>
    /// <param name="to">First instant after it.</param>
    /// <param name="step">How long the steps are.</param>
    /// <param name="withMoney">Adds revenue and cost: for the platform's eyes.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<Result<BurndownReport>> ReadAsync(
        TenantRead read, string? pool, DateTimeOffset from, DateTimeOffset to, CalendarStep step, bool withMoney = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        var begins = CalendarSteps.Begin(read.Zone, from, to, step);
        if (begins.Count == 0) return Problem.Field("to", "invalid_period", "The period must end after it begins.");
        if (begins.Count > CalendarSteps.Most)
            return Problem.Field("step", "too_many_steps", $"That are more than {CalendarSteps.Most} steps. Ask for a shorter period or longer steps.");

        var bounds = begins.Append(to.ToUniversalTime()).ToArray();
        await using var batch = new NpgsqlBatch(read.Connection);
        batch.Add(Movements, read.TenantId, pool ?? "", begins[0], Uuid7.Floor(begins[0]), read.Now, bounds, begins.Select(Uuid7.Floor).Append(Uuid7.Floor(bounds[^1].AddTicks(TimeSpan.TicksPerMillisecond - 1))));
        if (withMoney) batch.Add(Money, read.TenantId, pool ?? "", read.Zone.HourStart(begins[0]), bounds[^1], bounds, read.Currency);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var sums = new Dictionary<(int Step, string Kind), decimal>();
        while (await reader.ReadAsync(cancellationToken))
        {
            if (reader.IsDBNull(2)) return Problem.Field("pool", "unknown_pool", $"There is no pool '{pool}'.");
            sums[(reader.GetInt32(0), reader.GetString(1))] = reader.GetDecimal(2);
        }

        return Report(begins, sums, withMoney ? await MoneyAsync(reader, cancellationToken) : null);
    }

    private static BurndownReport Report(
        List<DateTimeOffset> begins, Dictionary<(int Step, string Kind), decimal> sums, Dictionary<int, BurndownMoney>? money)
    {
        // What the ledger holds now, without what expired unbooked and without everything since the first step.
        var opening = sums[(-1, "balance")] + sums.Where(s => s.Key.Kind == "unbooked").Sum(s => s.Value) - sums.Where(s => s.Key.Step > 0).Sum(s => s.Value);
        var byStep = sums.ToLookup(s => s.Key.Step, s => (s.Key.Kind, s.Value));
        var balance = opening;
        var items = new List<BurndownStep>(begins.Count);
        for (var step = 1; step <= begins.Count; step++)
        {
            decimal granted = 0m, used = 0m, expired = 0m, moved = 0m, refunded = 0m;
            foreach (var (kind, credits) in byStep[step])
            {
                balance += credits;
                switch (kind)
                {
                    case "grant" or "purchase": granted += credits; break;
                    case "usage" or "settlement": used -= credits; break;
                    case "expiry" or "unbooked": expired -= credits; break;
                    case "refund" or "dispute": refunded -= credits; break;
                    default: moved += credits; break;
                }
            }

            items.Add(new BurndownStep(begins[step - 1], granted, used, expired, moved, refunded, balance,
                money is null ? null : money.GetValueOrDefault(step) ?? new BurndownMoney(0m, 0m)));
        }

        return new BurndownReport(opening, items);
    }

    private static async Task<Dictionary<int, BurndownMoney>> MoneyAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        await reader.NextResultAsync(cancellationToken);
        var money = new Dictionary<int, BurndownMoney>();
        while (await reader.ReadAsync(cancellationToken))
            money[Math.Max(1, reader.GetInt32(0))] = new BurndownMoney(reader.GetDecimal(1), reader.GetBoolean(3) ? null : reader.GetDecimal(2));
        return money;
    }
}
