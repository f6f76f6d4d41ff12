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

    /// <summary>What a pool could give now: spendable, less its debt and what is held of it; not below 0.</summary>
    public decimal Available(string pool, DateTimeOffset now) =>
        Math.Max(0m, InOrder(pool, product: null, now, any: true).Sum(grant => grant.Remaining) - debts.Where(debt => debt.Pool == pool).Sum(debt => debt.Credits) - Held(pool));

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
        if (left.Length == 0 || credits == 0m) return "nothing_to_undo";
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
        MoveGrants(pool, Shared, InBurnOrder(all), all.Sum(grant => grant.Remaining), now);
        return "ok";
    }

    /// <summary>Each part of a grant becomes a grant of the other pool with the terms of the old and the value that went with it.</summary>
    private void MoveGrants(string from, string to, IEnumerable<PlainGrant> inOrder, decimal credits, DateTimeOffset now)
    {
        var moved = new List<PlainGrant>();
        foreach (var old in inOrder.ToArray())
        {
            var part = Math.Min(credits, old.Remaining);
            if (part == 0m) break;
            Move($"pool:{from}", $"pool:{to}", part);
            moved.Add(New(to, old.Source, part, Take(old, part), old.Priority, old.Products, old.EffectiveAt, old.ExpiresAt, old, old.RollCount));
            credits -= part;
        }

        grants.AddRange(moved);
        Transfers.Add(new PlainTransfer(from, to, moved));
        SettleDebts(now);
    }
}
