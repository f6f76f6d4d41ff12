using Portal.Domain.Kernel;

namespace Portal.Domain.Payments.TopUps;

/// <summary>What keeps a pool filled.</summary>
/// <param name="Threshold">Below so many credits, those that are being bought counted, it buys; 0 or more.</param>
/// <param name="Target">It buys what reaches so many; above the threshold.</param>
/// <param name="Pack">Key of the pack: as many as it takes of a fixed one, the missing credits of a custom one.</param>
/// <param name="DailyCap">At most so much money, tax included, on a day of the tenant's calendar; null for no cap.</param>
/// <param name="MonthlyCap">The same for a month.</param>
public sealed record AutoTopUpDefinition(decimal Threshold, decimal Target, string Pack, decimal? DailyCap = null, decimal? MonthlyCap = null);

/// <summary>How an automatic top-up stands.</summary>
public static class AutoTopUpStatus
{
    /// <summary>It buys when it has to; it waits after a refusal; it switched itself off after the third.</summary>
    public const string On = "on", Waiting = "waiting", Off = "off";
}

/// <summary>The automatic top-up of a pool.</summary>
/// <param name="Definition">What keeps it filled.</param>
/// <param name="Declines">Refusals since the last success.</param>
/// <param name="WaitsUntil">It tries again from then on; null: it does not wait.</param>
/// <param name="OffAt">When it switched itself off; null: it is on.</param>
/// <param name="Failure">Why the last charge was refused; null after a success.</param>
/// <param name="SpentToday">Money of this day's top-ups, those under way too.</param>
/// <param name="SpentThisMonth">Money of this month's.</param>
public sealed record AutoTopUp(
    AutoTopUpDefinition Definition, int Declines, DateTimeOffset? WaitsUntil, DateTimeOffset? OffAt, string? Failure, decimal SpentToday, decimal SpentThisMonth)
{
    /// <summary>How long it waits after the first and the second refusal; after the third it switches itself off.</summary>
    public static readonly IReadOnlyList<TimeSpan> Waits = [TimeSpan.FromHours(1), TimeSpan.FromDays(1)];

    /// <summary>One of <see cref="AutoTopUpStatus"/> at an instant.</summary>
    public string StatusAt(DateTimeOffset now) => OffAt is not null ? AutoTopUpStatus.Off : WaitsUntil > now ? AutoTopUpStatus.Waiting : AutoTopUpStatus.On;

    /// <summary>What may still be spent now; null: no cap.</summary>
    public decimal? Room => (Definition.DailyCap - SpentToday, Definition.MonthlyCap - SpentThisMonth) switch
    {
        (null, var month) => month,
        (var day, null) => day,
        var (day, month) => Math.Min(day.Value, month.Value),
    };

    /// <summary>Credits or packs to buy for what is missing to the target; what a cap has no room for is left out. Null: nothing.</summary>
    /// <param name="pack">The pack.</param>
    /// <param name="rate">The tax on it.</param>
    /// <param name="have">The pool's balance and what is being bought.</param>
    internal SoldPacks? SizeOf(Catalog.Pack pack, Taxes.TaxRate rate, decimal have)
    {
        var missing = Definition.Target - have;
        if (have >= Definition.Threshold || missing <= 0m) return null;
        return pack.Credits is { } fixedCredits ? Packs(pack, rate, fixedCredits.Amount, missing) : Custom(pack, rate, missing);
    }

    private SoldPacks? Packs(Catalog.Pack pack, Taxes.TaxRate rate, decimal credits, decimal missing)
    {
        var wanted = decimal.Ceiling(missing / (credits + pack.BonusCredits.Amount));
        while (wanted >= 1m)
        {
            var price = TaxedPrice.Of(pack.PriceOf().Value.Amount * wanted, pack.TaxInclusive, rate.Percent, pack.Currency);
            if (Room is not { } room || price.Total <= room) return new SoldPacks(wanted, credits * wanted, pack.BonusCredits.Amount * wanted, price);
            wanted = Math.Min(wanted - 1m, decimal.Floor(wanted * room / price.Total) + 1m);
        }

        return null;
    }

    private SoldPacks? Custom(Catalog.Pack pack, Taxes.TaxRate rate, decimal missing)
    {
        var credits = Math.Clamp(missing, pack.Min.Amount, pack.Max.Amount);
        var price = Checkouts.Price(pack, rate, credits);
        return price.Succeeded && (Room is not { } room || price.Value.Total <= room) ? new SoldPacks(1m, credits, 0m, price.Value) : null;
    }
}
