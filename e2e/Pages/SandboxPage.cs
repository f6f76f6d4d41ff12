using Microsoft.Playwright;

namespace Portal.E2E.Pages;

/// <summary>The payment page of the sandbox, which belongs to the provider and not to the portal.</summary>
public sealed class SandboxPage
{
    public const string Accepted = "4242424242424242", Declined = "4000000000000002", Challenged = "4000002500003155";

    private readonly IPage page;

    private SandboxPage(IPage page) => this.page = page;

    public ILocator Message => page.GetByRole(AriaRole.Alert);

    internal static async Task<SandboxPage> HereAsync(IPage page)
    {
        await page.WaitForURLAsync("**/sandbox/checkout/**");
        return new SandboxPage(page);
    }

    /// <summary>Types a card's number and pays.</summary>
    public async Task TypeAsync(string card)
    {
        await page.GetByLabel("Card number").FillAsync(card);
        await page.GetByLabel("Card number").PressAsync("Enter");
    }

    /// <summary>Takes one of the test cards that the page offers.</summary>
    public Task TakeAsync(string card) => page.Locator($"button[value='{card}']").ClickAsync();

    public Task ApproveAsync() => page.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();

    public Task FailAsync() => page.GetByRole(AriaRole.Button, new() { Name = "Fail the authentication" }).ClickAsync();

    public Task CancelAsync() => page.GetByRole(AriaRole.Link, new() { Name = "Cancel and go back" }).ClickAsync();

    /// <summary>Posts the form twice at once and once more after, as an impatient browser does. All are answered when this returns.</summary>
    public async Task PostAgainAndAgainAsync(string card)
    {
        const string script = """
            async card => {
              const form = document.querySelector('form');
              const body = new URLSearchParams(new FormData(form));
              body.set('Form.Choice', card);
              const send = () => fetch(location.href, { method: 'POST', body, redirect: 'manual' });
              const answers = [...await Promise.all([send(), send()]), await send()];
              return answers.filter(answer => answer.type === 'opaqueredirect' || answer.ok).length;
            }
            """;
        (await page.EvaluateAsync<int>(script, card)).ShouldBe(3, "All are answered in a way that leads on.");
        await page.ReloadAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Go back to the shop" }).ClickAsync();
    }

    /// <summary>Back at the payment methods, after leaving a card.</summary>
    public async Task<PaymentMethodsPage> BackAtMethodsAsync()
    {
        await page.WaitForURLAsync("**/payment-methods?method=*");
        await InteractivePage.ReadyAsync(page);
        return new PaymentMethodsPage(page);
    }

    /// <summary>Back at the shop.</summary>
    public async Task<BuyPage> BackAsync()
    {
        await page.WaitForURLAsync("**/buy?checkout=*");
        await InteractivePage.ReadyAsync(page);
        return new BuyPage(page);
    }
}
