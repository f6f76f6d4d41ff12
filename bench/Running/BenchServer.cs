using Npgsql;
using Portal.Domain.Data.EmbeddedPostgres;

namespace Portal.Bench.Running;

/// <summary>An embedded PostgreSQL of the benchmark's own, with default durability; portals and peers have a database each.</summary>
internal sealed class BenchServer : IAsyncDisposable
{
    // A new server makes each segment of its log as it needs it, and commits wait for that; one that has run uses them again.
    private const string AsAfterAWhile = """
        do $$ begin
          for i in 1..200 loop
            perform pg_logical_emit_message(false, 'bench', 'segment');
            perform pg_switch_wal();
          end loop;
        end $$;
        checkpoint;
        """;

    private readonly EmbeddedPostgres postgres;

    private BenchServer(EmbeddedPostgres postgres, string directory)
    {
        this.postgres = postgres;
        Directory = directory;
    }

    /// <summary>Where everything lies; gone with the server.</summary>
    public string Directory { get; }

    public static async Task<BenchServer> StartAsync()
    {
        var directory = System.IO.Directory.CreateTempSubdirectory("portal-bench-").FullName;
        var server = new BenchServer(await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions { DataDirectory = directory }), directory);
        await server.ExecuteAsync("postgres", AsAfterAWhile);
        return server;
    }

    public string Owner(string database) => postgres.OwnerConnectionStringOf(database);

    public string App(string database) => postgres.AppConnectionStringOf(database);

    /// <summary>Connects as the superuser, who may empty what is append-only.</summary>
    public string Superuser(string database) => new NpgsqlConnectionStringBuilder(postgres.SuperuserConnectionString) { Database = database, CommandTimeout = 0 }.ConnectionString;

    /// <summary>Makes an empty database.</summary>
    public Task CreateAsync(string database) => ExecuteAsync("postgres", $"create database {database} owner portal_owner");

    /// <summary>Gives a database's disk back.</summary>
    public Task DropAsync(string database) => ExecuteAsync("postgres", $"drop database {database} with (force)");

    /// <summary>Runs statements as the superuser.</summary>
    public async Task ExecuteAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(Superuser(database));
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await postgres.DisposeAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
    }
}
