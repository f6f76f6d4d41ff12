using Microsoft.Playwright;
using Portal.E2E.Pages;

namespace Portal.E2E.Running;

/// <summary>A journey of one or several people, each at a browser of their own. What a browser complains about fails it.</summary>
[Collection(InTheBrowser.Name)]
public abstract class Journey(PortalRun run) : IAsyncLifetime
{
    private static int taken;
    private readonly List<IBrowserContext> contexts = [];
    private readonly List<string> complaints = [];

    protected PortalApp Portal => run.Portal;

    /// <summary>True in a journey whose portal goes away, of which browsers complain at length.</summary>
    protected bool LosesConnection { get; set; }

    /// <summary>Somebody who has never been here.</summary>
    protected Task<Visitor> VisitorAsync() => VisitorAsync(new BrowserNewContextOptions());

    /// <summary>Somebody with a screen and taste of their own.</summary>
    protected Task<Visitor> VisitorAsync(BrowserNewContextOptions options) => VisitorAsync(options, Portal);

    /// <summary>Somebody at a portal of the journey's own.</summary>
    protected async Task<Visitor> VisitorAsync(BrowserNewContextOptions options, PortalApp portal)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(portal);
        options.BaseURL = portal.Address.ToString();
        options.Locale ??= "en-US";
        options.ReducedMotion ??= ReducedMotion.Reduce;
        var context = await run.Browser.NewContextAsync(options);
        contexts.Add(context);
        context.SetDefaultTimeout(30_000);
        var page = await context.NewPageAsync();
        page.PageError += (_, error) => complaints.Add($"{page.Url}: {error}");
        page.Console += (_, message) =>
        {
            // Answers such as 404 are the journey's own business; a cut connection is what leaving a page looks like.
            if (message.Type == "error" && !message.Text.Contains("Failed to load resource", StringComparison.Ordinal)) complaints.Add($"{page.Url}: {message.Text}");
        };
        return new Visitor(page, portal);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (var context in contexts)
        {
            if (Pictures.Wanted) await Pictures.TakeAsync(context.Pages[0], $"last-{GetType().Name}-{Interlocked.Increment(ref taken)}");
            await context.CloseAsync();
        }

        if (!LosesConnection) complaints.ShouldBeEmpty("The browser's console has errors.");
    }
}
