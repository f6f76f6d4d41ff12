using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Data.EmbeddedPostgres;

namespace Portal.Testing;

/// <summary>The server that every test process of a user shares until it ends, with the template of the present migrations.</summary>
internal sealed class TestServer
{
    private const long TemplateLock = 0x706f7274616c;
    private static readonly Lazy<Task<TestServer>> Started = new(StartAsync);

    private TestServer(EmbeddedPostgres postgres, string life)
    {
        Postgres = postgres;
        Life = life;
        Template = $"template_{life}_{MigrationsMark()}";
    }

    public static Task<TestServer> Shared => Started.Value;

    public EmbeddedPostgres Postgres { get; }

    /// <summary>Names one life of the server, from start to stop: databases of earlier lives are nobody's.</summary>
    public string Life { get; }

    /// <summary>The migrated database that tests copy.</summary>
    public string Template { get; }

    public async Task ExecuteAsync(string sql)
    {
        await using var connection = await OpenAsync();
        await ExecuteAsync(connection, sql);
    }

    private static async Task<TestServer> StartAsync()
    {
        var postgres = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions
        {
            DataDirectory = Path.Combine(Path.GetTempPath(), $"portal-tests-{Environment.UserName}"),
            BinDirectory = Environment.GetEnvironmentVariable("Postgres__BinDir"),
            Durable = false,
            MaxConnections = 300,
        });
        await using var connection = new NpgsqlConnection(postgres.SuperuserConnectionString);
        await connection.OpenAsync();
        const string life = "select to_char(pg_postmaster_start_time() at time zone 'UTC', 'YYYYMMDDHH24MISSMS')";
        var server = new TestServer(postgres, Convert.ToString(await ScalarAsync(connection, life), CultureInfo.InvariantCulture)!);
        await server.PrepareAsync(connection);
        return server;
    }

    /// <summary>One process clears what earlier lives left and makes the template; the others wait for it.</summary>
    private async Task PrepareAsync(NpgsqlConnection connection)
    {
        await ExecuteAsync(connection, $"select pg_advisory_lock({TemplateLock.ToString(CultureInfo.InvariantCulture)})");
        if (await ScalarAsync(connection, $"select 1 from pg_database where datname = '{Template}'") is not null)
        {
            return; // the lock goes with the connection
        }

        foreach (var left in await LeftoversAsync(connection))
        {
            await ExecuteAsync(connection, $"drop database if exists {left} with (force)");
        }

        await ExecuteAsync(connection, $"create database {Template}_new owner portal_owner");
        await PortalDatabase.MigrateAsync(Postgres.OwnerConnectionStringOf($"{Template}_new"));
        await ExecuteAsync(connection, $"alter database {Template}_new rename to {Template}");
    }

    private async Task<List<string>> LeftoversAsync(NpgsqlConnection connection)
    {
        var sql = $"""
            select datname from pg_database
            where (datname ~ '^(test|template)_\d' and datname !~ '^(test|template)_{Life}_') or datname = '{Template}_new'
            """;
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync();
        var names = new List<string>();
        while (await reader.ReadAsync())
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }

    private static string MigrationsMark()
    {
        var assembly = typeof(PortalDatabase).Assembly;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.Contains(".Migrations.", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            hash.AppendData(Encoding.UTF8.GetBytes(name));
            hash.AppendData(SHA256.HashData(stream));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..12];
    }

    private async Task<NpgsqlConnection> OpenAsync()
    {
        var connection = new NpgsqlConnection(Postgres.SuperuserConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
