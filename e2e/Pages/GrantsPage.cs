using Microsoft.Playwright;

namespace Portal.E2E.Pages;

/// <summary>Grants: every lot of credits in the order of use.</summary>
public sealed class GrantsPage(IPage page) : InteractivePage(page)
{
    public ILocator Lots => Page.GetByRole(AriaRole.Region, new() { Name = "Grants" }).Locator("tbody tr");

    public async Task FilterAsync(string filter, string value)
    {
        await Page.GetByLabel(filter).SelectOptionAsync(new SelectOptionValue { Label = value });
        await Page.WaitForURLAsync("**?**");
    }

    /// <summary>Opens the family of the first lot that has one: each with what became of its credits, parents first.</summary>
    public async Task<ILocator> HistoryAsync()
    {
        await Lots.GetByRole(AriaRole.Button, new() { Name = "History" }).First.ClickAsync();
        var lots = Page.GetByRole(AriaRole.Dialog).Locator(".lineage-lot");
        await lots.First.WaitForAsync();
        return lots;
    }
}
