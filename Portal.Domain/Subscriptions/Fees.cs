using System.Text.Json;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Wallet;

namespace Portal.Domain.Subscriptions;

/// <summary>A fee that is earned second by second.</summary>
internal sealed record FeeSchedule(Guid Id, string Item, decimal Amount, DateTimeOffset StartsAt, DateTimeOffset EndsAt)
{
    /// <summary>What has been earned and booked.</summary>
    public decimal Recognised { get; set; }

    /// <summary>True until all of it is earned.</summary>
    public bool IsOpen => Recognised != Amount;

    /// <summary>What is earned by an instant, of all.</summary>
    public decimal EarnedBy(DateTimeOffset at)
    {
        if (at >= EndsAt) return Amount;
        return at <= StartsAt ? 0m : Math.Round(Amount * (at - StartsAt).Ticks / (EndsAt - StartsAt).Ticks, 9, MidpointRounding.ToEven);
    }
}

/// <summary>
/// Fees of one subscription: charged in advance, recognised per second elapsed, booked by day and by difference (domain.md §8). Days are those
/// of the platform's reporting zone, as book dates are.
/// </summary>
internal sealed class Fees
{
    private const string Open = """
        select id, item, amount, starts_at, ends_at, recognised from fee_schedules where tenant_id = $1 and recognised <> amount
        union all
        select id, item, -amount, period_starts_at, period_ends_at, null from charges
        where tenant_id = $1 and kind = 'coupon_credits'
        order by 4, 1
        """;

    private const string Put = """
        insert into fee_schedules (tenant_id, id, item, amount, starts_at, ends_at, recognised)
        select $1, i, k, a, s, e, r from unnest($2::uuid[], $3::text[], $4::numeric[], $5::timestamptz[], $6::timestamptz[], $7::numeric[]) u(i, k, a, s, e, r)
        on conflict (tenant_id, id) do update set amount = excluded.amount, ends_at = excluded.ends_at, recognised = excluded.recognised
        """;

    private readonly Settling settling;
    private readonly List<FeeSchedule> schedules = [];
    private readonly Dictionary<(string Item, DateTimeOffset StartsAt), decimal> discounts = [];
    private readonly HashSet<Guid> changed = [];

    private Fees(Settling settling) => this.settling = settling;

    /// <summary>Those of a tenant that are not earned yet, and what coupons took off the credits of periods that run.</summary>
    public static async Task<Fees> ReadAsync(Settling settling, CancellationToken cancellationToken)
    {
        var rows = await settling.Connection.ListAsync(
            Open,
            row => (Schedule: new FeeSchedule(row.GetGuid(0), row.GetString(1), row.GetDecimal(2), row.GetFieldValue<DateTimeOffset>(3), row.GetFieldValue<DateTimeOffset>(4)),
                Recognised: row.Nullable<decimal?>(5)),
            cancellationToken, settling.Wallet.TenantId);
        var fees = new Fees(settling);
        foreach (var (schedule, recognised) in rows)
        {
            schedule.Recognised = recognised ?? 0m;
            if (recognised is null) fees.discounts[(schedule.Item, schedule.StartsAt)] = schedule.Amount;
            else fees.schedules.Add(schedule);
        }

        return fees;
    }

    /// <summary>What a coupon took off the price of an item's credits in a period.</summary>
    public decimal DiscountOf(string item, SubscriptionPeriod period) => discounts.GetValueOrDefault((item, period.StartsAt));

    /// <summary>Notes it as the period begins.</summary>
    public void Discount(string item, SubscriptionPeriod period, decimal discount) => discounts[(item, period.StartsAt)] = discount;

    /// <summary>The next instant after another at which a day's part is booked; null when nothing is left to earn.</summary>
    public DateTimeOffset? NextAfter(DateTimeOffset done)
    {
        if (!schedules.Exists(schedule => schedule.IsOpen)) return null;
        var zone = settling.Clock.ReportingZone;
        var midnight = zone.DayStart(zone.DateIn(done).AddDays(1));
        var ends = schedules.Where(schedule => schedule.IsOpen && schedule.EndsAt > done).Select(schedule => (DateTimeOffset?)schedule.EndsAt).Min();
        return ends < midnight ? ends : midnight;
    }

    /// <summary>Charges a fee for a period, to be earned over it.</summary>
    /// <param name="posting">The transaction that books it.</param>
    /// <param name="charge">The line it becomes.</param>
    /// <param name="quantity">How much of it.</param>
    /// <param name="amount">Money at nine places.</param>
    /// <param name="currency">Of the amount.</param>
    public void Charge(LedgerTransaction posting, Charge charge, decimal quantity, decimal amount, string currency)
    {
        settling.Wallet.Accrue(posting, charge, quantity, amount, Account.DeferredFees, currency);
        Earn(charge, amount);
    }

    /// <summary>What has been charged is earned over a charge's period.</summary>
    public void Earn(Charge charge, decimal amount)
    {
        ArgumentNullException.ThrowIfNull(charge);
        if (amount == 0m) return;
        var schedule = new FeeSchedule(Uuid7.At(settling.Wallet.Now), charge.Item, amount, charge.StartsAt, charge.EndsAt);
        schedules.Add(schedule);
        changed.Add(schedule.Id);
    }

    /// <summary>Books what has been earned by an instant, on the day before it.</summary>
    public void Recognise(DateTimeOffset at, string currency)
    {
        LedgerTransaction? posting = null;
        foreach (var schedule in schedules.Where(schedule => schedule.IsOpen))
        {
            var earned = schedule.EarnedBy(at) - schedule.Recognised;
            if (earned == 0m) continue;
            posting ??= settling.Begin(
                "recognition", at.AddTicks(-TimeSpan.TicksPerMicrosecond), string.Create(System.Globalization.CultureInfo.InvariantCulture, $"recognition:{at.UtcTicks}"));
            posting.Book(Account.DeferredFees, Account.RevenueSubscription, earned, currency);
            schedule.Recognised += earned;
            changed.Add(schedule.Id);
        }
    }

    /// <summary>Ends all that is not earned at an instant, after <see cref="Recognise"/>: what is left is the customer's.</summary>
    /// <param name="at">When.</param>
    /// <param name="onlyItem">Only of this item; null for all.</param>
    /// <returns>What was not earned, by item.</returns>
    public IReadOnlyList<(string Item, decimal Unearned)> Cut(DateTimeOffset at, string? onlyItem = null)
    {
        var rest = new List<(string, decimal)>();
        for (var i = 0; i < schedules.Count; i++)
        {
            var schedule = schedules[i];
            if (!schedule.IsOpen || (onlyItem is not null && schedule.Item != onlyItem)) continue;
            rest.Add((schedule.Item, schedule.Amount - schedule.Recognised));
            schedules[i] = schedule with { Amount = schedule.Recognised, EndsAt = at > schedule.StartsAt ? at : schedule.EndsAt };
            changed.Add(schedule.Id);
        }

        return [.. rest.GroupBy(part => part.Item1, StringComparer.Ordinal).Select(item => (item.Key, item.Sum(part => part.Item2)))];
    }

    /// <summary>Adds the statement that writes what changed.</summary>
    public void AddTo(NpgsqlBatch batch)
    {
        var rows = schedules.Where(schedule => changed.Contains(schedule.Id)).ToArray();
        if (rows.Length == 0) return;
        batch.Add(Put, settling.Wallet.TenantId, rows.Select(row => row.Id), rows.Select(row => row.Item), rows.Select(row => row.Amount),
            rows.Select(row => row.StartsAt), rows.Select(row => row.EndsAt), rows.Select(row => row.Recognised));
        changed.Clear();
    }

    /// <summary>What a line says of a fee.</summary>
    public static string Detail(string description, decimal? unitAmount = null) =>
        JsonSerializer.Serialize(new { description, unitAmount }, PortalJson.Options);
}
