using Microsoft.Playwright;
using Portal.E2E.Running;

namespace Portal.E2E.Journeys;

public sealed class SigningUp(PortalRun run) : Journey(run)
{
    [Fact]
    public async Task Somebody_new_founds_a_company_and_is_told_what_to_do()
    {
        var overview = await (await VisitorAsync()).SignUpAsync("Brightloom Labs");

        overview.Tenant.ShouldStartWith("brightloom-labs");
        (await Portal.Api.GetAsync($"v1/tenants/{overview.Tenant}"))["name"]!.GetValue<string>().ShouldBe("Brightloom Labs");
        await Assertions.Expect(overview.FirstSteps.GetByRole(AriaRole.Link, new() { Name = "Buy credits" })).ToBeVisibleAsync();
        await Assertions.Expect(overview.FirstSteps.GetByText("/v1/events")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task An_address_that_is_not_confirmed_does_not_get_in()
    {
        var visitor = await VisitorAsync();
        var page = visitor.Page;
        await page.GotoAsync("account/sign-up");
        await page.GetByLabel("Company", new() { Exact = true }).FillAsync("Nobody yet");
        await page.GetByLabel("Your name").FillAsync("Nobody");
        await page.GetByLabel("Work email").FillAsync("nobody-yet@example.com");
        await page.GetByLabel("Password").FillAsync("three quiet otters");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create account" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Check your mail" }).WaitForAsync();

        await page.GotoAsync("account/sign-in");
        await page.GetByLabel("Email").FillAsync("nobody-yet@example.com");
        await page.GetByLabel("Password").FillAsync("three quiet otters");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();

        await Assertions.Expect(page.GetByText("please confirm your mail address first")).ToBeVisibleAsync();
        await page.GotoAsync("/");
        page.Url.ShouldContain("/account/sign-in");
    }
}
