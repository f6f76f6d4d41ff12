using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Subscriptions;

/// <summary>Grants that a plan's item makes, known by their reference: the subscription and the item.</summary>
internal static class PlanGrants
{
    /// <summary>What grants of an item refer to.</summary>
    public static string Reference(Subscription subscription, string item) => $"{subscription.PublicId}/{item}";

    /// <summary>A grant of included credits, or of a commit (drawn before all others), in the shared pool.</summary>
    public static Grant New(
        WalletState wallet, string currency, string reference, decimal credits, decimal value, DateTimeOffset at, DateTimeOffset expiresAt,
        string source = GrantSource.Plan) => new()
        {
            TenantId = wallet.TenantId,
            Id = Uuid7.At(wallet.Now),
            PoolId = Pool.SharedId,
            Source = source,
            Priority = source == GrantSource.Commit ? (short)0 : Grant.DefaultPriority,
            Amount = credits,
            Remaining = credits,
            Value = value,
            Currency = currency,
            EffectiveAt = at,
            ExpiresAt = expiresAt,
            Reference = reference,
            CreatedAt = wallet.Now,
        };
}
