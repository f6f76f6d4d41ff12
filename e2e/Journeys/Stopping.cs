using Microsoft.Playwright;
using Portal.E2E.Running;

namespace Portal.E2E.Journeys;

public sealed class Stopping(PortalRun run) : Journey(run)
{
    [Fact]
    public async Task A_portal_stops_in_ten_seconds_though_somebody_looks_and_their_page_comes_back_with_it()
    {
        LosesConnection = true;
        await using var portal = await PortalApp.StartAsync("none");
        var overview = await (await VisitorAsync(new BrowserNewContextOptions(), portal)).SignUpAsync("Patient");
        await portal.Api.GrantAsync(overview.Tenant, 42.5m);
        await overview.Wallet.ShouldShow(42.5m);

        (await portal.StopAsync()).ShouldBe(0, portal.Output);
        var cutOff = overview.Page.GetByText("Connecting again");
        await Assertions.Expect(cutOff).ToBeVisibleAsync();
        await portal.StartAsync();

        // Nobody touches the page: it comes back by itself, and is live again.
        await Assertions.Expect(cutOff).Not.ToBeVisibleAsync(new() { Timeout = 60_000 });
        await overview.Wallet.ShouldShow(42.5m);
        await portal.Api.GrantAsync(overview.Tenant, 7.5m);
        await overview.Wallet.ShouldShow(50m);
    }
}
