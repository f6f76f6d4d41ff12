using Microsoft.Playwright;
using Portal.E2E.Running;

namespace Portal.E2E.Pages;

/// <summary>A person at a browser, and the ways into the portal.</summary>
public sealed class Visitor(IPage page, PortalApp portal)
{
    private const string Password = "three quiet otters";

    public IPage Page => page;

    /// <summary>The person's mail address, once signed up or in.</summary>
    public string Email { get; private set; } = "";

    /// <summary>Opens an account and a company, follows the mail's link, signs in: at the new company's Overview.</summary>
    public async Task<OverviewPage> SignUpAsync(string company)
    {
        await page.GotoAsync("account/sign-up");
        await page.GetByLabel("Company", new() { Exact = true }).FillAsync(company);
        await FillAccountAsync(Address(company));
        await ConfirmAsync();
        return await OverviewPage.HereAsync(page);
    }

    /// <summary>Opens an account through the link of an invitation, and accepts it.</summary>
    public async Task<OverviewPage> JoinAsync(Uri invitation, string email)
    {
        ArgumentNullException.ThrowIfNull(invitation);
        await page.GotoAsync(invitation.AbsoluteUri);
        await page.GetByRole(AriaRole.Link, new() { Name = "Create an account" }).ClickAsync();
        await FillAccountAsync(email);
        await ConfirmAsync();
        await InteractivePage.ReadyAsync(page);
        await page.GetByRole(AriaRole.Button, new() { Name = "Accept" }).ClickAsync();
        return await OverviewPage.HereAsync(page);
    }

    public async Task<OverviewPage> SignInAsync(string email, string password)
    {
        await page.GotoAsync("account/sign-in");
        await SignInHereAsync(email, password);
        return await OverviewPage.HereAsync(page);
    }

    /// <summary>As the owner of the demo's company.</summary>
    public Task<OverviewPage> SignInToDemoAsync() => SignInAsync("owner@acme.example", "acme-robotics-demo");

    /// <summary>As an operator of the demo: at the console.</summary>
    public async Task SignInToConsoleAsync()
    {
        await page.GotoAsync("account/sign-in");
        await SignInHereAsync("operator@portal.example", "acme-robotics-demo");
        await page.WaitForURLAsync("**/console");
        await InteractivePage.ReadyAsync(page);
    }

    /// <summary>An address that no other journey uses.</summary>
    public static string Address(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return $"{name.Split(' ')[0].ToLowerInvariant()}-{Guid.NewGuid().ToString("N")[..8]}@example.com";
    }

    /// <summary>Opens an address that shows a page of the portal, perhaps another than asked for.</summary>
    public async Task GoToAsync(string path)
    {
        await page.GotoAsync(path);
        await InteractivePage.ReadyAsync(page);
    }

    private async Task FillAccountAsync(string email)
    {
        Email = email;
        await page.GetByLabel("Your name").FillAsync("Ada Byron");
        await page.GetByLabel("Work email").FillAsync(email);
        await page.GetByLabel("Password").FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Create account" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Check your mail" }).WaitForAsync();
    }

    private async Task ConfirmAsync()
    {
        await page.GotoAsync((await portal.Mail.LinkAsync(Email, "/account/confirm")).AbsoluteUri);
        await page.GetByRole(AriaRole.Heading, new() { Name = "Your address is confirmed" }).WaitForAsync();
        await page.GetByRole(AriaRole.Main).GetByRole(AriaRole.Link, new() { Name = "Sign in" }).ClickAsync();
        await SignInHereAsync(Email, Password);
    }

    private async Task SignInHereAsync(string email, string password)
    {
        Email = email;
        await page.GetByLabel("Email").FillAsync(email);
        await page.GetByLabel("Password").FillAsync(password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in", Exact = true }).ClickAsync();
    }
}
