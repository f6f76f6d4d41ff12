namespace Portal.Database.Tests.Properties;

/// <summary>A hold of the plain model.</summary>
internal sealed class PlainHold
{
    public Guid Id { get; set; }

    public string PublicId { get; set; } = "";

    public required string Pool { get; init; }

    public required string? Product { get; init; }

    public required string? Consumer { get; init; }

    public decimal Credits { get; set; }

    public DateTimeOffset ExpiresAt { get; set; }

    /// <summary><c>open</c>, <c>captured</c>, <c>released</c>, <c>expired</c>.</summary>
    public string State { get; set; } = "open";

    /// <summary>What it was captured with, and what that answered.</summary>
    public (string Body, string Answer)? Capture { get; set; }

    public bool IsOpen => State == "open";
}

/// <summary>Credits reserved for work in progress.</summary>
internal sealed partial class PlainWallet
{
    public List<PlainHold> Holds { get; } = [];

    public decimal Held(string pool) => Holds.Where(hold => hold.IsOpen && hold.Pool == pool).Sum(hold => hold.Credits);

    private IEnumerable<DateTimeOffset> HoldExpiries => Holds.Where(hold => hold.IsOpen).Select(hold => hold.ExpiresAt);

    public string Hold(string? consumer, string? named, string? product, decimal credits, int seconds, DateTimeOffset now)
    {
        if (named is not null && Trouble(named) is { } trouble) return trouble;
        var pool = PoolOf(named, consumer)!;
        if (Refusal(consumer, pool, product, credits, except: null, now) is { } refusal) return refusal;
        Holds.Add(new PlainHold { Pool = pool, Product = product, Consumer = consumer, Credits = credits, ExpiresAt = now.AddSeconds(seconds) });
        return "ok";
    }

    public string Change(PlainHold hold, decimal? credits, int? seconds, DateTimeOffset now)
    {
        if (!hold.IsOpen) return $"hold_{hold.State}";
        if (credits > hold.Credits && Refusal(hold.Consumer, hold.Pool, hold.Product, credits.Value, hold, now) is { } refusal) return refusal;
        hold.Credits = credits ?? hold.Credits;
        if (seconds is { } more) hold.ExpiresAt = now.AddSeconds(more);
        return "ok";
    }

    public static string Release(PlainHold hold)
    {
        if (hold.State == "captured") return "hold_captured";
        hold.State = "released";
        return "ok";
    }

    /// <summary>Books the real usage, an event or an amount of its own, and frees what was held.</summary>
    public string Capture(PlainHold hold, string id, string body, Usage usage, DateTimeOffset at, DateTimeOffset now)
    {
        if (hold.Capture is { } first && first.Body == body) return first.Answer;
        if (hold.State is "captured" or "released") return $"hold_{hold.State}";
        var pool = usage.Pool ?? hold.Pool;
        if (pool == hold.Pool && Find(pool)!.Closed) pool = Shared; // which got what it had
        var fate = Use(id, body, pool, usage.Product, usage.Consumer ?? hold.Consumer, usage.Credits, at, now);
        var known = fate.StartsWith("duplicate", StringComparison.Ordinal);
        if (!known && !fate.StartsWith("accepted", StringComparison.Ordinal)) return fate;
        var answer = $"{fate}, {(known ? "released" : hold.IsOpen ? "captured" : "expired")}";
        hold.State = known ? "released" : "captured";
        hold.Capture = (body, answer);
        return answer;
    }

    /// <summary>The largest hold that the grants could serve at once with all open ones that compete for them.</summary>
    public decimal Holdable(string pool, string? product, PlainHold? except, DateTimeOffset now)
    {
        var rivals = Holds.Where(hold => hold.IsOpen && hold != except && hold.Credits > 0m && Compete(hold.Pool, pool))
            .GroupBy(hold => (hold.Pool, hold.Product)).Select(kind => (kind.Key.Pool, kind.Key.Product, Credits: kind.Sum(hold => hold.Credits))).ToArray();
        decimal Spare(int chosen, bool withNew)
        {
            // By Hall's condition: no set of kinds of demand may ask for more than the grants hold that serve at least one of them.
            var set = rivals.Where((_, i) => (chosen & (1 << i)) != 0).ToList();
            if (withNew) set.Add((pool, product, 0m));
            return grants.Where(grant => grant.IsLive(now) && set.Exists(kind => Serves(grant, kind.Pool, kind.Product))).Sum(grant => grant.Remaining) - set.Sum(kind => kind.Credits);
        }

        var sets = Enumerable.Range(0, 1 << rivals.Length).ToArray();
        return sets.Any(chosen => Spare(chosen, withNew: false) < 0m) ? 0m : Math.Max(0m, sets.Min(chosen => Spare(chosen, withNew: true)));
    }

    /// <summary>The first limit that says no, as credits come before allowances and those before the spend cap; null when a hold may be placed.</summary>
    private string? Refusal(string? consumer, string pool, string? product, decimal credits, PlainHold? except, DateTimeOffset now)
    {
        if (credits == 0m) return null;
        var free = Holdable(pool, product, except, now);
        if (credits > free && !MayBeSold(pool)) return $"insufficient_credits {free:0.#########}";
        if (consumer is null || Allowances.Find(allowance => allowance.Consumer == consumer && allowance.Pool == pool) is not { Hard: true } limit)
            return BeyondCap(pool, product, credits, except, now);
        var left = Math.Max(0m, limit.Credits - Used(limit, now) - Holds.Where(hold => hold.IsOpen && hold != except && hold.Consumer == consumer && hold.Pool == pool).Sum(hold => hold.Credits));
        return credits > left ? $"allowance_exceeded {left:0.#########}" : BeyondCap(pool, product, credits, except, now);
    }

    private bool Serves(PlainGrant grant, string pool, string? product) =>
        (grant.Pool == pool || (grant.Pool == Shared && ReachesShared(pool))) && grant.Matches(product);

    private bool Compete(string one, string other) => one == other || (ReachesShared(one) && ReachesShared(other));

    private bool ReachesShared(string pool) => pool == Shared || Find(pool)!.Overflows;

    private void ExpireHolds(DateTimeOffset instant)
    {
        foreach (var hold in Holds.Where(hold => hold.IsOpen && hold.ExpiresAt <= instant)) hold.State = "expired";
    }
}
