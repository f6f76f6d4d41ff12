using Npgsql;
using Portal.Domain.Metering.Counters;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Corrections;

/// <summary>
/// Takes an event out of what its period has come to, and puts other data in its place: the difference of what the period costs, so that
/// afterwards it costs what it would if the event had been sent so from the beginning (domain.md §4: quantities and credits do not depend on
/// the order of arrival).
/// </summary>
internal sealed class CounterCorrection
{
    private readonly WalletTransaction wallet;
    private readonly PriceCounters counters;
    private readonly StandingEvent standing;

    private CounterCorrection(WalletTransaction wallet, PriceCounters counters, StandingEvent standing) =>
        (this.wallet, this.counters, this.standing) = (wallet, counters, standing);

    /// <summary>What the event comes to at the end of its period's price: what the period costs less without it.</summary>
    public required Rating Removed { get; init; }

    /// <summary>What the other data come to there; null when there are none.</summary>
    public required Rating? Added { get; init; }

    /// <summary>What changes; null when neither rating looks at a period.</summary>
    /// <param name="wallet">The tenant's wallet.</param>
    /// <param name="catalogue">What measures.</param>
    /// <param name="standing">The event as it stands.</param>
    /// <param name="before">It, measured again.</param>
    /// <param name="after">The other data, measured; null for a void.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<CounterCorrection?> FindAsync(
        WalletTransaction wallet, Catalogue catalogue, StandingEvent standing, UsageEvent before, UsageEvent? after, CancellationToken cancellationToken)
    {
        if (before.OpenRating is null && after?.OpenRating is null) return null;
        var old = standing.Rated ? before.OpenRating : null; // what is unrated counts nowhere
        var open = new[] { before.OpenRating, after?.OpenRating }.OfType<Rating>().Select(rating => new CountedEvent(rating, standing.ConsumerId, standing.OccurredAt));
        var counters = await PriceCounters.ReadAsync(wallet.Connection, wallet.TenantId, wallet.Directory.Zone, [.. open], cancellationToken);
        if (old is not null) await TakeOutAsync(wallet, catalogue, counters, standing, old, cancellationToken);
        var removed = StandingRating.Of(standing, before.Rating, withCost: true);
        if (old is { Open: not Accumulation.Gauge })
        {
            removed = Rater.Complete(old, counters.Of(standing.ConsumerId, standing.OccurredAt));
            counters.Undo();
        }

        var added = after is null ? null : after.OpenRating is { } waiting ? Rater.Complete(waiting, counters.Of(standing.ConsumerId, standing.OccurredAt)) : after.Rating;
        if (old is { Open: Accumulation.Gauge }) counters.ToClose[counters.PeriodOf(standing.OccurredAt).StartsAt] = counters.PeriodOf(standing.OccurredAt).EndsAt;
        return new CounterCorrection(wallet, counters, standing) { Removed = removed, Added = added };
    }

    /// <summary>What an amended event comes to: what the period costs more with the other data, on top of what it draws now; never below nothing.</summary>
    public Rating Target => StandingRating.Fit(
        Added!, standing.Quantity + Added!.Quantity - Removed.Quantity, Math.Max(0m, standing.Credits + Added.Credits.Amount - Removed.Credits.Amount),
        standing.Money + Added.Money - Removed.Money, Added.Cost, Added.CostCurrency);

    /// <summary>Where the period costs less by more than the event drew, the others give the rest back.</summary>
    public async Task GiveBackAsync(Catalogue catalogue, UsageEvent before, UsageEvent after, CancellationToken cancellationToken)
    {
        var others = Removed.Credits.Amount - Added!.Credits.Amount - standing.Credits;
        if (others > 0m)
            await GivingBack.RunAsync(wallet, catalogue, standing.Key, before.OpenRating is null ? after : before, standing.ConsumerId, others, cancellationToken);
    }

    /// <summary>Writes what the counters became.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        foreach (var end in counters.ToClose.Values) wallet.Wallet.DueNoLaterThan(end > wallet.Now ? end : wallet.Now);
        await using var batch = new NpgsqlBatch(wallet.Connection, wallet.Transaction);
        counters.AddTo(batch);
        if (batch.BatchCommands.Count > 0) await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task TakeOutAsync(
        WalletTransaction wallet, Catalogue catalogue, PriceCounters counters, StandingEvent standing, Rating old, CancellationToken cancellationToken)
    {
        var period = counters.PeriodOf(standing.OccurredAt);
        foreach (var line in old.Lines)
        {
            if (line.Rate is not { } rate) continue;
            var key = CounterKey.Of(rate, period, standing.ConsumerId);
            if (old.Open == Accumulation.Gauge)
            {
                await new Levels(wallet, catalogue, counters).WithoutAsync(standing, rate.Meter, line.Dimensions.Key, cancellationToken);
            }
            else if (old.Open == Accumulation.Sum)
            {
                if (rate.NeedsCounter(Accumulation.Sum)) counters.Set(key, Math.Max(0m, counters[key] - line.Quantity));
            }
            else if (rate.NeedsCounter(old.Open!.Value))
            {
                await RecountAsync(wallet, catalogue, counters, standing, old.Open.Value, rate, key, line, cancellationToken);
            }
        }
    }

    // The greatest of the others, or whether another has the same value: only they can say.
    private static async Task RecountAsync(
        WalletTransaction wallet, Catalogue catalogue, PriceCounters counters, StandingEvent standing, Accumulation accumulation, Rate rate, CounterKey key,
        RatedLine line, CancellationToken cancellationToken)
    {
        var greatest = 0m;
        var events = new PeriodEvents(wallet, catalogue, rate.Meter, counters.PeriodOf(standing.OccurredAt), key.ConsumerId);
        await foreach (var other in events.ReadAsync(cancellationToken))
        {
            if (other.Voided || other.Key == standing.Key) continue;
            foreach (var own in other.Usage.OpenRating?.Lines ?? [])
            {
                if (own.Rate is not { } theirs || !theirs.Match.Equals(rate.Match) || theirs.Unit != rate.Unit) continue;
                if (accumulation == Accumulation.Distinct && own.Distinct == line.Distinct) return;
                greatest = Math.Max(greatest, own.Quantity);
            }
        }

        if (accumulation == Accumulation.Greatest) counters.Set(key, Math.Min(greatest, counters[key]));
        else counters.Forget(key, line.Distinct!.Value);
    }
}
