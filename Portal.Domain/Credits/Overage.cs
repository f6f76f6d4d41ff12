using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Wallet;

/// <summary>What accrued in the billing period that runs.</summary>
/// <param name="StartsAt">Its beginning; null without a subscription.</param>
/// <param name="EndsAt">Its end; null without a subscription.</param>
/// <param name="Overage">Credits sold beyond the grants at the price of a credit.</param>
/// <param name="Spend">Money accrued, net: overage and usage priced in money, nine places.</param>
public sealed record PeriodCounters(DateTimeOffset? StartsAt, DateTimeOffset? EndsAt, decimal Overage, decimal Spend)
{
    /// <summary>Of a wallet without a subscription.</summary>
    public static readonly PeriodCounters None = new(null, null, 0m, 0m);

    /// <summary>Quantities sold beyond the grants at the price of a meter, by meter.</summary>
    public MeterQuantities Metered { get; init; } = MeterQuantities.None;

    /// <summary>What was sold so far of what is priced alike: credits, or the quantity of a meter.</summary>
    public decimal Sold(string? meter) => meter is null ? Overage : Metered.Of(meter);

    /// <summary>So much more is sold for an amount; negative takes back.</summary>
    internal PeriodCounters With(Overdraw sold, decimal amount) => sold.Meter is null
        ? this with { Overage = Overage + sold.Credits, Spend = Spend + amount }
        : this with { Metered = Metered.With(sold.Meter, sold.Quantity), Spend = Spend + amount };
}

/// <summary>Credits of one event, and the quantity that its meter measured for them.</summary>
/// <param name="Meter">The meter; null: none measured it.</param>
/// <param name="Credits">The credits, at nine places.</param>
/// <param name="Quantity">The quantity, at nine places.</param>
public readonly record struct Overdraw(string? Meter, decimal Credits, decimal Quantity)
{
    /// <summary>The share of some of the credits; of all of them the whole quantity.</summary>
    /// <param name="credits">At most as many as there are.</param>
    public Overdraw Of(decimal credits) => this with { Credits = credits, Quantity = Credits == 0m ? 0m : GrantValue.Left(Nine(Quantity), credits, Credits) };

    /// <summary>What is priced of some of the credits, not rounded: the credits themselves where no meter prices them.</summary>
    internal decimal Exactly(decimal credits) => Meter is null ? credits : credits == Credits ? Quantity : Quantity / Credits * credits;

    /// <summary>The same taken back.</summary>
    public Overdraw Negative => this with { Credits = -Credits, Quantity = -Quantity };

    private static decimal Nine(decimal quantity) => Math.Round(quantity, 9, MidpointRounding.ToEven);
}

/// <summary>On what terms credits beyond the grants are sold under policy <c>overage</c>.</summary>
/// <param name="Price">Per credit, over all credits sold so in a billing period; null: what no meter prices is not sold.</param>
/// <param name="SpendCap">Most money that a period may accrue; null for no limit.</param>
/// <param name="Currency">Of all prices.</param>
public sealed record OverageTerms(Price? Price, decimal? SpendCap, string Currency)
{
    private const decimal Nano = 0.000000001m;

    /// <summary>Prices by meter, over all quantity sold so in a billing period: they come before the price of a credit.</summary>
    public IReadOnlyDictionary<string, Price> Meters { get; init; } = new Dictionary<string, Price>(StringComparer.Ordinal);

    /// <summary>True when the plan's prices include tax: it has been taken out of these.</summary>
    public bool TaxInclusive { get; init; }

    /// <summary>True when what a meter measured is sold beyond the grants; null for credits of no meter.</summary>
    public bool Sells(string? meter) => PriceOf(meter) is not null;

    /// <summary>What is sold of an event, by what it is priced: the meter is kept only where the meter has a price.</summary>
    public Overdraw Priced(Overdraw overdraw) => overdraw.Meter is { } meter && Meters.ContainsKey(meter) ? overdraw : new Overdraw(null, overdraw.Credits, overdraw.Credits);

    /// <summary>What <paramref name="credits"/> more cost after so many were sold: a difference of one function, so that no order of events matters.</summary>
    /// <returns>Money at nine places; below 0 where a volume price falls, or for negative credits.</returns>
    public decimal Cost(decimal sold, decimal credits) => Price is null ? 0m : Accrued(Price, sold + credits) - Accrued(Price, sold);

    /// <summary>What something more costs after what the period sold of it, as <see cref="Priced"/> has it.</summary>
    /// <returns>Money at nine places; 0 for what is not sold.</returns>
    public decimal Cost(PeriodCounters period, Overdraw more)
    {
        ArgumentNullException.ThrowIfNull(period);
        var (sold, quantity) = (period.Sold(more.Meter), more.Meter is null ? more.Credits : more.Quantity);
        return PriceOf(more.Meter) is { } price ? Accrued(price, sold + quantity) - Accrued(price, sold) : 0m;
    }

    /// <summary>How many of <paramref name="credits"/> can be sold without passing the cap, at the price of a credit.</summary>
    /// <param name="period">What accrued so far.</param>
    /// <param name="credits">Wanted, at least 0.</param>
    public decimal Sellable(PeriodCounters period, decimal credits) => Sellable(period, new Overdraw(null, credits, credits));

    /// <summary>How many of an event's credits can be sold without passing the cap; 0 when none is priced.</summary>
    /// <param name="period">What accrued so far.</param>
    /// <param name="wanted">As <see cref="Priced"/> has it.</param>
    public decimal Sellable(PeriodCounters period, Overdraw wanted)
    {
        ArgumentNullException.ThrowIfNull(period);
        if (PriceOf(wanted.Meter) is not { } price) return 0m;
        if (SpendCap is not { } cap) return wanted.Credits;
        var sold = period.Sold(wanted.Meter);
        // Unrounded too: what rounds down to the cap is above it.
        bool Fits(decimal credits)
        {
            var part = wanted.Of(credits);
            return period.Spend + Math.Max(Cost(period, part), price.Accrue(sold + wanted.Exactly(credits)) - price.Accrue(sold)) <= cap;
        }

        if (Fits(wanted.Credits)) return wanted.Credits;
        var (low, high) = (0m, wanted.Credits); // the cap lies between: at most 94 halvings of whole billionths
        while (high - low > Nano)
        {
            var middle = Math.Round((low + high) / 2m, 9, MidpointRounding.ToZero);
            if (Fits(middle)) low = middle;
            else high = middle;
        }

        return low;
    }

    /// <summary>What prices a meter's events: its own price, else that of a credit; null: nothing does.</summary>
    public Price? PriceOf(string? meter) => meter is not null && Meters.TryGetValue(meter, out var metered) ? metered : Price;

    internal static decimal Accrued(Price price, decimal quantity) => Math.Round(price.Accrue(quantity), 9, MidpointRounding.ToEven);
}
