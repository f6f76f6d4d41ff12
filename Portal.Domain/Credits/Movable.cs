namespace Portal.Domain.Wallet;

/// <summary>What a transfer takes of one grant.</summary>
/// <param name="Grant">The grant.</param>
/// <param name="Credits">Above 0, at most what it has left.</param>
public sealed record TransferPart(Grant Grant, decimal Credits);

/// <summary>What of a wallet's credits may move from one pool to another: what debts and open holds do not need. Pages and commands ask it alike.</summary>
/// <param name="Open">Open holds by pool and product.</param>
/// <param name="Grants">All grants of the wallet that have credits left.</param>
/// <param name="Pools">Its pools by number.</param>
/// <param name="Now">Business time.</param>
public sealed record Movable(IReadOnlyList<HoldDemand> Open, IReadOnlyList<Grant> Grants, IReadOnlyDictionary<int, Pool> Pools, DateTimeOffset Now)
{
    /// <summary>The most that may leave a pool: no more than its balance, and nothing that an open hold of any pool needs of it.</summary>
    /// <param name="poolId">The pool.</param>
    /// <param name="debt">What it owes.</param>
    public decimal Of(int poolId, decimal debt)
    {
        var spendable = Spendable(Grants.Where(grant => grant.PoolId == poolId));
        return Math.Min(Math.Max(0m, spendable.Sum(grant => grant.Remaining) - debt), Free(spendable));
    }

    /// <summary>
    /// What a transfer takes of these grants, in burn order, of those that are spendable now; less than asked for when no more of them is
    /// free. Whatever open holds need stays, if need be by passing over a grant whose turn it would be.
    /// </summary>
    /// <param name="from">Grants to take from.</param>
    /// <param name="credits">Credits to move.</param>
    public IReadOnlyList<TransferPart> Parts(IEnumerable<Grant> from, decimal credits)
    {
        ArgumentNullException.ThrowIfNull(from);
        var parts = new List<TransferPart>();
        var (asked, free) = (new List<Grant>(), 0m);
        foreach (var grant in Spendable(from))
        {
            if (free >= credits) break;
            // What may leave of the first grants together grows by what may leave of the next beside them.
            asked.Add(grant);
            var (before, together) = (free, Math.Min(credits, Free(asked)));
            if (together <= before) continue;
            parts.Add(new TransferPart(grant, together - before));
            free = together;
        }

        return parts;
    }

    private decimal Free(IReadOnlyCollection<Grant> leaving) => Open.All(hold => hold.Credits == 0m)
        ? leaving.Sum(grant => grant.Remaining)
        : HoldCover.FreeOf(leaving, Open, Grants, Pools, Now);

    private Grant[] Spendable(IEnumerable<Grant> grants) => [.. grants.Where(grant => grant.Remaining > 0m && grant.IsLive(Now)).Order(BurnOrder.Instance)];
}
