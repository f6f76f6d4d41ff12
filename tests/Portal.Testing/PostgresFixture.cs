using Npgsql;

namespace Portal.Testing;

/// <summary>
/// Databases for tests: each is a copy of a migrated template, made in a tenth of a second and dropped on disposal. Take it as an
/// <c>IClassFixture&lt;PostgresFixture&gt;</c>; all fixtures of all test processes share one server, so it costs nothing to have many.
/// </summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private TestServer? server;

    /// <summary>A fresh, migrated, empty database.</summary>
    public Task<TestDatabase> CreateAsync() => TestDatabase.CreateAsync(Server, Server.Template);

    /// <summary>A database that nobody has migrated: nothing in it at all.</summary>
    public Task<TestDatabase> CreateEmptyAsync() => TestDatabase.CreateAsync(Server, "template0");

    private TestServer Server => server ?? throw new InvalidOperationException("The fixture was not initialized.");

    /// <inheritdoc />
    public async Task InitializeAsync() => server = await TestServer.Shared;

    /// <inheritdoc />
    public Task DisposeAsync() => Task.CompletedTask; // the server is left when the process ends
}

/// <summary>One database of a test. Dispose of it to drop it.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly TestServer server;

    private TestDatabase(TestServer server, string name)
    {
        this.server = server;
        Name = name;
        DataSource = Portal.Domain.Data.PortalDatabase.Open(AppConnectionString);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>As <c>portal_owner</c>, to whom every table belongs.</summary>
    public string OwnerConnectionString => server.Postgres.OwnerConnectionStringOf(Name);

    /// <summary>As <c>portal_app</c>, with the rights the running portal has.</summary>
    public string AppConnectionString => server.Postgres.AppConnectionStringOf(Name);

    /// <summary>As <c>portal_app</c>, with the settings of the running portal.</summary>
    public NpgsqlDataSource DataSource { get; }

    /// <summary>The first column of the first row, read as <c>portal_app</c>; null when there is no row.</summary>
    public async Task<object?> ScalarAsync(string sql)
    {
        await using var command = DataSource.CreateCommand(sql);
        return await command.ExecuteScalarAsync();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        await server.ExecuteAsync($"drop database if exists {Name} with (force)");
    }

    internal static async Task<TestDatabase> CreateAsync(TestServer server, string template)
    {
        var name = $"test_{server.Life}_{Guid.NewGuid():N}";
        await server.ExecuteAsync($"create database {name} template {template} owner portal_owner");
        return new TestDatabase(server, name);
    }
}
