using Microsoft.Playwright;

namespace Portal.E2E.Pages;

/// <summary>A page of a tenant, with its circuit up.</summary>
public abstract class InteractivePage(IPage page)
{
    public IPage Page => page;

    /// <summary>The key of the tenant whose page it is.</summary>
    public string Tenant { get; } = new Uri(page.Url).Segments[2].TrimEnd('/');

    public Task<BuyPage> BuyAsync() => OpenAsync("buy", "Buy credits", p => new BuyPage(p));

    public Task<PaymentMethodsPage> PaymentMethodsAsync() => OpenAsync("payment-methods", "Payment methods", p => new PaymentMethodsPage(p));

    public Task<UsagePage> UsageAsync() => OpenAsync("usage", "Usage", p => new UsagePage(p));

    public Task<ActivityPage> ActivityAsync() => OpenAsync("activity", "Activity", p => new ActivityPage(p));

    public Task<PoolsPage> PoolsAsync() => OpenAsync("pools", "Teams & pools", p => new PoolsPage(p));

    public Task<GrantsPage> GrantsAsync() => OpenAsync("grants", "Grants", p => new GrantsPage(p));

    public Task<MembersPage> MembersAsync() => OpenAsync("members", "Members", p => new MembersPage(p));

    public async Task<OverviewPage> OverviewAsync()
    {
        await page.GotoAsync($"t/{Tenant}");
        return await OverviewPage.HereAsync(page);
    }

    /// <summary>Waits until clicks are heard: one before that is lost.</summary>
    internal static Task ReadyAsync(IPage page) =>
        page.Locator("[data-interactive]").WaitForAsync(new() { State = WaitForSelectorState.Attached });

    private async Task<T> OpenAsync<T>(string path, string title, Func<IPage, T> make)
    {
        await page.GotoAsync($"t/{Tenant}/{path}");
        await ReadyAsync(page);
        await page.GetByRole(AriaRole.Heading, new() { Name = title, Level = 1, Exact = true }).WaitForAsync();
        return make(page);
    }
}
