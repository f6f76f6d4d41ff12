using Portal.Domain.Catalog;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Wallet;

namespace Portal.Domain.Subscriptions;

/// <summary>
/// Rollover at renewal (domain.md §4): <c>rolled = min(max, max(left, min))</c> over all that is left from one plan item. What exceeds it
/// is trimmed from the oldest and expires; each part becomes a grant of its own with the value it had; what the minimum gives beyond what
/// was left is a promotion that does not roll.
/// </summary>
internal static class RollingOver
{
    /// <summary>Rolls over what is left of an item's credits.</summary>
    /// <param name="settling">The wallet being settled.</param>
    /// <param name="reference">The item, as its grants refer to it.</param>
    /// <param name="rule">What rolls.</param>
    /// <param name="included">Credits that were included in the period that ends.</param>
    /// <param name="at">The renewal.</param>
    /// <param name="expiresAt">When rolled credits expire.</param>
    public static void Run(Settling settling, string reference, Rollover rule, decimal included, DateTimeOffset at, DateTimeOffset expiresAt)
    {
        var left = settling.Wallet.Grants.Where(grant => MayRoll(grant, reference, rule, at))
            .OrderByDescending(grant => grant.RollCount).ThenBy(grant => grant.EffectiveAt).ThenBy(grant => grant.Id).ToArray();
        var total = left.Sum(grant => grant.Remaining);
        var rolled = rule.Rolled(total, included);
        var trim = Math.Max(0m, total - rolled);
        var posting = rolled == 0m ? null : settling.Begin("rollover", at, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"rollover:{reference}:{at.UtcTicks}"), reference);
        foreach (var grant in left)
        {
            settling.Wallet.Roll(grant, at);
            var trimmed = Math.Min(trim, grant.Remaining);
            trim -= trimmed;
            if (grant.Remaining > trimmed) RollOne(settling, posting!, grant, grant.Remaining - trimmed, at, expiresAt);
            settling.Expire(grant, at); // what was trimmed
        }

        if (rolled > total) Top(settling, posting!, reference, rolled - total, at, expiresAt);
    }

    // This period's grant, and earlier rolls that have rolls to spare; those that have none live on until they expire.
    private static bool MayRoll(Grant grant, string reference, Rollover rule, DateTimeOffset at) =>
        grant.Reference == reference && grant.Remaining > 0m && grant.EffectiveAt < at
        && ((grant.Source == GrantSource.Plan && grant.ExpiresAt == at)
            || (grant.Source == GrantSource.Rollover && grant.ExpiresAt >= at && (rule.MaxRolls is not { } most || grant.RollCount < most)));

    private static void RollOne(Settling settling, LedgerTransaction posting, Grant old, decimal credits, DateTimeOffset at, DateTimeOffset expiresAt)
    {
        var rolled = old.Successor(rolled: true, credits, settling.Wallet.Take(old, credits), old.PoolId, at, expiresAt, settling.Wallet.Now);
        settling.Wallet.Add(rolled);
        var pool = Account.Pool(settling.PoolOf(old));
        posting.MoveCredits(pool, old.Id, pool, rolled.Id, credits);
    }

    private static void Top(Settling settling, LedgerTransaction posting, string reference, decimal credits, DateTimeOffset at, DateTimeOffset expiresAt)
    {
        var grant = new Grant
        {
            TenantId = settling.Wallet.TenantId,
            Id = Uuid7.At(settling.Wallet.Now),
            PoolId = Pool.SharedId,
            Source = GrantSource.Promotion,
            Amount = credits,
            Remaining = credits,
            Value = 0m,
            Currency = settling.Directory.Currency,
            EffectiveAt = at,
            ExpiresAt = expiresAt,
            Reference = reference,
            CreatedAt = settling.Wallet.Now,
        };
        settling.Wallet.Add(grant);
        posting.MoveCredits(Account.Issued, fromGrant: null, Account.Pool(settling.Directory.PoolsById[Pool.SharedId].Key), grant.Id, credits);
    }
}
