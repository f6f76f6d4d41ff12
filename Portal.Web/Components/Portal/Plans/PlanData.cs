using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Subscriptions;
using Portal.Domain.Subscriptions.Contracts;

namespace Portal.Web.Components.TenantPages.Plans;

/// <summary>What the Plan page shows, read in one snapshot.</summary>
/// <param name="Version">The wallet's version that it shows.</param>
/// <param name="Subscription">The one that goes on; null without one.</param>
/// <param name="Plan">Its version of the plan.</param>
/// <param name="Next">The plan that it takes when the period ends; null for this one.</param>
/// <param name="Commit">How far the contract's commit is spent, the latest period first.</param>
/// <param name="Others">Plans in its currency that it could take.</param>
internal sealed record PlanData(
    long Version, Subscription? Subscription, Plan? Plan, Plan? Next, IReadOnlyList<CommitProgress> Commit, IReadOnlyList<Plan> Others)
{
    private const int MostPlans = 50;

    public static async Task<PlanData> ReadAsync(TenantRead read, CancellationToken cancellationToken = default)
    {
        var subscription = await SubscriptionQuery.CurrentAsync(read.Connection, read.TenantId, cancellationToken);
        if (subscription is null) return new PlanData(read.Version, null, null, null, [], []);
        var plan = await Domain.Catalog.Plans.VersionAsync(read.Connection, subscription.Plan, subscription.PlanVersion, cancellationToken);
        var next = subscription.Next is { } later ? await Domain.Catalog.Plans.VersionAsync(read.Connection, later.Key, later.Version, cancellationToken) : null;
        // A contract is changed by talking, not here.
        var others = subscription.Contract is not null ? [] : (await Domain.Catalog.Plans.ListAsync(read.Connection, after: null, MostPlans, cancellationToken))
            .Where(other => other.Currency == plan.Currency && (other.Key != plan.Key || other.Version != plan.Version)).ToArray();
        return new PlanData(read.Version, subscription, plan, next, await CommitProgress.ReadAsync(read, subscription, cancellationToken), others);
    }
}
