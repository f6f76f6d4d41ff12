using Bunit;
using Bunit.TestDoubles;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Tenants;
using Portal.Testing;
using Portal.Web.Access;
using Portal.Web.Components.ConsolePages.Revenue;
using Portal.Web.Tests.TenantPages;

namespace Portal.Web.Tests.ConsolePages;

/// <summary>Figures by hand: 100 credits for $1,000.00 are $10.00 each; 4 are used.</summary>
public sealed class RevenuePageTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private async Task<(Site Site, BunitAuthorizationContext User)> OpenAsync()
    {
        var site = await Site.OpenAsync(postgres);
        var user = site.AddAuthorization().SetAuthorized("operator@portal.example");
        user.SetPolicies(Policies.Support);
        site.SignIn(MemberRole.Owner);
        return (site, user);
    }

    private static IRenderedComponent<RevenuePage> At(Site site, string query = "")
    {
        site.Services.GetRequiredService<NavigationManager>().NavigateTo("/console/revenue" + query);
        return site.Render<RevenuePage>();
    }

    [Fact]
    public async Task Without_postings_it_says_what_will_stand_there()
    {
        var (site, _) = await OpenAsync();
        await using var open = site;
        var page = At(site);
        page.WaitForAssertion(() => page.FindAll(".empty-state-title").Select(title => title.TextContent)
            .ShouldBe(["No revenue in these months", "Nothing is owed in credits", "Everything is paid"]));
        page.Markup.ShouldContain("Nothing was booked yet.");
    }

    [Fact]
    public async Task It_shows_what_was_earned_and_what_is_owed_and_locks_a_month_for_finance_alone()
    {
        var (site, user) = await OpenAsync();
        await using var open = site;
        await site.Portal.GrantAsync(site.Tenant, 100m, value: 1000m);
        await site.Portal.SendAsync(TestPortal.Usage("acme", "1", 4000)); // 4 credits: $40.00
        await site.Portal.AdvanceAsync(TimeSpan.FromDays(32));
        var page = At(site);
        page.WaitForAssertion(() => page.Markup.ShouldContain("31 to 90 days"));
        page.FindAll(".stat-card").Select(card => card.TextContent).ShouldContain(card => card.Contains("Recognised", StringComparison.Ordinal) && card.Contains("40.00", StringComparison.Ordinal));
        page.FindAll(".stat-card").Select(card => card.TextContent).ShouldContain(card => card.Contains("Deferred", StringComparison.Ordinal) && card.Contains("960.00", StringComparison.Ordinal));
        page.Markup.ShouldContain("31 to 90 days");
        page.Markup.ShouldContain("/console/journal.csv?month=");

        await LockAsync(page);
        page.WaitForAssertion(() => page.Find("[role=alert]").TextContent.ShouldContain("Nothing was locked"));
        (await site.Portal.ScalarAsync("select count(*) from locked_months")).ShouldBe(0L);

        user.SetPolicies(Policies.Support, Policies.Finance);
        var again = At(site);
        await LockAsync(again);
        again.WaitForAssertion(() => again.FindAll("tbody td").ShouldContain(cell => cell.TextContent.StartsWith("Locked", StringComparison.Ordinal)));
        (await site.Portal.ScalarAsync("select count(*) from locked_months")).ShouldBe(1L);
    }

    private static async Task LockAsync(IRenderedComponent<RevenuePage> page)
    {
        await ClickAsync(page, "Lock ");
        await ClickAsync(page, "for good");
    }

    private static async Task ClickAsync(IRenderedComponent<RevenuePage> page, string text)
    {
        page.WaitForAssertion(() => page.FindAll("button").ShouldContain(button => button.TextContent.Contains(text, StringComparison.Ordinal)));
        await page.InvokeAsync(() => page.FindAll("button").First(button => button.TextContent.Contains(text, StringComparison.Ordinal)).Click());
    }
}
