using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Portal.Domain.Payments;

/// <summary>Works webhooks off as they arrive at this node, so that a page need not wait for the job.</summary>
public sealed class WebhookWorker(WebhookInbox inbox, ILogger<WebhookWorker> log) : BackgroundService
{
    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await inbox.WaitAsync(stoppingToken);
                await inbox.ProcessDueAsync(stoppingToken);
            }
            catch (NpgsqlException exception)
            {
                log.LogWarning(exception, "Webhooks could not be worked off; the job tries again");
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
        }
    }
}
