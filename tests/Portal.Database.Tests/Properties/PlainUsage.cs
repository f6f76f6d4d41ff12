namespace Portal.Database.Tests.Properties;

/// <summary>Usage, and what becomes of it later: debts settled, events voided and amended.</summary>
internal sealed partial class PlainWallet
{
    private static readonly TimeSpan Window = TimeSpan.FromDays(35), Ahead = TimeSpan.FromMinutes(5);
    private readonly List<PlainPiece> debts = [];

    public List<PlainEvent> Events { get; } = [];

    /// <summary>Where usage of a consumer goes that names no pool.</summary>
    public Dictionary<string, string> DefaultPools { get; } = new(StringComparer.Ordinal) { ["ben"] = "team", ["cid"] = "team" };

    public string Use(string id, string body, string? named, string product, string? consumer, decimal credits, DateTimeOffset occurredAt, DateTimeOffset now)
    {
        if (Events.Find(known => known.Id == id) is { } twin) return twin.Body == body ? $"duplicate {twin.First:0.######}" : "conflict";
        if (occurredAt > now + Ahead) return "event_in_future";
        if (occurredAt < now - Window) return "event_too_old";
        if (PoolOf(named, consumer) is not { } pool) return "unknown_pool";
        Record(id, body, pool, product, consumer, credits, occurredAt, now);
        return $"accepted {credits:0.######}";
    }

    /// <summary>The pool named, the consumer's own or its team's, else the shared one; null when the one named is not open.</summary>
    public string? PoolOf(string? named, string? consumer)
    {
        if (named is not null) return Find(named) is { Closed: false } ? named : null;
        return consumer is not null && DefaultPools.GetValueOrDefault(consumer) is { } own && !Find(own)!.Closed ? own : Shared;
    }

    private PlainEvent Record(
        string id, string body, string pool, string product, string? consumer, decimal credits, DateTimeOffset occurredAt, DateTimeOffset now)
    {
        var usage = new PlainEvent
        {
            Id = id,
            Body = body,
            Pool = pool,
            Product = product,
            Consumer = consumer,
            OccurredAt = occurredAt,
            PostedAt = now,
            First = credits,
            Credits = credits,
        };
        Events.Add(usage);
        if (usage.HasCost) Book(Currency, "cogs:vendor", "accrued_cost:vendor", credits / 1000m);
        Draw(usage, credits, now);
        return usage;
    }

    /// <summary>Draws in burn order: from the pool, from the shared pool if it overflows, then beyond the grants.</summary>
    private void Draw(PlainEvent usage, decimal credits, DateTimeOffset now)
    {
        var overflows = Find(usage.Pool) is { Overflows: true } or { Closed: true };
        foreach (var grant in InOrder(usage.Pool, usage.Product, now).Concat(overflows ? InOrder(Shared, usage.Product, now) : []).ToArray())
        {
            if (credits == 0m) return;
            var part = Math.Min(credits, grant.Remaining);
            Earn(usage, grant, part);
            usage.Pieces.Add(new PlainPiece { Event = usage, Standing = Standing.Grant, Pool = grant.Pool, Grant = grant, Credits = part });
            credits -= part;
        }

        if (credits > 0m) DrawBeyond(usage, overflows ? Shared : usage.Pool, credits, now);
    }

    private void Owe(PlainEvent usage, string pool, decimal credits)
    {
        var owed = new PlainPiece { Event = usage, Standing = Standing.Debt, Pool = pool, Credits = credits };
        usage.Pieces.Add(owed);
        debts.Add(owed);
        Move($"debt:{pool}", $"consumed:{usage.Product}", credits);
    }

    private void Earn(PlainEvent usage, PlainGrant grant, decimal credits)
    {
        grant.Used += credits;
        Move($"pool:{grant.Pool}", $"consumed:{usage.Product}", credits);
        Book(Currency, "deferred:credits", "revenue:usage", Take(grant, credits));
    }

    /// <summary>Open debts, oldest first, each by the grants of its pool that match its product.</summary>
    private void SettleDebts(DateTimeOffset now)
    {
        foreach (var debt in debts.ToArray())
        {
            foreach (var grant in InOrder(debt.Pool, debt.Product, now, any: debt.Event is null).ToArray())
            {
                if (debt.Credits == 0m) break;
                SettleBy(debt, grant, Math.Min(debt.Credits, grant.Remaining));
            }

            if (debt.Credits == 0m) Forget(debt);
        }
    }

    private void SettleBy(PlainPiece debt, PlainGrant grant, decimal credits)
    {
        var before = grant.Remaining;
        grant.Used += credits;
        Move($"pool:{grant.Pool}", $"debt:{debt.Pool}", credits);
        Book(Currency, "deferred:credits", debt.Event is null ? "chargebacks" : "revenue:usage", Take(grant, credits));
        debt.Credits -= credits;
        // What one grant settled of a debt, at once or by and by, is one piece.
        if (debt.Event is { } usage && usage.Pieces.Find(piece => piece.Settled == debt && piece == usage.Pieces[usage.Pieces.IndexOf(debt) - 1]) is { } last && last.Grant == grant)
        {
            last.Credits += credits;
            return;
        }

        var settledPart = new PlainPiece
        {
            Event = debt.Event,
            Chargeback = debt.Chargeback,
            Standing = Standing.Grant,
            Pool = debt.Pool,
            Grant = grant,
            Credits = credits,
            RemainingBefore = before,
            Settled = debt,
        };
        debt.Whole.Insert(debt.Whole.IndexOf(debt), settledPart);
    }

    private void Forget(PlainPiece debt)
    {
        debts.Remove(debt);
        debt.Whole.Remove(debt);
    }
}
