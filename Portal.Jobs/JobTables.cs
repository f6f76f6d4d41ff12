using Hangfire.PostgreSql;
using Npgsql;

namespace Portal.Jobs;

/// <summary>Hangfire's tables: schema <c>hangfire</c> of the portal's database, made by the owner so that the running role needs no DDL.</summary>
public static class JobTables
{
    /// <summary>Name of the schema.</summary>
    public const string Schema = "hangfire";

    private const string Lock = "select pg_advisory_lock(hashtextextended('hangfire schema', 0))";

    private const string Rights = """
        grant usage on schema hangfire to portal_app;
        grant select, insert, update, delete on all tables in schema hangfire to portal_app;
        grant usage, select, update on all sequences in schema hangfire to portal_app;
        """;

    /// <summary>Makes or updates the tables as the owner's role. Safe to call from several processes at once.</summary>
    public static async Task MigrateAsync(string ownerConnectionString, CancellationToken cancellationToken = default)
    {
        await using var connection = new NpgsqlConnection(ownerConnectionString);
        await connection.OpenAsync(cancellationToken);
        await ExecuteAsync(connection, Lock, cancellationToken); // goes with the connection's session
        try
        {
            PostgreSqlObjectsInstaller.Install(connection, Schema);
            await ExecuteAsync(connection, Rights, cancellationToken);
        }
        finally
        {
            await ExecuteAsync(connection, Lock.Replace("_lock", "_unlock", StringComparison.Ordinal), CancellationToken.None);
        }
    }

    /// <summary>
    /// Long polling picks a job up in milliseconds; the sliding timeout returns a killed process's jobs within a minute and a half without
    /// cutting long ones off. A lock is a row that a killed process leaves behind: after a minute it counts no more, and no lock is held that
    /// long.
    /// </summary>
    public static PostgreSqlStorageOptions Options => new()
    {
        SchemaName = Schema,
        PrepareSchemaIfNecessary = false,
        EnableLongPolling = true,
        UseSlidingInvisibilityTimeout = true,
        InvisibilityTimeout = TimeSpan.FromSeconds(90),
        DistributedLockTimeout = TimeSpan.FromMinutes(1),
        AllowDegradedModeWithoutStorage = false,
    };

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
