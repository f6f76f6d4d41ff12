using System.Text.Json;
using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Metering.Meters;

/// <summary>Meters as they are stored: putting and reading them.</summary>
public static class MeterStore
{
    private const string Select = "select key, definition from meters";

    /// <summary>
    /// Makes a meter or replaces its definition, for events from now on. Its product is made when it is new. Refused when another meter
    /// could measure the same event (<c>meter_overlap</c>) or when rates in force name a dimension that it would lose (<c>dimension_in_use</c>).
    /// Answers whether the meter is new.
    /// </summary>
    public static async Task<Result<bool>> PutAsync(
        CatalogueChange change, string key, MeterDefinition definition, CancellationToken cancellationToken = default)
    {
        var meter = MeterChecks.Check(key, definition);
        if (meter.Problem is { } invalid) return invalid;
        var others = await ReadAsync(change.Connection, change.Transaction, cancellationToken);
        if (Overlap(meter.Value, others) is { } overlap) return overlap;
        if (await LostDimensionAsync(change, meter.Value, cancellationToken) is { } lost) return lost;

        await using var product = change.Command(
            "insert into products (key, name, created_at) values ($1, $1, $2) on conflict do nothing", meter.Value.Product, change.Now);
        await product.ExecuteNonQueryAsync(cancellationToken);
        const string sql = """
            insert into meters (key, event_type, product, definition, created_at, updated_at) values ($1, $2, $3, $4::json, $5, $5)
            on conflict (key) do update set event_type = excluded.event_type, product = excluded.product,
              definition = excluded.definition, updated_at = excluded.updated_at
            returning xmax = 0
            """;
        await using var command = change.Command(
            sql, key, meter.Value.EventType, meter.Value.Product, JsonSerializer.Serialize(definition, PortalJson.Options), change.Now);
        await Operations.RateLateAsync(change, $"meter:{key}", cancellationToken);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>The meter of that key; null when there is none.</summary>
    public static async Task<Meter?> FindAsync(NpgsqlDataSource source, string key, CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand($"{Select} where key = $1");
        command.Parameters.AddWithValue(key);
        return (await ReadAsync(command, cancellationToken)).SingleOrDefault();
    }

    /// <summary>Meters in order of their keys, from the one after <paramref name="after"/>.</summary>
    public static async Task<IReadOnlyList<Meter>> ListAsync(
        NpgsqlDataSource source, string? after, int limit, CancellationToken cancellationToken = default)
    {
        await using var command = source.CreateCommand($"{Select} where key > $1 order by key limit $2");
        command.Parameters.AddWithValue(after ?? "");
        command.Parameters.AddWithValue(limit);
        return await ReadAsync(command, cancellationToken);
    }

    internal static async Task<List<Meter>> ReadAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand($"{Select} order by key", connection, transaction);
        return await ReadAsync(command, cancellationToken);
    }

    /// <summary>The problem <c>meter_overlap</c> when another of these meters could measure the same event; null otherwise.</summary>
    public static Problem? Overlap(Meter meter, IEnumerable<Meter> others)
    {
        var twin = others.FirstOrDefault(other => other.Key != meter.Key && other.EventType == meter.EventType
            && meter.Filter.Overlaps(meter.Defaults, other.Filter, other.Defaults));
        return twin is null ? null : Problem.Conflict(
            "meter_overlap",
            $"The meters {meter.Key} and {twin.Key} could measure the same event of type {meter.EventType}: give them filters on one property without a common value.");
    }

    private static async Task<Problem?> LostDimensionAsync(CatalogueChange change, Meter meter, CancellationToken cancellationToken)
    {
        foreach (var kind in new[] { CardKind.Rate, CardKind.Cost })
        {
            var versions = await CardVersions.ReadAsync(change.Connection, change.Transaction, kind, [], cancellationToken);
            var timeline = new Timeline(versions);
            var inForce = timeline.VersionsAt(change.Now).Concat(versions.Where(version => version.EffectiveAt > change.Now));
            var rate = inForce.SelectMany(version => version.Rates)
                .FirstOrDefault(rate => rate.Meter == meter.Key && rate.Match.Items.Any(item => !meter.DimensionNames.Contains(item.Key)));
            if (rate is not null)
            {
                return Problem.Conflict("dimension_in_use", $"{rate} names a dimension that the meter {meter.Key} would no longer have. Publish a version without it first.");
            }
        }

        return null;
    }

    private static async Task<List<Meter>> ReadAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var meters = new List<Meter>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var definition = JsonSerializer.Deserialize<MeterDefinition>(reader.GetString(1), PortalJson.Options)!;
            meters.Add(MeterChecks.Check(reader.GetString(0), definition).Value);
        }

        return meters;
    }
}
