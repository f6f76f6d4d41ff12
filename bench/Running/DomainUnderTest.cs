using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Portal.Domain;
using Portal.Domain.Data;

namespace Portal.Bench.Running;

/// <summary>The domain on a database of its own, in this process: for what pages read and jobs do.</summary>
internal sealed class DomainUnderTest : IAsyncDisposable
{
    private readonly ServiceProvider provider;

    private DomainUnderTest(BenchServer server, string database, NpgsqlDataSource source)
    {
        Server = server;
        Database = database;
        Source = source;
        provider = new ServiceCollection()
            .AddSingleton(source)
            .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>))
            .AddSingleton(TimeProvider.System)
            .AddOptions()
            .AddPortalDomain()
            .BuildServiceProvider();
    }

    public BenchServer Server { get; }

    public string Database { get; }

    /// <summary>As the running portal sees it.</summary>
    public NpgsqlDataSource Source { get; }

    public static async Task<DomainUnderTest> StartAsync(BenchServer server, string database)
    {
        await server.CreateAsync(database);
        await PortalDatabase.MigrateAsync(server.Owner(database));
        return new DomainUnderTest(server, database, PortalDatabase.Open(server.App(database)));
    }

    public T Get<T>()
        where T : notnull => provider.GetRequiredService<T>();

    /// <summary>Adds tenants with a shared pool each; answers their numbers.</summary>
    public Task<List<long>> AddTenantsAsync(string prefix, int count) => Source.ListAsync("""
        with added as (
          insert into tenants (key, name, currency, time_zone) select $1 || n, $1 || n, 'USD', 'UTC' from generate_series(1, $2) n returning tenant_id),
        opened as (insert into wallets (tenant_id) select tenant_id from added),
        pooled as (insert into pools (tenant_id, pool_id, key, name, kind) select tenant_id, 1, 'shared', 'Shared', 'shared' from added)
        select tenant_id from added
        """, row => row.GetInt64(0), CancellationToken.None, prefix, count);

    /// <summary>Moves business time.</summary>
    public Task AdvanceAsync(TimeSpan by) => Server.ExecuteAsync(
        Database, string.Create(CultureInfo.InvariantCulture, $"update platform set clock_offset = clock_offset + interval '{by.TotalSeconds} seconds'"));

    public async ValueTask DisposeAsync()
    {
        await provider.DisposeAsync();
        await Source.DisposeAsync();
        await Server.DropAsync(Database);
    }
}
