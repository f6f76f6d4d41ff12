using Microsoft.Playwright;

namespace Portal.E2E.Pages;

/// <summary>Members: who is in, who is invited, who may what.</summary>
public sealed class MembersPage(IPage page) : InteractivePage(page)
{
    public ILocator InviteButton => Page.GetByRole(AriaRole.Button, new() { Name = "Invite", Exact = true });

    public ILocator Person(string email) => Page.GetByRole(AriaRole.Region, new() { Name = "Members" }).Locator("tbody tr").Filter(new() { HasText = email });

    public ILocator RoleOf(string email) => Page.GetByLabel($"Role of {email}");

    public async Task InviteAsync(string email, string role)
    {
        await InviteButton.ClickAsync();
        var dialog = Page.GetByRole(AriaRole.Dialog);
        await dialog.GetByLabel("Mail address").FillAsync(email);
        await dialog.GetByLabel("Role").SelectOptionAsync(new SelectOptionValue { Label = role });
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Send invitation" }).ClickAsync();
        await dialog.WaitForAsync(new() { State = WaitForSelectorState.Detached });
    }

    public async Task ChangeRoleAsync(string email, string role)
    {
        await RoleOf(email).SelectOptionAsync(new SelectOptionValue { Label = role });
        await Said($"{email} is {role.ToLowerInvariant()} now.");
    }

    public async Task RemoveAsync(string email)
    {
        await Person(email).GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Remove" }).ClickAsync();
        await Said($"{email} was removed.");
    }

    private Task Said(string what) => Page.GetByText(what).First.WaitForAsync();
}
