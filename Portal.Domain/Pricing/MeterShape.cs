using Npgsql;

namespace Portal.Domain.Pricing;

/// <summary>All that pricing has to know of a meter.</summary>
/// <param name="Dimensions">The dimensions that its quantities may have.</param>
/// <param name="Accumulation">How its quantities become a period's.</param>
public sealed record MeterShape(IReadOnlySet<string> Dimensions, Accumulation Accumulation)
{
    private const string Sql = """
        select m.key, array(
          select json_array_elements_text(case json_typeof(m.definition -> 'dimensions') when 'array' then m.definition -> 'dimensions' else '[]' end)
          union
          select json_object_keys(q -> 'set')
          from json_array_elements(case json_typeof(m.definition -> 'quantities') when 'array' then m.definition -> 'quantities' else '[]' end) q
          where json_typeof(q -> 'set') = 'object'), m.definition ->> 'aggregation'
        from meters m
        """;

    /// <summary>How the quantities of an aggregation accumulate.</summary>
    /// <param name="aggregation"><c>count</c>, <c>sum</c>, <c>max</c>, <c>unique</c>, <c>latest</c> or <c>percentile</c>.</param>
    public static Accumulation AccumulationOf(string? aggregation) => aggregation switch
    {
        "max" => Accumulation.Greatest,
        "unique" => Accumulation.Distinct,
        "latest" or "percentile" => Accumulation.Gauge,
        _ => Accumulation.Sum,
    };

    internal static Task<Dictionary<string, MeterShape>> ReadAsync(CatalogueChange change, CancellationToken cancellationToken) =>
        ReadAsync(change.Connection, change.Transaction, cancellationToken);

    internal static async Task<Dictionary<string, MeterShape>> ReadAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection, transaction);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var byMeter = new Dictionary<string, MeterShape>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            byMeter[reader.GetString(0)] = new MeterShape(
                reader.GetFieldValue<string[]>(1).ToHashSet(StringComparer.Ordinal), AccumulationOf(reader.GetString(2)));
        }

        return byMeter;
    }
}
