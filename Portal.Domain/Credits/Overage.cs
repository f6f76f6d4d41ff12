using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Wallet;

/// <summary>What accrued in the billing period that runs.</summary>
/// <param name="StartsAt">Its beginning; null without a subscription.</param>
/// <param name="EndsAt">Its end; null without a subscription.</param>
/// <param name="Overage">Credits sold beyond the grants.</param>
/// <param name="Spend">Money accrued, net: overage and usage priced in money, nine places.</param>
public sealed record PeriodCounters(DateTimeOffset? StartsAt, DateTimeOffset? EndsAt, decimal Overage, decimal Spend)
{
    /// <summary>Of a wallet without a subscription.</summary>
    public static readonly PeriodCounters None = new(null, null, 0m, 0m);
}

/// <summary>On what terms credits beyond the grants are sold under policy <c>overage</c>.</summary>
/// <param name="Price">Per credit, over all credits sold in a billing period.</param>
/// <param name="SpendCap">Most money that a period may accrue; null for no limit.</param>
/// <param name="Currency">Of both.</param>
public sealed record OverageTerms(Price Price, decimal? SpendCap, string Currency)
{
    private const decimal Nano = 0.000000001m;

    /// <summary>What <paramref name="credits"/> more cost after so many were sold: a difference of one function, so that no order of events matters.</summary>
    /// <returns>Money at nine places; below 0 where a volume price falls, or for negative credits.</returns>
    public decimal Cost(decimal sold, decimal credits) => Accrued(sold + credits) - Accrued(sold);

    /// <summary>How many of <paramref name="credits"/> can be sold without passing the cap.</summary>
    /// <param name="period">What accrued so far.</param>
    /// <param name="credits">Wanted, at least 0.</param>
    public decimal Sellable(PeriodCounters period, decimal credits)
    {
        ArgumentNullException.ThrowIfNull(period);
        if (SpendCap is not { } cap) return credits;
        // Unrounded too: what rounds down to the cap is above it.
        bool Fits(decimal part) =>
            period.Spend + Math.Max(Cost(period.Overage, part), Price.Accrue(period.Overage + part) - Price.Accrue(period.Overage)) <= cap;
        if (Fits(credits)) return credits;
        var (low, high) = (0m, credits); // the cap lies between: at most 94 halvings of whole billionths
        while (high - low > Nano)
        {
            var middle = Math.Round((low + high) / 2m, 9, MidpointRounding.ToZero);
            if (Fits(middle)) low = middle;
            else high = middle;
        }

        return low;
    }

    private decimal Accrued(decimal credits) => Math.Round(Price.Accrue(credits), 9, MidpointRounding.ToEven);
}
