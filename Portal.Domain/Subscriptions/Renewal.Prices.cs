using Portal.Domain.Catalog;
using Portal.Domain.Ledger;
using Portal.Domain.Wallet;

namespace Portal.Domain.Subscriptions;

/// <summary>What a plan's prices come to: without tax that they include, less what coupons take off.</summary>
internal sealed partial class Renewal
{
    /// <summary>Of a subscription, with what else it takes to settle it.</summary>
    /// <param name="settling">The wallet.</param>
    /// <param name="subscription">It as it stands.</param>
    /// <param name="sold">Its plan, as listed.</param>
    /// <param name="next">The plan that comes with the next period; null: none does.</param>
    /// <param name="another">A plan that it is about to take at once; null for none.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<Renewal> OfAsync(
        Settling settling, Subscription subscription, Plan sold, Plan? next, Plan? another, CancellationToken cancellationToken)
    {
        var prices = await NetPrices.ReadAsync(settling.Connection, subscription.TenantId, settling.Directory.Zone, cancellationToken, sold, next, another);
        return new Renewal(settling, subscription, sold, next, await Fees.ReadAsync(settling, cancellationToken), prices);
    }

    // One rate for all of a period: what is given back, sold or earned in it was netted alike.
    private void Net(decimal? percent)
    {
        settling.Wallet.ConfigurationChanged |= Subscription.TaxPercent != percent; // overage is priced by it
        Become(Subscription with { TaxPercent = percent });
        plan = listed.Net(percent);
    }

    // What a coupon takes off is a line of its own; what is deferred, earned and granted is what is left.
    private void TakeOff(LedgerTransaction posting, PlanFee fee, string kind, SubscriptionPeriod period)
    {
        if (fee.Discount == 0m) return;
        var charge = CouponLines.Of(fee, kind, Subscription, period) with { TaxInclusive = plan.TaxInclusive };
        settling.Wallet.Accrue(posting, charge, 1m, -fee.Discount, Account.DeferredFees, Subscription.Currency);
    }

    private Charge ChargeOf(PlanFee fee, SubscriptionPeriod period) =>
        new(fee.Kind, fee.Item, period.StartsAt, period.EndsAt, Advance: true, Detail: Fees.Detail(fee.Description, fee.UnitAmount)) { TaxInclusive = plan.TaxInclusive };
}
