using Portal.Domain.Kernel;

namespace Portal.Domain.Subscriptions.Contracts;

/// <summary>A period of a contract: a term, or a period of its commit.</summary>
/// <param name="StartsAt">Its begin.</param>
/// <param name="EndsAt">Its end, which is outside; where the subscription ended, that.</param>
/// <param name="Part">How much of it there is, by days: 1, or less of one that is short.</param>
/// <param name="IsCut">The subscription ended in it or with it: what that gave back is in it too.</param>
public sealed record ContractPeriod(DateTimeOffset StartsAt, DateTimeOffset EndsAt, decimal Part, bool IsCut)
{
    /// <summary>True when an instant lies in it.</summary>
    public bool Contains(DateTimeOffset at) => StartsAt <= at && (IsCut ? at <= EndsAt : at < EndsAt);
}

/// <summary>
/// The contract of a subscription: its terms and the periods of its commit, on the calendar of the subscription's start. Pure. A term is
/// followed by another for as long as the subscription goes on.
/// </summary>
public sealed class Contract
{
    private readonly Subscription subscription;
    private readonly TimeZoneInfo zone;

    private Contract(Subscription subscription, ContractDefinition definition)
    {
        (this.subscription, Definition) = (subscription, definition);
        zone = Instants.FindZone(subscription.StartZone) ?? TimeZoneInfo.Utc;
    }

    /// <summary>What was agreed.</summary>
    public ContractDefinition Definition { get; }

    /// <summary>The contract of a subscription; null without one.</summary>
    public static Contract? Of(Subscription subscription)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        return subscription.Contract is { } definition ? new Contract(subscription, definition) : null;
    }

    /// <summary>Terms that began before an instant, in order.</summary>
    public IEnumerable<ContractPeriod> Terms(DateTimeOffset until) => Periods(Definition.TermMonths!.Value, until);

    /// <summary>Periods of the commit that began before an instant, in order; none without a commit.</summary>
    public IEnumerable<ContractPeriod> CommitPeriods(DateTimeOffset until) => Definition.Commit is { } commit ? Periods(commit.Months, until) : [];

    /// <summary>What is committed in a period: all of it, or the part of a short one by its days.</summary>
    public decimal CommittedIn(ContractPeriod period)
    {
        ArgumentNullException.ThrowIfNull(period);
        return Math.Round((Definition.Commit?.Amount ?? 0m) * period.Part, 9, MidpointRounding.ToEven);
    }

    /// <summary>What is taken off the charges of a term, at nine places.</summary>
    /// <param name="charges">What they have come to; below 0 nothing is.</param>
    public decimal DiscountOf(decimal charges)
    {
        var (below, discount) = (0m, 0m);
        foreach (var tier in Definition.Discounts ?? [])
        {
            var top = tier.UpTo is { } bound && bound < charges ? bound : charges;
            if (top > below) discount += (top - below) * tier.Percent / 100m;
            if (tier.UpTo is not { } next || next >= charges) break;
            below = next;
        }

        return Math.Round(discount, 9, MidpointRounding.ToEven);
    }

    private IEnumerable<ContractPeriod> Periods(int months, DateTimeOffset until)
    {
        var calendar = BillingPeriods.Of(subscription.BillingStartsAt, zone, subscription.AnchorDay, months);
        for (var number = 0; ; number++)
        {
            var (startsAt, endsAt) = (calendar.Begin(number, zone), calendar.Begin(number + 1, zone));
            var cut = subscription.CancelledAt is { } cancelled && cancelled < endsAt ? cancelled : endsAt;
            if (startsAt >= until || startsAt >= cut) yield break;
            var full = number == 0 && calendar.FirstIsShort ? Days(endsAt.AddMonths(-months), endsAt) : Days(startsAt, endsAt);
            yield return new ContractPeriod(startsAt, cut, Days(startsAt, cut) / full, IsCut: subscription.CancelledAt == cut);
        }
    }

    private decimal Days(DateTimeOffset from, DateTimeOffset to) => zone.DateIn(to).DayNumber - zone.DateIn(from).DayNumber;
}
