using Portal.Domain.Catalog;
using Portal.Domain.Kernel;

namespace Portal.Domain.Subscriptions;

/// <summary>What a new subscription is to be.</summary>
/// <param name="Plan">Key of the plan; the version that is sold now is kept.</param>
/// <param name="StartsAt">When it starts; default now. May lie up to ten years back or ahead.</param>
/// <param name="AnchorDay">1 to 31; default the day on which billing starts.</param>
/// <param name="Exhaustion"><c>block</c> (default) or <c>overage</c>.</param>
/// <param name="SpendCap">Most money that a billing period may accrue; null for no limit.</param>
/// <param name="TrialUntil">When a trial ends; null for none.</param>
public sealed record SubscriptionOrder(
    string Plan, DateTimeOffset? StartsAt = null, int? AnchorDay = null, string? Exhaustion = null, decimal? SpendCap = null, DateTimeOffset? TrialUntil = null)
{
    private const int MostYears = 10;

    /// <summary>Seats, by the plan's item; those not named have none.</summary>
    public IReadOnlyDictionary<string, decimal> Quantities { get; init; } = new Dictionary<string, decimal>(StringComparer.Ordinal);

    /// <summary>Key of a coupon, from the first billing period on; null for none.</summary>
    public string? Coupon { get; init; }

    /// <summary>What is agreed besides the plan; null for nothing.</summary>
    public Contracts.ContractDefinition? Contract { get; init; }

    /// <summary>What is wrong with seats of a plan, or null: <c>unknown_item</c>, <c>invalid_quantity</c>.</summary>
    internal static Problem? CheckSeats(Plan plan, IReadOnlyDictionary<string, decimal> quantities)
    {
        var errors = new FieldErrors();
        foreach (var (item, seats) in quantities)
        {
            if (plan.Seats.All(seat => seat.Key != item)) errors.Add($"quantities.{item}", "unknown_item", $"The plan {plan.Key} has no seats {item}.");
            else if (seats is < 0m or > 1_000_000m || !decimal.IsInteger(seats)) errors.Add($"quantities.{item}", "invalid_quantity", "Seats are a whole number from 0 to 1000000.");
        }

        return errors.ToProblem();
    }

    /// <summary>What is wrong with it whatever the plan, or null.</summary>
    internal Problem? Check(DateTimeOffset now)
    {
        var errors = new FieldErrors();
        if (StartsAt < now.AddYears(-MostYears) || StartsAt > now.AddYears(MostYears))
            errors.Add("starts_at", "invalid_starts_at", $"A subscription starts at most {MostYears} years back or ahead.");
        if (AnchorDay is < 1 or > 31) errors.Add("anchor_day", "invalid_anchor_day", "The anchor is a day of the month, 1 to 31.");
        if (Exhaustion is not (null or "block" or "overage")) errors.Add("exhaustion", "invalid_exhaustion", "Exhaustion is block or overage.");
        if (!IsCap(SpendCap)) errors.Add("spend_cap", "invalid_spend_cap", "The cap is 0 or more, with at most nine decimal places; null is no limit.");
        if (TrialUntil <= (StartsAt ?? now) || TrialUntil > (StartsAt ?? now).AddYears(MostYears))
            errors.Add("trial_until", "invalid_trial_until", "A trial ends after the start.");
        return errors.ToProblem();
    }

    internal static bool IsCap(decimal? cap) => cap is null || (cap is >= 0m and <= 1_000_000_000_000m && Credits.HasAtMostNinePlaces(cap.Value));

    /// <summary>Why a plan does not let what exceeds the grants be sold; null when it does.</summary>
    internal static Problem? CheckOverage(Plan plan) => plan.Overage is not null
        ? null
        : new FieldProblem("exhaustion", "overage_price_missing", $"The plan {plan.Key} has no price for overage.").Unprocessable();
}

/// <summary>One field at fault against a rule.</summary>
internal readonly record struct FieldProblem(string Field, string Code, string Detail)
{
    /// <summary>It as a problem: 422.</summary>
    public Problem Unprocessable()
    {
        var errors = new FieldErrors();
        errors.Add(Field, Code, Detail);
        return errors.ToProblem()!;
    }
}
