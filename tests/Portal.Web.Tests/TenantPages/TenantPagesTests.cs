using System.Globalization;
using System.Security.Claims;
using Bunit;
using Bunit.TestDoubles;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor.Services;
using Portal.Domain;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Testing;
using Portal.Web.Access;
using Portal.Web.Components.TenantPages.Activity;
using Portal.Web.Components.TenantPages.Invitations;
using Portal.Web.Components.TenantPages.Members;
using Portal.Web.Components.TenantPages.Overview;
using Portal.Web.Components.TenantPages.Usage;

namespace Portal.Web.Tests.TenantPages;

public sealed class TenantPagesTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task A_new_tenant_is_told_what_to_do_first()
    {
        await using var site = await SiteAsync();

        var page = site.Show<OverviewPage>(MemberRole.Owner);

        page.WaitForElement(".first-steps").TextContent.ShouldContain("\"subject\":\"acme\"");
        page.Find(".first-steps a").GetAttribute("href").ShouldBe("/t/acme/buy");
    }

    [Fact]
    public async Task The_overview_says_what_the_balance_buys_and_moves_when_usage_posts()
    {
        await using var site = await SiteAsync();
        await site.Portal.GrantAsync(site.Tenant, 100m, value: 10m);
        await site.Portal.SendAsync(TestPortal.Usage("acme", "1", 2000, at: DateTimeOffset.UtcNow.AddHours(-1)), TestPortal.Usage("acme", "2", 8000, at: DateTimeOffset.UtcNow.AddHours(-1)));

        var page = site.Show<OverviewPage>(MemberRole.Owner);

        page.WaitForAssertion(() => page.Find("[data-testid=balance]").TextContent.ShouldBe("90 credits"));
        page.Markup.ShouldContain("≈ 18 "); // 90 credits at 5 an answer
        page.FindAll(".chart-panel").Count.ShouldBe(1);

        await site.Portal.SendAsync(TestPortal.Usage("acme", "3", 5000));
        page.WaitForAssertion(() => page.Find("[data-testid=balance]").TextContent.ShouldBe("85 credits"), TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_member_sees_the_own_pool_and_usage_and_cannot_buy()
    {
        await using var site = await SiteAsync();
        await site.Portal.GrantAsync(site.Tenant, 100m);
        await site.Portal.GrantAsync(site.Tenant, 40m, pool: "team-a");
        await site.Portal.SendAsync(TestPortal.Usage("acme", "1", 30_000, consumer: "other"), TestPortal.Usage("acme", "2", 5000, consumer: "ana@example.com"));
        await site.Portal.ExecuteAsync($"update consumers set pool_id = 2 where tenant_id = {site.Tenant} and key = 'ana@example.com'");

        var page = site.Show<OverviewPage>(MemberRole.Member);

        page.WaitForAssertion(() => page.Find("[data-testid=balance]").TextContent.ShouldBe("40 credits"));
        page.Markup.ShouldNotContain("/t/acme/buy");
        page.FindAll(".pool-list").ShouldBeEmpty();
        page.FindAll(".stat-card-figure").Select(figure => figure.TextContent.Trim()).ShouldContain("5 credits");
    }

    [Fact]
    public async Task Somebody_removed_meanwhile_is_sent_away_at_the_next_change()
    {
        await using var site = await SiteAsync();
        await site.Portal.GrantAsync(site.Tenant, 100m);
        var page = site.Show<OverviewPage>(MemberRole.Owner);
        page.WaitForAssertion(() => page.Find("[data-testid=balance]").TextContent.ShouldBe("100 credits"));

        await site.Portal.ExecuteAsync("update members set removed_at = now()");
        await site.Portal.SendAsync(TestPortal.Usage("acme", "1", 5000));

        var navigation = site.Services.GetRequiredService<NavigationManager>();
        page.WaitForAssertion(() => navigation.Uri.ShouldBe(navigation.BaseUri), TimeSpan.FromSeconds(20));
        page.Find("[data-testid=balance]").TextContent.ShouldBe("100 credits");
    }

    [Fact]
    public async Task Usage_is_grouped_and_filtered_as_the_address_says_and_shows_money_to_billing_alone()
    {
        await using var site = await SiteAsync();
        await site.Portal.GrantAsync(site.Tenant, 1000m, value: 100m);
        await site.Portal.SendAsync(
            TestPortal.Usage("acme", "1", 1000, consumer: "ana@example.com"), TestPortal.Usage("acme", "2", 2000, model: "large", consumer: "bob"));
        site.Services.GetRequiredService<NavigationManager>().NavigateTo("/t/acme/usage?by=consumer&model=large");

        var page = site.Show<UsagePage>(MemberRole.Billing);

        page.WaitForAssertion(() => page.FindAll(".data-table tbody tr").Count.ShouldBe(1));
        page.Find(".data-table tbody th").TextContent.Trim().ShouldBe("bob");
        page.Find(".chip").TextContent.ShouldContain("large");
        page.Find(".data-table tfoot").TextContent.ShouldContain("2.00"); // 20 credits at 10 cents

        await page.InvokeAsync(() => page.Find(".chip").Click());
        page.WaitForAssertion(() => page.FindAll(".data-table tbody tr").Count.ShouldBe(2));
    }

    [Fact]
    public async Task A_member_sees_no_usage_of_others_and_no_money()
    {
        await using var site = await SiteAsync();
        await site.Portal.GrantAsync(site.Tenant, 1000m, value: 100m);
        await site.Portal.SendAsync(TestPortal.Usage("acme", "1", 1000, consumer: "ana@example.com"), TestPortal.Usage("acme", "2", 2000, model: "large", consumer: "bob"));
        site.Services.GetRequiredService<NavigationManager>().NavigateTo("/t/acme/usage");

        var page = site.Show<UsagePage>(MemberRole.Member);

        page.WaitForAssertion(() => page.FindAll(".data-table tbody tr").Count.ShouldBe(1));
        page.Find(".data-table tbody th").TextContent.Trim().ShouldBe("small");
        page.Markup.ShouldNotContain("USD");
    }

    [Fact]
    public async Task Usage_and_activity_without_anything_say_so()
    {
        await using var site = await SiteAsync();
        site.Services.GetRequiredService<NavigationManager>().NavigateTo("/t/acme/usage");
        site.Show<UsagePage>(MemberRole.Owner).WaitForElement(".empty-state-title").TextContent.ShouldBe("No usage in this period");

        site.Services.GetRequiredService<NavigationManager>().NavigateTo("/t/acme/activity");
        site.Show<ActivityPage>(MemberRole.Owner).WaitForElement(".empty-state-title").TextContent.ShouldBe("Nothing has moved yet");
    }

    [Fact]
    public async Task The_statement_lists_movements_with_balances_and_is_closed_to_members()
    {
        await using var site = await SiteAsync();
        await site.Portal.GrantAsync(site.Tenant, 100m, value: 10m);
        await Task.Delay(5);
        await site.Portal.SendAsync(TestPortal.Usage("acme", "1", 5000));
        site.Services.GetRequiredService<NavigationManager>().NavigateTo("/t/acme/activity");

        var page = site.Show<ActivityPage>(MemberRole.Billing);

        page.WaitForAssertion(() => page.FindAll("button.movement").Select(kind => kind.TextContent).ShouldBe(["Usage: llm", "Purchase"]));
        page.FindAll("td[data-label=Balance]").Select(cell => cell.TextContent.Trim()).ShouldBe(["95", "100"]);
        page.FindAll("td[data-label=Credits]").Select(cell => cell.TextContent.Trim()).ShouldBe(["-5", "+100"]);

        site.Show<ActivityPage>(MemberRole.Member).Find(".empty-state-title").TextContent.ShouldBe("The statement is for billing");
    }

    [Fact]
    public async Task An_admin_manages_members_but_not_owners_and_a_member_only_looks()
    {
        await using var site = await SiteAsync();
        await site.Portal.ExecuteAsync($"""
            insert into members (tenant_id, id, user_id, email, role, invited_at, joined_at) values
              ({site.Tenant}, gen_random_uuid(), gen_random_uuid(), 'owner@example.com', 'owner', now(), now()),
              ({site.Tenant}, gen_random_uuid(), null, 'late@example.com', 'billing', now(), null)
            """);
        site.Services.GetRequiredService<NavigationManager>().NavigateTo("/t/acme/members");

        var page = site.Show<MembersPage>(MemberRole.Admin);

        page.WaitForAssertion(() => page.FindAll("tbody tr").Count.ShouldBe(3));
        page.FindAll("select").Select(select => select.GetAttribute("aria-label")).ShouldBe(["Role of late@example.com", "Role of ana@example.com"], ignoreOrder: true);
        page.FindAll(".badge").ShouldHaveSingleItem();
        await page.InvokeAsync(() => page.Find("select[aria-label='Role of late@example.com']").ChangeAsync(new ChangeEventArgs { Value = "member" })); // until the command has answered
        (await site.Portal.ScalarAsync("select role from members where email = 'late@example.com'")).ShouldBe("member");
        (await site.Portal.ScalarAsync("select actor from audit where action = 'member.role_changed'")).ShouldBe($"user:{site.User:N}");
    }

    [Fact]
    public async Task A_role_that_was_taken_away_meanwhile_changes_nothing()
    {
        await using var site = await SiteAsync();
        await site.Portal.ExecuteAsync($"""
            insert into members (tenant_id, id, user_id, email, role, invited_at) values ({site.Tenant}, gen_random_uuid(), null, 'late@example.com', 'billing', now())
            """);
        site.Services.GetRequiredService<NavigationManager>().NavigateTo("/t/acme/members");
        var page = site.Show<MembersPage>(MemberRole.Admin);
        page.WaitForAssertion(() => page.FindAll("select").Count.ShouldBe(2));

        await site.Portal.ExecuteAsync("update members set role = 'member' where email = 'ana@example.com'");
        await page.InvokeAsync(() => page.Find("select[aria-label='Role of late@example.com']").ChangeAsync(new ChangeEventArgs { Value = "admin" })); // until the command has answered

        (await site.Portal.ScalarAsync("select role from members where email = 'late@example.com'")).ShouldBe("billing");
    }

    [Fact]
    public async Task An_invitation_that_is_none_says_so()
    {
        await using var site = await SiteAsync();
        site.SignIn(MemberRole.Member);

        var page = site.Render<InvitationPage>(p => p.Add(x => x.Token, "1_" + Guid.NewGuid().ToString("N") + "_abc"));

        page.WaitForElement(".empty-state-title").TextContent.ShouldBe("This invitation cannot be used");
    }

    private Task<Site> SiteAsync() => Site.OpenAsync(postgres);
}
