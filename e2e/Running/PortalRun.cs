using Microsoft.Playwright;

namespace Portal.E2E.Running;

/// <summary>The portal and the browser that the journeys of one run share.</summary>
public sealed class PortalRun : IAsyncLifetime
{
    private static readonly string[] Flags =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    ];

    private IPlaywright playwright = default!;

    public PortalApp Portal { get; private set; } = default!;

    public IBrowser Browser { get; private set; } = default!;

    public async Task InitializeAsync()
    {
        var starting = PortalApp.StartAsync("demo");
        playwright = await Playwright.CreateAsync();
        Browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Environment.GetEnvironmentVariable("PORTAL_CHROMIUM") ?? "/usr/bin/chromium",
            Args = Flags,
        });
        Portal = await starting;
    }

    public async Task DisposeAsync()
    {
        await Browser.DisposeAsync();
        playwright.Dispose();
        if (Pictures.Wanted) await File.WriteAllTextAsync(Path.Combine(Pictures.Folder!, "portal.log"), Portal.Output);
        await Portal.DisposeAsync();
    }
}

/// <summary>All journeys that a browser makes: one portal, one after another.</summary>
[CollectionDefinition(Name)]
public sealed class InTheBrowser : ICollectionFixture<PortalRun>
{
    public const string Name = "in the browser";
}
