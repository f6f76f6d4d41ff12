using Portal.Domain.Data;
using Portal.Domain.Wallet;

namespace Portal.Domain.Subscriptions.Contracts;

/// <summary>How far a period of a commit is spent.</summary>
/// <param name="Period">The period.</param>
/// <param name="Committed">What is committed in it.</param>
/// <param name="Spent">What counts against it, discounts that are to come taken off; paid in advance, what its credits were used for.</param>
/// <param name="TrueUp">What was charged to bring it up to the commit.</param>
/// <param name="ForecastSpend">Of the running one, what it comes to at the pace of the days so far; null before a day has passed, and of others.</param>
public sealed record CommitProgress(ContractPeriod Period, decimal Committed, decimal Spent, decimal TrueUp, decimal? ForecastSpend)
{
    /// <summary>What would be missing at the pace so far; null without a forecast.</summary>
    public decimal? ForecastTrueUp => ForecastSpend is { } spend ? Math.Max(0m, Committed - spend) : null;

    /// <summary>The periods of a subscription's commit that have begun, the latest first; none without one that is paid in arrears.</summary>
    public static async Task<IReadOnlyList<CommitProgress>> ReadAsync(TenantRead read, Subscription subscription, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(subscription);
        if (Contract.Of(subscription) is not { Definition.Commit: { InAdvance: false } } contract) return [];
        var spend = await ContractSpend.ReadAsync(read.Connection, read.TenantId, subscription.BillingStartsAt, read.Now.AddTicks(TimeSpan.TicksPerMicrosecond), cancellationToken);
        // Discounts of the running period are charged as it ends: they are taken off what they will be taken off.
        var term = contract.Terms(read.Now).LastOrDefault();
        var toCome = term is null ? 0m : contract.DiscountOf(spend.Discountable(term)) + spend.Charged(ChargeKind.Discount, term);
        return [.. contract.CommitPeriods(read.Now).Select(period =>
        {
            var runs = period.Contains(read.Now);
            var spent = spend.Spent(period) - (runs ? toCome : 0m);
            var elapsed = (read.Now - period.StartsAt).TotalDays;
            return new CommitProgress(
                period, contract.CommittedIn(period), spent, spend.Charged(ChargeKind.TrueUp, period),
                runs && elapsed >= 1d ? Math.Round(spent * (decimal)((period.EndsAt - period.StartsAt).TotalDays / elapsed), 2, MidpointRounding.ToEven) : null);
        }).Reverse()];
    }
}
