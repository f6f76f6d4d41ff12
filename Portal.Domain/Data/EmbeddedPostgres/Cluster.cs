using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Portal.Domain.Data.EmbeddedPostgres;

/// <summary>One PostgreSQL cluster on disk, made, started and stopped by its own programs. Every call is made under the lock.</summary>
internal sealed class Cluster(ServerPlace place, PostgresBinaries binaries, EmbeddedPostgresOptions options)
{
    private const int Attempts = 5;
    private readonly string folder = place.Cluster;
    private readonly PidFile pidFile = new(place.Cluster);

    public bool Exists => File.Exists(Path.Combine(folder, "PG_VERSION"));

    /// <summary>False once its server has ended, in whatever way. Needs no lock.</summary>
    public bool Runs => pidFile.RunningPort() is not null;

    private string Log => Path.Combine(folder, "server.log");

    /// <summary>Makes the cluster, under another name until it is whole: a kill in the middle must not leave half a one.</summary>
    public async Task CreateAsync(string superuserPassword, CancellationToken cancellationToken)
    {
        options.Tell($"Making a new PostgreSQL {binaries.Major} database in {folder}.");
        var (half, passwordFile) = ($"{folder}.new", $"{folder}.password");
        if (Directory.Exists(half))
        {
            Directory.Delete(half, recursive: true);
        }

        Access.MakePrivateFolder(half);
        File.Delete(passwordFile);
        await Access.WritePrivateFileAsync(passwordFile, superuserPassword, cancellationToken);
        await place.Account.OwnAsync(half, cancellationToken);
        await place.Account.OwnAsync(passwordFile, cancellationToken);
        string[] arguments =
        [
            "--pgdata", half, "--username", "postgres", "--pwfile", passwordFile, "--auth", "scram-sha-256", "--encoding", "UTF8",
            "--locale", "C", "--lc-ctype", OperatingSystem.IsMacOS() ? "en_US.UTF-8" : "C.UTF-8",
            .. options.Durable ? Array.Empty<string>() : ["--no-sync"],
        ];
        var outcome = await place.Account.RunAsync(binaries.InitDb, arguments, cancellationToken);
        File.Delete(passwordFile);
        if (!outcome.Succeeded)
        {
            throw new EmbeddedPostgresException($"initdb failed in {half}: {outcome.OutputOr("it said nothing.")}");
        }

        await File.AppendAllTextAsync(Path.Combine(half, "postgresql.conf"), "\ninclude 'portal.conf'\n", cancellationToken);
        Directory.Move(half, folder);
    }

    /// <summary>Adopts the server that runs, or starts one; answers its port.</summary>
    /// <param name="superuser">Connects to a port as the superuser.</param>
    /// <param name="port">The port to start on; null for that of a server that died, or any.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<int> EnsureRunningAsync(Func<int, string> superuser, int? port, CancellationToken cancellationToken)
    {
        var waiting = Stopwatch.StartNew();
        while (pidFile.RunningPort() is { } running)
        {
            if (await AnswersAsync(superuser(running), cancellationToken))
            {
                return running;
            }

            // Left by a process that was killed while it started or stopped the server: either ends by itself.
            if (waiting.Elapsed > TimeSpan.FromMinutes(5))
            {
                throw new EmbeddedPostgresException($"The PostgreSQL server of {folder} runs but does not answer; see {Log}.");
            }

            await Task.Delay(100, cancellationToken);
        }

        return await StartAsync(port, cancellationToken);
    }

    /// <summary>
    /// Stops the server, writing out what is in memory. Where that takes longer than the patience it goes on by itself, and the
    /// next start waits for it.
    /// </summary>
    public async Task StopAsync(TimeSpan patience)
    {
        string[] arguments = ["stop", "-D", folder, "-m", "fast", "-w", "-s", "-t", ((int)patience.TotalSeconds).ToString(CultureInfo.InvariantCulture)];
        var outcome = await place.Account.RunAsync(binaries.PgCtl, arguments, CancellationToken.None);
        if (!outcome.Succeeded && pidFile.RunningPort() is not null)
        {
            options.Tell($"PostgreSQL is still writing its data and will stop by itself. {outcome.Output}");
        }
    }

    private async Task<int> StartAsync(int? port, CancellationToken cancellationToken)
    {
        var died = pidFile.LastPort(); // others may still use it
        await pidFile.ClearStaleAsync(cancellationToken);
        if (File.Exists(Log) && new FileInfo(Log).Length > 10_000_000)
        {
            File.Move(Log, $"{Log}.1", overwrite: true);
        }

        var outcome = default(CommandOutcome);
        for (var attempt = 1; attempt <= Attempts; attempt++)
        {
            await WriteSettingsAsync(port ?? (attempt == 1 ? died : null) ?? FreePort(), cancellationToken);
            outcome = await place.Account.RunAsync(
                binaries.PgCtl, ["start", "-D", folder, "-l", Log, "-w", "-s", "-t", "900"], cancellationToken);
            if (outcome.Succeeded && pidFile.RunningPort() is { } running)
            {
                return running;
            }
        }

        throw new EmbeddedPostgresException($"PostgreSQL did not start in {folder}. {outcome.Output}\n{LastLines(Log)}");
    }

    private Task WriteSettingsAsync(int port, CancellationToken cancellationToken)
    {
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        var settings = ServerSettings.Compose(options, port, memory, new DriveInfo(folder).AvailableFreeSpace);
        return File.WriteAllTextAsync(Path.Combine(folder, "portal.conf"), settings, cancellationToken);
    }

    private static async Task<bool> AnswersAsync(string connectionString, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync(cancellationToken);
            return true;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.CannotConnectNow)
        {
            return false;
        }
        catch (NpgsqlException e) when (e is not PostgresException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string LastLines(string log) =>
        File.Exists(log) ? string.Join('\n', File.ReadLines(log).TakeLast(10)) : "";
}
