using Portal.Domain.Catalog;
using Portal.Domain.Kernel;

namespace Portal.Domain.Subscriptions;

/// <summary>When a subscription's plan grants what: its billing periods and the steps of its items within them.</summary>
internal sealed class PlanCalendar(Subscription subscription, Plan plan)
{
    private readonly BillingPeriods periods = BillingPeriods.Of(subscription.CalendarStartsAt ?? subscription.BillingStartsAt, Zone(subscription.StartZone), subscription.AnchorDay, plan.Months);

    /// <summary>When a period begins.</summary>
    public DateTimeOffset Begin(int number, TimeZoneInfo zone) => periods.Begin(number - subscription.CalendarNumber, zone);

    /// <summary>When an item's credits come in a period; first with the period itself.</summary>
    public List<DateTimeOffset> Steps(IncludedCredits item, SubscriptionPeriod period) =>
        [period.StartsAt, .. periods.Steps(period.Number - subscription.CalendarNumber, item.Months, Zone(period.Zone)).Skip(1)];

    /// <summary>Credits that come each time in a period: all, or in a short first period in proportion to its seconds.</summary>
    public decimal Credits(IncludedCredits item, SubscriptionPeriod period) => InFirst(item.Credits, item.Months, period);

    /// <summary>The period's share of the fee: the same proportion of it.</summary>
    public decimal Share(IncludedCredits item, SubscriptionPeriod period) => InFirst(item.Share, plan.Months, period);

    /// <summary>A fee for a period: all of it, or in a short first period the same proportion.</summary>
    public decimal Fee(decimal amount, SubscriptionPeriod period) => InFirst(amount, plan.Months, period);

    private decimal InFirst(decimal whole, int length, SubscriptionPeriod period)
    {
        if (period.Number > subscription.CalendarNumber || !periods.FirstIsShort) return whole;
        var (elapsed, full) = periods.First(length, Zone(period.Zone));
        return Math.Round(whole * elapsed / full, 9, MidpointRounding.ToEven);
    }

    private static TimeZoneInfo Zone(string id) => Instants.FindZone(id) ?? TimeZoneInfo.Utc;
}
