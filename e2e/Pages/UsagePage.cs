using System.Globalization;
using Microsoft.Playwright;

namespace Portal.E2E.Pages;

/// <summary>Usage: what drew credits, by groups, and the same as a CSV file.</summary>
public sealed class UsagePage(IPage page) : InteractivePage(page)
{
    private static readonly CultureInfo English = CultureInfo.GetCultureInfo("en-US");

    private ILocator Groups => Page.GetByRole(AriaRole.Region, new() { Name = "Groups" });

    public async Task GroupByAsync(string by)
    {
        await Page.GetByLabel("Group by").SelectOptionAsync(by);
        await Page.WaitForURLAsync($"**by={by}*");
    }

    public async Task ShouldHaveGroups(int groups) => await Assertions.Expect(Groups.Locator("tbody tr")).ToHaveCountAsync(groups);

    /// <summary>Exact credits of each group.</summary>
    public async Task<Dictionary<string, decimal>> GroupsAsync()
    {
        var groups = new Dictionary<string, decimal>(StringComparer.Ordinal);
        foreach (var row in await Groups.Locator("tbody tr").AllAsync()) groups[(await row.Locator("th").InnerTextAsync()).Trim()] = await CreditsAsync(row);
        return groups;
    }

    /// <summary>Exact credits, and events, of the line of totals.</summary>
    public async Task<(decimal Credits, int Events)> TotalsAsync()
    {
        var row = Groups.Locator("tfoot tr");
        var events = Page.GetByRole(AriaRole.Region, new() { Name = "Events" }).Locator(".figure");
        return (await CreditsAsync(row), int.Parse(await events.InnerTextAsync(), NumberStyles.Integer | NumberStyles.AllowThousands, English));
    }

    /// <summary>Downloads the CSV file; its lines, cells apart.</summary>
    public async Task<string[][]> CsvAsync()
    {
        var download = await Page.RunAndWaitForDownloadAsync(() => Page.GetByRole(AriaRole.Link, new() { Name = "CSV" }).ClickAsync());
        download.SuggestedFilename.ShouldEndWith(".csv");
        await using var stream = await download.CreateReadStreamAsync();
        using var reader = new StreamReader(stream);
        var text = await reader.ReadToEndAsync();
        return [.. text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(','))];
    }

    /// <summary>Opens the events of a group, and the first of them; answers what its explanation shows, quantity by quantity.</summary>
    public async Task<IReadOnlyList<string>> ExplainFirstOfAsync(string group)
    {
        await Groups.Locator("tbody tr").Filter(new() { Has = Page.GetByRole(AriaRole.Link, new() { Name = group, Exact = true }) }).GetByTitle("The events of this group").ClickAsync();
        await Page.WaitForURLAsync("**/usage/events?*");
        await Page.Locator("td[data-label=When] a").First.ClickAsync();
        await Assertions.Expect(Page.GetByRole(AriaRole.Heading, new() { Name = "How it was priced" })).ToBeVisibleAsync();
        return await Page.Locator(".quantity-head").AllInnerTextsAsync();
    }

    private static async Task<decimal> CreditsAsync(ILocator row)
    {
        var title = (await row.Locator("td .figure[title$=' credits']").First.GetAttributeAsync("title")).ShouldNotBeNull();
        return decimal.Parse(title.Split(' ')[0], NumberStyles.Number, English);
    }
}
