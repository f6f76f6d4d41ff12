using System.Security.Claims;
using Bunit;
using Bunit.TestDoubles;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Web.Access;
using Portal.Web.Components.Layout;

namespace Portal.Web.Tests.Components;

public sealed class LayoutTests : PageContext
{
    private readonly BunitAuthorizationContext signedIn;

    public LayoutTests() => signedIn = Page.AddAuthorization().SetAuthorized("ana@example.com");

    [Theory]
    [InlineData(MemberRole.Member, "Overview Usage Grants Teams & pools Members")]
    [InlineData(MemberRole.Billing, "Overview Usage Activity Buy credits Plan Invoices Payment methods Outcomes Alerts Grants Teams & pools Members")]
    [InlineData(MemberRole.Admin, "Overview Usage Activity Buy credits Plan Invoices Payment methods Outcomes Alerts Grants Teams & pools Members Webhooks")]
    public void The_navigation_offers_what_the_role_may(MemberRole role, string pages)
    {
        var tenant = new CurrentTenant(1, "acme", "Acme", TimeZoneInfo.Utc, Currency.Of("USD"), Guid.NewGuid(), Guid.NewGuid(), role);
        var nav = Page.Render<NavMenu>(p => p.AddCascadingValue(tenant));
        string.Join(' ', nav.FindAll("a").Select(link => link.TextContent.Trim())).ShouldBe(pages);
        nav.FindAll("a").ShouldAllBe(link => link.GetAttribute("href")!.StartsWith("/t/acme", StringComparison.Ordinal));
    }

    [Fact]
    public void Only_operators_see_the_console()
    {
        Page.Render<NavMenu>().FindAll("a").ShouldBeEmpty();
        signedIn.SetPolicies(Policies.Support);
        Page.Render<NavMenu>().Markup.ShouldContain("href=\"/console\"");
    }

    [Fact]
    public void The_menu_names_the_person_and_signs_out_by_post()
    {
        signedIn.SetClaims(new Claim(PortalClaims.DisplayName, "Ana Lopez"));
        var menu = Page.Render<UserMenu>();
        menu.Find(".avatar").TextContent.ShouldBe("AL");
        var form = menu.Find("form[action='/account/sign-out']");
        form.GetAttribute("method").ShouldBe("post");
    }

    [Fact]
    public void The_theme_has_three_choices() =>
        Page.Render<ThemeSwitch>().FindAll("[data-theme-set]").Select(button => button.GetAttribute("data-theme-set")).ShouldBe(["light", "system", "dark"]);

    [Fact]
    public void The_mark_for_tests_appears_only_on_a_circuit()
    {
        Page.SetRendererInfo(new Microsoft.AspNetCore.Components.RendererInfo("Static", isInteractive: false));
        Page.Render<Interactive>().Markup.Trim().ShouldBeEmpty();
        Page.SetRendererInfo(new Microsoft.AspNetCore.Components.RendererInfo("Server", isInteractive: true));
        Page.Render<Interactive>().Find("[data-interactive=true]").ShouldNotBeNull();
    }

    [Fact]
    public void The_reconnect_dialog_is_the_one_that_Blazor_and_its_script_look_for()
    {
        var dialog = Page.Render<ReconnectDialog>().Find("dialog#components-reconnect-modal");
        foreach (var part in new[] { "title", "text", "retry", "reload" }) dialog.QuerySelector($"[data-{part}]").ShouldNotBeNull();
    }
}
