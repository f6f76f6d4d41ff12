namespace Portal.Database.Tests.Properties;

/// <summary>Usage taken back, whole or in part: its pieces as they stand are unwound, last first.</summary>
internal sealed partial class PlainWallet
{
    /// <summary>The platform's setting: what comes back to a grant that is gone is granted anew.</summary>
    public bool Regrants { get; set; }

    public string Void(PlainEvent usage, bool happened, DateTimeOffset now)
    {
        if (usage.Voided) return "event_voided";
        usage.Voided = true;
        Correct(usage, 0m, happened, now);
        return "ok";
    }

    public string Amend(PlainEvent usage, decimal credits, DateTimeOffset now)
    {
        if (usage.Voided) return "event_voided";
        if (!usage.IsMeasured) return "attribution_changed"; // no meter measures credits captured by their amount
        Correct(usage, credits, happened: false, now);
        return "ok";
    }

    /// <summary>Cost stays when the inference was paid for all the same; what more is used is drawn now.</summary>
    private void Correct(PlainEvent usage, decimal credits, bool happened, DateTimeOffset now)
    {
        var more = credits - usage.Credits;
        usage.Credits = credits;
        if (!happened && usage.HasCost) Book(Currency, "cogs:vendor", "accrued_cost:vendor", more / 1000m);
        if (more > 0m) Draw(usage, more, now);
        else Unwind(usage, -more, now);
        SettleDebts(now);
    }

    private void Unwind(PlainEvent usage, decimal credits, DateTimeOffset now)
    {
        while (credits > 0m)
        {
            var piece = usage.Pieces[^1];
            var part = Math.Min(credits, piece.Credits);
            if (piece.Standing == Standing.Grant) Return(usage.Product, piece.Grant!, part, now);
            else if (piece.Standing == Standing.Overage) Unsell(usage, piece, part);
            else Move($"consumed:{usage.Product}", $"debt:{piece.Pool}", part);
            piece.Credits -= part;
            credits -= part;
            if (piece.Credits > 0m) continue;
            usage.Pieces.Remove(piece);
            debts.Remove(piece);
        }
    }

    private void Return(string product, PlainGrant grant, decimal credits, DateTimeOffset now)
    {
        grant.Used -= credits;
        GiveBack(grant, credits, $"consumed:{product}", "revenue:usage", now);
    }

    /// <summary>Back into the grant, with the value that it is worth there; into one that is gone, and out of it at once.</summary>
    private decimal GiveBack(PlainGrant grant, decimal credits, string from, string earnedAs, DateTimeOffset now)
    {
        Move(from, $"pool:{grant.Pool}", credits);
        var value = -Take(grant, -credits);
        Book(Currency, earnedAs, "deferred:credits", value);
        var closed = Find(grant.Pool)!.Closed;
        if (!closed && !grant.Rolled && !(grant.ExpiresAt <= now)) return value;
        Take(grant, credits);
        if (Regrants)
        {
            var home = closed ? Shared : grant.Pool;
            Move($"pool:{grant.Pool}", $"pool:{home}", credits);
            grants.Add(New(home, "refund", credits, value, grant.Priority, grant.Products, now, now.AddDays(30), grant));
            return value;
        }

        Move($"pool:{grant.Pool}", "expired", credits);
        Book(Currency, "deferred:credits", "revenue:breakage", value);
        return value;
    }
}
