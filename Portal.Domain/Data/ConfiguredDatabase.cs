using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Portal.Domain.Data.EmbeddedPostgres;

namespace Portal.Domain.Data;

/// <summary>
/// The database that the settings name, up to date: a server of one's own (<c>ConnectionStrings:Portal</c>), or else the embedded
/// one under <c>Portal:DataDirectory</c>, which stops when this is disposed of.
/// </summary>
public sealed class ConfiguredDatabase : IAsyncDisposable
{
    private readonly IAsyncDisposable? embedded;
    private readonly TerminationSignals? signals;

    private ConfiguredDatabase(string appConnectionString, string? ownerConnectionString, IAsyncDisposable? embedded = null, TerminationSignals? signals = null)
    {
        AppConnectionString = appConnectionString;
        OwnerConnectionString = ownerConnectionString;
        this.embedded = embedded;
        this.signals = signals;
    }

    /// <summary>As the role that runs.</summary>
    public string AppConnectionString { get; }

    /// <summary>As the role that migrates; null in production when <c>ConnectionStrings:PortalOwner</c> is not given.</summary>
    public string? OwnerConnectionString { get; }

    /// <summary>
    /// Opens the database, migrates it where the owner's role is known, checks it, and registers its <see cref="NpgsqlDataSource"/>
    /// and the factory of <see cref="PortalDbContext"/>. Call before the host is built; dispose of the answer after the host.
    /// </summary>
    /// <exception cref="CannotStartException">The machine or the settings do not allow it.</exception>
    public static async Task<ConfiguredDatabase> AddAsync(IHostApplicationBuilder builder, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(builder);
        // Mail pickup and the like lie in the same folder, wherever the process was started.
        builder.Configuration["Portal:DataDirectory"] = DataDirectory(builder.Configuration, builder.Environment);
        var database = await OpenAsync(builder.Configuration, builder.Environment, cancellationToken);
        if (database.signals is { } received)
        {
            builder.Services.AddHostedService(provider => new StopAtSignal(received, provider.GetRequiredService<IHostApplicationLifetime>()));
        }

        builder.Services.AddSingleton(_ => PortalDatabase.Open(database.AppConnectionString));
        builder.Services.AddDbContextFactory<PortalDbContext>((provider, options) => PortalDbContext.Configure(
            options.UseNpgsql(provider.GetRequiredService<NpgsqlDataSource>(), npgsql => npgsql.SetPostgresVersion(15, 0))));
        return database;
    }

    /// <summary>Stops the embedded server, if there is one and nobody else uses it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (embedded is not null)
        {
            await embedded.DisposeAsync();
        }

        signals?.Dispose();
    }

    private static async Task<ConfiguredDatabase> OpenAsync(IConfiguration configuration, IHostEnvironment environment, CancellationToken cancellationToken)
    {
        var database = configuration.GetConnectionString("Portal") is { Length: > 0 } own
            ? new ConfiguredDatabase(own, OwnerOf(own, configuration, environment))
            : await EmbeddedAsync(configuration, cancellationToken);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, database.signals?.Received ?? CancellationToken.None);
        try
        {
            if (database.OwnerConnectionString is not null)
            {
                await PortalDatabase.MigrateAsync(database.OwnerConnectionString, ending.Token);
            }

            await DatabaseRights.CheckAsync(database.AppConnectionString, environment.IsProduction(), ending.Token);
            return database;
        }
        catch (NpgsqlException e) when (e is not PostgresException)
        {
            await database.DisposeAsync();
            throw new CannotStartException($"The database does not answer: {e.Message}", e);
        }
        catch
        {
            await database.DisposeAsync();
            throw;
        }
    }

    private static string? OwnerOf(string app, IConfiguration configuration, IHostEnvironment environment) =>
        configuration.GetConnectionString("PortalOwner") is { Length: > 0 } owner ? owner : environment.IsProduction() ? null : app;

    private static async Task<ConfiguredDatabase> EmbeddedAsync(IConfiguration configuration, CancellationToken cancellationToken)
    {
        var termination = new TerminationSignals();
        try
        {
            var options = new EmbeddedPostgresOptions
            {
                DataDirectory = configuration["Portal:DataDirectory"]!,
                BinDirectory = configuration["Postgres:BinDir"],
                Tell = Console.WriteLine,
            };
            using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, termination.Received);
            var server = await EmbeddedPostgres.EmbeddedPostgres.StartAsync(options, ending.Token);
            return new ConfiguredDatabase(server.AppConnectionString, server.OwnerConnectionString, server, termination);
        }
        catch
        {
            termination.Dispose();
            throw;
        }
    }

    /// <summary>A relative folder is meant from the top of the source tree that the program lies in, or from the content root where it is none.</summary>
    private static string DataDirectory(IConfiguration configuration, IHostEnvironment environment)
    {
        var top = new DirectoryInfo(AppContext.BaseDirectory);
        while (top is not null && !File.Exists(Path.Combine(top.FullName, "Portal.sln")))
        {
            top = top.Parent;
        }

        var configured = configuration["Portal:DataDirectory"] is { Length: > 0 } given ? given : ".data";
        return Path.GetFullPath(configured, top?.FullName ?? environment.ContentRootPath);
    }

    /// <summary>Passes on what came before the host listened to signals itself.</summary>
    private sealed class StopAtSignal(TerminationSignals signals, IHostApplicationLifetime lifetime) : BackgroundService
    {
        protected override Task ExecuteAsync(CancellationToken stoppingToken)
        {
            signals.Received.Register(lifetime.StopApplication);
            return Task.CompletedTask;
        }
    }
}
