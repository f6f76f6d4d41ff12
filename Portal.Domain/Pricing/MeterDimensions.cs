using Npgsql;

namespace Portal.Domain.Pricing;

/// <summary>All that pricing has to know of meters: their keys and the dimensions that their quantities may have.</summary>
internal static class MeterDimensions
{
    private const string Sql = """
        select m.key, array(
          select json_array_elements_text(case json_typeof(m.definition -> 'dimensions') when 'array' then m.definition -> 'dimensions' else '[]' end)
          union
          select json_object_keys(q -> 'set')
          from json_array_elements(case json_typeof(m.definition -> 'quantities') when 'array' then m.definition -> 'quantities' else '[]' end) q
          where json_typeof(q -> 'set') = 'object')
        from meters m
        """;

    public static Task<Dictionary<string, IReadOnlySet<string>>> ReadAsync(CatalogueChange change, CancellationToken cancellationToken) =>
        ReadAsync(change.Connection, change.Transaction, cancellationToken);

    public static async Task<Dictionary<string, IReadOnlySet<string>>> ReadAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection, transaction);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var byMeter = new Dictionary<string, IReadOnlySet<string>>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            byMeter[reader.GetString(0)] = reader.GetFieldValue<string[]>(1).ToHashSet(StringComparer.Ordinal);
        }

        return byMeter;
    }
}
