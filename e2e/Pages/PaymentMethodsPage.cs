using Microsoft.Playwright;

namespace Portal.E2E.Pages;

/// <summary>Payment methods: what invoices and top-ups are charged to.</summary>
public sealed class PaymentMethodsPage(IPage page) : InteractivePage(page)
{
    public ILocator Methods => Page.Locator(".method");

    public ILocator Notice => Page.Locator(".notice").First;

    /// <summary>Goes to the provider's page.</summary>
    public async Task<SandboxPage> AddAsync()
    {
        await Page.GetByRole(AriaRole.Button, new() { Name = "Add a payment method" }).ClickAsync();
        return await SandboxPage.HereAsync(Page);
    }

    public Task MakeDefaultAsync(int which) => Methods.Nth(which).Locator("button[aria-label^='Charge']").ClickAsync();

    public async Task RemoveAsync(int which)
    {
        await Methods.Nth(which).Locator("button[aria-label^='Remove']").ClickAsync();
        await Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Remove", Exact = true }).ClickAsync();
    }
}
