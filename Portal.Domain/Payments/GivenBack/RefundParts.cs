using Portal.Domain.Kernel;

namespace Portal.Domain.Payments.GivenBack;

/// <summary>What a refund takes and moves.</summary>
/// <param name="Parts">Credits, by grant.</param>
/// <param name="Net">Money without tax.</param>
/// <param name="Tax">Tax on it.</param>
internal sealed record RefundParts(IReadOnlyList<TakenPart> Parts, decimal Net, decimal Tax)
{
    public decimal Credits => Parts.Sum(part => part.Credits);

    public decimal Value => Parts.Sum(part => part.Value);

    public decimal Amount => Net + Tax;

    /// <summary>The refund of so many unspent credits.</summary>
    public static RefundParts Of(Sale sale, Unspent unspent, decimal credits)
    {
        var parts = unspent.Take(credits);
        var (net, tax) = sale.Quote(parts.Sum(part => part.Value));
        return new RefundParts(parts, net, tax);
    }

    /// <summary>The refund of so much money, and of the credits that it stands for as far as they are unspent.</summary>
    /// <param name="sale">What was sold.</param>
    /// <param name="unspent">What may be taken.</param>
    /// <param name="amount">At most what all of it comes to.</param>
    /// <param name="all">The refund of all of it.</param>
    public static RefundParts OfMoney(Sale sale, Unspent unspent, decimal amount, RefundParts all)
    {
        if (amount == all.Amount) return all;
        var part = Of(sale, unspent, Math.Min(sale.CreditsFor(amount), unspent.Credits));
        var tax = Math.Clamp(part.Tax, 0m, amount);
        return part with { Net = amount - tax, Tax = tax };
    }

    /// <summary>
    /// The refund that is asked for. Refuses: <c>nothing_to_refund</c>, <c>refund_exceeds</c>.
    /// </summary>
    /// <param name="sale">What was sold.</param>
    /// <param name="unspent">What may be taken.</param>
    /// <param name="available">Money that is left of the payment.</param>
    /// <param name="credits">So many credits; or</param>
    /// <param name="amount">so much money; neither: all that is possible.</param>
    public static Result<RefundParts> Decide(Sale sale, Unspent unspent, decimal available, decimal? credits, decimal? amount)
    {
        var all = Of(sale, unspent, unspent.Credits);
        var most = Math.Min(all.Amount, available);
        if (most <= 0m) return RefundProblems.NothingLeft;
        if (credits > unspent.Credits || amount > most) return RefundProblems.Exceeds(unspent.Credits, most);
        var parts = credits is { } wanted ? Of(sale, unspent, wanted) : OfMoney(sale, unspent, amount ?? most, all);
        if (parts.Amount > available)
        {
            // What was given back before may have been rounded the other way, by a minor unit for net and one for tax.
            if (sale.Currency.RoundToMinor(available) < available || parts.Amount - available > 2m * MinorUnits.Amount(1, sale.Currency))
                return RefundProblems.Exceeds(unspent.Credits, most);
            parts = parts with { Net = available - parts.Tax };
        }

        return parts.Amount <= 0m || parts.Credits <= 0m ? RefundProblems.NothingLeft : parts;
    }
}
