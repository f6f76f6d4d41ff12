using Portal.Domain.Catalog;
using Portal.Domain.Subscriptions;
using Portal.Web.Components.Shared;

namespace Portal.Web.Components.TenantPages.Plans;

/// <summary>What people read of plans and subscriptions.</summary>
internal static class PlanText
{
    /// <summary>A subscription's state, and the class of its badge.</summary>
    public static (string Text, string Badge) State(Subscription subscription) => subscription switch
    {
        { State: SubscriptionState.Cancelled } => ("Ended", "badge-plain"),
        { CancelAt: not null } => ("Ends soon", "badge-warning"),
        { State: SubscriptionState.Paused } => ("Paused", "badge-warning"),
        { State: SubscriptionState.Trialing } => ("Trial", "badge-plain"),
        { State: SubscriptionState.PastDue } => ("Payment overdue", "badge-warning"),
        { State: SubscriptionState.Suspended } => ("Suspended", "badge-bad"),
        _ => ("Active", "badge-good"),
    };

    /// <summary><c>month</c>, <c>quarter</c>, <c>year</c>.</summary>
    public static string Period(Plan plan) => plan.Months switch { 12 => "year", 3 => "quarter", _ => "month" };

    /// <summary>What a plan is made of, a line each.</summary>
    public static IEnumerable<string> Items(Plan plan)
    {
        foreach (var fee in plan.Flat) yield return $"{Figures.Money(fee.Amount, plan.Currency.Code)} a {Period(plan)}";
        foreach (var seat in plan.Seats)
            yield return $"{Figures.Money(seat.Amount, plan.Currency.Code)} a {Period(plan)} for each of the {seat.Key}" + (seat.Included > 0m ? $", {Figures.Credits(seat.Included)} included" : "");
        foreach (var item in plan.Included) yield return $"{Figures.Credits(item.Credits)} credits every {(item.Months switch { 12 => "year", 3 => "quarter", _ => "month" })}{(item.Rollover is null ? "" : ", what is left rolls over")}";
        foreach (var overage in plan.Definition.Items!.Where(item => item.Type == "overage"))
            yield return $"Beyond them {PriceText.Of(overage.Price!, plan.Currency.Code)}{(overage.Meter is null ? "" : $" of {overage.Meter}")}";
        foreach (var usage in plan.Definition.Items!.Where(item => item.Type == "usage")) yield return usage.Price is null ? $"{usage.Meter} by rate card" : $"{usage.Meter}: {PriceText.Of(usage.Price, plan.Currency.Code)}";
        if (plan.TaxInclusive) yield return "Tax is included";
        if (plan.Minimum is { } minimum) yield return $"At least {Figures.Money(minimum, plan.Currency.Code)} a {Period(plan)}";
    }
}
