using Portal.Domain.Notifications;
using Portal.Domain.Webhooks;
using Portal.Web.Api;

namespace Portal.Web.Hosting;

/// <summary>Outgoing webhooks in the web host: what messages say is written here, since the API knows what its GET answers.</summary>
public static class WebhooksHosting
{
    /// <summary>Registers the settings and who writes; also where other processes run the jobs.</summary>
    public static WebApplicationBuilder AddWebhooks(this WebApplicationBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton(new WebhookSettings(builder.Configuration.IsSandbox(builder.Environment)));
        builder.Services.AddSingleton(SiteAddress.Read(builder.Configuration));
        builder.Services.AddSingleton<IWebhookBodyWriter, WebhookBodyWriter>();
        if (!builder.Configuration.GetValue("Portal:Jobs:InWeb", true)) builder.Services.AddHostedService<WebhookBodiesInWeb>();
        return builder;
    }
}

/// <summary>Writes what messages say where the job that sends them runs in a process without the API.</summary>
public sealed class WebhookBodiesInWeb(WebhookBodies bodies, ILogger<WebhookBodiesInWeb> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await bodies.RunAsync(stoppingToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                log.LogWarning(exception, "What webhooks say could not be written; it is tried again");
            }
        }
    }
}
