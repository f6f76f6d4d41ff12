namespace Portal.Domain.Wallet;

/// <summary>
/// What open holds and one more would cost beyond the grants. By the credit it is exact. Where meters have prices it is not told which hold the
/// grants leave uncovered, so all of it is taken at the dearest price of a credit among them (never less than what comes of it while prices are
/// plain).
/// </summary>
internal sealed class ForeseenOverage
{
    private readonly OverageTerms terms;
    private readonly PeriodCounters period;
    private readonly decimal? dearest;

    /// <summary>Of the open holds and of one that asks.</summary>
    /// <param name="terms">On which terms.</param>
    /// <param name="period">What accrued, with all money that is foreseen besides.</param>
    /// <param name="holds">What each would draw, and what its meter would measure.</param>
    public ForeseenOverage(OverageTerms terms, PeriodCounters period, IEnumerable<Overdraw> holds)
    {
        (this.terms, this.period) = (terms, period);
        if (terms.Meters.Count == 0) return;
        dearest = holds.Where(hold => hold.Credits > 0m).Select(RateOf).DefaultIfEmpty(0m).Max();
    }

    /// <summary>What so many credits cost beyond the grants.</summary>
    public decimal Cost(decimal credits) => dearest is { } rate ? Math.Round(rate * credits, 9, MidpointRounding.ToEven) : terms.Cost(period.Overage, credits);

    /// <summary>How many of so many credits can be sold without passing the cap.</summary>
    public decimal Sellable(decimal credits)
    {
        if (dearest is not { } rate) return terms.Sellable(period, credits);
        var room = Math.Max(0m, terms.SpendCap!.Value - period.Spend);
        return rate == 0m || room / rate >= credits ? credits : Math.Round(room / rate, 9, MidpointRounding.ToZero);
    }

    private decimal RateOf(Overdraw hold) => Math.Max(0m, terms.Cost(period, terms.Priced(hold))) / hold.Credits;
}
