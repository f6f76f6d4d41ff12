using Microsoft.Playwright;
using Portal.E2E.Pages;
using Portal.E2E.Running;

namespace Portal.E2E.Journeys;

/// <summary>Payment methods left on the sandbox's page.</summary>
public sealed class SavingMethods(PortalRun run) : Journey(run)
{
    [Fact]
    public async Task A_card_is_left_made_the_default_and_removed()
    {
        var overview = await (await VisitorAsync()).SignUpAsync("Payer");
        var methods = await LeaveAsync(await overview.PaymentMethodsAsync(), SandboxPage.Accepted);
        await Assertions.Expect(methods.Notice).ToContainTextAsync("•••• 4242 is saved");
        await Assertions.Expect(methods.Methods).ToHaveCountAsync(1);

        methods = await LeaveAsync(methods, SandboxPage.Declined); // saved all the same: it is declined when it is charged
        await Assertions.Expect(methods.Methods.Nth(0)).ToContainTextAsync("4242");
        await Assertions.Expect(methods.Methods.Nth(0)).ToContainTextAsync("Default");

        await methods.MakeDefaultAsync(1);
        await Assertions.Expect(methods.Notice).ToContainTextAsync("•••• 0002 is charged from now on");
        await methods.RemoveAsync(0);
        await Assertions.Expect(methods.Methods).ToHaveCountAsync(1);
        await Assertions.Expect(methods.Methods.Nth(0)).ToContainTextAsync("•••• 4242");
        await Assertions.Expect(methods.Methods.Nth(0)).ToContainTextAsync("Default");
    }

    [Fact]
    public async Task Who_gives_up_on_the_providers_page_has_saved_nothing()
    {
        var page = await (await (await VisitorAsync()).SignUpAsync("Doubter")).PaymentMethodsAsync();

        await (await page.AddAsync()).CancelAsync();

        await Assertions.Expect(page.Notice).ToContainTextAsync("Nothing was saved");
        await Assertions.Expect(page.Methods).ToHaveCountAsync(0);
    }

    private static async Task<PaymentMethodsPage> LeaveAsync(PaymentMethodsPage methods, string card)
    {
        var page = await methods.AddAsync();
        await page.TakeAsync(card);
        return await page.BackAtMethodsAsync();
    }
}
