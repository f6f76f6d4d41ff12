using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Subscriptions;
using Portal.Domain.Wallet;

namespace Portal.Domain.Invoicing;

/// <summary>What unpaid invoices make of a tenant's subscription (domain.md §9): past due from the first refusal, suspended after the last.</summary>
internal static class Standing
{
    private const string Restore = """
        update subscriptions set state = 'active' where tenant_id = $1 and state in ('past_due', 'suspended')
          and not exists (select from invoices where tenant_id = $1 and state = 'open' and first_failed_at is not null)
        """;

    /// <summary>Restores service once nothing is unpaid.</summary>
    public static async Task RestoreAsync(WalletTransaction wallet, CancellationToken cancellationToken)
    {
        if (await wallet.ExecuteAsync(Restore, cancellationToken, wallet.TenantId) > 0) wallet.ConfigurationChanged();
    }

    /// <summary>The subscription is past due, or suspended.</summary>
    public static async Task WorsenAsync(WalletTransaction wallet, bool suspend, CancellationToken cancellationToken)
    {
        const string sql = "update subscriptions set state = $2 where tenant_id = $1 and state = any($3)";
        var state = suspend ? SubscriptionState.Suspended : SubscriptionState.PastDue;
        string[] from = suspend ? [SubscriptionState.Active, SubscriptionState.PastDue] : [SubscriptionState.Active];
        if (await wallet.ExecuteAsync(sql, cancellationToken, wallet.TenantId, state, from) > 0) wallet.ConfigurationChanged();
    }
}
