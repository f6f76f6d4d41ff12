using Microsoft.Playwright;
using Portal.E2E.Pages;
using Portal.E2E.Running;

namespace Portal.E2E.Journeys;

public sealed class Inviting(PortalRun run) : Journey(run)
{
    [Fact]
    public async Task Somebody_is_invited_joins_gets_another_role_and_is_removed()
    {
        var owner = await VisitorAsync();
        var members = await (await owner.SignUpAsync("Inviter")).MembersAsync();
        var email = Visitor.Address("colleague");

        await members.InviteAsync(email, "Member");
        await Assertions.Expect(members.Person(email)).ToContainTextAsync("Invited");
        var colleague = await VisitorAsync();
        var theirs = await colleague.JoinAsync(await Portal.Mail.LinkAsync(email, "/invitations/"), email);
        theirs.Tenant.ShouldBe(members.Tenant);
        await Assertions.Expect(members.Person(email)).Not.ToContainTextAsync("Invited");

        await ShouldSeeLittleAsync(theirs);
        await members.ChangeRoleAsync(email, "Billing");
        await Assertions.Expect((await theirs.BuyAsync()).PayButton).ToBeVisibleAsync();

        await members.RemoveAsync(email);
        await Assertions.Expect(members.Person(email)).ToHaveCountAsync(0);
        await colleague.Page.WaitForURLAsync("**/account/company"); // the open page closes by itself
        await colleague.GoToAsync($"t/{members.Tenant}");
        await Assertions.Expect(NothingHere(colleague)).ToBeVisibleAsync();
    }

    [Fact]
    public async Task The_pages_and_files_of_another_company_are_not_there()
    {
        var visitor = await VisitorAsync();
        await visitor.SignUpAsync("Neighbour");
        foreach (var path in new[] { "t/demo", "t/demo/buy", "t/demo/usage", "t/demo/usage/events", "t/demo/plan", "t/demo/activity", "t/demo/grants", "t/demo/pools", "t/demo/members", "t/demo/invoices", "t/demo/invoices/upcoming", "t/demo/payment-methods", "t/demo/outcomes", "t/demo/alerts", "t/demo/webhooks", "t/no-such-company" })
        {
            (await visitor.Page.GotoAsync(path))!.Status.ShouldBe(404, path);
            await Assertions.Expect(NothingHere(visitor)).ToBeVisibleAsync();
        }

        foreach (var path in new[] { "t/demo/usage.csv", "t/demo/usage/events.csv", "t/demo/activity.csv", "t/demo/grants.csv", "t/demo/consumers.csv", "t/demo/invoices.csv", "t/demo/invoices/INV-000001.pdf", "t/demo/outcomes.csv" })
        {
            var answer = await visitor.Page.Context.APIRequest.GetAsync(path);
            answer.Status.ShouldBe(404, path);
        }
    }

    [Fact]
    public async Task Whoever_is_not_signed_in_is_asked_to_and_then_sees_what_was_asked_for()
    {
        var visitor = await VisitorAsync();
        await visitor.Page.GotoAsync("t/demo/usage");
        await visitor.Page.WaitForURLAsync("**/account/sign-in?*");
        await visitor.Page.GetByLabel("Email").FillAsync("owner@acme.example");
        await visitor.Page.GetByLabel("Password").FillAsync("acme-robotics-demo");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
        await visitor.Page.WaitForURLAsync("**/t/demo/usage");
    }

    private static async Task ShouldSeeLittleAsync(OverviewPage overview)
    {
        var buy = await overview.BuyAsync();
        await Assertions.Expect(buy.PayButton).ToHaveCountAsync(0);
        await Assertions.Expect(buy.Order).ToContainTextAsync("your role cannot buy");
        await Assertions.Expect((await buy.ActivityAsync()).Closed).ToBeVisibleAsync();
        var members = await buy.MembersAsync();
        await Assertions.Expect(members.Person("inviter")).ToBeVisibleAsync();
        await Assertions.Expect(members.InviteButton).ToHaveCountAsync(0);
        await Assertions.Expect(members.Page.GetByLabel("Role of")).ToHaveCountAsync(0);
        foreach (var closed in new[] { "console", "console/profitability", "console/revenue", "console/intake" })
        {
            await members.Page.GotoAsync(closed);
            await Assertions.Expect(members.Page.GetByRole(AriaRole.Heading, new() { Name = "This page is not open to you" })).ToBeVisibleAsync();
        }
    }

    private static ILocator NothingHere(Visitor visitor) => visitor.Page.GetByRole(AriaRole.Heading, new() { Name = "There is nothing here" });
}
