using Microsoft.Extensions.Logging.Abstractions;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Webhooks;
using Portal.Testing;

namespace Portal.Database.Tests.Webhooks;

/// <summary>A portal with a receiver, and senders that write plain bodies.</summary>
internal sealed class WebhooksWorld : IAsyncDisposable
{
    private readonly List<WebhookLine> lines = [];

    private WebhooksWorld(TestPortal portal, Receiver receiver) => (Portal, Receiver) = (portal, receiver);

    public TestPortal Portal { get; }

    public Receiver Receiver { get; }

    public static readonly WebhookSettings Settings = new(Loopback: true) { Timeout = TimeSpan.FromSeconds(2) };

    public static async Task<WebhooksWorld> StartAsync(PostgresFixture postgres) => new(await TestPortal.StartAsync(postgres), await Receiver.StartAsync());

    /// <summary>A sender of its own, as another process would be.</summary>
    public WebhookSending Sender(WebhookSettings? settings = null, params IWebhookBodyWriter[] writers)
    {
        var line = new WebhookLine(settings ?? Settings);
        lines.Add(line);
        return new WebhookSending(
            Portal.Source, new WebhookBodies(Portal.Source, writers.Length == 0 ? [new PlainBodies()] : writers, NullLogger<WebhookBodies>.Instance), line, settings ?? Settings, NullLogger<WebhookSending>.Instance);
    }

    /// <summary>An endpoint of a tenant, or of the platform: 0; its id and secret.</summary>
    public async Task<(Guid Id, string Secret)> AddEndpointAsync(long tenant, string path, params string[] types)
    {
        var made = await WriteAsync(platform => WebhookEndpoints.CreateAsync(platform.Connection, tenant, new EndpointOrder(Receiver.At(path), types), Settings, platform.Now, "test"));
        return (made.Value.Endpoint.Id, made.Value.Secret);
    }

    public Task<Result<T>> WriteAsync<T>(Func<PlatformTransaction, Task<Result<T>>> work) => PlatformTransaction.RunAsync(Portal.Source, work);

    /// <summary>Something that is told: credits for a tenant.</summary>
    public Task HappenAsync(long tenant) => Portal.GrantAsync(tenant, 10m);

    /// <summary>What waits is due now.</summary>
    public Task MakeDueAsync() => Portal.ExecuteAsync("update webhook_deliveries set due_at = now() where state = 'pending'");

    public async ValueTask DisposeAsync()
    {
        foreach (var line in lines) line.Dispose();
        await Receiver.DisposeAsync();
        await Portal.DisposeAsync();
    }
}

/// <summary>Bodies with nothing but ids in them.</summary>
internal sealed class PlainBodies : IWebhookBodyWriter
{
    public Task<string> WriteAsync(WebhookEvent told, CancellationToken cancellationToken) =>
        Task.FromResult($$$"""{"id":"{{{told.MessageId}}}","type":"{{{told.Type}}}","tenant":"{{{told.TenantKey}}}","data":{"id":"{{{told.Subject}}}"}}""");
}
