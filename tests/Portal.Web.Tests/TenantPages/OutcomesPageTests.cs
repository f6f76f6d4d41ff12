using System.Text.Json;
using Bunit;
using Portal.Domain.Catalog;
using Portal.Domain.Kernel;
using Portal.Domain.Outcomes;
using Portal.Domain.Pricing;
using Portal.Domain.Subscriptions;
using Portal.Domain.Tenants;
using Portal.Testing;
using Portal.Web.Components.TenantPages.Outcomes;

namespace Portal.Web.Tests.TenantPages;

public sealed class OutcomesPageTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static async Task<Site> OpenAsync(PostgresFixture postgres)
    {
        var site = await Site.OpenAsync(postgres);
        var rule = JsonSerializer.Deserialize<OutcomeRuleDefinition>(
            """
            {"effective_at":"2020-01-01T00:00:00Z","product":"support","settlement":"P7D","rules":[
              {"if":{"event":"conversation.escalated"},"then":"not_billable","reason":"escalated"},
              {"if":{"event":"conversation.resolved"},"then":"billable","reason":"confirmed"}]}
            """, PortalJson.Options)!;
        var plan = JsonSerializer.Deserialize<PlanDefinition>(
            """{"name":"Pro","currency":"USD","period":"month","outcomes":{"support":"per_resolution"},"items":[{"key":"base","type":"flat","amount":"29.00"}]}""", PortalJson.Options)!;
        (await CatalogueChange.RunAsync(site.Portal.Source, async change =>
        {
            await OutcomeRules.PutAsync(change, "per_resolution", "Per resolution");
            (await OutcomeRules.PublishAsync(change, "per_resolution", rule)).Succeeded.ShouldBeTrue();
            return await Plans.PutAsync(change, "pro", plan);
        })).Succeeded.ShouldBeTrue();
        (await site.Portal.Wallets.RunAsync(site.Tenant, wallet => Subscribing.StartAsync(wallet, new SubscriptionOrder("pro", wallet.Now)))).Succeeded.ShouldBeTrue();
        return site;
    }

    private static string Event(string id, string type, string name) => $$$"""
        {"specversion":"1.0","type":"{{{type}}}","source":"desk","id":"{{{id}}}","subject":"acme","time":"{{{InstantText.Format(DateTimeOffset.UtcNow)}}}","data":{"case":"{{{name}}}"}}
        """;

    [Fact]
    public async Task Without_cases_the_page_says_when_they_come()
    {
        await using var site = await Site.OpenAsync(postgres);
        var (page, _) = site.Open<OutcomesPage>("outcomes", MemberRole.Billing);
        page.WaitForElement(".empty-state-title").TextContent.ShouldBe("No cases yet");
        site.Open<OutcomesPage>("outcomes", MemberRole.Member).Page.WaitForElement(".empty-state-title").TextContent.ShouldBe("Outcomes are for billing");
    }

    [Fact]
    public async Task Cases_are_shown_filtered_and_disputed()
    {
        await using var site = await OpenAsync(postgres);
        await site.Portal.SendAsync(Event("1", "conversation.resolved", "c1"));
        await site.Portal.SendAsync(Event("2", "conversation.escalated", "c2"));
        await site.Portal.SendAsync(Event("3", "conversation.started", "c3"));
        var (all, _) = site.Open<OutcomesPage>("outcomes", MemberRole.Billing);
        all.WaitForAssertion(() => all.FindAll("td[data-label=State] .badge").Select(badge => badge.TextContent).ShouldBe(["Pending", "Not billed", "Settling"]));
        all.FindAll("td[data-label='Decided by']").Select(cell => cell.TextContent.Trim()).ShouldContain(text => text.StartsWith("Escalated", StringComparison.Ordinal));

        var (page, dialogs) = site.Open<OutcomesPage>("outcomes?state=settling", MemberRole.Billing);
        page.WaitForAssertion(() => page.FindAll(".data-table tbody tr").Count.ShouldBe(1));
        await page.InvokeAsync(() => page.Find("td[data-label=Case] button").Click());
        dialogs.WaitForElement("#dispute-reason").Input("It came back.");
        dialogs.WaitForAssertion(() => dialogs.Find(".plain-table tbody").TextContent.ShouldContain("decided"));
        await dialogs.InvokeAsync(() => dialogs.Find("#dispute").Submit());
        page.WaitForAssertion(() => page.Markup.ShouldContain("Disputed"));
        (await site.Portal.ScalarAsync("select dispute_reason from outcome_cases where dispute = 'open'")).ShouldBe("It came back.");
        (await site.Portal.ScalarAsync("select count(*) from audit where action = 'case.disputed'")).ShouldBe(1L);
    }

    [Fact]
    public async Task Cases_of_another_tenant_are_not_seen()
    {
        await using var site = await OpenAsync(postgres);
        await site.Portal.SendAsync(Event("1", "conversation.resolved", "c1"));
        await site.Portal.AddTenantAsync("other");
        await site.Portal.ExecuteAsync("""
            insert into outcome_cases (tenant_id, product, case_key, rule, rule_version, opened_at, last_event_at, events, state, decided_by, times_billed, updated_at)
            select o.tenant_id, 'support', 'secret', 'per_resolution', 1, now(), now(), 1, 'pending', '{}', 0, now() from tenants o where key = 'other'
            """);
        var (page, _) = site.Open<OutcomesPage>("outcomes", MemberRole.Owner);
        page.WaitForAssertion(() => page.FindAll(".data-table tbody tr").Count.ShouldBe(1));
        page.Markup.ShouldNotContain("secret");
    }
}
