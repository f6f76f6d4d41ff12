using System.Text.Json;
using Npgsql;
using Portal.Domain.Kernel;

namespace Portal.Domain.Metering.Meters;

/// <summary>Meters as they are stored.</summary>
internal static class MeterStore
{
    public static async Task<List<Meter>> ReadAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("select key, definition from meters order by key", connection, transaction);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var meters = new List<Meter>();
        while (await reader.ReadAsync(cancellationToken)) meters.Add(Parse(reader.GetString(0), reader.GetString(1)));
        return meters;
    }

    private static Meter Parse(string key, string json) =>
        MeterChecks.Check(key, JsonSerializer.Deserialize<MeterDefinition>(json, PortalJson.Options)!).Value;
}
