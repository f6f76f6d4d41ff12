using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Portal.E2E.Pages;
using Portal.E2E.Running;

namespace Portal.E2E.Journeys;

/// <summary>Pages for every eye and screen. With <c>PORTAL_SCREENSHOTS</c> set to a folder, pictures of them are written there.</summary>
public sealed class Reading(PortalRun run) : Journey(run)
{
    private const int Phone = 360, Desk = 1280;

    private static readonly string[] Pages = ["", "/buy", "/payment-methods", "/usage", "/usage/events", "/plan", "/activity", "/outcomes", "/alerts", "/webhooks", "/grants", "/pools", "/members"];

    public static TheoryData<ColorScheme> Themes => [ColorScheme.Light, ColorScheme.Dark];

    [Theory]
    [MemberData(nameof(Themes))]
    public async Task No_page_has_serious_barriers(ColorScheme theme)
    {
        var visitor = await VisitorAsync(new BrowserNewContextOptions { ColorScheme = theme });
        foreach (var path in new[] { "account/sign-in", "account/sign-up", "account/forgot-password" })
        {
            await visitor.Page.GotoAsync(path);
            await ShouldHaveNoBarriersAsync(visitor.Page);
        }

        var overview = await visitor.SignInToDemoAsync();
        foreach (var path in Pages)
        {
            await visitor.GoToAsync("t/demo" + path);
            await SettledAsync(visitor.Page);
            await ShouldHaveNoBarriersAsync(visitor.Page);
        }

        await (await overview.MembersAsync()).InviteButton.ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Dialog).WaitForAsync();
        await ShouldHaveNoBarriersAsync(visitor.Page);
        await (await overview.GrantsAsync()).HistoryAsync();
        await ShouldHaveNoBarriersAsync(visitor.Page);
        await (await overview.PoolsAsync()).PlanMoveAsync("Shared", "Support", "600");
        await ShouldHaveNoBarriersAsync(visitor.Page);
        await (await overview.BuyAsync()).PayAsync();
        await ShouldHaveNoBarriersAsync(visitor.Page);
        foreach (var path in new[] { "account/profile", "account/security", "account/passkeys" })
        {
            await visitor.Page.GotoAsync(path);
            await ShouldHaveNoBarriersAsync(visitor.Page);
        }

        await visitor.GoToAsync("t/no-such-company");
        await ShouldHaveNoBarriersAsync(visitor.Page);
    }

    [Theory]
    [InlineData(ColorScheme.Light, Desk)]
    [InlineData(ColorScheme.Dark, Desk)]
    [InlineData(ColorScheme.Light, Phone)]
    [InlineData(ColorScheme.Dark, Phone)]
    public async Task No_page_is_wider_than_the_screen(ColorScheme theme, int width)
    {
        var screen = new ViewportSize { Width = width, Height = width == Phone ? 740 : 800 };
        var visitor = await VisitorAsync(new BrowserNewContextOptions
        {
            ColorScheme = theme,
            ViewportSize = screen,
            HasTouch = width == Phone,
        });
        var name = $"{theme.ToString().ToLowerInvariant()}-{width}";
        await visitor.Page.GotoAsync("account/sign-up");
        await ShouldFitAsync(visitor.Page, $"sign-up-{name}");
        await visitor.Page.GotoAsync("account/sign-in");
        await ShouldFitAsync(visitor.Page, $"sign-in-{name}");
        var overview = await visitor.SignInToDemoAsync();
        foreach (var path in Pages)
        {
            await visitor.GoToAsync("t/demo" + path);
            await SettledAsync(visitor.Page);
            await ShouldFitAsync(visitor.Page, $"{(path.Length == 0 ? "overview" : path[1..])}-{name}");
        }

        var checkout = await (await overview.BuyAsync()).PayAsync();
        await ShouldFitAsync(visitor.Page, $"checkout-{name}");
        await checkout.TakeAsync(SandboxPage.Challenged);
        await ShouldFitAsync(visitor.Page, $"challenge-{name}");
        await visitor.Page.GotoAsync("account/security");
        await ShouldFitAsync(visitor.Page, $"security-{name}");

        if (theme == ColorScheme.Light)
        {
            var newcomer = await VisitorAsync(new BrowserNewContextOptions { ColorScheme = theme, ViewportSize = screen });
            await newcomer.SignUpAsync("Newcomer");
            await ShouldFitAsync(newcomer.Page, $"first-steps-{name}");
            await newcomer.GoToAsync("t/no-such-company");
            await ShouldFitAsync(newcomer.Page, $"not-found-{name}");
        }
    }

    [Theory]
    [InlineData(ColorScheme.Light, Desk)]
    [InlineData(ColorScheme.Dark, Phone)]
    public async Task The_console_has_no_serious_barriers_and_fits(ColorScheme theme, int width)
    {
        var visitor = await VisitorAsync(new BrowserNewContextOptions { ColorScheme = theme, ViewportSize = new ViewportSize { Width = width, Height = 800 }, HasTouch = width == Phone });
        await visitor.SignInToConsoleAsync();
        foreach (var path in new[] { "profitability?open=demo", "profitability?by=model", "profitability?by=pack", "profitability?by=matrix", "intake", "intake?range=hour&show=late", "revenue", "webhooks" })
        {
            await visitor.GoToAsync("console/" + path);
            await SettledAsync(visitor.Page);
            await ShouldHaveNoBarriersAsync(visitor.Page);
            await ShouldFitAsync(visitor.Page, $"console-{path.Replace('?', '-')}-{theme}-{width}");
        }
    }

    /// <summary>Waits for the title first: a page that becomes interactive takes the prerendered title away for a moment before it puts its own.</summary>
    private static async Task ShouldHaveNoBarriersAsync(IPage page)
    {
        await page.WaitForFunctionAsync("document.title !== ''");
        var found = await page.RunAxe(new AxeRunOptions
        {
            RunOnly = new RunOnlyOptions { Type = "tag", Values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] },
        });
        var barriers = found.Violations.Where(violation => violation.Impact is "serious" or "critical")
            .SelectMany(violation => violation.Nodes.Select(node => $"{violation.Id}: {violation.Help}\n    {node.Html}\n    {string.Join("; ", node.Any.Select(check => check.Message))}"));
        string.Join('\n', barriers).ShouldBeEmpty(page.Url);
    }

    private static async Task ShouldFitAsync(IPage page, string name)
    {
        if (Pictures.Wanted) await Pictures.TakeAsync(page, name);
        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth")).ShouldBe(0, $"{name} scrolls sideways.");
    }

    /// <summary>Waits until nothing on the page is a placeholder any more, and the charts are drawn.</summary>
    private static async Task SettledAsync(IPage page)
    {
        await Assertions.Expect(page.Locator(".mud-skeleton")).ToHaveCountAsync(0);
        await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
    }
}
