using Portal.E2E.Running;

namespace Portal.E2E.Journeys;

public sealed class Watching(PortalRun run) : Journey(run)
{
    [Fact]
    public async Task The_balance_on_an_open_page_moves_when_usage_arrives()
    {
        var overview = await (await VisitorAsync()).SignUpAsync("Watcher");
        await Portal.Api.GrantAsync(overview.Tenant, 100m);
        await overview.Wallet.ShouldShow(100m);
        await overview.Page.EvaluateAsync("window.notReloaded = true");

        // 4,808 × 0.000375 + 210 × 0.0015 = 2.118 credits
        var answers = await Portal.Api.SendAsync([UsageEvent.Now(overview.Tenant, "gpt-4o", 4808, 210)]);
        answers.ShouldHaveSingleItem().Status.ShouldBe("accepted");
        await overview.Wallet.ShouldShow(97.882m);

        // Whole batches arrive while somebody looks; what is shown last is what is true.
        for (var i = 0; i < 5; i++) await Portal.Api.SendAsync(Enumerable.Range(0, 20).Select(_ => UsageEvent.Now(overview.Tenant, "gpt-4o-mini", 1000, 100)));

        // 100 × (1,000 × 0.0000225 + 100 × 0.00009) = 3.15 credits
        await overview.Wallet.ShouldShow(94.732m);
        (await overview.Page.EvaluateAsync<bool>("window.notReloaded")).ShouldBeTrue();
    }
}
