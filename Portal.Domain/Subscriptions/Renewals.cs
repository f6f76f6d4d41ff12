using System.Collections.Concurrent;
using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Wallet;

namespace Portal.Domain.Subscriptions;

/// <summary>Finds the subscription that a wallet is settled with. Versions of plans never change, so those read are kept.</summary>
public sealed class Renewals : IRenewals
{
    private readonly ConcurrentDictionary<(string Key, int Version), Plan> plans = [];

    /// <inheritdoc />
    public async Task<IRenewal?> FindAsync(Settling settling, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(settling);
        var subscription = await SubscriptionQuery.CurrentAsync(settling.Connection, settling.Wallet.TenantId, cancellationToken);
        if (subscription is null) return null;
        var plan = await VersionAsync((subscription.Plan, subscription.PlanVersion));
        var next = subscription.Next is { } later ? await VersionAsync(later) : null;
        return await Renewal.OfAsync(settling, subscription, plan, next, another: null, cancellationToken);

        async Task<Plan> VersionAsync((string Key, int Version) sold)
        {
            if (!plans.TryGetValue(sold, out var known)) known = plans[sold] = await Plans.VersionAsync(settling.Connection, sold.Key, sold.Version, cancellationToken);
            return known;
        }
    }
}
