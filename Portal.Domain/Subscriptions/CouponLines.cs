using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Wallet;

namespace Portal.Domain.Subscriptions;

/// <summary>What coupons take off, as charges: off fees as a period begins, off what it used once it has ended.</summary>
public static class CouponLines
{
    // Of each period that ended: its plan, what it used, and what its coupon took off already.
    private const string Ended = """
        select p.number, p.starts_at, p.ends_at,
          coalesce(sum(c.amount) filter (where not c.advance and c.kind not like 'coupon%'), 0),
          coalesce(-sum(c.amount) filter (where c.kind in ('coupon_fee', 'coupon_credits')), 0),
          coalesce(-sum(c.amount) filter (where c.kind = 'coupon_usage'), 0),
          (select t.plan from subscription_terms t where t.tenant_id = $1 and t.subscription_id = $2 and t.since <= p.starts_at order by t.since desc, t.id desc limit 1)
        from (
          select number, starts_at, ends_at from subscription_periods where tenant_id = $1 and subscription_id = $2 and ends_at <= $3
          union all
          select period_number, period_starts_at, period_ends_at from subscriptions where tenant_id = $1 and id = $2 and period_ends_at <= $3) p
        join charges c on c.tenant_id = $1 and c.period_starts_at >= p.starts_at and c.period_starts_at < p.ends_at
        group by 1, 2, 3 order by 1
        """;

    private sealed record EndedPeriod(int Number, DateTimeOffset StartsAt, DateTimeOffset EndsAt, decimal Used, decimal OffFees, decimal OffUsage, string? Plan);

    /// <summary>What is taken off a fee.</summary>
    internal static Charge Of(PlanFee fee, string kind, Subscription subscription, SubscriptionPeriod period) => new(
        kind, fee.Item, period.StartsAt, period.EndsAt, Advance: true, Detail: Fees.Detail($"Coupon {subscription.CouponOf(period.Number)!.Key}: {fee.Description}"));

    /// <summary>
    /// What is taken off what the periods used that ended by an instant, by difference to what was taken off before: usage that comes late moves
    /// it, and asking again changes nothing.
    /// </summary>
    public static async Task<IReadOnlyList<(Charge Charge, decimal Amount)>> OfUsageAsync(
        NpgsqlConnection connection, Subscription subscription, DateTimeOffset at, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        if (subscription.Coupons.Count == 0) return [];
        var periods = await connection.ListAsync(
            Ended,
            row => new EndedPeriod(
                row.GetInt32(0), row.GetFieldValue<DateTimeOffset>(1), row.GetFieldValue<DateTimeOffset>(2), row.GetDecimal(3), row.GetDecimal(4), row.GetDecimal(5),
                row.Nullable<string>(6)),
            cancellationToken, subscription.TenantId, subscription.Id, at);
        var charges = new List<(Charge, decimal)>();
        foreach (var period in periods)
        {
            if (subscription.CouponOf(period.Number) is not { } coupon || !coupon.AppliesTo(period.Plan ?? subscription.Plan)) continue;
            var more = coupon.Off([period.Used], period.OffFees)[0] - period.OffUsage;
            if (more == 0m) continue;
            charges.Add((new Charge(ChargeKind.CouponOnUsage, coupon.Key, period.StartsAt, period.EndsAt, Detail: Fees.Detail($"Coupon {coupon.Key}: usage")), -more));
        }

        return charges;
    }
}
