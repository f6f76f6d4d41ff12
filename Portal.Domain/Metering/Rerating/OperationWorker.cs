using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Portal.Domain.Metering.Rerating;

/// <summary>Looks every second for operations that nobody runs: new ones, and those of a process that is gone.</summary>
public sealed class OperationWorker(OperationRuns runs, ILogger<OperationWorker> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken)) await TryAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process ends; what is open goes on elsewhere or at the next start.
        }
    }

    private async Task TryAsync(CancellationToken cancellationToken)
    {
        try
        {
            await runs.RunDueAsync(cancellationToken);
        }
        catch (NpgsqlException exception)
        {
            log.LogWarning(exception, "Operations could not be run; they are tried again in a second");
        }
    }
}
