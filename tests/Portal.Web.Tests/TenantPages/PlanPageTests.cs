using System.Text.Json;
using Bunit;
using Portal.Domain.Catalog;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing;
using Portal.Domain.Subscriptions;
using Portal.Domain.Subscriptions.Contracts;
using Portal.Domain.Tenants;
using Portal.Testing;
using Portal.Web.Components.TenantPages.Plans;

namespace Portal.Web.Tests.TenantPages;

/// <summary>A plan of $10 and $5 a seat, and one of $20; both by the month, begun now.</summary>
public sealed class PlanPageTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Without_a_plan_the_page_says_what_there_is_instead_and_members_see_nothing()
    {
        await using var site = await Site.OpenAsync(postgres);
        site.Open<PlanPage>("plan", MemberRole.Billing).Page.WaitForElement(".empty-state-title").TextContent.ShouldBe("No plan yet");
        site.Open<PlanPage>("plan", MemberRole.Member).Page.WaitForElement(".empty-state-title").TextContent.ShouldBe("The plan is for billing");
    }

    [Fact]
    public async Task Seats_are_changed_after_their_price_was_seen()
    {
        await using var site = await OpenAsync();
        var (page, dialogs) = site.Open<PlanPage>("plan", MemberRole.Billing);
        page.WaitForAssertion(() => page.FindAll(".plan-items li").Take(2).Select(li => Plain(li.TextContent)).ShouldBe(["10.00 USD a month", "5.00 USD a month for each of the seats"]));

        await page.InvokeAsync(() => page.Find("#seats-seats").Change("3"));
        await page.InvokeAsync(() => page.Find("form").Submit());
        // The period has just begun: all but nothing of 3 × 5.00 is charged, beside the 10.00 that are.
        dialogs.WaitForAssertion(() => Plain(dialogs.Find(".invoice-total").TextContent).ShouldContain("25.00 USD"));
        (await site.Portal.ScalarAsync("select quantities::text from subscriptions")).ShouldBe("{}");

        await dialogs.InvokeAsync(() => dialogs.FindAll("button").Single(button => button.TextContent.Trim() == "Confirm").Click());
        dialogs.WaitForAssertion(() => dialogs.FindAll(".mud-dialog").ShouldBeEmpty());
        (await site.Portal.ScalarAsync("select (quantities ->> 'seats')::numeric::int from subscriptions")).ShouldBe(3);
        page.WaitForAssertion(() => page.Find("#seats-seats").GetAttribute("value").ShouldBe("3"));
        (await site.Portal.ScalarAsync("select count(*) from audit where action = 'subscription.changed'")).ShouldBe(1L);
    }

    [Fact]
    public async Task A_plan_is_cancelled_when_its_period_ends_and_kept_after_all()
    {
        await using var site = await OpenAsync();
        var (page, dialogs) = site.Open<PlanPage>("plan", MemberRole.Billing);
        page.WaitForAssertion(() => page.FindAll("h3").Select(title => title.TextContent).ShouldBe(["Large"]));
        await ClickAsync(page, "Cancel plan");
        await ClickAsync(dialogs, "Cancel the plan");
        page.WaitForAssertion(() => page.Find(".badge").TextContent.ShouldBe("Ends soon"));
        await ClickAsync(page, "Keep plan");
        await ClickAsync(dialogs, "Confirm");
        page.WaitForAssertion(() => page.Find(".badge").TextContent.ShouldBe("Active"));
    }

    [Fact]
    public async Task A_contract_shows_its_commit_and_offers_no_other_plan()
    {
        await using var site = await OpenAsync("""{"term_months":12,"commit":{"amount":"1000","per":"quarter"},"net_days":30,"po_number":"PO-7"}""");
        var (page, _) = site.Open<PlanPage>("plan", MemberRole.Owner);
        page.WaitForAssertion(() => page.Find("[aria-label=Contract] .panel-lead").TextContent.ShouldBe("12 months at a time, invoices due after 30 days, purchase order PO-7."));
        Plain(page.Find(".commit .quantity-head").TextContent).ShouldContain("10.00 USD of 1,000.00 USD");
        page.FindAll(".plan-grid").ShouldBeEmpty();
    }

    private async Task<Site> OpenAsync(string? contract = null)
    {
        var site = await Site.OpenAsync(postgres);
        foreach (var (key, body) in new[]
        {
            ("small", """{"name":"Small","currency":"USD","period":"month","items":[{"key":"base","type":"flat","amount":"10"},{"key":"seats","type":"seat","amount":"5"}]}"""),
            ("large", """{"name":"Large","currency":"USD","period":"month","items":[{"key":"base","type":"flat","amount":"20"}]}"""),
        })
        {
            var plan = JsonSerializer.Deserialize<PlanDefinition>(body, PortalJson.Options)!;
            (await CatalogueChange.RunAsync(site.Portal.Source, change => Plans.PutAsync(change, key, plan))).Succeeded.ShouldBeTrue();
        }

        var order = new SubscriptionOrder("small") { Contract = contract is null ? null : JsonSerializer.Deserialize<ContractDefinition>(contract, PortalJson.Options) };
        (await site.Portal.Wallets.RunAsync(site.Tenant, wallet => Subscribing.StartAsync(wallet, order))).Succeeded.ShouldBeTrue();
        return site;
    }

    private static string Plain(string text) => text.Replace('\u00a0', ' ');

    private static Task ClickAsync<T>(IRenderedComponent<T> of, string text) where T : Microsoft.AspNetCore.Components.IComponent
    {
        of.WaitForAssertion(() => of.FindAll("button").Count(button => button.TextContent.Trim() == text).ShouldBe(1));
        return of.InvokeAsync(() => of.FindAll("button").Single(button => button.TextContent.Trim() == text).Click());
    }
}
