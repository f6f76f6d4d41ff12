using Portal.Domain.Catalog;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Subscriptions;

/// <summary>Decides how another plan or other seats take effect: what costs as much or more at once, what costs less when the period ends.</summary>
internal sealed class PlanChange(WalletTransaction wallet, Plan plan, SubscriptionChange change)
{
    /// <summary>
    /// Makes the change. Refuses <c>unknown_plan</c>, <c>currency_mismatch</c>, <c>plan_unchanged</c>, <c>unknown_item</c>, <c>invalid_quantity</c>,
    /// <c>commit_period_mismatch</c>.
    /// </summary>
    /// <returns>The subscription and its plan then.</returns>
    public async Task<Result<(Subscription Subscription, Plan Plan)>> RunAsync(Subscription subscription, CancellationToken cancellationToken)
    {
        var (another, problem) = await AnotherAsync(subscription, cancellationToken);
        if (problem is not null) return problem;
        var quantities = Merge(subscription.Quantities);
        if (change.Quantities is { } wanted && SubscriptionOrder.CheckSeats(another ?? plan, wanted) is { } seats) return seats;
        var settling = new Settling(wallet.Connection, wallet.Transaction, wallet.Wallet, wallet.Directory, wallet.Clock);
        var renewal = await Renewal.OfAsync(settling, subscription, plan, next: null, another, cancellationToken);
        if (another is null) renewal.Seat(quantities, wallet.Now);
        else await TakeAsync(renewal, subscription, another, quantities, cancellationToken);
        await wallet.WriteAsync(cancellationToken);
        await renewal.WriteAsync(cancellationToken);
        if (renewal.NextAt is { } due) wallet.Wallet.DueNoLaterThan(due);
        wallet.SettleDebts(); // more included credits may have come
        return (renewal.Subscription, renewal.Plan);
    }

    private async Task<(Plan? Plan, Problem? Problem)> AnotherAsync(Subscription subscription, CancellationToken cancellationToken)
    {
        if (change.Plan is null) return (null, null);
        if (await Plans.FindAsync(wallet.Connection, change.Plan, cancellationToken) is not { } another)
            return (null, new FieldProblem("plan", "unknown_plan", $"There is no plan {change.Plan}.").Unprocessable());
        if (another.Currency.Code != subscription.Currency)
            return (null, new FieldProblem("plan", "currency_mismatch", $"The subscription's currency is {subscription.Currency}, the plan's {another.Currency}.").Unprocessable());
        if (subscription.Contract?.Commit is not null && another.Months != plan.Months)
            return (null, new FieldProblem("plan", "commit_period_mismatch", "A contract with a commit keeps the length of its billing periods.").Unprocessable());
        return another.Key == plan.Key && another.Version == plan.Version && subscription.Next is null && change.Quantities is null
            ? (null, Problem.Conflict("plan_unchanged", $"The subscription has this version of the plan {another.Key} already."))
            : (another, null);
    }

    private async Task TakeAsync(
        Renewal renewal, Subscription subscription, Plan another, Dictionary<string, decimal> quantities, CancellationToken cancellationToken)
    {
        if (another.Key == plan.Key && another.Version == plan.Version)
        {
            renewal.Downgrade(null); // a change to come is taken back
            if (change.Quantities is not null) renewal.Seat(quantities, wallet.Now);
            return;
        }

        var costsMore = PerMonth(another, quantities) >= PerMonth(plan, subscription.Quantities);
        if (!costsMore && subscription.Period is not null)
        {
            renewal.Downgrade(another);
            return;
        }

        renewal.Downgrade(null);
        renewal.Keep(quantities);
        if (another.Months == plan.Months && GrantsOnce(another) && GrantsOnce(plan)) renewal.Upgrade(another, wallet.Now);
        else if (subscription.Period is null) renewal.Upgrade(another, wallet.Now);
        else await renewal.RestartAsync(another, wallet.Now, cancellationToken);
    }

    // Credits that come several times in a period leave shares to come, which belong to the plan that sold them: such a plan begins anew.
    private static bool GrantsOnce(Plan plan) => plan.Included.All(item => item.Months == plan.Months);

    private static decimal PerMonth(Plan plan, IReadOnlyDictionary<string, decimal> quantities) =>
        (plan.Flat.Sum(fee => fee.Amount) + plan.Seats.Sum(seat => seat.Amount * Math.Max(0m, quantities.GetValueOrDefault(seat.Key) - seat.Included))) / plan.Months;

    private Dictionary<string, decimal> Merge(IReadOnlyDictionary<string, decimal> had)
    {
        var quantities = had.ToDictionary(StringComparer.Ordinal);
        foreach (var (item, seats) in change.Quantities ?? new Dictionary<string, decimal>(StringComparer.Ordinal)) quantities[item] = seats;
        return quantities;
    }
}
