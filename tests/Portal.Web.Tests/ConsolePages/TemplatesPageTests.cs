using Bunit;
using Bunit.TestDoubles;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Catalog.Templates;
using Portal.Domain.Tenants;
using Portal.Testing;
using Portal.Web.Access;
using Portal.Web.Components.ConsolePages.Templates;
using Portal.Web.Tests.TenantPages;

namespace Portal.Web.Tests.ConsolePages;

public sealed class TemplatesPageTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const string Button = "button[aria-label='Load OpenAI']";

    private static async Task<Site> OpenAsync(PostgresFixture postgres, params string[] policies)
    {
        var site = await Site.OpenAsync(postgres);
        site.Services.AddScoped<ConsoleCommands>();
        site.AddAuthorization().SetAuthorized("operator@portal.example").SetPolicies(policies);
        site.SignIn(MemberRole.Owner);
        return site;
    }

    [Fact]
    public async Task A_template_says_what_it_contains_and_is_loaded_once()
    {
        await using var site = await OpenAsync(postgres, Policies.Support, Policies.Operator);
        var page = site.Render<TemplatesPage>();
        page.FindAll("section.panel").Count.ShouldBe(CatalogueTemplates.All.Count);
        page.Find("section[aria-labelledby=template-openai] .panel-lead").TextContent.ShouldBe("1 product · 1 meter · 1 rate card · 1 cost card · 1 plan");
        page.WaitForElement(Button).Click();
        page.WaitForAssertion(() => page.Find("[role=status]").TextContent.ShouldBe("OpenAI is loaded: 5 parts made."));
        (await site.Portal.ScalarAsync("select count(*) from plans where key = 'openai'")).ShouldBe(1L);
        (await site.Portal.ScalarAsync("select count(*) from audit where action = 'template.loaded' and subject = 'openai'")).ShouldBe(1L);
        page.WaitForElement(Button).Click();
        page.WaitForAssertion(() => page.Find("[role=status]").TextContent.ShouldBe("All of OpenAI was there already. Nothing was changed."));
    }

    [Fact]
    public async Task A_key_that_is_taken_is_named()
    {
        await using var site = await OpenAsync(postgres, Policies.Support, Policies.Operator);
        await site.Portal.ExecuteAsync("insert into products (key, name) values ('openai', 'Something else')");
        var page = site.Render<TemplatesPage>();
        page.WaitForElement(Button).Click();
        page.WaitForAssertion(() => page.Find("[role=alert] li").TextContent.ShouldStartWith("products.openai: "));
        (await site.Portal.ScalarAsync("select count(*) from meters where key = 'openai'")).ShouldBe(0L);
    }

    [Fact]
    public async Task Support_without_the_role_operator_loads_nothing()
    {
        await using var site = await OpenAsync(postgres, Policies.Support);
        var page = site.Render<TemplatesPage>();
        page.WaitForElement(Button).Click();
        page.WaitForAssertion(() => page.Find("[role=alert]").TextContent.ShouldContain("role operator"));
        (await site.Portal.ScalarAsync("select count(*) from plans where key = 'openai'")).ShouldBe(0L);
    }
}
