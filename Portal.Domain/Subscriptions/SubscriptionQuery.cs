using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Subscriptions;

/// <summary>Reads subscriptions.</summary>
public static class SubscriptionQuery
{
    private const string Select = "select " + Subscription.Columns + " from subscriptions s where s.tenant_id = $1";

    /// <summary>A subscription of the tenant; null when there is no such one.</summary>
    public static Task<Subscription?> FindAsync(NpgsqlConnection connection, long tenantId, Guid id, CancellationToken cancellationToken = default) =>
        connection.FindAsync(Select + " and s.id = $2", Subscription.Read, cancellationToken, tenantId, id);

    /// <summary>The tenant's subscription that has not ended; null without one.</summary>
    public static Task<Subscription?> CurrentAsync(NpgsqlConnection connection, long tenantId, CancellationToken cancellationToken = default) =>
        connection.FindAsync(Select + " and s.state <> 'cancelled'", Subscription.Read, cancellationToken, tenantId);

    /// <summary>The tenant's last subscription, ended or not; null when there was none.</summary>
    public static Task<Subscription?> LatestAsync(NpgsqlConnection connection, long tenantId, CancellationToken cancellationToken = default) =>
        connection.FindAsync(Select + " order by s.id desc limit 1", Subscription.Read, cancellationToken, tenantId);

    /// <summary>Subscriptions of the tenant, newest first.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="tenantId">Whose.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="after">The one after which to go on; null from the newest.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static Task<List<Subscription>> ListAsync(
        NpgsqlConnection connection, long tenantId, int limit, Guid? after, CancellationToken cancellationToken = default) =>
        connection.ListAsync(Select + " and s.id < $2 order by s.id desc limit $3", Subscription.Read, cancellationToken, tenantId, after ?? Guid.AllBitsSet, limit);
}
