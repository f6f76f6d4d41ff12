using Microsoft.Playwright;

namespace Portal.E2E.Pages;

/// <summary>Teams &amp; pools: who draws from which credits, and how far.</summary>
public sealed class PoolsPage(IPage page) : InteractivePage(page)
{
    private ILocator Dialog => Page.GetByRole(AriaRole.Dialog);

    /// <summary>What a pool has, by its name.</summary>
    public Wallet WalletOf(string pool) => new(Card(pool).Locator(".pool-card-figure .figure"));

    /// <summary>Word of the last transfer.</summary>
    public ILocator Notice => Page.GetByRole(AriaRole.Status).Filter(new() { HasText = "Moved" });

    public ILocator Card(string pool) => Page.GetByRole(AriaRole.Article, new() { Name = pool, Exact = true });

    public ILocator Consumer(string name) => Page.GetByRole(AriaRole.Region, new() { Name = "Consumers" }).Locator("tbody tr").Filter(new() { HasText = name });

    public async Task OpenPoolAsync(string name)
    {
        await Page.GetByRole(AriaRole.Button, new() { Name = "New pool" }).ClickAsync();
        await Dialog.GetByLabel("Name").FillAsync(name);
        await Dialog.GetByRole(AriaRole.Button, new() { Name = "Create pool" }).ClickAsync();
        await Card(name).WaitForAsync();
        await Dialog.WaitForAsync(new() { State = WaitForSelectorState.Detached });
    }

    /// <summary>Begins a transfer and waits for the lots that it would move.</summary>
    public async Task<ILocator> PlanMoveAsync(string from, string to, string credits)
    {
        await Page.GetByRole(AriaRole.Button, new() { Name = $"Move credits of {from}" }).ClickAsync();
        await Dialog.GetByLabel("To").SelectOptionAsync(new SelectOptionValue { Label = to });
        await Dialog.GetByLabel("Credits").FillAsync(credits);
        await Dialog.Locator(".lot-list").WaitForAsync();
        return Dialog.Locator(".lot-list li");
    }

    /// <summary>Does what was planned.</summary>
    public async Task MoveAsync()
    {
        await Dialog.GetByRole(AriaRole.Button, new() { Name = "Move credits" }).ClickAsync();
        await Dialog.WaitForAsync(new() { State = WaitForSelectorState.Detached });
        await Notice.WaitForAsync();
    }

    public async Task UndoAsync()
    {
        await Notice.GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Assertions.Expect(Notice).ToContainTextAsync("Moved back");
    }

    /// <summary>Closes a pool; answers what people were told would move.</summary>
    public async Task<string> CloseAsync(string pool)
    {
        await Page.GetByRole(AriaRole.Button, new() { Name = $"Close {pool}" }).ClickAsync();
        var said = await Dialog.Locator("dl").InnerTextAsync();
        await Dialog.GetByRole(AriaRole.Button, new() { Name = "Close pool" }).ClickAsync();
        await Card(pool).WaitForAsync(new() { State = WaitForSelectorState.Detached });
        return said;
    }

    public async Task AddConsumerAsync(string name)
    {
        await Page.GetByRole(AriaRole.Button, new() { Name = "Add a consumer" }).ClickAsync();
        await Dialog.GetByLabel("Name").FillAsync(name);
        await Dialog.GetByRole(AriaRole.Button, new() { Name = "Add consumer" }).ClickAsync();
        await Dialog.WaitForAsync(new() { State = WaitForSelectorState.Detached });
        await Consumer(name).WaitForAsync();
    }

    /// <summary>Limits a consumer to so many credits a day of its pool.</summary>
    public async Task LimitAsync(string consumer, string credits)
    {
        await Page.GetByRole(AriaRole.Button, new() { Name = $"Limit {consumer}" }).ClickAsync();
        await Dialog.GetByLabel("Credits").FillAsync(credits);
        await Dialog.GetByLabel("How often").SelectOptionAsync(new SelectOptionValue { Label = "a day" });
        await Dialog.GetByRole(AriaRole.Button, new() { Name = "Set allowance" }).ClickAsync();
        await Dialog.GetByRole(AriaRole.Button, new() { Name = "Remove the allowance" }).WaitForAsync();
        await Dialog.GetByRole(AriaRole.Button, new() { Name = "Close", Exact = true }).Last.ClickAsync();
        await Dialog.WaitForAsync(new() { State = WaitForSelectorState.Detached });
    }
}
