using Bunit;
using Portal.Domain.Tenants;
using Portal.Testing;
using Portal.Web.Components.TenantPages.Grants;

namespace Portal.Web.Tests.TenantPages;

public sealed class GrantsPageTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Without_credits_the_page_says_where_they_come_from()
    {
        await using var site = await Site.OpenAsync(postgres);

        var (page, _) = site.Open<GrantsPage>("grants", MemberRole.Owner);

        page.WaitForElement(".empty-state-title").TextContent.ShouldBe("No credits to use");
        page.Find(".empty-state a").GetAttribute("href").ShouldBe("/t/acme/buy");
    }

    [Fact]
    public async Task Lots_stand_in_burn_order_with_their_turn_terms_and_price()
    {
        await using var site = await Site.OpenAsync(postgres);
        var now = DateTimeOffset.UtcNow;
        await site.Portal.GrantAsync(site.Tenant, 100m, value: 5m, expiresAt: now.AddDays(90));
        await site.Portal.GrantAsync(site.Tenant, 50m, products: ["llm"]);
        await site.Portal.GrantAsync(site.Tenant, 7m, pool: "team-a", expiresAt: now.AddDays(3));
        await site.Portal.GrantAsync(site.Tenant, 30m, effectiveAt: now.AddDays(10), priority: 1);
        await site.Portal.SendAsync(TestPortal.Usage("acme", "1", 10_000));

        var (page, _) = site.Open<GrantsPage>("grants", MemberRole.Billing);

        page.WaitForAssertion(() => page.FindAll(".data-table tbody tr").Count.ShouldBe(4));
        page.FindAll(".grant-turn").Select(turn => turn.TextContent).ShouldBe(["–", "1", "1", "2"]); // to come, restricted, team-a's, shared's
        page.FindAll("td[data-label=Left]").Select(left => left.TextContent.Trim()).ShouldBe(["30 of 30", "40 of 50", "7 of 7", "100 of 100"]);
        page.FindAll("td[data-label='Per credit']").Select(price => price.TextContent.Trim()).ShouldBe(["free", "free", "free", "0.05\u00a0USD"]);
        page.FindAll("td[data-label=Valid]").Select(valid => valid.TextContent).ShouldContain(valid => valid.Contains("in 9 days", StringComparison.Ordinal));
        page.Find("td[data-label=Valid] .soon").TextContent.ShouldBe("in 2 days");
        page.Find("[data-testid=spendable]").TextContent.ShouldBe("147 credits");
        page.Find(".badge-warning").TextContent.ShouldBe("only llm");
    }

    [Fact]
    public async Task Used_and_expired_lots_are_shown_when_asked_for()
    {
        await using var site = await Site.OpenAsync(postgres);
        await site.Portal.GrantAsync(site.Tenant, 5m);
        await site.Portal.GrantAsync(site.Tenant, 8m, expiresAt: DateTimeOffset.UtcNow.AddHours(1), priority: 90);
        await site.Portal.SendAsync(TestPortal.Usage("acme", "1", 5000));
        await site.Portal.AdvanceAsync(TimeSpan.FromHours(2)); // nobody has booked the expiry yet

        site.Open<GrantsPage>("grants", MemberRole.Owner).Page.WaitForElement(".empty-state-title").TextContent.ShouldBe("No credits to use");
        var (expired, _) = site.Open<GrantsPage>("grants?state=expired", MemberRole.Owner);
        expired.WaitForAssertion(() => expired.Find("td[data-label=Left]").TextContent.Trim().ShouldBe("0 of 8"));
        var (empty, _) = site.Open<GrantsPage>("grants?state=empty", MemberRole.Owner);
        empty.WaitForAssertion(() => empty.Find("td[data-label=Left]").TextContent.Trim().ShouldBe("0 of 5"));
        var (all, _) = site.Open<GrantsPage>("grants?state=all", MemberRole.Owner);
        all.WaitForAssertion(() => all.FindAll(".data-table tbody tr").Count.ShouldBe(2));
    }

    [Fact]
    public async Task A_member_sees_the_lots_of_the_own_pool_and_no_money()
    {
        await using var site = await Site.OpenAsync(postgres);
        await site.Portal.GrantAsync(site.Tenant, 100m, value: 5m);
        await site.Portal.GrantAsync(site.Tenant, 7m, value: 1m, pool: "team-a");
        await site.Portal.SendAsync(TestPortal.Usage("acme", "1", 1000, consumer: "ana@example.com", pool: "team-a"));
        await site.Portal.ExecuteAsync("update consumers set pool_id = 2 where key = 'ana@example.com'");

        var (page, dialogs) = site.Open<GrantsPage>("grants?pool=shared", MemberRole.Member); // whatever the address asks for

        page.WaitForAssertion(() => page.Find("td[data-label=Left]").TextContent.Trim().ShouldBe("6 of 7"));
        page.FindAll(".data-table tbody tr").Count.ShouldBe(1);
        page.Markup.ShouldNotContain("USD");
        await page.InvokeAsync(() => page.Find("button.movement").Click());
        dialogs.WaitForElement(".lineage").TextContent.ShouldContain("6 left");
        dialogs.Markup.ShouldNotContain("USD");
    }

    [Fact]
    public async Task A_lot_tells_where_it_came_from_and_what_it_became()
    {
        await using var site = await Site.OpenAsync(postgres);
        var bought = await site.Portal.GrantAsync(site.Tenant, 100m, value: 10m);
        var moved = (await site.Portal.Wallets.RunAsync(site.Tenant, wallet => PoolTransfers.MoveAsync(wallet, "shared", "team-a", 40m))).Value;
        await site.Portal.SendAsync(TestPortal.Usage("acme", "1", 15_000, pool: "team-a"), TestPortal.Usage("acme", "2", 10_000));

        var (page, dialogs) = site.Open<GrantsPage>("grants?pool=team-a", MemberRole.Billing);
        page.WaitForElement("button.movement");
        await page.InvokeAsync(() => page.Find("button.movement").Click());

        dialogs.WaitForElement(".lineage");
        var lots = dialogs.FindAll(".lineage-lot");
        lots.Count.ShouldBe(2);
        lots[0].QuerySelector(".lineage-parts")!.TextContent.ShouldSatisfyAllConditions(t => t.ShouldContain("50 left"), t => t.ShouldContain("10 used"), t => t.ShouldContain("40 moved"));
        lots[1].QuerySelector(".lineage-parts")!.TextContent.ShouldSatisfyAllConditions(t => t.ShouldContain("25 left"), t => t.ShouldContain("15 used"));
        dialogs.Find(".lineage-node[aria-current] .lineage-head").TextContent.ShouldContain("team-a");
        dialogs.Find("dl.facts").TextContent.ShouldContain("4.00\u00a0USD"); // 40 of 100 credits for $10
        bought.Id.ShouldNotBe(moved.Grants[0].Id);
    }

    [Fact]
    public async Task Many_lots_come_a_page_at_a_time()
    {
        await using var site = await Site.OpenAsync(postgres);
        for (var i = 0; i < 60; i++) await site.Portal.GrantAsync(site.Tenant, i + 1m, priority: i);

        var (page, _) = site.Open<GrantsPage>("grants", MemberRole.Owner);
        page.WaitForAssertion(() => page.FindAll(".grant-turn").Count.ShouldBe(25));
        await page.InvokeAsync(() => page.FindAll(".data-table-pager button")[1].Click());
        page.WaitForAssertion(() => page.Find(".grant-turn").TextContent.ShouldBe("26"));
        await page.InvokeAsync(() => page.FindAll(".data-table-pager button")[1].Click());
        page.WaitForAssertion(() => page.FindAll(".grant-turn").Count.ShouldBe(10));
        page.FindAll(".data-table-pager button")[1].HasAttribute("disabled").ShouldBeTrue();
    }
}
