using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Metering.Counters;

/// <summary>Levels by hour as they come: the greatest, the latest, and for counted values which there were.</summary>
internal sealed class GaugeHours(long tenantId)
{
    private const string Write = """
        insert into gauge_hours as g (tenant_id, meter, hour, dimensions, consumer_id, greatest, latest, latest_at)
        select $1, * from unnest($2::text[], $3::timestamptz[], $4::text[], $5::int[], $6::numeric[], $7::numeric[], $8::timestamptz[])
        on conflict (tenant_id, meter, hour, dimensions, consumer_id) do update set greatest = greatest(g.greatest, excluded.greatest),
          latest = case when excluded.latest_at >= g.latest_at then excluded.latest else g.latest end, latest_at = greatest(g.latest_at, excluded.latest_at)
        """;

    private const string WriteValues = """
        insert into counted_values (tenant_id, period_start, meter, match, unit, consumer_id, value)
        select $1, h, m, d, 'hour', c, v from unnest($2::text[], $3::timestamptz[], $4::text[], $5::int[], $6::uuid[]) u(m, h, d, c, v) on conflict do nothing
        """;

    private readonly List<Level> levels = [];
    private int begun;

    private readonly record struct Level(string Meter, DateTimeOffset Hour, string Dimensions, int ConsumerId, decimal Value, DateTimeOffset At, Guid? Distinct);

    /// <summary>Notes a level.</summary>
    public void Note(string meter, DateTimeOffset hour, string dimensions, int consumerId, decimal value, DateTimeOffset at, Guid? distinct) =>
        levels.Add(new Level(meter, hour, dimensions, consumerId, value, at, distinct));

    /// <summary>Another event begins.</summary>
    public void Begin() => begun = levels.Count;

    /// <summary>Forgets what the last event noted.</summary>
    public void Undo() => levels.RemoveRange(begun, levels.Count - begun);

    /// <summary>Adds the statements that write them; none for none.</summary>
    public void AddTo(NpgsqlBatch batch)
    {
        if (levels.Count == 0) return;
        var hours = levels.GroupBy(level => (level.Meter, level.Hour, level.Dimensions, level.ConsumerId))
            .Select(hour => (hour.Key, Greatest: hour.Max(level => level.Value), Latest: hour.Aggregate((last, next) => next.At >= last.At ? next : last)))
            .OrderBy(hour => hour.Key).ToArray();
        batch.Add(Write, tenantId, hours.Select(hour => hour.Key.Meter), hours.Select(hour => hour.Key.Hour), hours.Select(hour => hour.Key.Dimensions),
            hours.Select(hour => hour.Key.ConsumerId), hours.Select(hour => hour.Greatest), hours.Select(hour => hour.Latest.Value), hours.Select(hour => hour.Latest.At.ToUniversalTime()));
        var values = levels.Where(level => level.Distinct is not null).ToArray();
        if (values.Length == 0) return;
        batch.Add(WriteValues, tenantId, values.Select(level => level.Meter), values.Select(level => level.Hour), values.Select(level => level.Dimensions),
            values.Select(level => level.ConsumerId), values.Select(level => level.Distinct!.Value));
    }
}
