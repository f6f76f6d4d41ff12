namespace Portal.Domain.Subscriptions;

/// <summary>A pause, which begins as a period ends, and what ends it (domain.md §8).</summary>
internal sealed partial class Renewal
{
    /// <summary>Begins a new period with the plan that was to come next, or the same; anniversaries are counted from it.</summary>
    /// <param name="number">Of the new period.</param>
    /// <param name="at">Its begin.</param>
    public void Resume(int number, DateTimeOffset at)
    {
        fees.Recognise(at, Subscription.Currency);
        Become(Subscription.From(at, number) with
        {
            State = SubscriptionState.Active,
            PauseAt = null,
            AnchorDay = BillingPeriods.DayOf(at, settling.Directory.Zone),
        });
        calendar = new PlanCalendar(Subscription, plan);
        ending = null;
        Renew(number, at);
        Become(Subscription with { SettledUntil = at });
    }

    // One that is not paid goes on, so that a pause does not lift what an unpaid invoice brought.
    private void PauseNow(DateTimeOffset at)
    {
        settling.Wallet.ConfigurationChanged = true;
        if (Subscription.State != SubscriptionState.Active)
        {
            Become(Subscription with { PauseAt = null });
            return;
        }

        Become(Subscription with { State = SubscriptionState.Paused });
        settling.Wallet.Bill(at, plan.HasArrears);
    }
}
