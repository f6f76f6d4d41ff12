using System.Diagnostics.Tracing;
using System.Globalization;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Playwright;
using Portal.Bench.Running;

namespace Portal.Bench.Browsers;

/// <summary>
/// What a connected browser takes of the server's memory: pages of a signed-in person are opened step by step in Chromium, each a circuit of its
/// own, and the process is measured after a full collection. It collects as on a small machine, so that what is free is given back.
/// </summary>
internal static class BrowserRows
{
    private const double Mebibyte = 1024 * 1024;

    private static readonly string[] Flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];

    private static readonly Dictionary<string, string> Settings = new(StringComparer.Ordinal)
    {
        ["DOTNET_gcServer"] = "0",
        ["DOTNET_gcConcurrent"] = "0",
        ["DOTNET_GCConserveMemory"] = "9",
    };

    public static async Task<IReadOnlyList<BenchRow>> MeasureAsync(BenchServer server, BenchSettings settings)
    {
        var chromium = Environment.GetEnvironmentVariable("PORTAL_CHROMIUM") ?? "/usr/bin/chromium";
        await using var portal = await PortalUnderTest.StartEmptyAsync(server, "browsers", seed: "demo", Settings);
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = chromium, Args = Flags });
        var first = await browser.NewContextAsync(new BrowserNewContextOptions { BaseURL = portal.Address.ToString() });
        var overview = await SignInAsync(first);
        await WarmUpAsync(first, overview, settings.Quick ? 8 : 24);

        var (steps, perStep) = settings.Quick ? (3, 4) : (5, 8);
        var added = new List<double>();
        var before = await SettledAsync(portal);
        var heap = await HeapAsync(portal);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  without: {before:0.0} MiB, {heap:0.0} of them managed"));
        for (var step = 1; step <= steps; step++)
        {
            for (var i = 0; i < perStep; i++) await OpenAsync(first, overview);
            var now = await SettledAsync(portal);
            added.Add((now - before) / perStep);
            before = now;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {step * perStep} browsers: {now:0.0} MiB, {added[^1]:0.00} each"));
        }

        var managed = (await HeapAsync(portal) - heap) / (steps * perStep);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  managed: {managed:0.00} MiB each"));

        return [BenchRow.NoMoreThan(1, string.Create(CultureInfo.InvariantCulture, $"memory per browser, {steps * perStep} on Overview"), added, "a mebibyte", [1], "MiB")];
    }

    // What the last collection left, by the server's own account.
    private static async Task<double> HeapAsync(PortalUnderTest portal)
    {
        using var api = portal.OpenApi();
        var metrics = await api.GetStringAsync(new Uri("/metrics", UriKind.Relative));
        return metrics.Split('\n')
            .Where(line => line.StartsWith("dotnet_gc_last_collection_heap_size_bytes{", StringComparison.Ordinal))
            .Sum(line => double.Parse(line[(line.IndexOf('}', StringComparison.Ordinal) + 1)..].Trim().Split(' ')[0], CultureInfo.InvariantCulture)) / Mebibyte;
    }

    // As the owner of the demo's company; answers the address that is shown then.
    private static async Task<string> SignInAsync(IBrowserContext context)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync("account/sign-in");
        await page.GetByLabel("Email").FillAsync("owner@acme.example");
        await page.GetByLabel("Password").FillAsync("acme-robotics-demo");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await ReadyAsync(page);
        return page.Url;
    }

    // What is used is compiled, and compiled again once it is used much.
    private static async Task WarmUpAsync(IBrowserContext context, string address, int pages)
    {
        for (var i = 0; i < pages; i++)
        {
            var page = await OpenAsync(context, address);
            await page.CloseAsync();
        }
    }

    private static async Task<IPage> OpenAsync(IBrowserContext context, string address)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync(address);
        await ReadyAsync(page);
        return page;
    }

    private static Task ReadyAsync(IPage page) => page.Locator("[data-interactive]").WaitForAsync(new() { State = WaitForSelectorState.Attached });

    // The runtime collects everything when a session asks for the heap's statistics.
    private static async Task<double> SettledAsync(PortalUnderTest portal)
    {
        var runtime = new DiagnosticsClient(portal.ProcessId);
        for (var i = 0; i < 3; i++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1)); // requests and renderings end
            using var session = await runtime.StartEventPipeSessionAsync(
                new EventPipeProvider("Microsoft-Windows-DotNETRuntime", EventLevel.Informational, keywords: 0x800000), requestRundown: false, circularBufferMB: 1, CancellationToken.None);
            var drained = session.EventStream.CopyToAsync(Stream.Null);
            await Task.Delay(TimeSpan.FromMilliseconds(500));
            await session.StopAsync(CancellationToken.None);
            await drained;
        }

        return portal.Memory / Mebibyte;
    }
}
