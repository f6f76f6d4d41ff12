using Microsoft.Extensions.Logging.Abstractions;
using Portal.Domain.Data;
using Portal.Domain.Webhooks;

namespace Portal.Database.Tests.Webhooks;

/// <summary>A process that sends webhooks until it is killed.</summary>
internal static class SendWorker
{
    public static async Task RunAsync(string connection)
    {
        await using var source = PortalDatabase.Open(connection);
        using var line = new WebhookLine(WebhooksWorld.Settings);
        var bodies = new WebhookBodies(source, [new PlainBodies()], NullLogger<WebhookBodies>.Instance);
        var sending = new WebhookSending(source, bodies, line, WebhooksWorld.Settings, NullLogger<WebhookSending>.Instance);
        Console.WriteLine("ready");
        while (true) await sending.RunAsync();
    }
}
