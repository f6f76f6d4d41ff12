using Microsoft.Playwright;
using Portal.E2E.Pages;
using Portal.E2E.Running;

namespace Portal.E2E.Journeys;

/// <summary>The starter pack: 1,000 credits for 10.00 USD.</summary>
public sealed class Buying(PortalRun run) : Journey(run)
{
    [Fact]
    public async Task A_pack_is_paid_on_the_hosted_page_and_is_in_the_balance()
    {
        var overview = await (await VisitorAsync()).SignInToDemoAsync();
        var before = await overview.Wallet.CreditsAsync();
        var buy = await overview.BuyAsync();
        await buy.ChooseAsync("starter");
        await Assertions.Expect(buy.PayButton).ToContainTextAsync("10.00");

        var checkout = await buy.PayAsync();
        await checkout.TypeAsync("4242 4242 4242 4242");
        var shop = await checkout.BackAsync();

        await Assertions.Expect(shop.Notice).ToContainTextAsync("Payment received");
        await shop.Wallet.ShouldShow(before + 1000m);
        await (await shop.ActivityAsync()).NewestShouldBe("urchase", "+1,000");
        (await Portal.Api.BalanceAsync("demo")).ShouldBe(before + 1000m);
    }

    [Fact]
    public async Task A_declined_card_changes_nothing_and_another_may_be_tried()
    {
        var checkout = await StartAsync();

        await checkout.TakeAsync(SandboxPage.Declined);
        await Assertions.Expect(checkout.Message).ToContainTextAsync("declined");
        await checkout.CancelAsync();
        var shop = await checkout.BackAsync();

        await Assertions.Expect(shop.Notice).ToContainTextAsync("Nothing was charged");
        await shop.Wallet.ShouldShow(0m);
        await Assertions.Expect((await shop.OverviewAsync()).FirstSteps).ToBeVisibleAsync();
        await shop.Page.GoBackAsync();
        await shop.Page.GetByRole(AriaRole.Link, new() { Name = "Try another card" }).ClickAsync();
        await checkout.TakeAsync(SandboxPage.Accepted);
        await (await checkout.BackAsync()).Wallet.ShouldShow(1000m);
    }

    [Fact]
    public async Task A_card_that_asks_for_authentication_pays_once_approved()
    {
        var checkout = await StartAsync();

        await checkout.TakeAsync(SandboxPage.Challenged);
        await checkout.ApproveAsync();

        var shop = await checkout.BackAsync();
        await Assertions.Expect(shop.Notice).ToContainTextAsync("Payment received");
        await shop.Wallet.ShouldShow(1000m);
    }

    [Fact]
    public async Task A_failed_authentication_changes_nothing()
    {
        var checkout = await StartAsync();

        await checkout.TakeAsync(SandboxPage.Challenged);
        await checkout.FailAsync();

        await Assertions.Expect(checkout.Message).ToContainTextAsync("authentication failed");
        await checkout.CancelAsync();
        var shop = await checkout.BackAsync();
        await shop.Wallet.ShouldShow(0m);
        await (await shop.ActivityAsync()).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_form_posted_twice_charges_once()
    {
        var checkout = await StartAsync();

        await checkout.PostAgainAndAgainAsync(SandboxPage.Accepted);

        var shop = await checkout.BackAsync();
        await shop.Wallet.ShouldShow(1000m);
        await (await shop.ActivityAsync()).ShouldHave(movements: 1);
    }

    /// <summary>A company of its own at the payment page of the starter pack.</summary>
    private async Task<SandboxPage> StartAsync()
    {
        var buy = await (await (await VisitorAsync()).SignUpAsync("Buyer")).BuyAsync();
        await buy.ChooseAsync("starter");
        return await buy.PayAsync();
    }
}
