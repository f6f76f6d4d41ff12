namespace Portal.Domain.Data.EmbeddedPostgres;

/// <summary>
/// Who uses a server, across processes. Every user holds a lock on a file of his own, which the operating system lets go when he
/// dies: the last to leave can tell that he is the last even after others were killed.
/// </summary>
internal sealed class ServerUsers(string folder)
{
    private readonly string seats = Path.Combine(folder, "users");

    /// <summary>Keeps every other process from starting or stopping this server meanwhile.</summary>
    /// <exception cref="EmbeddedPostgresException">Another process keeps it for longer than the patience.</exception>
    public async Task<IDisposable> LockAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        var path = Path.Combine(folder, "lock");
        for (var waited = TimeSpan.Zero; ; waited += TimeSpan.FromMilliseconds(50))
        {
            if (TryHold(path) is { } held)
            {
                return held;
            }

            if (patience != Timeout.InfiniteTimeSpan && waited >= patience)
            {
                throw new EmbeddedPostgresException($"Another process has been starting or stopping the database for {patience.TotalSeconds:0} s and holds {path}.");
            }

            await Task.Delay(50, cancellationToken);
        }
    }

    /// <summary>Takes a seat; dispose of it to leave. Call under the lock.</summary>
    public IDisposable Enter()
    {
        Directory.CreateDirectory(seats);
        var path = Path.Combine(seats, $"{Environment.ProcessId}-{Guid.NewGuid():N}");
        return new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
    }

    /// <summary>Whether anybody alive still uses the server; clears the seats of the dead. Call under the lock.</summary>
    public bool Any()
    {
        var any = false;
        foreach (var path in Directory.Exists(seats) ? Directory.GetFiles(seats) : [])
        {
            using var held = TryHold(path);
            any |= held is null;
            if (held is not null)
            {
                File.Delete(path);
            }
        }

        return any;
    }

    private static FileStream? TryHold(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or FileNotFoundException))
        {
            return null;
        }
    }
}
