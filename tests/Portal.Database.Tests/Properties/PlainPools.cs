namespace Portal.Database.Tests.Properties;

/// <summary>Credits that went from one pool to another, and the grants they became.</summary>
internal sealed record PlainTransfer(string From, string To, IReadOnlyList<PlainGrant> Grants)
{
    /// <summary>The engine's id of it, when somebody asked for the transfer.</summary>
    public Guid? TransactionId { get; set; }
}

/// <summary>Pools: opened, changed, closed, and credits moved between them.</summary>
internal sealed partial class PlainWallet
{
    public List<PlainTransfer> Transfers { get; } = [];

    /// <summary>What a pool could give now: its spendable credits less its debt, and no more than open holds leave over.</summary>
    public decimal Available(string pool, DateTimeOffset now)
    {
        var spendable = InOrder(pool, product: null, now, any: true).ToArray();
        var own = spendable.Sum(grant => grant.Remaining) - debts.Where(debt => debt.Pool == pool).Sum(debt => debt.Credits);
        return Math.Min(Math.Max(0m, own), Free(spendable, now));
    }

    /// <summary>How much may leave these grants while the others can still serve as much of the open holds as all can now.</summary>
    private decimal Free(IReadOnlyCollection<PlainGrant> leaving, DateTimeOffset now) => Served(leaving, now) - Served(leaving: [], now);

    /// <summary>
    /// What grants can serve of all open holds, and of somebody who wants all that is in some of them: by the theorem of the smallest cut,
    /// the least, over all sets of demands, of what the others ask for and what the grants hold that serve one of the set.
    /// </summary>
    private decimal Served(IReadOnlyCollection<PlainGrant> leaving, DateTimeOffset now)
    {
        var kinds = Holds.Where(hold => hold.IsOpen && hold.Credits > 0m).GroupBy(hold => (hold.Pool, hold.Product)).ToArray();
        var useful = grants.Where(grant => grant.IsLive(now) || leaving.Contains(grant)).ToArray();
        decimal Cut(int chosen, bool leave) => kinds.Where((_, i) => (chosen & (1 << i)) == 0).Sum(kind => kind.Sum(hold => hold.Credits))
            + (leave ? 0m : leaving.Sum(grant => grant.Remaining))
            + useful.Where(grant => (leave && leaving.Contains(grant)) || (grant.IsLive(now) && kinds.Where((_, i) => (chosen & (1 << i)) != 0).Any(kind => Serves(grant, kind.Key.Pool, kind.Key.Product))))
                .Sum(grant => grant.Remaining);
        return Enumerable.Range(0, 1 << kinds.Length).Min(chosen => Math.Min(Cut(chosen, leave: false), Cut(chosen, leave: true)));
    }

    public string Open(string pool, bool overflows)
    {
        if (Find(pool) is not null) return "pool_exists";
        Pools.Add(new PlainPool(pool, overflows));
        return "ok";
    }

    public string Change(string pool, bool overflows)
    {
        if (Trouble(pool) is { } trouble) return trouble;
        if (pool == Shared && overflows) return "invalid_overflow";
        Find(pool)!.Overflows = overflows;
        return "ok";
    }

    public string Transfer(string from, string to, decimal credits, DateTimeOffset now)
    {
        if (credits <= 0m) return "invalid_credits";
        if ((Trouble(from) ?? Trouble(to)) is { } trouble) return trouble;
        if (from == to) return "same_pool";
        if (credits > Available(from, now)) return "insufficient_credits";
        MoveGrants(from, to, InOrder(from, product: null, now, any: true), credits, now);
        return "ok";
    }

    public string Undo(PlainTransfer transfer, DateTimeOffset now)
    {
        if (Find(transfer.From)!.Closed) return "pool_closed";
        var left = InOrder(transfer.To, product: null, now, any: true).Where(transfer.Grants.Contains).ToArray();
        var credits = Math.Min(Available(transfer.To, now), transfer.Grants.Sum(grant => grant.Amount));
        if (Math.Min(credits, Free(left, now)) <= 0m) return "nothing_to_undo";
        MoveGrants(transfer.To, transfer.From, left, credits, now);
        return "ok";
    }

    public string Close(string pool, DateTimeOffset now)
    {
        if (Find(pool) is not { } found) return "unknown_pool";
        if (pool == Shared) return "shared_pool";
        if (found.Closed) return "pool_closed";
        if (Holds.Exists(hold => hold.Pool == pool && hold.State == "open")) return "pool_has_holds";
        foreach (var debt in debts.Where(debt => debt.Pool == pool))
        {
            Move($"debt:{Shared}", $"debt:{pool}", debt.Credits);
            debt.Pool = Shared;
        }

        var all = grants.Where(grant => grant.Pool == pool && grant.Remaining > 0m).ToArray();
        foreach (var grant in grants.Where(grant => grant.Pool == pool)) grant.Closed = true;
        found.Closed = true;
        Allowances.RemoveAll(allowance => allowance.Pool == pool);
        MoveGrants(pool, Shared, InBurnOrder(all), all.Sum(grant => grant.Remaining), now, all: true);
        return "ok";
    }

    /// <summary>Each part of a grant becomes a grant of the other pool with the terms of the old and the value that went with it.</summary>
    /// <param name="from">The pool that gives.</param>
    /// <param name="to">The pool that gets.</param>
    /// <param name="inOrder">Grants to take from, in burn order.</param>
    /// <param name="credits">How many; fewer go when no more are free.</param>
    /// <param name="now">The instant.</param>
    /// <param name="all">Whatever is held: the pool closes.</param>
    private void MoveGrants(string from, string to, IEnumerable<PlainGrant> inOrder, decimal credits, DateTimeOffset now, bool all = false)
    {
        var parts = new List<(PlainGrant Grant, decimal Credits)>();
        foreach (var grant in inOrder)
        {
            var soFar = parts.Sum(part => part.Credits);
            var free = all ? soFar + grant.Remaining : Free([.. parts.Select(part => part.Grant), grant], now);
            parts.Add((grant, Math.Min(credits, free) - soFar));
        }

        var moved = new List<PlainGrant>();
        foreach (var (old, part) in parts.Where(part => part.Credits > 0m))
        {
            Move($"pool:{from}", $"pool:{to}", part);
            moved.Add(New(to, old.Source, part, Take(old, part), old.Priority, old.Products, old.EffectiveAt, old.ExpiresAt, old, old.RollCount));
            moved[^1].Plan = old.Plan;
        }

        grants.AddRange(moved);
        Transfers.Add(new PlainTransfer(from, to, moved));
        SettleDebts(now);
    }
}
