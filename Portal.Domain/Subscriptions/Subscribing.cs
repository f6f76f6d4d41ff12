using System.Text.Json;
using Portal.Domain.Catalog;
using Portal.Domain.Catalog.Coupons;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Subscriptions;

/// <summary>Commands that make, change and end subscriptions.</summary>
public static class Subscribing
{
    private const string Insert = """
        insert into subscriptions (tenant_id, id, plan, plan_version, state, starts_at, start_zone, anchor_day, trial_until, exhaustion, spend_cap,
          overage_price, currency, created_at, quantities, overage_meters)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::json, $13, $14, $15::json, $16::json)
        """;

    /// <summary>
    /// Subscribes the tenant to a plan as it is sold now, and does what fell due since it starts. Refuses what
    /// <see cref="SubscriptionOrder"/> finds, <c>unknown_plan</c>, <c>subscription_exists</c>, <c>currency_mismatch</c>,
    /// <c>overage_price_missing</c>, and what a contract's check and a coupon find.
    /// </summary>
    public static async Task<Result<Subscription>> StartAsync(
        WalletTransaction wallet, SubscriptionOrder order, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(order);
        if (order.Check(wallet.Now) is { } problem) return problem;
        if (await Plans.FindAsync(wallet.Connection, order.Plan, cancellationToken) is not { } plan)
            return new FieldProblem("plan", "unknown_plan", $"There is no plan {order.Plan}.").Unprocessable();
        if (plan.Currency.Code != wallet.Directory.Currency)
            return new FieldProblem("plan", "currency_mismatch", $"The tenant's currency is {wallet.Directory.Currency}, the plan's {plan.Currency}.").Unprocessable();
        if (order.Exhaustion == "overage" && SubscriptionOrder.CheckOverage(plan) is { } unpriced) return unpriced;
        if (SubscriptionOrder.CheckSeats(plan, order.Quantities) is { } seats) return seats;
        if (order.Contract is { } agreed && await agreed.CheckAsync(wallet, plan, cancellationToken) is { } wrong) return wrong;
        if (await SubscriptionQuery.CurrentAsync(wallet.Connection, wallet.TenantId, cancellationToken) is { } current)
            return Problem.Conflict("subscription_exists", $"The tenant has the subscription {current.PublicId} already; one is active at a time.");

        var subscription = Make(wallet, plan, order);
        await wallet.ExecuteAsync(
            Insert, cancellationToken, subscription.TenantId, subscription.Id, subscription.Plan, subscription.PlanVersion, subscription.State,
            subscription.StartsAt, subscription.StartZone, (short)subscription.AnchorDay, subscription.TrialUntil, subscription.Exhaustion,
            subscription.SpendCap, OverageOf(plan), subscription.Currency,
            subscription.CreatedAt, JsonSerializer.Serialize(subscription.Quantities, PortalJson.Options), OverageMetersOf(plan));
        if (subscription.Contract is { } contract)
        {
            await wallet.ExecuteAsync(
                "insert into contracts (tenant_id, subscription_id, definition, rate_card, created_at) values ($1, $2, $3::json, $4, $5)", cancellationToken,
                subscription.TenantId, subscription.Id, JsonSerializer.Serialize(contract, PortalJson.Options), contract.RateCard, wallet.Now);
        }

        if (order.Coupon is { } coupon && await RedeemAsync(wallet, coupon, subscription, fromPeriod: 0, cancellationToken) is { } refused) return refused;
        await wallet.ExecuteAsync(
            "insert into subscription_terms (tenant_id, id, subscription_id, since, plan, plan_version, rate_card) values ($1, $2, $3, $4, $5, $6, $7)", cancellationToken,
            subscription.TenantId, Uuid7.At(wallet.Now), subscription.Id, subscription.StartsAt, subscription.Plan, subscription.PlanVersion, subscription.Contract?.RateCard);
        await Grants.LockCurrencyAsync(wallet, cancellationToken);
        wallet.ConfigurationChanged();
        wallet.Wallet.DueNoLaterThan(subscription.StartsAt);
        await wallet.SettleAsync(cancellationToken);
        return (await SubscriptionQuery.FindAsync(wallet.Connection, wallet.TenantId, subscription.Id, cancellationToken))!;
    }

    /// <summary>Redeems a coupon for the subscription. Refuses what coupons refuse.</summary>
    internal static async Task<Problem?> RedeemAsync(
        WalletTransaction wallet, string key, Subscription subscription, int fromPeriod, CancellationToken cancellationToken)
    {
        var coupon = await CouponCatalogue.ForAsync(wallet.Connection, key, subscription.Plan, subscription.Currency, wallet.Now, cancellationToken);
        return coupon.Problem
            ?? await CouponCatalogue.RedeemAsync(wallet.Connection, coupon.Value, new CouponRedemption(wallet.TenantId, wallet.Now, subscription.Id, fromPeriod), cancellationToken);
    }

    private static Subscription Make(WalletTransaction wallet, Plan plan, SubscriptionOrder order)
    {
        var startsAt = Instant(order.StartsAt) ?? wallet.Now;
        var billingStartsAt = Instant(order.TrialUntil) ?? startsAt;
        return new Subscription
        {
            TenantId = wallet.TenantId,
            Id = Uuid7.At(wallet.Now),
            Plan = plan.Key,
            PlanVersion = plan.Version,
            State = order.TrialUntil is null ? SubscriptionState.Active : SubscriptionState.Trialing,
            StartsAt = startsAt,
            StartZone = wallet.Directory.Zone.Id,
            AnchorDay = order.AnchorDay ?? BillingPeriods.DayOf(billingStartsAt, wallet.Directory.Zone),
            TrialUntil = Instant(order.TrialUntil),
            Exhaustion = order.Exhaustion ?? "block",
            SpendCap = order.SpendCap,
            Currency = plan.Currency.Code,
            CreatedAt = wallet.Now,
            Quantities = order.Quantities,
            Contract = order.Contract,
        };
    }

    /// <summary>A plan's price of a credit beyond the grants, as it is stored; null when it has none.</summary>
    internal static string? OverageOf(Plan plan) => plan.Definition.Items!.SingleOrDefault(item => item is { Type: "overage", Meter: null }) is { } item
        ? JsonSerializer.Serialize(item.Price, PortalJson.Options)
        : null;

    /// <summary>A plan's prices of meters for what is beyond the grants, as they are stored; null when it has none.</summary>
    internal static string? OverageMetersOf(Plan plan)
    {
        var meters = plan.Definition.Items!.Where(item => item is { Type: "overage", Meter: not null }).ToDictionary(item => item.Meter!, item => item.Price, StringComparer.Ordinal);
        return meters.Count == 0 ? null : JsonSerializer.Serialize(meters, PortalJson.Options);
    }

    // PostgreSQL keeps microseconds; an instant that has more would not be found again.
    private static DateTimeOffset? Instant(DateTimeOffset? instant) =>
        instant is { } some ? new DateTimeOffset(some.UtcTicks - (some.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero) : null;
}
