using Microsoft.Playwright;

namespace Portal.E2E.Pages;

/// <summary>Activity: the movements of the wallet, newest first.</summary>
public sealed class ActivityPage(IPage page) : InteractivePage(page)
{
    private ILocator Rows => Page.GetByRole(AriaRole.Region, new() { Name = "Movements" }).Locator("tbody tr");

    /// <summary>What a member who may not see it is told.</summary>
    public ILocator Closed => Page.GetByRole(AriaRole.Heading, new() { Name = "The statement is for billing" });

    /// <summary>Waits until the list has so many movements.</summary>
    public Task ShouldHave(int movements) => Assertions.Expect(Rows).ToHaveCountAsync(movements);

    public Task ShouldBeEmpty() => Page.GetByRole(AriaRole.Heading, new() { Name = "Nothing has moved yet" }).WaitForAsync();

    /// <summary>The newest movement but for the hours of usage is of that kind and brought or took so much, as the page writes it.</summary>
    public async Task NewestShouldBe(string kind, string credits)
    {
        var newest = Rows.Filter(new() { HasNotText = "Usage:" }).First;
        await Assertions.Expect(newest).ToContainTextAsync(kind);
        await Assertions.Expect(newest).ToContainTextAsync(credits);
    }
}
