using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.Playwright;
using Portal.Domain.Webhooks;
using Portal.E2E.Pages;
using Portal.E2E.Running;

namespace Portal.E2E.Journeys;

/// <summary>Somebody asks to be told, and is: on the page, on the overview and at a server of their own.</summary>
public sealed class BeingTold(PortalRun run) : Journey(run)
{
    [Fact]
    public async Task An_alert_fires_on_the_overview_and_arrives_signed_at_an_endpoint()
    {
        using var server = new OwnServer();
        var owner = await VisitorAsync(new BrowserNewContextOptions { ViewportSize = new ViewportSize { Width = 1280, Height = 900 } });
        var overview = await owner.SignUpAsync("Listener");
        await Portal.Api.GrantAsync(overview.Tenant, 100m);
        var page = owner.Page;

        await owner.GoToAsync($"t/{overview.Tenant}/webhooks");
        await page.GetByRole(AriaRole.Button, new() { Name = "New endpoint" }).ClickAsync();
        await page.GetByLabel("URL").FillAsync(server.Url);
        await TakeAsync(page, "webhooks-new");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create endpoint" }).ClickAsync();
        var secret = (await page.GetByTestId("secret").TextContentAsync())!;
        await page.GetByRole(AriaRole.Button, new() { Name = "Done" }).ClickAsync();

        await owner.GoToAsync($"t/{overview.Tenant}/alerts");
        await page.GetByRole(AriaRole.Button, new() { Name = "New alert" }).ClickAsync();
        await page.GetByLabel("Name").FillAsync("Running low");
        await page.GetByLabel("Tell at or below").FillAsync("150");
        await page.GetByLabel("Webhook").CheckAsync();
        await TakeAsync(page, "alerts-new");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create alert" }).ClickAsync();
        await Assertions.Expect(page.Locator(".badge", new() { HasText = "Fired" })).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await TakeAsync(page, "alerts-fired");

        var message = await server.WaitAsync("alert.fired", TimeSpan.FromMinutes(1));
        message.Signature.ShouldBe(WebhookSecret.Sign(Convert.FromBase64String(secret["whsec_".Length..]), message.Id, message.Timestamp, message.Body));
        using var body = JsonDocument.Parse(message.Body);
        body.RootElement.GetProperty("data").GetProperty("key").GetString().ShouldBe("running-low");

        await page.GotoAsync($"t/{overview.Tenant}");
        await Assertions.Expect(page.GetByText("There are 100 credits left; the alert is at 150.")).ToBeVisibleAsync();
        await TakeAsync(page, "overview-alert");
        await owner.GoToAsync($"t/{overview.Tenant}/webhooks");
        await Assertions.Expect(page.Locator("td[data-label=State]").First).ToHaveTextAsync("Delivered");
        await page.Locator("td[data-label=Tries] summary").First.ClickAsync();
        await TakeAsync(page, "webhooks");
    }

    // Wide and on a phone, light and dark.
    private static async Task TakeAsync(IPage page, string name)
    {
        if (!Pictures.Wanted) return;
        foreach (var (scheme, width) in new[] { (ColorScheme.Light, 1280), (ColorScheme.Dark, 1280), (ColorScheme.Light, 360), (ColorScheme.Dark, 360) })
        {
            await page.EmulateMediaAsync(new() { ColorScheme = scheme });
            await page.SetViewportSizeAsync(width, 900);
            await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
            await Pictures.TakeAsync(page, $"told-{name}-{scheme}-{width}".ToLowerInvariant());
            (await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth")).ShouldBe(0, $"{name} scrolls sideways.");
        }

        await page.EmulateMediaAsync(new() { ColorScheme = ColorScheme.Light });
        await page.SetViewportSizeAsync(1280, 900);
    }

    private sealed record Message(string Id, long Timestamp, string Signature, string Body);

    /// <summary>A customer's server on loopback.</summary>
    private sealed class OwnServer : IDisposable
    {
        private readonly HttpListener listener = new();
        private readonly ConcurrentQueue<Message> messages = new();

        public OwnServer()
        {
            using (var probe = new TcpListener(IPAddress.Loopback, 0))
            {
                probe.Start();
                Url = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}/hooks/");
            }

            listener.Prefixes.Add(Url);
            listener.Start();
            _ = TakeAsync();
        }

        public string Url { get; }

        public async Task<Message> WaitAsync(string type, TimeSpan patience)
        {
            var until = DateTimeOffset.UtcNow + patience;
            while (DateTimeOffset.UtcNow < until)
            {
                if (messages.FirstOrDefault(message => message.Body.Contains($"\"type\":\"{type}\"", StringComparison.Ordinal)) is { } found) return found;
                await Task.Delay(100);
            }

            throw new TimeoutException($"No {type} arrived; {messages.Count} others did.");
        }

        public void Dispose() => listener.Close();

        private async Task TakeAsync()
        {
            while (listener.IsListening)
            {
                HttpListenerContext call;
                try
                {
                    call = await listener.GetContextAsync();
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }

                using var reader = new StreamReader(call.Request.InputStream, Encoding.UTF8);
                var headers = call.Request.Headers;
                messages.Enqueue(new Message(
                    headers["webhook-id"]!, long.Parse(headers["webhook-timestamp"]!, System.Globalization.CultureInfo.InvariantCulture), headers["webhook-signature"]!, await reader.ReadToEndAsync()));
                call.Response.StatusCode = 204;
                call.Response.Close();
            }
        }
    }
}
