using System.Diagnostics;
using Npgsql;
using Portal.Bench.Running;

namespace Portal.Bench.Intake;

/// <summary>The ceiling: binary COPY of the server's own rows, events and identities, into tables of the same columns and keys, nothing else.</summary>
internal sealed class CopyPeer : IAsyncDisposable
{
    private const int Rows = 100_000;
    private static readonly string[] Tables = ["event_identities", "events"];

    private readonly NpgsqlDataSource source;
    private readonly Dictionary<string, byte[]> rows = [];

    private CopyPeer(NpgsqlDataSource source) => this.source = source;

    /// <summary>Takes rows that the portal wrote: it must have taken some.</summary>
    public static async Task<CopyPeer> StartAsync(BenchServer server, string database)
    {
        var peer = new CopyPeer(NpgsqlDataSource.Create(server.Superuser(database)));
        await using var connection = await peer.source.OpenConnectionAsync();
        foreach (var table in Tables)
        {
            await ExecuteAsync(connection, $"create table ceiling_{table} (like {table} including all)");
            using var copied = new MemoryStream();
            await using (var stream = await connection.BeginRawBinaryCopyAsync($"copy (select * from {table} order by transaction_id, ordinal limit {Rows}) to stdout (format binary)"))
                await stream.CopyToAsync(copied);
            peer.rows[table] = copied.ToArray();
        }

        return peer;
    }

    /// <summary>Events per second: the tables are emptied each time.</summary>
    public async Task<double> RunAsync(TimeSpan time)
    {
        await using var connection = await source.OpenConnectionAsync();
        var (spent, copied) = (TimeSpan.Zero, 0L);
        while (spent < time)
        {
            await ExecuteAsync(connection, "truncate ceiling_events, ceiling_event_identities");
            var started = Stopwatch.GetTimestamp();
            await using (var transaction = await connection.BeginTransactionAsync())
            {
                foreach (var table in Tables)
                {
                    await using var stream = await connection.BeginRawBinaryCopyAsync($"copy ceiling_{table} from stdin (format binary)");
                    await stream.WriteAsync(rows[table]);
                }

                await transaction.CommitAsync();
            }

            spent += Stopwatch.GetElapsedTime(started);
            copied += Rows;
        }

        return copied / spent.TotalSeconds;
    }

    public ValueTask DisposeAsync() => source.DisposeAsync();

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
