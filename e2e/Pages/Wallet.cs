using System.Globalization;
using Microsoft.Playwright;

namespace Portal.E2E.Pages;

/// <summary>A balance on a page; its exact figure is in its title.</summary>
public sealed class Wallet(ILocator figure)
{
    private const string Unit = " credits";

    /// <summary>Waits for the balance to be exactly that, without touching the page.</summary>
    public Task ShouldShow(decimal credits) => Assertions.Expect(figure).ToHaveAttributeAsync(
        "title", credits.ToString("#,##0.#########", CultureInfo.GetCultureInfo("en-US")) + Unit, new() { Timeout = 10_000 });

    /// <summary>The exact balance as the page has it now.</summary>
    public async Task<decimal> CreditsAsync()
    {
        var title = (await figure.GetAttributeAsync("title")).ShouldNotBeNull();
        return decimal.Parse(title[..^Unit.Length], NumberStyles.Number, CultureInfo.GetCultureInfo("en-US"));
    }
}
