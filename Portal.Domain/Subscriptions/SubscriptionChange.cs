using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Subscriptions;

/// <summary>What of a subscription changes; what is null stays.</summary>
/// <param name="Cancel"><c>now</c>, <c>period_end</c>, or <c>none</c>: a cancellation to come is taken back.</param>
/// <param name="Exhaustion"><c>block</c> or <c>overage</c>.</param>
/// <param name="SetsSpendCap">True when <paramref name="SpendCap"/> replaces the cap.</param>
/// <param name="SpendCap">The new cap; null for no limit.</param>
/// <param name="ByPlatform">The platform asks: it alone may set the exhaustion, raise or clear the cap.</param>
public sealed record SubscriptionChange(
    string? Cancel = null, string? Exhaustion = null, bool SetsSpendCap = false, decimal? SpendCap = null, bool ByPlatform = true)
{
    /// <summary>Key of another plan, as it is sold now: at once when it costs as much or more, else when the period ends.</summary>
    public string? Plan { get; init; }

    /// <summary>Seats by the plan's item, of those that change.</summary>
    public IReadOnlyDictionary<string, decimal>? Quantities { get; init; }

    /// <summary>Key of a coupon, from the next billing period on.</summary>
    public string? Coupon { get; init; }

    /// <summary>Pauses as the period ends.</summary>
    public bool Pause { get; init; }

    /// <summary>Takes a pause to come back, or ends it: a new period begins.</summary>
    public bool Resume { get; init; }

    /// <summary>
    /// Makes the change. Refuses <c>unknown_subscription</c>, <c>subscription_cancelled</c>, <c>coupon_overlaps</c>, what coupons refuse, <c>invalid_cancel</c>,
    /// <c>invalid_exhaustion</c>, <c>overage_price_missing</c>, <c>invalid_spend_cap</c>, <c>platform_key_required</c>,
    /// <c>invalid_pause</c>, <c>subscription_paused</c>, <c>contract_cannot_pause</c>, <c>nothing_to_pause</c>, <c>not_paused</c>, <c>invoice_unpaid</c>.
    /// </summary>
    public static async Task<Result<Subscription>> MakeAsync(
        WalletTransaction wallet, Guid id, SubscriptionChange change, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(change);
        if (await SubscriptionQuery.FindAsync(wallet.Connection, wallet.TenantId, id, cancellationToken) is not { } subscription)
            return Problem.NotFound("unknown_subscription", "There is no such subscription.");
        if (subscription.State == SubscriptionState.Cancelled)
            return Problem.Conflict("subscription_cancelled", "The subscription has ended; make another one.");
        var plan = await Plans.VersionAsync(wallet.Connection, subscription.Plan, subscription.PlanVersion, cancellationToken);
        if ((change.Check(subscription, plan) ?? Pausing.Check(subscription, change)) is { } problem) return problem;
        if (change.Exhaustion is not null || change.SetsSpendCap)
        {
            subscription = subscription with { Exhaustion = change.Exhaustion ?? subscription.Exhaustion, SpendCap = change.SetsSpendCap ? change.SpendCap : subscription.SpendCap };
            await wallet.ExecuteAsync(
                "update subscriptions set exhaustion = $3, spend_cap = $4 where tenant_id = $1 and id = $2", cancellationToken, wallet.TenantId, id,
                subscription.Exhaustion, subscription.SpendCap);
        }

        if (change.Plan is not null || change.Quantities is not null)
        {
            var changed = await new PlanChange(wallet, plan, change).RunAsync(subscription, cancellationToken);
            if (changed.Problem is { } refused) return refused;
            (subscription, plan) = changed.Value;
        }

        if (change.Coupon is { } coupon && await TakeCouponAsync(wallet, subscription, coupon, cancellationToken) is { } refusedCoupon) return refusedCoupon;
        if (change.Resume && await Pausing.ResumeAsync(wallet, subscription, plan, cancellationToken) is { } unpaid) return unpaid;
        if (change.Pause)
            await wallet.ExecuteAsync("update subscriptions set pause_at = period_ends_at where tenant_id = $1 and id = $2", cancellationToken, wallet.TenantId, id);
        if (change.Cancel == "now") await EndAsync(wallet, subscription, plan, cancellationToken);
        else if (change.Cancel is not null) await EndLaterAsync(wallet, subscription, change.Cancel, cancellationToken);
        wallet.ConfigurationChanged();
        return (await SubscriptionQuery.FindAsync(wallet.Connection, wallet.TenantId, id, cancellationToken))!;
    }

    private Problem? Check(Subscription subscription, Plan plan)
    {
        if (Cancel is not (null or "now" or "period_end" or "none"))
            return new FieldProblem("cancel", "invalid_cancel", "Cancel now, or at period_end; null takes it back.").Unprocessable();
        if (Exhaustion is not (null or "block" or "overage"))
            return new FieldProblem("exhaustion", "invalid_exhaustion", "Exhaustion is block or overage.").Unprocessable();
        if (Exhaustion is not null && !ByPlatform) return PlatformOnly("set the exhaustion");
        if (Coupon is not null && !ByPlatform) return PlatformOnly("set a coupon");
        if (Exhaustion == "overage" && SubscriptionOrder.CheckOverage(plan) is { } unpriced) return unpriced;
        if (!SetsSpendCap) return null;
        if (!SubscriptionOrder.IsCap(SpendCap))
            return new FieldProblem("spend_cap", "invalid_spend_cap", "The cap is 0 or more, with at most nine decimal places; null is no limit.").Unprocessable();
        var raises = SpendCap is null ? subscription.SpendCap is not null : SpendCap > subscription.SpendCap;
        return raises && !ByPlatform ? PlatformOnly("raise or clear the spend cap") : null;
    }

    private static Problem PlatformOnly(string what) => Problem.Forbidden("platform_key_required", $"Only a platform key may {what}.");

    private static async Task<Problem?> TakeCouponAsync(WalletTransaction wallet, Subscription subscription, string coupon, CancellationToken cancellationToken)
    {
        const string last = "select coalesce(max(number), -1) from subscription_periods where tenant_id = $1 and subscription_id = $2";
        var ended = (await wallet.Connection.ListAsync(last, row => row.GetInt32(0), cancellationToken, wallet.TenantId, subscription.Id)).Single();
        var from = (subscription.Period?.Number ?? ended) + 1;
        return subscription.CouponOf(from) is { } other
            ? Problem.Conflict("coupon_overlaps", $"The coupon '{other.Key}' covers the next billing period; coupons do not overlap.")
            : await Subscribing.RedeemAsync(wallet, coupon, subscription, from, cancellationToken);
    }

    private static async Task EndAsync(WalletTransaction wallet, Subscription subscription, Plan plan, CancellationToken cancellationToken)
    {
        var settling = new Settling(wallet.Connection, wallet.Transaction, wallet.Wallet, wallet.Directory, wallet.Clock);
        var renewal = await Renewal.OfAsync(settling, subscription, plan, next: null, another: null, cancellationToken);
        await renewal.CancelAsync(wallet.Now, cancellationToken);
        await wallet.WriteAsync(cancellationToken);
        await renewal.WriteAsync(cancellationToken);
        wallet.Wallet.Overage = null;
    }

    // A trial ends with itself, a period with its end, and what has not begun before it does.
    private static Task<int> EndLaterAsync(WalletTransaction wallet, Subscription subscription, string when, CancellationToken cancellationToken)
    {
        DateTimeOffset? end = when == "none" ? null : subscription.Period?.EndsAt ?? (subscription.StartsAt > wallet.Now ? subscription.StartsAt : subscription.TrialUntil);
        if (end is { } due) wallet.Wallet.DueNoLaterThan(due);
        return wallet.ExecuteAsync("update subscriptions set cancel_at = $3 where tenant_id = $1 and id = $2", cancellationToken, wallet.TenantId, subscription.Id, end);
    }
}
