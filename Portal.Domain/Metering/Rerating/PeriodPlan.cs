using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Metering.Counters;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Rerating;

/// <summary>
/// What the events of whole periods come to under prices that accumulate over a period: their quantities counted again in the order posted.
/// It follows from what was measured alone, so that it is the same however often it is made, and the same re-rating finds no difference.
/// </summary>
internal sealed class PeriodPlan(MeteredPeriods periods)
{
    private const int PageSize = 500;

    private readonly Dictionary<EventPlace, Rating> ratings = [];
    private readonly Dictionary<CounterKey, decimal> counters = [];
    private readonly Dictionary<CounterKey, List<EventPlace>> drawn = [];

    /// <summary>A plan without events: of prices that do not accumulate.</summary>
    public static async Task<PeriodPlan> EmptyAsync(NpgsqlConnection connection, WalletDirectory directory, CancellationToken cancellationToken) =>
        new(await MeteredPeriods.ReadAsync(connection, directory.TenantId, directory.Zone, cancellationToken));

    /// <summary>Counts the events of all periods that meet <paramref name="from"/> to <paramref name="to"/>.</summary>
    /// <param name="connection">Any connection of the application.</param>
    /// <param name="directory">The tenant's.</param>
    /// <param name="from">Events that happened from then on are priced anew;</param>
    /// <param name="to">until then.</param>
    /// <param name="anew">An event under the new prices; null when they do not concern it.</param>
    /// <param name="asItStands">An event under the prices that it stands on.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<PeriodPlan> BuildAsync(
        NpgsqlConnection connection, WalletDirectory directory, DateTimeOffset from, DateTimeOffset to, Func<StandingEvent, UsageEvent?> anew,
        Func<StandingEvent, UsageEvent> asItStands, CancellationToken cancellationToken)
    {
        var plan = await EmptyAsync(connection, directory, cancellationToken);
        var (start, end) = (plan.PeriodOf(from).StartsAt, plan.PeriodOf(to.AddMicroseconds(-1)).EndsAt);
        var after = EventPlace.Start;
        while (await StandingEvent.OfPeriodAsync(connection, directory.TenantId, after, start, end, PageSize, cancellationToken) is { Count: > 0 } page)
        {
            foreach (var standing in page)
            {
                if (standing.Voided) continue;
                var usage = standing.OccurredAt >= from && standing.OccurredAt < to ? anew(standing) : null;
                if (usage is not null) plan.Count(standing, usage);
                else if (standing.Rated) plan.Pass(standing, asItStands(standing));
            }

            after = page[^1].Place;
        }

        return plan;
    }

    /// <summary>What an event comes to; null when its prices do not accumulate.</summary>
    public Rating? RatingOf(StandingEvent standing) => ratings.GetValueOrDefault(standing.Place);

    /// <summary>What an event's new prices change of the counters: out of those it stands on, into its new ones.</summary>
    public IReadOnlyList<CounterMove> MovesOf(StandingEvent standing, Rating? before, Rating? after) =>
    [
        .. Quantities(standing, standing.Rated ? before : null).Select(one => new CounterMove(one.Key, -one.Quantity)),
        .. Quantities(standing, after).Select(one => new CounterMove(one.Key, one.Quantity)),
    ];

    private MeteredPeriod PeriodOf(DateTimeOffset instant) => periods.Of(instant);

    private void Count(StandingEvent standing, UsageEvent usage)
    {
        if (usage.OpenRating is not { Open: Accumulation.Sum } open) return;
        var rating = Rater.Complete(open, new Replayed(this, standing));
        if (!rating.Rated) return;
        var key = open.Lines.Where(line => line.Rate is { InCredits: true } rate && rate.NeedsCounter(Accumulation.Sum))
            .Select(line => (CounterKey?)CounterKey.Of(line.Rate!, PeriodOf(standing.OccurredAt), standing.ConsumerId)).FirstOrDefault();
        if (rating.Credits.Amount < 0m)
        {
            GiveBack(key!.Value, -rating.Credits.Amount);
            rating = rating.WithoutCredits();
        }

        ratings[standing.Place] = rating;
        if (key is null) return;
        if (!drawn.TryGetValue(key.Value, out var places)) drawn[key.Value] = places = [];
        places.Add(standing.Place);
    }

    // An event that stays moves the counters that it stands on.
    private void Pass(StandingEvent standing, UsageEvent usage)
    {
        foreach (var (key, quantity) in Quantities(standing, usage.OpenRating)) counters[key] = counters.GetValueOrDefault(key) + quantity;
    }

    // All of the period's usage costs less: earlier events give back, the last first (domain.md §6).
    private void GiveBack(CounterKey key, decimal credits)
    {
        var places = drawn.GetValueOrDefault(key) ?? [];
        for (var i = places.Count - 1; i >= 0 && credits > 0m; i--)
        {
            var rating = ratings[places[i]];
            var part = Math.Min(credits, rating.Credits.Amount);
            if (part == 0m) continue;
            ratings[places[i]] = StandingRating.Fit(rating, rating.Quantity, rating.Credits.Amount - part, rating.Money, rating.Cost, rating.CostCurrency);
            credits -= part;
        }
    }

    private IEnumerable<(CounterKey Key, decimal Quantity)> Quantities(StandingEvent standing, Rating? rating) => (rating?.Lines ?? [])
        .Where(line => line.Rate?.NeedsCounter(Accumulation.Sum) == true)
        .Select(line => (CounterKey.Of(line.Rate!, PeriodOf(standing.OccurredAt), standing.ConsumerId), line.Quantity));

    private sealed class Replayed(PeriodPlan plan, StandingEvent standing) : IPriceCounters
    {
        public CounterStep Add(Rate rate, Accumulation accumulation, decimal quantity, Guid? distinct)
        {
            var key = CounterKey.Of(rate, plan.PeriodOf(standing.OccurredAt), standing.ConsumerId);
            var before = plan.counters.GetValueOrDefault(key);
            plan.counters[key] = before + quantity;
            return new CounterStep(before, before + quantity, Closed: false); // a minimum was topped up when the period closed, and stays
        }

        public void Observe(Rate rate, in RatedLine line)
        {
        }
    }
}

/// <summary>What is added to a counter; negative takes out.</summary>
internal readonly record struct CounterMove(CounterKey Key, decimal Quantity)
{
    private const string Make = """
        insert into price_counters (tenant_id, period_start, meter, match, unit, consumer_id, quantity)
        select $1, u.*, 0 from unnest($2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::int[]) u on conflict do nothing
        """;

    private const string Move = """
        update price_counters c set quantity = greatest(0, c.quantity + u.quantity)
        from unnest($2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::int[], $7::numeric[]) u(period_start, meter, match, unit, consumer_id, quantity)
        where c.tenant_id = $1 and c.period_start = u.period_start and c.meter = u.meter and c.match = u.match and c.unit = u.unit and c.consumer_id = u.consumer_id
        """;

    /// <summary>Adds the statements that move the counters by the sums of these; none for nothing.</summary>
    public static void AddTo(NpgsqlBatch batch, long tenantId, IEnumerable<CounterMove> moves)
    {
        var sums = moves.GroupBy(move => move.Key).Select(group => new CounterMove(group.Key, group.Sum(move => move.Quantity))).Where(move => move.Quantity != 0m).ToArray();
        if (sums.Length == 0) return;
        object[] keys =
        [
            tenantId, sums.Select(move => move.Key.PeriodStart), sums.Select(move => move.Key.Meter), sums.Select(move => move.Key.Match),
            sums.Select(move => move.Key.Unit), sums.Select(move => move.Key.ConsumerId),
        ];
        batch.Add(Make, keys);
        batch.Add(Move, [.. keys, sums.Select(move => move.Quantity)]);
    }
}
