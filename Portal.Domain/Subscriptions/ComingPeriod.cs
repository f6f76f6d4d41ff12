using Npgsql;
using Portal.Domain.Catalog;

namespace Portal.Domain.Subscriptions;

/// <summary>The billing period after the one that runs, and what falls due as it begins.</summary>
/// <param name="StartsAt">Its begin.</param>
/// <param name="EndsAt">Its end.</param>
/// <param name="Fees">What the plan charges then, as things stand, net; none where the subscription ends.</param>
/// <param name="TaxInclusive">The plan's prices include tax.</param>
/// <param name="Coupon">Key of the coupon that covers it; null for none.</param>
public sealed record ComingPeriod(DateTimeOffset StartsAt, DateTimeOffset EndsAt, IReadOnlyList<PlanFee> Fees, bool TaxInclusive, string? Coupon = null)
{
    /// <summary>That of a tenant's subscription; null without one that goes on.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="tenantId">Whose.</param>
    /// <param name="zone">The tenant's zone as it is now.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static async Task<ComingPeriod?> FindAsync(NpgsqlConnection connection, long tenantId, TimeZoneInfo zone, CancellationToken cancellationToken = default)
    {
        if (await SubscriptionQuery.CurrentAsync(connection, tenantId, cancellationToken) is not { State: not SubscriptionState.Paused } subscription) return null;
        var plan = await Plans.VersionAsync(connection, subscription.Plan, subscription.PlanVersion, cancellationToken);
        var running = subscription.Period;
        if (subscription.Next is { } later)
        {
            var next = await Plans.VersionAsync(connection, later.Key, later.Version, cancellationToken);
            if (running is not null && next.Months != plan.Months) subscription = subscription.From(running.EndsAt, running.Number + 1);
            plan = next;
        }

        var calendar = new PlanCalendar(subscription, plan);
        var number = running is not null ? running.Number + 1 : 0;
        var period = new SubscriptionPeriod(number, calendar.Begin(number, zone), calendar.Begin(number + 1, zone), zone.Id);
        var ends = subscription.CancelAt <= period.StartsAt || subscription.PauseAt <= period.StartsAt;
        var net = plan.Net((await NetPrices.ReadAsync(connection, tenantId, zone, cancellationToken, plan)).PercentAt(plan, period.StartsAt));
        var fees = ends ? [] : PlanFees.Of(net, subscription, calendar, period).ToArray();
        return new ComingPeriod(period.StartsAt, period.EndsAt, fees, plan.TaxInclusive, subscription.CouponOf(number)?.Key);
    }
}
