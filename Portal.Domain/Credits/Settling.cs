using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;

namespace Portal.Domain.Wallet;

/// <summary>One wallet while what fell due for it is done: what each step has at hand, and how it posts.</summary>
/// <param name="Connection">The connection that holds the lock.</param>
/// <param name="Transaction">The transaction that holds the lock.</param>
/// <param name="Wallet">The wallet.</param>
/// <param name="Directory">Pools, zone and currency.</param>
/// <param name="Clock">Book dates.</param>
public sealed record Settling(
    NpgsqlConnection Connection, NpgsqlTransaction Transaction, WalletState Wallet, WalletDirectory Directory, PostingClock Clock)
{
    /// <summary>Begins a transaction of the ledger that happened at a due instant.</summary>
    /// <param name="kind">What happened.</param>
    /// <param name="instant">When it fell due.</param>
    /// <param name="key">Natural key (kind, subject, instant) that makes it happen once.</param>
    /// <param name="reference">Public id of the cause.</param>
    public LedgerTransaction Begin(string kind, DateTimeOffset instant, string? key, string? reference = null) =>
        Wallet.Post(new LedgerTransaction(Wallet.TenantId, kind, instant, Wallet.Now, Clock.BookDate(instant))
        {
            IdempotencyKey = key,
            Reference = reference,
            Actor = "settle",
        });

    /// <summary>Expires what a grant has left: pool → expired, and its value becomes breakage.</summary>
    public void Expire(Grant grant, DateTimeOffset instant)
    {
        ArgumentNullException.ThrowIfNull(grant);
        if (grant.Remaining == 0m) return;
        var posting = Begin("expiry", instant, $"expiry:{grant.Id:N}", PublicId.Format(PublicId.Grant, Wallet.TenantId, grant.Id));
        var credits = grant.Remaining;
        var value = Wallet.Take(grant, credits);
        posting.MoveCredits(Account.Pool(PoolOf(grant)), grant.Id, Account.Expired, toGrant: null, credits);
        posting.Book(Account.DeferredCredits, Account.RevenueBreakage, value, grant.Currency);
    }

    /// <summary>Key of the pool that holds a grant.</summary>
    public string PoolOf(Grant grant)
    {
        ArgumentNullException.ThrowIfNull(grant);
        return Directory.PoolsById[grant.PoolId].Key;
    }

    /// <summary>Settles, at an instant, debts that were incurred by then, oldest first.</summary>
    public void SettleDebts(DateTimeOffset instant) => Wallet.SettleDebts(
        instant, Directory.PoolsById,
        () => new LedgerTransaction(Wallet.TenantId, "settlement", instant, Wallet.Now, Clock.BookDate(instant)) { Actor = "settle" });
}

/// <summary>What a subscription makes fall due. Subscriptions do it; credits only ask, in the order of domain.md §4.</summary>
public interface IRenewals
{
    /// <summary>The tenant's subscription that has not ended, as far as it concerns the wallet; null without one.</summary>
    Task<IRenewal?> FindAsync(Settling settling, CancellationToken cancellationToken);
}

/// <summary>One subscription while its wallet is settled.</summary>
public interface IRenewal
{
    /// <summary>The next instant at which it has something to do; null: never again.</summary>
    DateTimeOffset? NextAt { get; }

    /// <summary>Closes the period that ends at that instant.</summary>
    Task CloseAsync(DateTimeOffset at, CancellationToken cancellationToken);

    /// <summary>Rolls over what was left of credits that renew at that instant.</summary>
    void Roll(DateTimeOffset at);

    /// <summary>Grants the credits that are due at that instant.</summary>
    void Grant(DateTimeOffset at);

    /// <summary>Writes how the subscription stands, when something was done.</summary>
    Task WriteAsync(CancellationToken cancellationToken);
}
