using System.Diagnostics;
using System.Globalization;

namespace Portal.Domain.Data.EmbeddedPostgres;

/// <summary>The file in which a running server says its process (line 1), port (line 4) and shared memory (line 7).</summary>
internal sealed class PidFile(string cluster)
{
    private readonly string path = Path.Combine(cluster, "postmaster.pid");

    /// <summary>The port of the server that runs in this folder, 0 while it is not known yet; null when none runs.</summary>
    public int? RunningPort()
    {
        var lines = Read();
        return ServerProcess(lines) is { } pid && IsServer(pid) ? Number(lines, line: 4) ?? 0 : null;
    }

    /// <summary>The port of the server that left the file, running or not; null when there is none.</summary>
    public int? LastPort() => Number(Read(), line: 4) is { } port and > 0 ? port : null;

    /// <summary>
    /// Waits until the last process of a server that was killed has ended, and removes its file when its process number is another
    /// program's by now: at either PostgreSQL would give up. Any other stale file it clears itself.
    /// </summary>
    public async Task ClearStaleAsync(CancellationToken cancellationToken)
    {
        var lines = Read();
        if (ServerProcess(lines) is not { } pid)
        {
            return;
        }

        // A killed server's children may still write for a moment: to start beside them would destroy the data.
        for (var waited = 0; MemoryIsAttached(lines); waited++)
        {
            if (waited == 600)
            {
                throw new EmbeddedPostgresException($"Processes of a PostgreSQL server that was killed still work in {cluster}. End them first.");
            }

            await Task.Delay(100, cancellationToken);
        }

        if (Exists(pid, out _))
        {
            File.Delete(path);
        }
    }

    private bool IsServer(int pid)
    {
        if (!Exists(pid, out var name) || !name.StartsWith("postgres", StringComparison.Ordinal))
        {
            return false;
        }

        if (!OperatingSystem.IsLinux())
        {
            return true;
        }

        // A server works in its data folder: the pid file there tells it from another cluster's that was given the same number.
        try
        {
            return File.ReadAllText($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/cwd/postmaster.pid") == File.ReadAllText(path);
        }
        catch (IOException)
        {
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return true;
        }
    }

    private string[] Read()
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static int? ServerProcess(string[] lines) => Number(lines, line: 1);

    private static int? Number(string[] lines, int line) =>
        lines.Length >= line && int.TryParse(lines[line - 1], CultureInfo.InvariantCulture, out var number) ? number : null;

    private static bool Exists(int pid, out string name)
    {
        name = "";
        try
        {
            using var process = Process.GetProcessById(pid);
            name = process.ProcessName;
            return true;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>Whether any process is attached to the segment of shared memory that the file names.</summary>
    private static bool MemoryIsAttached(string[] lines)
    {
        const string segments = "/proc/sysvipc/shm";
        if (lines.Length < 7 || !File.Exists(segments))
        {
            return false;
        }

        // Key and number: after a restart of the machine the number alone may be another server's. The key is printed with a sign here.
        return Fields(lines[6]) is [var said, var id] && ulong.TryParse(said, CultureInfo.InvariantCulture, out var key)
            && File.ReadLines(segments).Skip(1).Select(Fields).Any(segment =>
                segment[0] == unchecked((int)key).ToString(CultureInfo.InvariantCulture) && segment[1] == id && segment[6] != "0");
    }

    private static string[] Fields(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
