using Hangfire;
using Hangfire.PostgreSql;
using Hangfire.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Portal.Jobs;

/// <summary>
/// Puts the schedule in place beside the start of the host: a process that was killed may have left a lock on it, and nobody's start waits
/// for that or fails by it.
/// </summary>
public sealed class JobSchedule(IRecurringJobManager jobs, ILogger<JobSchedule> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!await Task.Run(TrySchedule, stoppingToken)) await Task.Delay(Pause, stoppingToken);
    }

    private bool TrySchedule()
    {
        try
        {
            RecurringJobs.Schedule(jobs);
            return true;
        }
        catch (Exception e) when (e is PostgreSqlDistributedLockException or DistributedLockTimeoutException or NpgsqlException)
        {
            log.LogWarning("The schedule of jobs is not in place yet: {Reason}", e.Message);
            return false;
        }
    }
}
