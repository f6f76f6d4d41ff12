using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Metering.Counters;

/// <summary>Which counter; consumer 0 for prices over all of a tenant's usage.</summary>
internal readonly record struct CounterKey(DateTimeOffset PeriodStart, string Meter, string Match, string Unit, int ConsumerId)
{
    public static CounterKey Of(Rate rate, MeteredPeriod period, int consumerId) => new(
        period.StartsAt, rate.Meter, rate.Match.Key, rate.Vendor is null ? rate.Unit : "cost:" + rate.Unit,
        rate.Price.Scope == PriceScope.Consumer ? consumerId : 0);
}

/// <summary>An event whose rating waits for its counters.</summary>
internal readonly record struct CountedEvent(Rating Open, int ConsumerId, DateTimeOffset OccurredAt);

/// <summary>The counters of one wallet's events, read under its lock; what they become is written with everything else.</summary>
internal sealed class PriceCounters
{
    private const string ReadQuantities = """
        select k.n, c.quantity from unnest($2::int[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::int[]) k(n, period_start, meter, match, unit, consumer_id)
        join price_counters c on c.tenant_id = $1 and c.period_start = k.period_start and c.meter = k.meter and c.match = k.match and c.unit = k.unit
          and c.consumer_id = k.consumer_id
        """;

    private const string ReadValues = """
        select k.n from unnest($2::int[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::int[], $8::uuid[])
          k(n, period_start, meter, match, unit, consumer_id, value)
        join counted_values c on c.tenant_id = $1 and c.period_start = k.period_start and c.meter = k.meter and c.match = k.match and c.unit = k.unit
          and c.consumer_id = k.consumer_id and c.value = k.value
        """;

    private const string WriteQuantities = """
        insert into price_counters (tenant_id, period_start, meter, match, unit, consumer_id, quantity)
        select $1, * from unnest($2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::int[], $7::numeric[])
        on conflict (tenant_id, period_start, meter, match, unit, consumer_id) do update set quantity = excluded.quantity
        """;

    private const string WriteValues = """
        insert into counted_values (tenant_id, period_start, meter, match, unit, consumer_id, value)
        select $1, * from unnest($2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::int[], $7::uuid[]) on conflict do nothing
        """;

    private const string DeleteValues = """
        delete from counted_values c using unnest($2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::int[], $7::uuid[])
          k(period_start, meter, match, unit, consumer_id, value)
        where c.tenant_id = $1 and c.period_start = k.period_start and c.meter = k.meter and c.match = k.match and c.unit = k.unit
          and c.consumer_id = k.consumer_id and c.value = k.value
        """;

    private readonly long tenantId;
    private readonly MeteredPeriods periods;
    private readonly TimeZoneInfo zone;
    private readonly HashSet<DateTimeOffset> closed;
    private readonly Dictionary<CounterKey, decimal> quantities = [];
    private readonly HashSet<CounterKey> changed = [];
    private readonly HashSet<(CounterKey, Guid)> seen = [];
    private readonly List<(CounterKey Key, Guid Value)> added = [];
    private readonly List<(CounterKey Key, Guid Value)> forgotten = [];
    private readonly Stack<Action> undo = [];

    private PriceCounters(long tenantId, MeteredPeriods periods, TimeZoneInfo zone, HashSet<DateTimeOffset> closed)
    {
        (this.tenantId, this.periods, this.zone, this.closed) = (tenantId, periods, zone, closed);
        Gauges = new GaugeHours(tenantId);
    }

    /// <summary>Periods in which something is left to rate when they close.</summary>
    public Dictionary<DateTimeOffset, DateTimeOffset> ToClose { get; } = [];

    /// <summary>Levels noted.</summary>
    public GaugeHours Gauges { get; }

    /// <summary>Reads the counters that these events need: two round trips, whatever their number.</summary>
    public static async Task<PriceCounters> ReadAsync(
        NpgsqlConnection connection, long tenantId, TimeZoneInfo zone, IReadOnlyCollection<CountedEvent> events, CancellationToken cancellationToken)
    {
        var periods = await MeteredPeriods.ReadAsync(connection, tenantId, zone, cancellationToken);
        var closed = await connection.ListAsync(
            "select starts_at from metered_periods where tenant_id = $1 and closed_at is not null", row => row.GetFieldValue<DateTimeOffset>(0), cancellationToken, tenantId);
        var counters = new PriceCounters(tenantId, periods, zone, [.. closed]);
        await counters.ReadAsync(connection, events, cancellationToken);
        return counters;
    }

    /// <summary>The counters as one event sees them. What it does can be undone until the next event asks.</summary>
    public IPriceCounters Of(int consumerId, DateTimeOffset occurredAt)
    {
        undo.Clear();
        Gauges.Begin();
        return new EventCounters(this, periods.Of(occurredAt), consumerId, zone.HourStart(occurredAt), occurredAt);
    }

    /// <summary>Takes back what the last event did.</summary>
    public void Undo()
    {
        while (undo.TryPop(out var step)) step();
        Gauges.Undo();
    }

    /// <summary>Forgets that a value was seen: the only event that had it is taken out.</summary>
    public void Forget(CounterKey key, Guid value)
    {
        if (!seen.Remove((key, value))) return;
        forgotten.Add((key, value));
        Set(key, this[key] - 1m);
    }

    /// <summary>Sets a counter to a quantity: what is left of it after an event was taken out.</summary>
    public void Set(CounterKey key, decimal quantity)
    {
        quantities[key] = quantity;
        changed.Add(key);
    }

    /// <summary>What a counter stands at.</summary>
    public decimal this[CounterKey key] => quantities.GetValueOrDefault(key);

    /// <summary>The period that an instant lies in.</summary>
    public MeteredPeriod PeriodOf(DateTimeOffset instant) => periods.Of(instant);

    /// <summary>Adds the statements that write what changed; none for nothing.</summary>
    public void AddTo(NpgsqlBatch batch)
    {
        if (changed.Count > 0)
        {
            var keys = changed.ToArray();
            batch.Add(WriteQuantities, [tenantId, .. Columns(keys), keys.Select(key => quantities[key])]);
        }

        if (forgotten.Count > 0) batch.Add(DeleteValues, [tenantId, .. Columns([.. forgotten.Select(value => value.Key)]), forgotten.Select(value => value.Value)]);
        if (added.Count > 0) batch.Add(WriteValues, [tenantId, .. Columns([.. added.Select(value => value.Key)]), added.Select(value => value.Value)]);
        Gauges.AddTo(batch);
        if (ToClose.Count == 0) return;
        batch.Add("""
            insert into metered_periods as p (tenant_id, starts_at, ends_at, due) select $1, s, e, true from unnest($2::timestamptz[], $3::timestamptz[]) u(s, e)
            on conflict (tenant_id, starts_at) do update set ends_at = excluded.ends_at, due = true
            """, tenantId, ToClose.Keys, ToClose.Values);
    }

    private async Task ReadAsync(NpgsqlConnection connection, IReadOnlyCollection<CountedEvent> events, CancellationToken cancellationToken)
    {
        var (keys, values) = (new HashSet<CounterKey>(), new HashSet<(CounterKey Key, Guid Value)>());
        foreach (var (open, consumerId, occurredAt) in events)
        {
            var period = periods.Of(occurredAt);
            foreach (var line in open.Lines)
            {
                if (line.Rate is null) continue;
                if (line.Rate.NeedsCounter(open.Open ?? Accumulation.Sum)) keys.Add(CounterKey.Of(line.Rate, period, consumerId));
                if (line.CostRate?.NeedsCounter(Accumulation.Sum) == true) keys.Add(CounterKey.Of(line.CostRate, period, consumerId));
                if (line.Distinct is { } value && open.Open == Accumulation.Distinct) values.Add((CounterKey.Of(line.Rate, period, consumerId), value));
            }
        }

        CounterKey[] wanted = [.. keys];
        var found = await connection.ListAsync(
            ReadQuantities, row => (Key: wanted[row.GetInt32(0)], Quantity: row.GetDecimal(1)), cancellationToken,
            [tenantId, Enumerable.Range(0, wanted.Length), .. Columns(wanted)]);
        foreach (var (key, quantity) in found) quantities[key] = quantity;
        if (values.Count == 0) return;
        (CounterKey Key, Guid Value)[] asked = [.. values];
        var known = await connection.ListAsync(
            ReadValues, row => asked[row.GetInt32(0)], cancellationToken,
            [tenantId, Enumerable.Range(0, asked.Length), .. Columns([.. asked.Select(value => value.Key)]), asked.Select(value => value.Value)]);
        seen.UnionWith(known);
    }

    private static object[] Columns(CounterKey[] keys) =>
    [
        keys.Select(key => key.PeriodStart), keys.Select(key => key.Meter), keys.Select(key => key.Match), keys.Select(key => key.Unit),
        keys.Select(key => key.ConsumerId),
    ];

    private sealed class EventCounters(PriceCounters all, MeteredPeriod period, int consumerId, DateTimeOffset hour, DateTimeOffset occurredAt) : IPriceCounters
    {
        public CounterStep Add(Rate rate, Accumulation accumulation, decimal quantity, Guid? distinct)
        {
            var key = CounterKey.Of(rate, period, consumerId);
            var before = all[key];
            var after = accumulation switch
            {
                Accumulation.Greatest => Math.Max(before, quantity),
                Accumulation.Distinct => before + (distinct is { } value && Count(key, value) ? 1m : 0m),
                _ => before + quantity,
            };
            var was = all.changed.Contains(key);
            all.Set(key, after);
            all.undo.Push(() =>
            {
                all.quantities[key] = before;
                if (!was) all.changed.Remove(key);
            });
            if (rate.Vendor is null && (rate.Price.Minimum is not null || rate.Price.ChargeAtZero)) Close();
            return new CounterStep(before, after, all.closed.Contains(period.StartsAt));
        }

        public void Observe(Rate rate, in RatedLine line)
        {
            all.Gauges.Note(rate.Meter, hour, line.Dimensions.Key, consumerId, line.Quantity, occurredAt, line.Distinct);
            all.ToClose[period.StartsAt] = period.EndsAt;
        }

        // What comes after the period was closed is charged against what it was closed with.
        private void Close()
        {
            if (!all.closed.Contains(period.StartsAt)) all.ToClose[period.StartsAt] = period.EndsAt;
        }

        private bool Count(CounterKey key, Guid value)
        {
            if (!all.seen.Add((key, value))) return false;
            all.added.Add((key, value));
            all.undo.Push(() =>
            {
                all.seen.Remove((key, value));
                all.added.Remove((key, value));
            });
            return true;
        }
    }
}
