namespace Portal.Database.Tests.Properties;

/// <summary>Refunds (domain.md §3, §4): unspent credits go back over the whole lineage, those first that usage would draw last.</summary>
internal sealed partial class PlainWallet
{
    private const string Cash = "cash:sandbox", OnItsWay = "refunds_pending";

    /// <summary>What was paid through a provider.</summary>
    public List<PlainSale> Sales { get; } = [];

    private List<PlainSale> Outside { get; } = [];

    /// <summary>Why what a grant came from cannot be refunded, or the sale.</summary>
    private (string? Trouble, PlainSale? Sale) SaleOf(PlainGrant grant)
    {
        var root = RootOf(grant);
        if (root.Source != "purchase") return (root.Value == 0m ? "nothing_to_refund" : "not_refundable", null);
        if ((Sales.Find(sale => sale.Root == root) ?? Outside.Find(sale => sale.Root == root)) is { } known) return (null, known);
        Outside.Add(new PlainSale { Root = root, Credits = root.Amount, Net = root.Value, Tax = 0m, IsPaid = false });
        return (null, Outside[^1]);
    }

    /// <summary>Credits (or money; or, neither, all that is possible) of a sale are asked back.</summary>
    public string Refund(PlainGrant of, decimal? credits, decimal? money, DateTimeOffset now, out PlainRefund? asked)
    {
        asked = null;
        var (trouble, sale) = SaleOf(of);
        if (sale is null) return trouble!;
        var unspent = Unheld(sale, now);
        var unspentCredits = unspent.Sum(part => part.Credits);
        var all = Part(sale, unspent, unspentCredits);
        var most = Math.Min(all.Amount, sale.Left);
        if (most <= 0m) return "nothing_to_refund";
        if (credits > unspentCredits || money > most) return "refund_exceeds";
        var refund = credits is { } wanted ? Part(sale, unspent, wanted) : OfMoney(sale, unspent, money ?? most, all);

        // Parts given back before may have been rounded down, by a cent of net and one of tax; more than that is too much.
        if (refund.Amount - sale.Left > 0.02m) return "refund_exceeds";
        refund.Net = Math.Min(refund.Net, sale.Left - refund.Tax);
        if (refund.Amount <= 0m || refund.Credits <= 0m) return "nothing_to_refund";
        TakeBack(sale, refund, sale.IsPaid ? OnItsWay : "external:api");
        refund.State = sale.IsPaid ? "pending" : "succeeded";
        asked = refund;
        return "ok";
    }

    /// <summary>The provider has done it.</summary>
    public string Succeed(PlainSale sale, PlainRefund refund)
    {
        refund.State = "succeeded";
        sale.Refunded += refund.Amount;
        Book(Currency, OnItsWay, Cash, refund.Amount);
        return "ok";
    }

    /// <summary>The provider will not do it: the reverse of what was asked. A nano that the grants' values now differ by is rounding.</summary>
    public string Fail(PlainRefund refund, DateTimeOffset now)
    {
        refund.State = "failed";
        foreach (var part in refund.Parts)
            Book(Currency, "rounding", OnItsWay, GiveBack(part.Grant, part.Credits, "refunded", OnItsWay, now) - part.Value);
        Book(Currency, OnItsWay, "tax_payable", refund.Tax);
        Book(Currency, OnItsWay, "rounding", refund.Net - refund.Value);
        SettleDebts(now);
        return "ok";
    }

    /// <summary>
    /// The provider's people gave money back. A provider that tells no refund from another is taken to mean those asked for, as far as they
    /// fit; for the rest credits are taken, held or not, and what no credits are left for waits in <c>suspense</c>.
    /// </summary>
    public string RefundAtProvider(PlainSale sale, decimal gone, bool tellsApart)
    {
        foreach (var refund in tellsApart ? [] : sale.Pending.ToArray())
        {
            if (refund.Amount > gone) continue;
            Succeed(sale, refund);
            gone -= refund.Amount;
        }

        sale.Refunded += gone;
        var unspent = Unspent(sale);
        var all = Part(sale, unspent, unspent.Sum(part => part.Credits));
        var explained = 0m;
        if (all.Amount > 0m && gone > 0m)
        {
            var refund = gone >= all.Amount ? all : OfMoney(sale, unspent, gone, all);
            refund.State = "succeeded";
            TakeBack(sale, refund, Cash);
            explained = refund.Amount;
        }

        Book(Currency, "suspense", Cash, gone - explained);
        return "ok";
    }

    /// <summary>What is left of all that came of the sale of which a grant is a part.</summary>
    public decimal UnspentOf(PlainGrant grant) => grants.Where(other => RootOf(other) == RootOf(grant)).Sum(other => other.Remaining);

    private static PlainGrant RootOf(PlainGrant grant) => grant.Parent is null ? grant : RootOf(grant.Parent);

    /// <summary>All grants that came of a sale, those first that usage would draw last.</summary>
    private IEnumerable<PlainGrant> LastDrawnFirst(PlainSale sale) => InBurnOrder(grants.Where(grant => RootOf(grant) == sale.Root)).Reverse();

    private List<(PlainGrant Grant, decimal Credits)> Unspent(PlainSale sale) =>
        [.. LastDrawnFirst(sale).Where(grant => grant.Remaining > 0m).Select(grant => (grant, grant.Remaining))];

    /// <summary>What may leave while the other grants still serve all open holds.</summary>
    private List<(PlainGrant Grant, decimal Credits)> Unheld(PlainSale sale, DateTimeOffset now)
    {
        var parts = new List<(PlainGrant Grant, decimal Credits)>();
        foreach (var (grant, _) in Unspent(sale))
            parts.Add((grant, Free([.. parts.Select(part => part.Grant), grant], now) - parts.Sum(part => part.Credits)));
        return [.. parts.Where(part => part.Credits > 0m)];
    }

    private static List<TakenBack> Choose(IEnumerable<(PlainGrant Grant, decimal Credits)> from, decimal credits)
    {
        var chosen = new List<TakenBack>();
        foreach (var (grant, most) in from)
        {
            var part = Math.Min(most, credits - chosen.Sum(before => before.Credits));
            if (part > 0m) chosen.Add(new TakenBack(grant, part, grant.ValueLeft - grant.ValueOf(grant.Remaining - part)));
        }

        return chosen;
    }

    private static PlainRefund Part(PlainSale sale, List<(PlainGrant Grant, decimal Credits)> unspent, decimal credits)
    {
        var parts = Choose(unspent, credits);
        var (net, tax) = sale.Quote(parts.Sum(part => part.Value));
        return new PlainRefund { Parts = parts, Net = net, Tax = tax };
    }

    private static PlainRefund OfMoney(PlainSale sale, List<(PlainGrant Grant, decimal Credits)> unspent, decimal money, PlainRefund all)
    {
        if (money == all.Amount) return all;
        var part = Part(sale, unspent, Math.Min(sale.CreditsFor(money), unspent.Sum(grant => grant.Credits)));
        var tax = Math.Max(0m, Math.Min(part.Tax, money));
        return new PlainRefund { Parts = part.Parts, Net = money - tax, Tax = tax };
    }

    private void TakeBack(PlainSale sale, PlainRefund refund, string against)
    {
        sale.Refunds.Add(refund);
        foreach (var part in refund.Parts)
        {
            Move($"pool:{part.Grant.Pool}", "refunded", part.Credits);
            Book(Currency, "deferred:credits", against, Take(part.Grant, part.Credits));
        }

        Book(Currency, "tax_payable", against, refund.Tax);
        Book(Currency, "rounding", against, refund.Net - refund.Value);
    }
}
