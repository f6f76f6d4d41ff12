using Bunit;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Alerts;
using Portal.Domain.Tenants;
using Portal.Testing;
using Portal.Web.Components.TenantPages.Alerts;
using Portal.Web.Components.TenantPages.Overview;

namespace Portal.Web.Tests.TenantPages;

public sealed class AlertsPageTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task An_admin_sets_an_alert_and_it_fires_on_the_page_and_on_the_overview()
    {
        await using var site = await Site.OpenAsync(postgres);
        await site.Portal.GrantAsync(site.Tenant, 1200m);
        var (page, dialogs) = site.Open<AlertsPage>("alerts", MemberRole.Admin);
        page.WaitForElement(".empty-state-title").TextContent.ShouldBe("No alerts yet");

        await page.InvokeAsync(() => page.Find(".page-header-actions button").Click());
        dialogs.WaitForElement("#alert-name");
        await dialogs.InvokeAsync(() => dialogs.Find("#alert-name").Input("Running low"));
        await dialogs.InvokeAsync(() => dialogs.Find("#alert-threshold").Input("many"));
        await dialogs.InvokeAsync(() => dialogs.Find("#alert").Submit());
        dialogs.WaitForElement(".notice-error").TextContent.ShouldBe("Give the threshold as a number.");
        await dialogs.InvokeAsync(() => dialogs.Find("#alert-threshold").Input("1,500"));
        await dialogs.InvokeAsync(() => dialogs.Find("#alert").Submit());

        page.WaitForAssertion(() => page.Find("td[data-label='Tells at']").TextContent.ShouldBe("1,500 credits or fewer"));
        page.Find("td[data-label=Now]").TextContent.Trim().ShouldBe("not looked at yet");
        (await site.Portal.ScalarAsync("select key || ' ' || array_to_string(channels, ' ') from alerts")).ShouldBe("running-low mail in_app");

        await site.Services.GetRequiredService<AlertWatch>().RunAsync(CancellationToken.None);
        var (again, _) = site.Open<AlertsPage>("alerts", MemberRole.Billing);
        again.WaitForAssertion(() => again.Find("td[data-label=Now]").TextContent.ShouldContain("1,200 credits"));
        again.Find("td[data-label=Now] .badge").TextContent.ShouldBe("Fired");
        again.Find(".firings").TextContent.ShouldContain("There are 1,200 credits left; the alert is at 1,500.");
        again.FindAll("button").ShouldNotContain(button => button.TextContent.Contains("Remove", StringComparison.Ordinal)); // billing looks only
        var (overview, _) = site.Open<OverviewPage>("", MemberRole.Billing);
        overview.WaitForAssertion(() => overview.Find(".notice-warning").TextContent.ShouldContain("There are 1,200 credits left"));
    }

    [Fact]
    public async Task An_alert_is_changed_and_removed()
    {
        await using var site = await Site.OpenAsync(postgres);
        await SetAsync(site, site.Tenant);
        var (page, dialogs) = site.Open<AlertsPage>("alerts", MemberRole.Owner);
        page.WaitForElement("button[aria-label='Change Low']").Click();
        dialogs.WaitForElement("#alert-threshold").GetAttribute("value").ShouldBe("10");
        await dialogs.InvokeAsync(() => dialogs.Find("#alert-threshold").Input("7.5"));
        await dialogs.InvokeAsync(() => dialogs.Find("#alert").Submit());
        page.WaitForAssertion(() => page.Find("td[data-label='Tells at']").TextContent.ShouldBe("7.5 credits or fewer"));

        await page.InvokeAsync(() => page.Find("button[aria-label='Remove Low']").Click());
        dialogs.WaitForAssertion(() => dialogs.FindAll("button").ShouldContain(button => button.TextContent.Contains("Keep", StringComparison.Ordinal)));
        await dialogs.InvokeAsync(() => dialogs.FindAll("button").First(button => button.TextContent.Trim() == "Remove").Click());
        page.WaitForAssertion(() => page.Find(".empty-state-title").TextContent.ShouldBe("No alerts yet"));
        (await site.Portal.ScalarAsync("select count(*) from alerts")).ShouldBe(0L);
    }

    [Fact]
    public async Task Members_and_other_companies_see_none()
    {
        await using var site = await Site.OpenAsync(postgres);
        await SetAsync(site, await site.Portal.AddTenantAsync("globex"));
        await site.Services.GetRequiredService<AlertWatch>().RunAsync(CancellationToken.None);
        (await site.Portal.ScalarAsync("select count(*) from alert_firings")).ShouldBe(1L);

        var (page, _) = site.Open<AlertsPage>("alerts", MemberRole.Owner);
        page.WaitForElement(".empty-state-title").TextContent.ShouldBe("No alerts yet");
        page.FindAll(".firings").ShouldBeEmpty();
        var (member, _) = site.Open<AlertsPage>("alerts", MemberRole.Member);
        member.WaitForElement(".empty-state-title").TextContent.ShouldBe("Alerts are for billing");
    }

    private static async Task SetAsync(Site site, long tenant) => (await site.Portal.Wallets.RunAsync(
        tenant, wallet => AlertSettings.PutAsync(wallet, "low", new AlertOrder("Low", AlertKind.Balance, 10m, ["in_app"])))).Succeeded.ShouldBeTrue();
}
