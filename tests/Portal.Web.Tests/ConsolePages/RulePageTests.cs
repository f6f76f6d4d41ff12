using Bunit;
using Bunit.TestDoubles;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Tenants;
using Portal.Testing;
using Portal.Web.Access;
using Portal.Web.Components.ConsolePages.Rules;
using Portal.Web.Tests.TenantPages;

namespace Portal.Web.Tests.ConsolePages;

public sealed class RulePageTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const string NeverDecides = """
        {
          "product": "support",
          "rules": [
            {"if": {"event": "conversation.started"}, "then": "pending"}
          ]
        }
        """;

    private static async Task<Site> OpenAsync(PostgresFixture postgres, params string[] policies)
    {
        var site = await Site.OpenAsync(postgres);
        site.Services.AddScoped<ConsoleCommands>();
        site.AddAuthorization().SetAuthorized("operator@portal.example").SetPolicies(policies);
        site.SignIn(MemberRole.Owner);
        await site.Portal.ExecuteAsync("insert into outcome_rules (key, name, created_at) values ('per_resolution', 'Per resolution', now())");
        return site;
    }

    [Fact]
    public async Task A_rule_is_published_from_its_text_and_shown_with_its_versions()
    {
        await using var site = await OpenAsync(postgres, Policies.Support, Policies.Operator);
        var page = site.Render<RulePage>(parameters => parameters.Add(rule => rule.Rule, "per_resolution"));
        page.WaitForElement("button.mud-button-filled").Click();
        page.WaitForAssertion(() => page.Find("[role=status]").TextContent.ShouldBe("Version 1 is published."));
        page.Find("summary").TextContent.ShouldStartWith("Version 1");
        page.Markup.ShouldContain("No plan names it.");
        (await site.Portal.ScalarAsync("select product from outcome_rule_versions")).ShouldBe("support");
        (await site.Portal.ScalarAsync("select count(*) from audit where action = 'outcome_rule.published'")).ShouldBe(1L);
        site.Render<RulesPage>().WaitForElement("tbody td").TextContent.ShouldBe("Per resolution per_resolution");
    }

    [Fact]
    public async Task A_rule_that_can_never_decide_is_refused()
    {
        await using var site = await OpenAsync(postgres, Policies.Support, Policies.Operator);
        var page = site.Render<RulePage>(parameters => parameters.Add(rule => rule.Rule, "per_resolution"));
        page.WaitForElement("#rule-json");
        await page.InvokeAsync(() => page.Find("#rule-json").Change(NeverDecides));
        page.WaitForElement("[role=alert] li").TextContent.ShouldStartWith("line ");
        page.WaitForAssertion(() => page.Find("button.mud-button-filled").HasAttribute("disabled").ShouldBeTrue());
        (await site.Portal.ScalarAsync("select count(*) from outcome_rule_versions")).ShouldBe(0L);
    }

    [Fact]
    public async Task Support_without_the_role_operator_publishes_nothing()
    {
        await using var site = await OpenAsync(postgres, Policies.Support);
        var page = site.Render<RulePage>(parameters => parameters.Add(rule => rule.Rule, "per_resolution"));
        page.WaitForElement("button.mud-button-filled").Click();
        page.WaitForAssertion(() => page.Find("[role=alert]").TextContent.ShouldContain("role operator"));
        (await site.Portal.ScalarAsync("select count(*) from outcome_rule_versions")).ShouldBe(0L);
    }

    [Theory]
    [InlineData("product", 2)]
    [InlineData("rules", 3)]
    [InlineData("rules[0].if", 4)]
    [InlineData("rules[1]", null)]
    [InlineData("settlement", null)]
    public void A_field_is_found_on_its_line(string field, int? line) => RuleText.LineOf(NeverDecides, field).ShouldBe(line);

    [Fact]
    public void What_is_no_json_is_refused_on_its_line() =>
        RuleText.Problems("{\n\"product\":\n}", RuleText.Parse("{\n\"product\":\n}").Problem)[0].Place.ShouldBe("line 3");
}
