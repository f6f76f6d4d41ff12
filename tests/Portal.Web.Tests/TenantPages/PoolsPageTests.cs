using AngleSharp.Dom;
using Bunit;
using Portal.Domain.Tenants;
using Portal.Testing;
using Portal.Web.Components.TenantPages.Pools;

namespace Portal.Web.Tests.TenantPages;

public sealed class PoolsPageTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Without_anything_there_is_a_shared_pool_and_word_of_what_to_do()
    {
        await using var site = await Site.OpenAsync(postgres);
        await site.Portal.ExecuteAsync("delete from pools where key = 'team-a'");

        var (page, _) = site.Open<PoolsPage>("pools", MemberRole.Owner);

        page.WaitForElement(".pool-card").GetAttribute("aria-label").ShouldBe("Shared");
        page.Find(".pool-hint").TextContent.ShouldContain("Everybody draws from Shared");
        page.WaitForElement(".empty-state-title").TextContent.ShouldBe("Nobody has used credits yet");
        Buttons(page, ".page-header-actions").ShouldBe(["New team", "New pool"]); // nothing to move to
        page.FindAll(".pool-card-actions button").Select(Text).ShouldBe(["Edit"]); // nor anything to close
    }

    [Fact]
    public async Task A_pool_says_what_it_has_holds_owes_and_who_draws_from_it()
    {
        await using var site = await Site.OpenAsync(postgres);
        await site.Portal.GrantAsync(site.Tenant, 100m, pool: "team-a");
        await site.Portal.Wallets.RunAsync(site.Tenant, wallet => TeamSettings.PutAsync(wallet, "a", "Team A", "team-a"));
        await site.Portal.Wallets.RunAsync(site.Tenant, wallet => ConsumerSettings.PutAsync(wallet, "bob", "Bob", null, "a"));
        await site.Portal.ExecuteAsync($"""
            insert into holds (tenant_id, id, pool_id, amount, created_at, expires_at) values ({site.Tenant}, gen_random_uuid(), 2, 25, now(), now() + interval '1 hour');
            update pools set held = 25 where pool_id = 2
            """);
        await site.Portal.SendAsync(TestPortal.Usage("acme", "1", 3000)); // owed by the shared pool

        var (page, _) = site.Open<PoolsPage>("pools", MemberRole.Billing);

        var team = page.WaitForElement(".pool-card[aria-label=team-a]").TextContent;
        team.ShouldContain("100 credits");
        team.ShouldContain("Available75");
        team.ShouldContain("progress25");
        team.ShouldContain("draws from Shared");
        team.ShouldContain("Team A, 1 consumer");
        page.Find(".pool-card[aria-label=Shared]").TextContent.ShouldContain("settle it3");
        page.FindAll(".page-header-actions button").ShouldBeEmpty(); // billing looks only
        page.WaitForAssertion(() => page.FindAll(".data-table tbody tr").Count.ShouldBe(1));
        page.Find("td[data-label='Draws from']").TextContent.ShouldBe("team-a");
    }

    [Fact]
    public async Task A_member_sees_the_own_pool_and_usage_and_nothing_of_others()
    {
        await using var site = await Site.OpenAsync(postgres);
        await site.Portal.GrantAsync(site.Tenant, 100m, value: 10m);
        await site.Portal.GrantAsync(site.Tenant, 40m, pool: "team-a");
        await site.Portal.SendAsync(TestPortal.Usage("acme", "1", 2000, consumer: "ana@example.com", pool: "team-a"), TestPortal.Usage("acme", "2", 2000, consumer: "bob"));
        await site.Portal.ExecuteAsync("update consumers set pool_id = 2 where key = 'ana@example.com'");

        var (page, _) = site.Open<PoolsPage>("pools", MemberRole.Member);

        page.WaitForElement(".pool-card").GetAttribute("aria-label").ShouldBe("team-a");
        page.FindAll(".pool-card").Count.ShouldBe(1);
        page.WaitForAssertion(() => page.FindAll(".data-table tbody tr").Count.ShouldBe(1));
        page.Markup.ShouldNotContain("bob");
        page.Markup.ShouldNotContain("Shared</h3>");
        page.FindAll("button").Select(Text).ShouldNotContain("Edit");
        page.FindAll(".team-list").ShouldBeEmpty();
    }

    [Fact]
    public async Task Credits_move_after_a_look_at_the_lots_and_come_back_with_undo()
    {
        await using var site = await Site.OpenAsync(postgres);
        await site.Portal.GrantAsync(site.Tenant, 100m, value: 10m);
        await site.Portal.GrantAsync(site.Tenant, 20m, products: ["llm"]);
        var (page, dialogs) = site.Open<PoolsPage>("pools", MemberRole.Admin);
        page.WaitForElement("button[aria-label='Move credits of Shared']");
        await page.InvokeAsync(() => page.Find("button[aria-label='Move credits of Shared']").Click());

        dialogs.WaitForElement("#transfer-credits").Input("30");
        dialogs.WaitForElement(".lot-list");
        dialogs.FindAll(".lot-list li > span:first-child").Select(Text).ShouldBe(["20 Promotion, only llm", "10 Purchase"]);
        dialogs.FindAll(".lot-list li > .muted").Select(Text).ShouldBe(["no expiry", "no expiry"]);
        await dialogs.InvokeAsync(() => dialogs.Find("#transfer").SubmitAsync());

        page.WaitForElement("[role=status]").TextContent.ShouldContain("Moved 30 credits from Shared to team-a");
        (await site.Portal.BalanceAsync(site.Tenant, "pool:team-a")).ShouldBe(30m);
        (await site.Portal.ScalarAsync("select actor from audit where action = 'credits.transferred'")).ShouldBe($"user:{site.User:N}");

        await page.InvokeAsync(() => page.Find("[role=status] button").ClickAsync(new()));
        page.WaitForAssertion(() => page.Find("[role=status]").TextContent.ShouldContain("Moved back"));
        (await site.Portal.BalanceAsync(site.Tenant, "pool:shared")).ShouldBe(120m);
    }

    [Fact]
    public async Task More_than_there_is_cannot_be_asked_for_and_a_role_taken_away_moves_nothing()
    {
        await using var site = await Site.OpenAsync(postgres);
        await site.Portal.GrantAsync(site.Tenant, 10m);
        var (page, dialogs) = site.Open<PoolsPage>("pools", MemberRole.Admin);
        page.WaitForElement("button[aria-label='Move credits of Shared']");
        await page.InvokeAsync(() => page.Find("button[aria-label='Move credits of Shared']").Click());

        dialogs.WaitForElement("#transfer-credits").Input("10.5");
        dialogs.WaitForElement(".field-error").TextContent.ShouldContain("no more than 10 credits");
        dialogs.Find("button[form=transfer]").HasAttribute("disabled").ShouldBeTrue();

        await site.Portal.ExecuteAsync("update members set role = 'billing'");
        await dialogs.InvokeAsync(() => dialogs.Find("#transfer-credits").Input("5"));
        await dialogs.InvokeAsync(() => dialogs.Find("#transfer").SubmitAsync());
        dialogs.WaitForElement("[role=alert]").TextContent.ShouldContain("needs the role admin");
        (await site.Portal.BalanceAsync(site.Tenant, "pool:shared")).ShouldBe(10m);
    }

    [Fact]
    public async Task A_pool_is_closed_after_a_warning_of_what_moves()
    {
        await using var site = await Site.OpenAsync(postgres);
        await site.Portal.GrantAsync(site.Tenant, 40m, pool: "team-a");
        await site.Portal.GrantAsync(site.Tenant, 5m, pool: "team-a", effectiveAt: DateTimeOffset.UtcNow.AddDays(1));
        var (page, dialogs) = site.Open<PoolsPage>("pools", MemberRole.Owner);
        page.WaitForElement("button[aria-label='Close team-a']");
        await page.InvokeAsync(() => page.Find("button[aria-label='Close team-a']").Click());

        dialogs.WaitForElement("dl.facts").TextContent.ShouldContain("45 in 2 lots");
        dialogs.Find("dl.facts").TextContent.ShouldContain("of these to come5");
        await dialogs.FindAll("button").Single(button => Text(button) == "Close pool").ClickAsync(new());

        page.WaitForAssertion(() => page.FindAll(".pool-card").Count.ShouldBe(1));
        (await site.Portal.BalanceAsync(site.Tenant, "pool:shared")).ShouldBe(45m);
    }

    [Fact]
    public async Task A_refused_pool_keeps_what_was_typed()
    {
        await using var site = await Site.OpenAsync(postgres);
        var (page, dialogs) = site.Open<PoolsPage>("pools", MemberRole.Admin);
        page.WaitForElement(".page-header-actions");
        await page.InvokeAsync(() => page.FindAll(".page-header-actions button").Single(button => Text(button) == "New pool").Click());

        dialogs.WaitForElement("#pool-name").Input("Team A");
        await dialogs.InvokeAsync(() => dialogs.Find("#pool").SubmitAsync()); // team-a is there already
        dialogs.WaitForElement("[role=alert]").TextContent.ShouldContain("already");
        dialogs.Find("#pool-name").GetAttribute("value").ShouldBe("Team A");
        await dialogs.InvokeAsync(() => dialogs.Find("#pool-key").Input("team-a-2"));
        await dialogs.InvokeAsync(() => dialogs.Find("#pool").SubmitAsync());

        page.WaitForAssertion(() => page.FindAll(".pool-card").Select(card => card.GetAttribute("aria-label")).ShouldBe(["Shared", "team-a", "Team A"]));
    }

    [Fact]
    public async Task Many_consumers_come_a_page_at_a_time_and_are_found_by_name()
    {
        await using var site = await Site.OpenAsync(postgres);
        await site.Portal.ExecuteAsync($"insert into consumers (tenant_id, consumer_id, key, name) select {site.Tenant}, n, 'user-' || lpad(n::text, 4, '0'), 'User ' || n from generate_series(1, 400) n");

        var (page, _) = site.Open<PoolsPage>("pools", MemberRole.Owner);
        page.WaitForAssertion(() => page.FindAll(".data-table tbody tr").Count.ShouldBe(25));
        page.Find(".pool-card").TextContent.ShouldContain("400 consumers");
        await page.InvokeAsync(() => page.FindAll(".data-table-pager button").Single(button => Text(button).StartsWith("Next", StringComparison.Ordinal)).Click());
        page.WaitForAssertion(() => page.Find(".data-table tbody tr").TextContent.ShouldContain("user-0026"));

        var (found, _) = site.Open<PoolsPage>("pools?q=USER+39", MemberRole.Owner);
        found.WaitForAssertion(() => found.FindAll(".data-table tbody tr").Count.ShouldBe(11)); // 39, 390 to 399
    }

    private static IEnumerable<string> Buttons(IRenderedComponent<PoolsPage> page, string within) => page.FindAll(within + " button").Select(Text);

    private static string Text(IElement element) => element.TextContent.Trim();
}
