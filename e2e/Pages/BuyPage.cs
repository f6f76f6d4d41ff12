using Microsoft.Playwright;

namespace Portal.E2E.Pages;

/// <summary>Buy credits: packs, the order, and word of the purchase one comes back from.</summary>
public sealed class BuyPage(IPage page) : InteractivePage(page)
{
    public Wallet Wallet => new(Page.Locator(".buy-balance .figure"));

    public ILocator Order => Page.GetByRole(AriaRole.Region, new() { Name = "Your order" });

    public ILocator PayButton => Order.GetByRole(AriaRole.Button, new() { Name = "Pay" });

    /// <summary>What became of the last purchase.</summary>
    public ILocator Notice => Page.Locator(".notice").First;

    public Task ChooseAsync(string pack) => Page.Locator($"label.pack:has(input[value='{pack}'])").ClickAsync();

    /// <summary>Goes to the payment page.</summary>
    public async Task<SandboxPage> PayAsync()
    {
        await PayButton.ClickAsync();
        return await SandboxPage.HereAsync(Page);
    }
}
