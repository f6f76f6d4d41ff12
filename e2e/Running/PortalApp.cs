using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Portal.Domain.Data.EmbeddedPostgres;

namespace Portal.E2E.Running;

/// <summary>
/// A portal as people run it: Portal.Web as a process, with an embedded PostgreSQL of its own, on a free port of localhost. It can be
/// killed and started again on the same data.
/// </summary>
public sealed class PortalApp : IAsyncDisposable
{
    private const string Key = "e2e-platform-key-of-one-run";
    private static readonly TimeSpan ReadyPatience = TimeSpan.FromMinutes(3);
    private readonly Lock writing = new();
    private readonly Queue<string> output = new();
    private readonly string seed;
    private Process? web;

    private PortalApp(string seed)
    {
        this.seed = seed;
        // Not the private folder of CreateTempSubdirectory: the server's user must be able to pass it.
        DataDirectory = Path.Combine(Path.GetTempPath(), "portal-e2e-" + Guid.NewGuid().ToString("N")[..12]);
        Directory.CreateDirectory(DataDirectory);
        Address = new Uri($"http://localhost:{FreePort().ToString(CultureInfo.InvariantCulture)}/");
        Api = new PlatformApi(Address, Key, () => Output);
        Mail = new Mailbox(Path.Combine(DataDirectory, "mail"));
    }

    public Uri Address { get; }

    public string DataDirectory { get; }

    public PlatformApi Api { get; }

    public Mailbox Mail { get; }

    /// <summary>The last lines that the process wrote.</summary>
    public string Output
    {
        get
        {
            lock (writing) return string.Join('\n', output);
        }
    }

    /// <summary>Starts a portal with fresh data.</summary>
    /// <param name="seed"><c>demo</c> or <c>none</c>.</param>
    public static async Task<PortalApp> StartAsync(string seed)
    {
        var portal = new PortalApp(seed);
        try
        {
            await portal.StartAsync();
            return portal;
        }
        catch
        {
            await portal.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the process on the data that are there, and waits until it is ready.</summary>
    public async Task StartAsync()
    {
        web?.Dispose();
        web = Process.Start(StartInfo()) ?? throw new InvalidOperationException("The portal did not start.");
        web.OutputDataReceived += Keep;
        web.ErrorDataReceived += Keep;
        web.BeginOutputReadLine();
        web.BeginErrorReadLine();
        try
        {
            await Eventually.FindAsync<object>("ready portal", async () =>
            {
                if (web.HasExited) throw new InvalidOperationException($"The portal ended with {web.ExitCode}.");
                return await Api.IsReadyAsync() ? this : null;
            }, ReadyPatience);
        }
        catch (Exception e) when (e is InvalidOperationException or TimeoutException)
        {
            throw new InvalidOperationException($"{e.Message}\n{Output}", e);
        }
    }

    /// <summary>Ends the process as <c>kill -9</c> does: nothing is tidied up.</summary>
    public async Task KillAsync()
    {
        web!.Kill();
        await web.WaitForExitAsync();
    }

    /// <summary>Asks the process to stop, as a supervisor does, and returns its exit code; fails when it takes over ten seconds.</summary>
    public async Task<int> StopAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", web!.Id.ToString(CultureInfo.InvariantCulture)])) await kill.WaitForExitAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            await web.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException e)
        {
            throw new TimeoutException($"The portal did not stop within ten seconds of SIGTERM.\n{Output}", e);
        }

        return web.ExitCode;
    }

    /// <summary>The database's server, joined as one more of its users: for looking at rows.</summary>
    public Task<EmbeddedPostgres> JoinDatabaseAsync() => EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions { DataDirectory = DataDirectory });

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (web is { HasExited: false }) await StopAsync();
        }
        finally
        {
            if (web is { HasExited: false }) await KillAsync();
            web?.Dispose();
            Api.Dispose();
            // After a kill the server would outlive the run: joined and left, it stops.
            await using (await JoinDatabaseAsync())
            {
            }

            Directory.Delete(DataDirectory, recursive: true);
        }
    }

    private ProcessStartInfo StartInfo()
    {
        var start = new ProcessStartInfo("dotnet", [Programs.Web])
        {
            WorkingDirectory = Programs.WebFolder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        // Settings of whoever runs the tests are not the portal's.
        foreach (var name in start.Environment.Keys.Where(IsSetting).ToArray()) start.Environment.Remove(name);
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        start.Environment["ASPNETCORE_URLS"] = Address.GetLeftPart(UriPartial.Authority);
        start.Environment["Portal__DataDirectory"] = DataDirectory;
        start.Environment["Portal__Seed"] = seed;
        start.Environment["Portal__BootstrapPlatformKey"] = Key;
        return start;
    }

    private static bool IsSetting(string name) =>
        name.StartsWith("Portal__", StringComparison.OrdinalIgnoreCase) || name.StartsWith("ConnectionStrings__", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("Mail__", StringComparison.OrdinalIgnoreCase) || name.StartsWith("ASPNETCORE_", StringComparison.OrdinalIgnoreCase);

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (writing)
        {
            output.Enqueue(line.Data ?? "");
            if (output.Count > 200) output.Dequeue();
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
