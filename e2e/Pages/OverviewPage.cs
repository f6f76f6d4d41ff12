using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Portal.E2E.Pages;

/// <summary>Overview: the balance, and what becomes of it.</summary>
public sealed partial class OverviewPage : InteractivePage
{
    private OverviewPage(IPage page)
        : base(page) => Wallet = new Wallet(page.GetByTestId("balance").Locator(".figure"));

    public Wallet Wallet { get; }

    /// <summary>What somebody sees who has neither credits nor usage.</summary>
    public ILocator FirstSteps => Page.GetByRole(AriaRole.Region, new() { Name = "First steps" });

    internal static async Task<OverviewPage> HereAsync(IPage page)
    {
        await page.WaitForURLAsync(Address());
        await ReadyAsync(page);
        await page.GetByRole(AriaRole.Heading, new() { Name = "Overview", Level = 1 }).WaitForAsync();
        return new OverviewPage(page);
    }

    [GeneratedRegex(@"/t/[^/?]+$", RegexOptions.None, 1000)]
    private static partial Regex Address();
}
