using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Metering;

/// <summary>The months of events: made ahead of their need, retired when they are old.</summary>
public static class EventPartitions
{
    /// <summary>Makes what is missing from this month of business time to three months ahead; answers how many that were.</summary>
    public static async Task<int> EnsureAsync(NpgsqlDataSource source, CancellationToken cancellationToken = default)
    {
        const string sql = """
            select ensure_event_partitions(now() + clock_offset, now() + clock_offset + interval '3 months') from platform
            """;
        return (await source.ListAsync(sql, row => row.GetInt32(0), cancellationToken))[0];
    }

    /// <summary>
    /// Retires the months that are older than <c>platform.events_kept</c>, the oldest first, each in a transaction of its own: sums and
    /// digest are sealed, events and their ratings move to the schema <c>retired</c>, their identities are forgotten. Stops at a month in
    /// which a debt is still open. Answers the months, by their first days.
    /// </summary>
    public static async Task<IReadOnlyList<DateOnly>> RetireAsync(NpgsqlDataSource source, CancellationToken cancellationToken = default)
    {
        var retired = new List<DateOnly>();
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var command = new NpgsqlCommand("select retire_events()", connection) { CommandTimeout = 0 }; // a month may be large
        while (true)
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            if (reader.IsDBNull(0)) return retired;
            retired.Add(reader.GetFieldValue<DateOnly>(0));
        }
    }
}
