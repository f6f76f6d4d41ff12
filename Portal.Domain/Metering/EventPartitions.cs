using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Metering;

/// <summary>The months of events, made ahead of their need.</summary>
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
}
