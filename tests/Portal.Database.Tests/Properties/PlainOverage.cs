namespace Portal.Database.Tests.Properties;

/// <summary>What exceeds the grants: sold up to the spend cap while a subscription sells, owed beyond.</summary>
internal sealed partial class PlainWallet
{
    /// <summary>What accrued in the billing period that runs, and when it began.</summary>
    public (DateTimeOffset? StartsAt, decimal Overage, decimal Spend) Period =>
        Subscription is { InTrial: false } running ? (running.PeriodStart, running.Overage, running.Spend) : (null, 0m, 0m);

    private void DrawBeyond(PlainEvent usage, string pool, decimal credits, DateTimeOffset now)
    {
        var sold = 0m;
        if (Subscription is { Exhaustion: "overage", InTrial: false } running)
        {
            sold = running.Cap is { } cap ? running.Plan.Overage!.Affordable(running.Overage, credits, cap - running.Spend) : credits;
            if (sold > 0m) Sell(running, usage, pool, sold, now);
        }

        if (credits > sold) Owe(usage, pool, credits - sold);
    }

    private void Sell(PlainSubscription running, PlainEvent usage, string pool, decimal credits, DateTimeOffset now)
    {
        var price = running.Plan.Overage!;
        var money = price.Of(running.Overage + credits) - price.Of(running.Overage);
        running.Overage += credits;
        running.Spend += money;
        usage.Pieces.Add(new PlainPiece { Event = usage, Standing = Standing.Overage, Pool = pool, Credits = credits, Money = money, SoldAt = now });
        Move($"overage:{pool}", $"consumed:{usage.Product}", credits);
        Book(Currency, "unbilled", "revenue:overage", money);
    }

    /// <summary>Takes a sale back: in its period by difference of the price of all that was sold in it, later by the piece's share.</summary>
    private void Unsell(PlainEvent usage, PlainPiece piece, decimal credits)
    {
        var money = credits == piece.Credits ? piece.Money : Math.Round(piece.Money * credits / piece.Credits, 9, MidpointRounding.AwayFromZero);
        piece.Money -= money;
        if (Subscription is { InTrial: false } running && piece.SoldAt >= running.PeriodStart)
        {
            var price = running.Plan.Overage!;
            money = price.Of(running.Overage) - price.Of(running.Overage - credits);
            running.Overage -= credits;
            running.Spend -= money;
        }

        Move($"consumed:{usage.Product}", $"overage:{piece.Pool}", credits);
        Book(Currency, "revenue:overage", "unbilled", money);
    }

    /// <summary>Under overage a hold is not bound by the grants, but in a pool that denies overflow.</summary>
    private bool MayBeSold(string pool) => Subscription is { Exhaustion: "overage", InTrial: false } && ReachesShared(pool);

    /// <summary>The spend cap, asked last: what no grant would serve of all holds has to fit under it.</summary>
    private string? BeyondCap(string pool, string? product, decimal credits, PlainHold? except, DateTimeOffset now)
    {
        if (!MayBeSold(pool) || Subscription is not { Cap: { } cap } running) return null;
        var (free, unserved) = Cover(pool, product, except, now);
        if (credits <= free) return null;
        var (price, sold) = (running.Plan.Overage!, running.Overage);
        if (running.Spend + price.Of(sold + unserved + credits - free) - price.Of(sold) <= cap) return null;
        var most = price.Affordable(sold, unserved + credits, cap - running.Spend);
        return $"spend_cap_reached {Math.Min(credits, free + Math.Max(0m, most - unserved)):0.#########}";
    }

    /// <summary>What one more hold could have of the grants, and what they cannot serve of the open ones; by the theorem of the smallest cut.</summary>
    private (decimal Free, decimal Unserved) Cover(string pool, string? product, PlainHold? except, DateTimeOffset now)
    {
        var kinds = Holds.Where(hold => hold.IsOpen && hold != except && hold.Credits > 0m && Compete(hold.Pool, pool)).GroupBy(hold => (hold.Pool, hold.Product)).ToArray();
        decimal Served(bool withNew) => Enumerable.Range(0, 1 << kinds.Length).Min(chosen =>
        {
            var within = kinds.Where((_, i) => (chosen & (1 << i)) != 0).Select(kind => kind.Key).ToList();
            if (withNew) within.Add((pool, product));
            return kinds.Where((_, i) => (chosen & (1 << i)) == 0).Sum(kind => kind.Sum(hold => hold.Credits))
                + grants.Where(grant => grant.IsLive(now) && within.Exists(kind => Serves(grant, kind.Pool, kind.Product))).Sum(grant => grant.Remaining);
        });
        var served = Served(withNew: false);
        return (Served(withNew: true) - served, kinds.Sum(kind => kind.Sum(hold => hold.Credits)) - served);
    }
}
