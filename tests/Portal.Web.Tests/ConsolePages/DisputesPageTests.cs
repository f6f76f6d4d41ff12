using Bunit;
using Bunit.TestDoubles;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;
using Portal.Domain.Tenants;
using Portal.Testing;
using Portal.Web.Access;
using Portal.Web.Components.ConsolePages.Disputes;
using Portal.Web.Tests.TenantPages;

namespace Portal.Web.Tests.ConsolePages;

public sealed class DisputesPageTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static async Task<Site> OpenAsync(PostgresFixture postgres, params string[] policies)
    {
        var site = await Site.OpenAsync(postgres);
        site.Services.AddScoped<ConsoleWallets>();
        site.AddAuthorization().SetAuthorized("operator@portal.example").SetPolicies(policies);
        await site.Portal.ExecuteAsync($$"""
            insert into products (key, name) values ('support', 'Support') on conflict do nothing;
            insert into outcome_rules (key, name, created_at) values ('per_resolution', 'Per resolution', now());
            insert into outcome_rule_versions (rule, version, product, effective_at, published_at, definition)
            values ('per_resolution', 1, 'support', now(), now(), '{"product":"support","rules":[{"if":{"event":"resolved"},"then":"billable"}]}');
            update platform set catalogue_version = catalogue_version + 1;
            insert into outcome_rules_used (tenant_id, product, rule) values ({{site.Tenant}}, 'support', 'per_resolution');
            insert into outcome_cases (tenant_id, product, case_key, rule, rule_version, opened_at, last_event_at, events, state, reason, decided_by, settles_at, times_billed,
              updated_at, dispute, dispute_reason, disputed_at)
            values ({{site.Tenant}}, 'support', 'c1', 'per_resolution', 1, now(), now(), 1, 'settling', 'confirmed', '{}', now() + interval '7 days', 0, now(), 'open',
              'It came back.', now())
            """);
        return site;
    }

    [Fact]
    public async Task An_operator_accepts_a_dispute_and_the_queue_is_empty()
    {
        await using var site = await OpenAsync(postgres, Policies.Support, Policies.Operator);
        site.SignIn(MemberRole.Owner);
        var dialogs = site.Render<MudDialogProvider>();
        var page = site.Render<DisputesPage>();
        page.WaitForAssertion(() => page.Find("td[data-label='Their reason']").TextContent.ShouldBe("It came back."));
        await page.InvokeAsync(() => page.Find("td.row-actions button").Click());
        dialogs.WaitForElement("#answer").Input("You are right.");
        await dialogs.InvokeAsync(() => dialogs.FindAll("button").First(button => button.TextContent.Contains("Accept", StringComparison.Ordinal)).Click());
        page.WaitForAssertion(() => page.Find(".empty-state-title").TextContent.ShouldBe("Nobody disputes anything"));
        (await site.Portal.ScalarAsync("select state || ' ' || reason || ' ' || dispute from outcome_cases")).ShouldBe("rejected disputed accepted");
        (await site.Portal.ScalarAsync("select count(*) from audit where action = 'case.dispute_accepted'")).ShouldBe(1L);
    }

    [Fact]
    public async Task Support_without_the_role_operator_decides_nothing()
    {
        await using var site = await OpenAsync(postgres, Policies.Support);
        site.SignIn(MemberRole.Owner);
        var dialogs = site.Render<MudDialogProvider>();
        var page = site.Render<DisputesPage>();
        page.WaitForElement("td.row-actions button").Click();
        dialogs.WaitForElement("#answer").Input("No.");
        await dialogs.InvokeAsync(() => dialogs.FindAll("button").First(button => button.TextContent.Contains("Reject", StringComparison.Ordinal)).Click());
        dialogs.WaitForAssertion(() => dialogs.Find("[role=alert]").TextContent.ShouldContain("role operator"));
        (await site.Portal.ScalarAsync("select dispute from outcome_cases")).ShouldBe("open");
    }
}
