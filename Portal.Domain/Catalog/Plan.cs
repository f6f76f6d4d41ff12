using Portal.Domain.Kernel;
using Portal.Domain.Pricing.Rates;
using Portal.Domain.Wallet;

namespace Portal.Domain.Catalog;

/// <summary>A version of a plan: what a subscription is sold. Checked and immutable.</summary>
public sealed record Plan
{
    /// <summary>Its key.</summary>
    public required string Key { get; init; }

    /// <summary>From 1; a subscription keeps the version it was sold.</summary>
    public required int Version { get; init; }

    /// <summary>What people call it.</summary>
    public required string Name { get; init; }

    /// <summary>Currency of its prices.</summary>
    public required Currency Currency { get; init; }

    /// <summary>Months of a billing period: 1, 3 or 12.</summary>
    public required int Months { get; init; }

    /// <summary>Credits that it includes.</summary>
    public required IReadOnlyList<IncludedCredits> Included { get; init; }

    /// <summary>Fees in advance, without those for seats.</summary>
    public required IReadOnlyList<FlatFee> Flat { get; init; }

    /// <summary>Fees in advance for each seat.</summary>
    public required IReadOnlyList<SeatFee> Seats { get; init; }

    /// <summary>Least money that a billing period costs; null for none.</summary>
    public decimal? Minimum { get; init; }

    /// <summary>True when some of what it costs is known only when a period has ended.</summary>
    public bool HasArrears => Overage is not null || Minimum is not null || Definition.Items!.Any(item => item.Type == "usage");

    /// <summary>What credits beyond the grants cost; null: they are not sold.</summary>
    public PlanOverage? Overage { get; init; }

    /// <summary>True when its prices hold the tax already.</summary>
    public bool TaxInclusive => Definition.Tax == "inclusive";

    /// <summary>It without the tax that its prices include; itself where they include none.</summary>
    /// <param name="percent">Of the tax; null or 0: there is none to take out.</param>
    public Plan Net(decimal? percent)
    {
        if (!TaxInclusive || percent is null or 0m) return this;
        decimal Exact(decimal amount) => amount * 100m / (100m + percent.Value);
        decimal Of(decimal amount) => Math.Round(Exact(amount), 9, MidpointRounding.ToEven);
        return this with
        {
            Flat = [.. Flat.Select(fee => fee with { Amount = Of(fee.Amount) })],
            Seats = [.. Seats.Select(seat => seat with { Amount = Exact(seat.Amount) })],
            Included = [.. Included.Select(item => item with { Share = Of(item.Share) })],
            Minimum = Minimum is { } minimum ? Of(minimum) : null,
            Overage = Overage is null ? null : new PlanOverage(
                Overage.Price?.Net(percent.Value), Overage.Meters.ToDictionary(meter => meter.Key, meter => meter.Value.Net(percent.Value), StringComparer.Ordinal)),
        };
    }

    /// <summary>It as the API's bodies write it.</summary>
    public required PlanDefinition Definition { get; init; }
}

/// <summary>A fee for a billing period.</summary>
/// <param name="Key">The item's key.</param>
/// <param name="Amount">Money; part of it may pay for included credits.</param>
public sealed record FlatFee(string Key, decimal Amount);

/// <summary>A fee for each seat and billing period.</summary>
/// <param name="Key">The item's key.</param>
/// <param name="Amount">Money for one.</param>
/// <param name="Included">How many cost nothing.</param>
public sealed record SeatFee(string Key, decimal Amount, decimal Included);

/// <summary>Credits that a plan includes.</summary>
/// <param name="Key">The item's key.</param>
/// <param name="Credits">Granted each time, above 0.</param>
/// <param name="Share">Part of a billing period's flat fee that pays for them.</param>
/// <param name="Months">How often: every 1, 3 or 12 months; divides the plan's period.</param>
/// <param name="Rollover">What rolls over at renewal; null for nothing.</param>
public sealed record IncludedCredits(string Key, decimal Credits, decimal Share, int Months, Rollover? Rollover);

/// <summary>What credits beyond the grants cost: by the meter that measured the event where that has a price, else by the credit.</summary>
/// <param name="Price">Per credit; null: what no meter prices is not sold.</param>
/// <param name="Meters">Per unit of a meter, by meter: the part of an event that grants do not cover costs its share of the quantity.</param>
public sealed record PlanOverage(Price? Price, IReadOnlyDictionary<string, Price> Meters)
{
    /// <summary>What a period's overage costs, at nine places.</summary>
    public decimal Of(PeriodCounters counters)
    {
        ArgumentNullException.ThrowIfNull(counters);
        return (Price is null ? 0m : OverageTerms.Accrued(Price, counters.Overage))
            + counters.Metered.All.Where(sold => Meters.ContainsKey(sold.Key)).Sum(sold => OverageTerms.Accrued(Meters[sold.Key], sold.Value));
    }
}

/// <summary>A rule of what rolls over at renewal: <c>rolled = min(max, max(left, min))</c>.</summary>
/// <param name="Min">At least so many credits.</param>
/// <param name="Max">At most so many; null for no limit.</param>
/// <param name="MaxShare">At most this share of the included credits; null for no limit.</param>
/// <param name="MaxRolls">How often the same credits roll at most; null for no limit.</param>
/// <param name="ExpiresAfter">How long rolled credits last; null: to the next renewal.</param>
public sealed record Rollover(decimal Min, decimal? Max, decimal? MaxShare, int? MaxRolls, CalendarSpan? ExpiresAfter)
{
    /// <summary>How many credits the next period gets when so many are left.</summary>
    /// <param name="left">What may roll of the period that ends, at least 0.</param>
    /// <param name="included">Credits that were included in it.</param>
    public decimal Rolled(decimal left, decimal included)
    {
        var wanted = Math.Max(left, Min);
        if (Max is { } most) wanted = Math.Min(wanted, most);
        return MaxShare is { } share ? Math.Min(wanted, Math.Round(share * included, 9, MidpointRounding.ToEven)) : wanted;
    }
}
