using Portal.Domain.Catalog;
using Portal.Domain.Wallet;

namespace Portal.Domain.Subscriptions;

/// <summary>A fee that falls due as a billing period begins.</summary>
/// <param name="Kind"><see cref="ChargeKind.Flat"/>, <see cref="ChargeKind.Seat"/> or <see cref="ChargeKind.IncludedCredits"/>.</param>
/// <param name="Item">The plan's item.</param>
/// <param name="Description">For people.</param>
/// <param name="Quantity">How much of it: seats, credits, or 1.</param>
/// <param name="Amount">Money at nine places.</param>
/// <param name="UnitAmount">Price of one for a whole period; null where the amount says it.</param>
/// <param name="Discount">What a coupon takes off the amount.</param>
public sealed record PlanFee(
    string Kind, string Item, string Description, decimal Quantity, decimal Amount, decimal? UnitAmount = null, decimal Discount = 0m)
{
    /// <summary>What is charged for it, after the discount.</summary>
    public decimal Net => Amount - Discount;
}

/// <summary>What a plan charges as a period begins. The part of the flat fees that pays for included credits is charged with these.</summary>
internal static class PlanFees
{
    private static decimal Nine(decimal amount) => Math.Round(amount, 9, MidpointRounding.ToEven);

    /// <summary>The fees of a period, those of nothing left out, with what its coupon takes off them: flat fees first, then seats, then credits.</summary>
    public static IEnumerable<PlanFee> Of(Plan plan, Subscription subscription, PlanCalendar calendar, SubscriptionPeriod period)
    {
        PlanFee[] fees = [.. Listed(plan, subscription, calendar, period)];
        if (subscription.CouponOf(period.Number) is not { } coupon || !coupon.AppliesTo(plan.Key)) return fees;
        var off = coupon.Off([.. fees.Select(fee => fee.Amount)]);
        return fees.Zip(off, (fee, discount) => fee with { Discount = discount });
    }

    private static IEnumerable<PlanFee> Listed(Plan plan, Subscription subscription, PlanCalendar calendar, SubscriptionPeriod period)
    {
        var shares = plan.Included.Sum(item => item.Share);
        foreach (var fee in plan.Flat)
        {
            var part = Math.Min(shares, fee.Amount);
            shares -= part;
            if (fee.Amount > part) yield return new PlanFee(ChargeKind.Flat, fee.Key, plan.Name, 1m, calendar.Fee(fee.Amount - part, period));
        }

        foreach (var seat in plan.Seats)
        {
            var seats = Math.Max(0m, subscription.Quantities.GetValueOrDefault(seat.Key) - seat.Included);
            if (seats > 0m && seat.Amount > 0m)
                yield return new PlanFee(ChargeKind.Seat, seat.Key, $"{plan.Name}: seats", seats, Nine(calendar.Fee(seats * seat.Amount, period)), Nine(seat.Amount));
        }

        foreach (var item in plan.Included.Where(item => item.Share > 0m))
        {
            var credits = calendar.Credits(item, period) * calendar.Steps(item, period).Count;
            yield return new PlanFee(ChargeKind.IncludedCredits, item.Key, $"{plan.Name}: included credits", credits, calendar.Share(item, period));
        }
    }
}
