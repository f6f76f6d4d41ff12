namespace Portal.Database.Tests.Properties;

/// <summary>Disputes (domain.md §3, §4): money taken, with unused credits first; used ones are owed whatever the policy; won, the reverse.</summary>
internal sealed partial class PlainWallet
{
    /// <summary>A dispute took money of a sale: the credits are those that all disputed money is the share of.</summary>
    public string Dispute(PlainSale sale, decimal taken, DateTimeOffset now)
    {
        sale.Disputed += taken;
        var (credits, money) = Share(sale);
        var ofSale = Math.Clamp(money - sale.DisputedMoney, 0m, taken);
        var gone = Math.Min(sale.Total, money + sale.Back.Net + sale.Back.Tax);
        var taxGone = sale.Back.Tax + sale.DisputedTax;
        var dispute = new PlainDispute { Money = ofSale, Tax = Math.Clamp(PlainSale.Cents(sale.Tax * gone / sale.Total) - taxGone, 0m, sale.Tax - taxGone) };

        var affected = Math.Max(0m, credits - sale.DisputedCredits);
        var unused = Choose(Unspent(sale), affected);
        var used = Choose(LastDrawnFirst(sale).Select(grant => (grant, grant.Used - grant.Owed)).ToArray(), affected - unused.Sum(part => part.Credits));
        foreach (var part in unused)
        {
            Move($"pool:{part.Grant.Pool}", "clawed_back", part.Credits);
            Book(Currency, "deferred:credits", Cash, Take(part.Grant, part.Credits));
            dispute.Parts.Add(new DisputedPart { Grant = part.Grant, Credits = part.Credits, Standing = part.Credits, Value = part.Value });
        }

        foreach (var (grant, owed, _) in used) dispute.Parts.Add(Owe(grant, owed));
        sale.Disputes.Add(dispute);
        Book(Currency, "tax_payable", Cash, dispute.Tax);
        Book(Currency, "chargebacks", Cash, ofSale - dispute.Tax - unused.Sum(part => part.Value));
        Book(Currency, "suspense", Cash, taken - ofSale);
        SettleDebts(now);
        return "ok";
    }

    /// <summary>Money of disputes came back: the reverse, the newest first, as far as no dispute that still stands affects the credits.</summary>
    public string Win(PlainSale sale, decimal back, DateTimeOffset now)
    {
        sale.Reinstated += back;
        var (credits, money) = Share(sale);
        var before = sale.DisputedMoney;
        var ofSale = Math.Clamp(before - money, 0m, back);
        var tax = money == 0m ? sale.DisputedTax : sale.DisputedTax - PlainSale.Cents(sale.DisputedTax * (before - ofSale) / before);
        var returning = Math.Max(0m, sale.DisputedCredits - credits);
        var value = 0m;
        foreach (var part in sale.Disputes.SelectMany(dispute => dispute.Parts).Reverse().ToArray())
        {
            var some = Math.Min(returning, part.Standing);
            if (some == 0m) continue;
            value += part.Pieces is null ? ReturnUnused(part, some, now) : Forgive(part, some, now);
            returning -= some;
        }

        sale.Disputes.Add(new PlainDispute { Money = -ofSale, Tax = -tax });
        Book(Currency, Cash, "tax_payable", tax);
        Book(Currency, Cash, "chargebacks", ofSale - tax - value);
        Book(Currency, Cash, "suspense", back - ofSale);
        SettleDebts(now);
        return "ok";
    }

    /// <summary>The credits and the money of a sale that disputes hold in all.</summary>
    private static (decimal Credits, decimal Money) Share(PlainSale sale)
    {
        var disputed = Math.Min(sale.Disputed - sale.Reinstated, sale.Total);
        return (PlainSale.Round(sale.Credits * disputed / sale.Total), disputed);
    }

    /// <summary>Used credits are owed by the pool that had the grant; by the shared one once that was closed.</summary>
    private DisputedPart Owe(PlainGrant grant, decimal credits)
    {
        var part = new DisputedPart { Grant = grant, Credits = credits, Standing = credits, Pieces = [] };
        var debt = new PlainPiece { Standing = Standing.Debt, Pool = Find(grant.Pool)!.Closed ? Shared : grant.Pool, Credits = credits, Chargeback = part };
        part.Pieces.Add(debt);
        debts.Add(debt);
        grant.Owed += credits;
        Move($"debt:{debt.Pool}", "clawed_back", credits);
        return part;
    }

    /// <summary>Unused credits back to their grant, with the value that they were taken with; a nano that it now differs by is rounding.</summary>
    private decimal ReturnUnused(DisputedPart part, decimal credits, DateTimeOffset now)
    {
        var taken = PlainGrant.Proportion(part.Value, part.Standing, part.Credits) - PlainGrant.Proportion(part.Value, part.Standing - credits, part.Credits);
        part.Standing -= credits;
        Book(Currency, "rounding", Cash, GiveBack(part.Grant, credits, "clawed_back", Cash, now) - taken);
        return taken;
    }

    /// <summary>What is owed is forgiven, last first: what is open, then what was settled, which goes back to the settling grant.</summary>
    private decimal Forgive(DisputedPart part, decimal credits, DateTimeOffset now)
    {
        part.Standing -= credits;
        part.Grant.Owed -= credits;
        while (credits > 0m)
        {
            var piece = part.Pieces![^1];
            var some = Math.Min(credits, piece.Credits);
            if (piece.Grant is { } settling)
            {
                var earned = settling.ValueOf(piece.RemainingBefore - piece.Credits + some) - settling.ValueOf(piece.RemainingBefore - piece.Credits);
                settling.Used -= some;
                Book(Currency, "rounding", "chargebacks", GiveBack(settling, some, "clawed_back", "chargebacks", now) - earned);
            }
            else
            {
                Move("clawed_back", $"debt:{piece.Pool}", some);
            }

            piece.Credits -= some;
            credits -= some;
            if (piece.Credits > 0m) continue;
            part.Pieces.Remove(piece);
            debts.Remove(piece);
        }

        return 0m;
    }
}
