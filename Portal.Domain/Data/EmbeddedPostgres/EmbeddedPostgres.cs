using System.Diagnostics.CodeAnalysis;
using Npgsql;

namespace Portal.Domain.Data.EmbeddedPostgres;

/// <summary>
/// A real PostgreSQL server, started and stopped with the application: the default where no server of one's own is configured.
/// Several processes share the server of a folder; the first starts it, the last to leave stops it. An exit of the process leaves it
/// too; after a kill the next start adopts it. A server that dies is started again, on its port, by whoever of them sees it first.
/// </summary>
[SuppressMessage("Design", "MA0049", Justification = "The folder is named after the noun it is about.")]
public sealed class EmbeddedPostgres : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource leaving = new();
    private readonly Cluster cluster;
    private readonly ServerUsers users;
    private readonly Credentials credentials;
    private readonly Action<string> tell;
    private IDisposable? seat;
    private Task watching = Task.CompletedTask;

    private EmbeddedPostgres(Cluster cluster, ServerUsers users, Credentials credentials, int port, IDisposable seat, Action<string> tell)
    {
        this.tell = tell;
        this.cluster = cluster;
        this.users = users;
        this.credentials = credentials;
        this.seat = seat;
        Port = port;
        AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
    }

    /// <summary>The TCP port on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Connects to the database <c>postgres</c> as the server's superuser.</summary>
    public string SuperuserConnectionString => Superuser(Port, credentials);

    /// <summary>Connects to the portal's database as <c>portal_owner</c>, who migrates.</summary>
    public string OwnerConnectionString => OwnerConnectionStringOf(Roles.Database);

    /// <summary>Connects to the portal's database as <c>portal_app</c>, who runs and owns nothing.</summary>
    public string AppConnectionString => AppConnectionStringOf(Roles.Database);

    /// <summary>Connects to a database of this server as <c>portal_owner</c>.</summary>
    public string OwnerConnectionStringOf(string database) => Connection(Port, Roles.Owner, credentials.Owner, database);

    /// <summary>Connects to a database of this server as <c>portal_app</c>.</summary>
    public string AppConnectionStringOf(string database) => Connection(Port, Roles.App, credentials.App, database);

    /// <summary>
    /// Starts the server of a folder, making it first where there is none, or joins the one that runs. Safe for several
    /// processes at once.
    /// </summary>
    /// <exception cref="EmbeddedPostgresException">The machine cannot run it; the message says why and what to do.</exception>
    public static async Task<EmbeddedPostgres> StartAsync(EmbeddedPostgresOptions options, CancellationToken cancellationToken = default)
    {
        var binaries = await PostgresBinaries.FindAsync(options, cancellationToken);
        var place = await ServerPlace.ChooseAsync(options, binaries.Major, cancellationToken);
        try
        {
            return await StartAsync(options, binaries, place, cancellationToken);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new EmbeddedPostgresException(
                $"{place.Folder} belongs to another user: {e.Message} Run as that user, or set Portal__DataDirectory to another folder.", e);
        }
    }

    /// <summary>Leaves the server, and stops it when nobody else uses it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref seat, null) is not { } mine)
        {
            return;
        }

        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        await leaving.CancelAsync();
        await watching;
        leaving.Dispose();
        using (await users.LockAsync(StartPatience, CancellationToken.None))
        {
            mine.Dispose();
            if (!users.Any())
            {
                await cluster.StopAsync(StopPatience);
            }
        }
    }

    private static async Task<EmbeddedPostgres> StartAsync(
        EmbeddedPostgresOptions options, PostgresBinaries binaries, ServerPlace place, CancellationToken cancellationToken)
    {
        var made = new Cluster(place, binaries, options);
        var everybody = new ServerUsers(place.Folder);
        using var held = await everybody.LockAsync(StartPatience, cancellationToken);

        // Not to be cancelled in the middle: a server that comes up after we have gone would be nobody's.
        var passwords = await Credentials.LoadAsync(place, made.Exists, CancellationToken.None);
        if (!made.Exists)
        {
            await made.CreateAsync(passwords.Superuser, CancellationToken.None);
        }

        var port = await made.EnsureRunningAsync(p => Superuser(p, passwords), port: null, CancellationToken.None);
        var server = new EmbeddedPostgres(made, everybody, passwords, port, everybody.Enter(), options.Tell);
        try
        {
            await Roles.EnsureAsync(server.SuperuserConnectionString, passwords, cancellationToken);
            server.watching = Task.Run(server.WatchAsync, CancellationToken.None);
            return server;
        }
        catch
        {
            held.Dispose();
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the server again when it has died: its port stands in connection strings, so it must be the same.</summary>
    private async Task WatchAsync()
    {
        using var ticks = new PeriodicTimer(WatchInterval);
        try
        {
            while (await ticks.WaitForNextTickAsync(leaving.Token))
            {
                if (!cluster.Runs) await ReviveAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // We leave.
        }
    }

    private async Task ReviveAsync()
    {
        using var held = await users.LockAsync(Timeout.InfiniteTimeSpan, leaving.Token);
        if (cluster.Runs) return;
        tell("PostgreSQL has died and is started again.");
        try
        {
            await cluster.EnsureRunningAsync(port => Superuser(port, credentials), Port, CancellationToken.None);
        }
        catch (Exception e) when (e is EmbeddedPostgresException or IOException or UnauthorizedAccessException)
        {
            tell($"PostgreSQL does not start again yet: {e.Message}");
        }
    }

    private void OnProcessExit(object? sender, EventArgs e) => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private static string Superuser(int port, Credentials credentials) => Connection(port, "postgres", credentials.Superuser, "postgres");

    private static string Connection(int port, string user, string password, string database) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = port,
        Username = user,
        Password = password,
        Database = database,
        Pooling = user != "postgres", // the superuser comes seldom and must not hold template databases
    }.ConnectionString;
}
