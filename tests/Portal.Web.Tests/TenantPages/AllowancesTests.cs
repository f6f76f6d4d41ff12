using Bunit;
using Portal.Domain.Tenants;
using Portal.Testing;
using Portal.Web.Components.TenantPages.Members;
using Portal.Web.Components.TenantPages.Pools;

namespace Portal.Web.Tests.TenantPages;

public sealed class AllowancesTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task An_allowance_shows_used_of_limit_and_a_passed_one_says_so()
    {
        await using var site = await Site.OpenAsync(postgres);
        await site.Portal.GrantAsync(site.Tenant, 100m);
        foreach (var (consumer, limit, mode) in new[] { ("bob", 20m, "hard"), ("bot", 3m, "soft") })
        {
            await site.Portal.Wallets.RunAsync(site.Tenant, wallet => ConsumerSettings.PutAsync(wallet, consumer, null, null, null));
            await site.Portal.Wallets.RunAsync(site.Tenant, wallet => AllowanceSettings.PutAsync(wallet, consumer, "shared", limit, "lifetime", mode));
        }

        await site.Portal.AdvanceAsync(TimeSpan.FromMinutes(1));
        var at = DateTimeOffset.UtcNow.AddSeconds(30);
        await site.Portal.SendAsync(TestPortal.Usage("acme", "1", 5000, at: at, consumer: "bob"), TestPortal.Usage("acme", "2", 4000, at: at, consumer: "bot"));

        var (page, _) = site.Open<PoolsPage>("pools", MemberRole.Billing);

        page.WaitForAssertion(() => page.FindAll(".allowances li").Count.ShouldBe(2));
        var (bob, bot) = (page.FindAll(".allowances li")[0], page.FindAll(".allowances li")[1]);
        bob.TextContent.ShouldSatisfyAllConditions(t => t.ShouldContain("5 of 20 in all"), t => t.ShouldContain("new work stops at it"));
        bob.QuerySelector(".bar > div")!.GetAttribute("style").ShouldBe("width:25%");
        bot.TextContent.ShouldSatisfyAllConditions(t => t.ShouldContain("4 of 3 in all"), t => t.ShouldContain("passed; only tells"));
        bot.QuerySelector(".allowance-over").ShouldNotBeNull();
        page.FindAll("button[aria-label^=Limit]").ShouldBeEmpty(); // billing looks only
    }

    [Fact]
    public async Task A_members_allowance_is_set_changed_and_removed()
    {
        await using var site = await Site.OpenAsync(postgres);
        var (page, dialogs) = site.Open<MembersPage>("members", MemberRole.Owner);
        page.WaitForElement("button[aria-label='Limit ana@example.com']");
        await page.InvokeAsync(() => page.Find("button[aria-label='Limit ana@example.com']").Click());

        dialogs.WaitForElement("#allowance-limit").Input("fifty");
        await dialogs.InvokeAsync(() => dialogs.Find("#allowance").SubmitAsync());
        dialogs.WaitForElement("[role=alert]").TextContent.ShouldContain("as a number");
        await dialogs.InvokeAsync(() => dialogs.Find("#allowance-limit").Input("50"));
        await dialogs.InvokeAsync(() => dialogs.Find("#allowance").SubmitAsync());
        dialogs.WaitForElement(".allowance-edit").TextContent.ShouldContain("0 of 50 a month");
        (await site.Portal.ScalarAsync("select key from consumers where member_id is not null")).ShouldBe("ana@example.com");

        await dialogs.InvokeAsync(() => dialogs.Find("button[aria-label^='Remove the allowance']").ClickAsync(new()));
        dialogs.WaitForAssertion(() => dialogs.FindAll(".allowance-edit").ShouldBeEmpty());
        (await site.Portal.ScalarAsync("select count(*) from allowances")).ShouldBe(0L);
    }

    [Fact]
    public async Task A_plain_member_sees_the_own_allowances_and_none_of_others()
    {
        await using var site = await Site.OpenAsync(postgres);
        await site.Portal.ExecuteAsync($"""
            insert into members (tenant_id, id, user_id, email, role, invited_at, joined_at) values ({site.Tenant}, gen_random_uuid(), gen_random_uuid(), 'bob@example.com', 'member', now(), now())
            """);
        foreach (var (consumer, limit) in new[] { ("ana@example.com", 50m), ("bob@example.com", 77m) })
        {
            await site.Portal.Wallets.RunAsync(site.Tenant, wallet => ConsumerSettings.PutAsync(wallet, consumer, null, null, null));
            await site.Portal.Wallets.RunAsync(site.Tenant, wallet => AllowanceSettings.PutAsync(wallet, consumer, "shared", limit, "day", "hard"));
        }

        var (page, _) = site.Open<MembersPage>("members", MemberRole.Member);

        page.WaitForAssertion(() => page.Find(".allowances").TextContent.ShouldContain("0 of 50 a day"));
        page.FindAll(".allowances").Count.ShouldBe(1);
        page.Markup.ShouldNotContain("of 77 a day");
    }
}
