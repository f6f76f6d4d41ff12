using Portal.Domain.Kernel;
using Portal.Domain.Ledger;

namespace Portal.Domain.Wallet;

/// <summary>
/// Gives credits back to the grant they came from (domain.md §4, Pieces). When it is expired, was rolled over or its pool closed
/// they come back and expire in one step, or are granted anew for thirty days, as the platform's setting <c>returned_credits</c> says.
/// </summary>
public static class CreditReturns
{
    private static readonly TimeSpan RegrantedFor = TimeSpan.FromDays(30);

    /// <summary>Moves credits from an account back into a grant, and their value from what it was earned as back to deferred.</summary>
    /// <param name="wallet">The wallet.</param>
    /// <param name="posting">The transaction that takes them back.</param>
    /// <param name="grant">From <see cref="WalletTransaction.FindGrantsAsync"/>: it may be closed.</param>
    /// <param name="credits">Above 0; at most what was taken out of it.</param>
    /// <param name="from">Account of credits that held them, such as <c>consumed:llm</c>.</param>
    /// <param name="earnedAs">Account of money that their value was booked to, such as <c>revenue:usage</c>.</param>
    /// <returns>The value that came back with them.</returns>
    public static decimal Into(WalletTransaction wallet, LedgerTransaction posting, Grant grant, decimal credits, string from, string earnedAs)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(posting);
        ArgumentNullException.ThrowIfNull(grant);
        var pool = wallet.Directory.PoolsById[grant.PoolId];
        var value = wallet.Wallet.Return(grant, credits);
        posting.MoveCredits(from, fromGrant: null, Account.Pool(pool.Key), grant.Id, credits);
        posting.Book(earnedAs, Account.DeferredCredits, value, grant.Currency);
        if (IsGone(wallet, grant)) Forward(wallet, posting, grant, pool, credits);
        return value;
    }

    private static bool IsGone(WalletTransaction wallet, Grant grant) =>
        wallet.Directory.PoolsById[grant.PoolId].Closed || grant.ExpiresAt <= wallet.Now || grant.RolledAt is not null;

    // The grant cannot keep them.
    private static void Forward(WalletTransaction wallet, LedgerTransaction posting, Grant grant, Pool pool, decimal credits)
    {
        var value = wallet.Clock.Regrants ? wallet.Wallet.Take(grant, credits) : wallet.Wallet.Lapse(grant, credits);
        if (!wallet.Clock.Regrants)
        {
            posting.MoveCredits(Account.Pool(pool.Key), grant.Id, Account.Expired, toGrant: null, credits);
            posting.Book(Account.DeferredCredits, Account.RevenueBreakage, value, grant.Currency);
            return;
        }

        var home = pool.Closed ? wallet.Directory.PoolsById[Pool.SharedId] : pool;
        var anew = new Grant
        {
            TenantId = grant.TenantId,
            Id = Uuid7.At(wallet.Now),
            PoolId = home.Id,
            Source = GrantSource.Refund,
            Amount = credits,
            Remaining = credits,
            Value = value,
            Currency = grant.Currency,
            Priority = grant.Priority,
            Products = grant.Products,
            EffectiveAt = wallet.Now,
            ExpiresAt = wallet.Now + RegrantedFor,
            ParentId = grant.Id,
            Lineage = "restored",
            Reference = posting.Reference,
            Reason = posting.Reason,
            CreatedAt = wallet.Now,
        };
        wallet.Wallet.Add(anew);
        posting.MoveCredits(Account.Pool(pool.Key), grant.Id, Account.Pool(home.Key), anew.Id, credits);
    }
}
