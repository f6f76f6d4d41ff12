using Bunit;
using Portal.Domain.Tenants;
using Portal.Testing;
using Portal.Web.Components.TenantPages.Usage;

namespace Portal.Web.Tests.TenantPages;

/// <summary>What is charged when the period closes is shown as it is so far.</summary>
public sealed class LevelsPanelTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Levels_of_the_running_period_stand_on_the_usage_page_with_what_they_would_cost()
    {
        await using var site = await Site.OpenAsync(postgres);
        await site.Portal.ExecuteAsync("""
            insert into products (key, name) values ('storage', 'Storage');
            insert into meters (key, event_type, product, definition) values ('storage', 'storage', 'storage',
              '{"event_type":"storage","product":"storage","aggregation":"latest","quantities":[{"property":"gb"}]}');
            insert into rate_card_versions (card, version, effective_at, catalogue_version, published_at, rates) values ('default', 2, '2020-01-02', 1, now(), '[
              {"meter":"storage","match":{},"unit":"USD","price":{"model":"per_unit","amount":"0.50"}}]');
            update platform set catalogue_version = catalogue_version + 1
            """);
        var now = DateTimeOffset.UtcNow;
        var sent = await site.Portal.SendAsync($$$"""
            {"specversion":"1.0","type":"storage","source":"test","id":"1","subject":"acme","time":"{{{now:yyyy-MM-dd'T'HH:mm:ss'Z'}}}","data":{"gb":80}}
            """);
        sent[0].Status.ShouldBe(Portal.Domain.Metering.Intake.EventStatus.Accepted);

        var page = site.Show<UsagePage>(MemberRole.Billing);

        page.WaitForAssertion(() => page.Find("[aria-label='Levels of this period']").TextContent.ShouldContain("storage"));
        page.Find("[aria-label='Levels of this period']").TextContent.ShouldContain("40.00"); // 80 × 0.50
        var member = site.Show<UsagePage>(MemberRole.Member);
        member.WaitForAssertion(() => member.Markup.ShouldContain("What you used."));
        member.FindAll("[aria-label='Levels of this period']").ShouldBeEmpty("levels are the whole company's");
    }
}
