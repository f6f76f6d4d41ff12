using AngleSharp.Dom;
using Bunit;
using Bunit.TestDoubles;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Tenants;
using Portal.Testing;
using Portal.Web.Access;
using Portal.Web.Components.ConsolePages.Profitability;
using Portal.Web.Tests.TenantPages;

namespace Portal.Web.Tests.ConsolePages;

/// <summary>Figures by hand: 1,000 tokens in are 1 credit of <c>small</c> ($0.001) and 10 of <c>large</c> ($0.01); <c>costless</c> has a rate and no cost.</summary>
public sealed class ProfitabilityPageTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private async Task<Site> OpenAsync()
    {
        var site = await Site.OpenAsync(postgres);
        site.AddAuthorization().SetAuthorized("operator@portal.example").SetPolicies(Policies.Support);
        site.SignIn(MemberRole.Owner);
        return site;
    }

    private async Task<Site> WithUsageAsync()
    {
        var site = await OpenAsync();
        await site.Portal.GrantAsync(site.Tenant, 100m, value: 1000m); // $10 a credit
        await site.Portal.GrantAsync(await site.Portal.AddTenantAsync("giveaway"), 10_000m);
        await site.Portal.GrantAsync(await site.Portal.AddTenantAsync("puzzle"), 100m, value: 1000m);
        await site.Portal.SendAsync(
            TestPortal.Usage("acme", "1", 4000), // 4 credits: $40.00 for $0.004
            TestPortal.Usage("giveaway", "2", 500_000, model: "large"), // 5,000 credits: nothing for $5.00
            TestPortal.Usage("giveaway", "3", 1000), // 1 credit: nothing for $0.001
            TestPortal.Usage("puzzle", "4", 1000, model: "costless")); // 1 credit: $10.00 for nobody knows what
        return site;
    }

    private static IRenderedComponent<ProfitabilityPage> At(Site site, string query = "")
    {
        site.Services.GetRequiredService<NavigationManager>().NavigateTo("/console/profitability" + query);
        return site.Render<ProfitabilityPage>();
    }

    private static string Text(IElement element) => string.Join(' ', element.GetDescendants().OfType<IText>()
        .SelectMany(text => text.Data.Replace('\u00a0', ' ').Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries)));

    private static string[] Names(IRenderedComponent<ProfitabilityPage> page) => [.. page.FindAll(".margin-table tbody th").Select(Text)];

    [Fact]
    public async Task Without_usage_it_says_what_to_do()
    {
        await using var site = await OpenAsync();
        var page = At(site);
        page.WaitForAssertion(() => page.Find(".empty-state-title").TextContent.ShouldBe("No usage in this period"));
        page.FindAll(".empty-state a").ShouldNotBeEmpty();

        var packs = At(site, "?by=pack");
        packs.WaitForAssertion(() => packs.Find(".empty-state-title").TextContent.ShouldBe("No pack has been sold yet"));
        var matrix = At(site, "?by=matrix");
        matrix.WaitForAssertion(() => matrix.Find(".empty-state-title").TextContent.ShouldBe("No pack meets a model yet"));
    }

    [Fact]
    public async Task Who_loses_money_comes_first_and_opens_to_the_models_it_does_so_on()
    {
        await using var site = await WithUsageAsync();
        var page = At(site);
        page.WaitForAssertion(() => Names(page).ShouldBe(["giveaway Loses money", "acme", "puzzle"]));
        Text(page.Find(".margin-table tbody tr")).ShouldBe("giveaway Loses money 2 0.00 USD 5.00 USD -5.00 USD —");
        Text(page.FindAll(".margin-table tbody tr")[1]).ShouldBe("acme 1 40.00 USD 0.00 USD 40.00 USD 100.0 %"); // 39.996 of 40
        Text(page.FindAll(".margin-table tbody tr")[2]).ShouldBe("puzzle 1 10.00 USD unknown of 1 event unknown at most 10.00 USD unknown");
        Text(page.Find(".margin-table tfoot")).ShouldBe("Total 4 50.00 USD unknown of 1 event, the rest 5.01 USD unknown at most 45.00 USD unknown"); // 5.005 and 44.995
        page.FindAll(".stat-card-figure").Select(Text).ShouldBe(["50.00 USD", "unknown", "unknown", "1 of 3 tenants"]);

        await page.InvokeAsync(() => page.Find(".margin-open").Click());
        page.WaitForAssertion(() => Names(page).ShouldBe(["giveaway Loses money", "large llm Loses money", "small llm Loses money", "acme", "puzzle"]));
        site.Services.GetRequiredService<NavigationManager>().Uri.ShouldEndWith("?open=giveaway");
        Text(page.FindAll(".margin-child")[0]).ShouldBe("large llm Loses money 1 0.00 USD 5.00 USD -5.00 USD —");
        page.Find(".margin-open").GetAttribute("aria-expanded").ShouldBe("true");
    }

    [Fact]
    public async Task It_is_searched_ordered_and_bounded_as_the_address_says()
    {
        await using var site = await WithUsageAsync();
        var page = At(site, "?by=model&sort=-revenue");
        page.WaitForAssertion(() => Names(page).ShouldBe(["small llm", "costless llm", "large llm Loses money"])); // 40, 10, 0
        page.FindAll("th[aria-sort=descending]").Count.ShouldBe(1);

        var found = At(site, "?q=GIVE");
        found.WaitForAssertion(() => Names(found).ShouldBe(["giveaway Loses money"]));
        await found.InvokeAsync(() => found.Find("input[type=search]").Change("nobody"));
        found.WaitForAssertion(() => found.Find(".empty-state-title").TextContent.ShouldBe("Nothing matches this search"));

        var earlier = At(site, "?period=custom&from=2020-01-01&to=2020-01-31");
        earlier.WaitForAssertion(() => earlier.Find(".empty-state-title").TextContent.ShouldBe("No usage in this period"));
        await earlier.InvokeAsync(() => earlier.Find("select").Change("90d"));
        earlier.WaitForAssertion(() => Names(earlier).Length.ShouldBe(3));
    }

    [Fact]
    public async Task A_pack_burned_on_each_model_shows_where_it_loses()
    {
        await using var site = await OpenAsync();
        await site.Portal.ExecuteAsync("""
            insert into packs (key, name, active, definition) values
            ('p99', 'Ninety-nine', true, '{"name":"Ninety-nine","credits":"99000","price":"99.00","currency":"USD","bonus_credits":"1000","priority":50,"tax":"exclusive","active":true}')
            """);
        var page = At(site, "?by=matrix");
        // A credit costs $0.001 on small and large: 100,000 credits cost $100.
        page.WaitForAssertion(() => page.FindAll(".matrix tbody tr").Select(Text).ShouldBe(
            ["large llm never used: by its dearest rate -1.00 USD -1.0 %", "small llm never used: by its dearest rate -1.00 USD -1.0 %", "costless llm never used: by its dearest rate unknown"]));
        page.FindAll(".matrix-loss").Count.ShouldBe(2);
        Text(page.Find(".stat-card")).ShouldBe("Ninety-nine, 99.00 USD -1.00 USD whatever it is burned on; 1 model of unknown cost");
        page.FindAll("select").ShouldBeEmpty(); // today's prices have no period
    }

    [Fact]
    public async Task When_the_figures_cannot_be_read_it_says_so_and_tries_again()
    {
        await using var site = await WithUsageAsync();
        await site.Portal.ExecuteAsOwnerAsync("alter table usage_hourly rename to usage_away");
        var page = At(site);
        page.WaitForAssertion(() => page.Find("[role=alert]").TextContent.ShouldContain("could not be read"));
        await site.Portal.ExecuteAsOwnerAsync("alter table usage_away rename to usage_hourly");
        await page.InvokeAsync(() => page.Find("[role=alert] button").Click());
        page.WaitForAssertion(() => Names(page).Length.ShouldBe(3));
    }
}
