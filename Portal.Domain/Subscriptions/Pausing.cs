using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Subscriptions;

/// <summary>Commands that pause a subscription as its period ends, and resume it.</summary>
internal static class Pausing
{
    /// <summary>What forbids a change of a subscription that pauses, or the pause itself; null for nothing.</summary>
    public static Problem? Check(Subscription subscription, SubscriptionChange change)
    {
        if (change is { Pause: true, Resume: true }) return new FieldProblem("resume", "invalid_pause", "Pause or resume, not both.").Unprocessable();
        if (change.Pause)
        {
            if (subscription.PauseAt is not null) return Problem.Conflict("subscription_paused", "The subscription pauses already.");
            if (subscription.Contract is not null) return Problem.Conflict("contract_cannot_pause", "A subscription with a contract does not pause.");
            if (subscription is not { State: SubscriptionState.Active, Period: not null, CancelAt: null } || change.Cancel is not null)
                return Problem.Conflict("nothing_to_pause", "Only an active subscription in a billing period, which is not about to end, can pause.");
        }

        if (change.Resume && subscription.PauseAt is null) return Problem.Conflict("not_paused", "The subscription does not pause.");
        var touches = change.Plan is not null || change.Quantities is not null || change.Cancel == "period_end";
        return touches && (subscription.PauseAt is not null || change.Pause)
            ? Problem.Conflict("subscription_paused", "The subscription pauses: resume it first, or cancel it now.")
            : null;
    }

    /// <summary>Takes a pause to come back, or begins a new period now. Refuses <c>invoice_unpaid</c>.</summary>
    public static async Task<Problem?> ResumeAsync(WalletTransaction wallet, Subscription subscription, Plan plan, CancellationToken cancellationToken)
    {
        if (subscription.State != SubscriptionState.Paused)
        {
            await wallet.ExecuteAsync("update subscriptions set pause_at = null where tenant_id = $1 and id = $2", cancellationToken, wallet.TenantId, subscription.Id);
            return null;
        }

        const string unpaid = "select count(*)::int from invoices where tenant_id = $1 and state = 'open' and first_failed_at is not null";
        const string last = "select coalesce(max(number), -1) from subscription_periods where tenant_id = $1 and subscription_id = $2";
        if ((await wallet.Connection.ListAsync(unpaid, row => row.GetInt32(0), cancellationToken, wallet.TenantId)).Single() > 0)
            return Problem.Conflict("invoice_unpaid", "An invoice could not be collected; pay it first.");
        var number = (await wallet.Connection.ListAsync(last, row => row.GetInt32(0), cancellationToken, wallet.TenantId, subscription.Id)).Single() + 1;
        var next = subscription.Next is { } later ? await Plans.VersionAsync(wallet.Connection, later.Key, later.Version, cancellationToken) : null;
        var settling = new Settling(wallet.Connection, wallet.Transaction, wallet.Wallet, wallet.Directory, wallet.Clock);
        var renewal = await Renewal.OfAsync(settling, subscription, plan, next, another: null, cancellationToken);
        renewal.Resume(number, wallet.Now);
        await wallet.WriteAsync(cancellationToken);
        await renewal.WriteAsync(cancellationToken);
        if (renewal.NextAt is { } due) wallet.Wallet.DueNoLaterThan(due);
        wallet.SettleDebts();
        return null;
    }
}
