using Portal.Domain.Wallet;

namespace Portal.Domain.Payments.GivenBack;

/// <summary>Credits of one grant that are to be taken back.</summary>
/// <param name="Grant">The grant.</param>
/// <param name="Credits">How many, above 0.</param>
/// <param name="Value">What they stand for: the difference of the grant's value left.</param>
internal readonly record struct TakenPart(Grant Grant, decimal Credits, decimal Value)
{
    public static TakenPart Of(Grant grant, decimal credits) =>
        new(grant, credits, grant.ValueLeft - GrantValue.Left(grant.Value, grant.Remaining - credits, grant.Amount));
}

/// <summary>What of a lineage nobody has used, and how much of it may be taken, last drawn first.</summary>
internal sealed class Unspent
{
    private readonly List<(Grant Grant, decimal Credits)> grants = [];

    /// <summary>All of it, held or not: when the money is gone already, no hold keeps the credits.</summary>
    public static Unspent All(Lineage lineage)
    {
        var unspent = new Unspent();
        unspent.grants.AddRange(lineage.LastDrawnFirst.Where(grant => grant.Remaining > 0m).Select(grant => (grant, grant.Remaining)));
        return unspent;
    }

    /// <summary>What is left after all open holds could still be served at once.</summary>
    public static async Task<Unspent> UnheldAsync(WalletTransaction wallet, Lineage lineage, CancellationToken cancellationToken)
    {
        var unspent = new Unspent();
        var open = await OpenHolds.ReadAsync(wallet, except: null, cancellationToken);
        var (leaving, free) = (new List<Grant>(), 0m);
        foreach (var grant in lineage.LastDrawnFirst.Where(grant => grant.Remaining > 0m))
        {
            leaving.Add(grant);
            var with = HoldCover.FreeOf(leaving, open.Demands, wallet.Wallet.Grants, wallet.Directory.PoolsById, wallet.Now);
            if (with > free) unspent.grants.Add((grant, with - free));
            free = with;
        }

        return unspent;
    }

    /// <summary>Credits in all.</summary>
    public decimal Credits => grants.Sum(part => part.Credits);

    /// <summary>Parts of the grants that come to so many credits.</summary>
    public IReadOnlyList<TakenPart> Take(decimal credits)
    {
        var parts = new List<TakenPart>();
        foreach (var (grant, most) in grants)
        {
            if (credits <= 0m) break;
            var part = Math.Min(credits, most);
            parts.Add(TakenPart.Of(grant, part));
            credits -= part;
        }

        return parts;
    }
}
