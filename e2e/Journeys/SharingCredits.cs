using Microsoft.Playwright;
using Portal.E2E.Pages;
using Portal.E2E.Running;

namespace Portal.E2E.Journeys;

public sealed class SharingCredits(PortalRun run) : Journey(run)
{
    [Fact]
    public async Task Credits_move_to_a_new_pool_come_back_with_undo_and_go_to_shared_when_it_closes()
    {
        var owner = await VisitorAsync();
        var overview = await owner.SignUpAsync("Sharer");
        await Portal.Api.GrantAsync(overview.Tenant, 100m);
        var pools = await overview.PoolsAsync();
        await pools.OpenPoolAsync("Research");

        var lots = await pools.PlanMoveAsync("Shared", "Research", "30");
        await Assertions.Expect(lots).ToHaveCountAsync(1);
        await Assertions.Expect(lots.First).ToContainTextAsync("30 Purchase");
        await pools.MoveAsync();
        await pools.WalletOf("Research").ShouldShow(30m);
        await pools.WalletOf("Shared").ShouldShow(70m);

        await pools.UndoAsync();
        await pools.WalletOf("Research").ShouldShow(0m);
        await pools.WalletOf("Shared").ShouldShow(100m);

        await pools.PlanMoveAsync("Shared", "Research", "45");
        await pools.MoveAsync();
        (await pools.CloseAsync("Research")).ShouldContain("45 in ");
        await pools.WalletOf("Shared").ShouldShow(100m);
        await Portal.Api.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_lot_that_moved_shows_where_it_came_from_and_what_it_became()
    {
        var owner = await VisitorAsync();
        var overview = await owner.SignUpAsync("Historian");
        await Portal.Api.GrantAsync(overview.Tenant, 100m);
        var pools = await overview.PoolsAsync();
        await pools.OpenPoolAsync("Research");
        await pools.PlanMoveAsync("Shared", "Research", "40");
        await pools.MoveAsync();

        var grants = await pools.GrantsAsync();
        await Assertions.Expect(grants.Lots).ToHaveCountAsync(2);
        await grants.FilterAsync("Pool", "Research");
        await Assertions.Expect(grants.Lots).ToHaveCountAsync(1);
        var family = await grants.HistoryAsync();
        await Assertions.Expect(family).ToHaveCountAsync(2);
        await Assertions.Expect(family.First).ToContainTextAsync("40 moved");
        await Assertions.Expect(family.Last).ToContainTextAsync("40 left");

        await (await grants.ActivityAsync()).NewestShouldBe("Shared → Research", "40");
    }

    [Fact]
    public async Task An_allowance_is_set_and_shows_what_is_used_of_it()
    {
        var owner = await VisitorAsync();
        var overview = await owner.SignUpAsync("Limiter");
        await Portal.Api.GrantAsync(overview.Tenant, 100m);
        var pools = await overview.PoolsAsync();
        await pools.AddConsumerAsync("bot");

        await pools.LimitAsync("bot", "20");

        await Assertions.Expect(pools.Consumer("bot")).ToContainTextAsync("0 of 20 a day");
        await Assertions.Expect(pools.Consumer("bot")).ToContainTextAsync("new work stops at it");
        var standing = await Portal.Api.GetAsync($"v1/tenants/{overview.Tenant}/consumers/bot/allowances/shared");
        Figure.Of(standing["limit"]).ShouldBe(20m);
    }
}
