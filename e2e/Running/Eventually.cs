namespace Portal.E2E.Running;

/// <summary>Waits for what happens in another process and cannot be awaited.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The first answer that is not null; fails when there is none for a minute.</summary>
    public static async Task<T> FindAsync<T>(string what, Func<Task<T?>> look, TimeSpan? patience = null)
        where T : class
    {
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        using var end = new CancellationTokenSource(patience ?? Patience);
        try
        {
            do
            {
                if (await look() is { } found) return found;
            }
            while (await ticks.WaitForNextTickAsync(end.Token));
        }
        catch (OperationCanceledException)
        {
            // Said below.
        }

        throw new TimeoutException($"There was no {what}.");
    }
}
