using System.Text.Json;
using Bunit;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain;
using Portal.Domain.Catalog;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;
using Portal.Domain.Subscriptions;
using Portal.Domain.Tenants;
using Portal.Testing;
using Portal.Web.Components.TenantPages.Invoices;

namespace Portal.Web.Tests.TenantPages;

public sealed class InvoicePagesTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Without_invoices_the_page_says_what_will_appear()
    {
        await using var site = await Site.OpenAsync(postgres);
        var (page, _) = site.Open<InvoicesPage>("invoices", MemberRole.Billing);
        page.WaitForElement(".empty-state-title").TextContent.ShouldBe("No invoices yet");
        page.Find("[data-testid=to-pay]").TextContent.ShouldBe("0.00\u00a0USD");
    }

    [Fact]
    public async Task A_member_without_the_role_sees_none()
    {
        await using var site = await Site.OpenAsync(postgres);
        await SubscribeAsync(site);
        site.Services.AddPayments(sandbox: false);
        var (page, _) = site.Open<InvoicesPage>("invoices", MemberRole.Member);
        page.WaitForElement(".empty-state-title").TextContent.ShouldBe("Invoices are for billing");
        var one = site.Render<InvoicePage>(p => p.AddCascadingValue(site.SignIn(MemberRole.Member)).Add(x => x.Id, "upcoming"));
        one.WaitForElement(".empty-state-title").TextContent.ShouldBe("Invoices are for billing");
    }

    [Fact]
    public async Task What_is_to_pay_stands_on_top_and_each_invoice_opens_to_its_lines()
    {
        await using var site = await Site.OpenAsync(postgres);
        site.Services.AddPayments(sandbox: false);
        await SubscribeAsync(site);
        await site.Portal.AdvanceAsync(TimeSpan.FromHours(2));

        var (page, _) = site.Open<InvoicesPage>("invoices", MemberRole.Billing);
        page.WaitForAssertion(() => page.Find("[data-testid=to-pay]").TextContent.ShouldBe("29.00\u00a0USD"));
        page.Find("[data-testid=upcoming]").TextContent.ShouldBe("29.00\u00a0USD"); // February's
        page.WaitForAssertion(() => page.Find("td[data-label=Invoice] a").TextContent.ShouldBe("INV-000001"));
        page.Find("td[data-label=State]").TextContent.ShouldBe("To pay");

        var id = page.Find("td[data-label=Invoice] a").GetAttribute("href")!.Split('/')[^1];
        var (one, _) = Open(site, id);
        one.WaitForAssertion(() => one.FindAll(".invoice-lines tbody tr").Count.ShouldBe(2));
        one.FindAll(".invoice-lines tbody tr").Select(row => row.Children[3].TextContent.Trim()).ShouldBe(["9.00\u00a0USD", "20.00\u00a0USD"]);
        one.Find(".invoice-lines .invoice-total").TextContent.ShouldContain("29.00");
        one.Markup.ShouldContain("Portal GmbH");
        one.FindAll("button").ShouldContain(button => button.TextContent.Contains("Pay now", StringComparison.Ordinal));
        var (missing, _) = Open(site, "inv_63_" + Guid.NewGuid().ToString("N"));
        missing.WaitForElement(".empty-state-title").TextContent.ShouldBe("There is no such invoice");
    }

    [Fact]
    public void A_tier_says_what_its_part_came_to()
    {
        System.Globalization.CultureInfo.CurrentCulture = System.Globalization.CultureInfo.GetCultureInfo("en-GB");
        InvoiceText.Tier(new TouchedTier(0m, 10m, 10m, 1m, 2m, 12m), "USD").ShouldBe("10 up to 10 × 1.00\u00a0USD + 2.00\u00a0USD = 12.00\u00a0USD");
        InvoiceText.Tier(new TouchedTier(20m, null, 5m, 0.25m, 0m, 1.25m), "USD").ShouldBe("5 above 20 × 0.25\u00a0USD = 1.25\u00a0USD");
        InvoiceText.Tier(new TouchedTier(10m, 20m, 13m, 0m, 3m, 3m), "USD").ShouldBe("13 up to 20: 3.00\u00a0USD");
    }

    private static (IRenderedComponent<InvoicePage> Page, IRenderedComponent<MudBlazor.MudDialogProvider> Dialogs) Open(Site site, string id)
    {
        var dialogs = site.Render<MudBlazor.MudDialogProvider>();
        return (site.Render<InvoicePage>(p => p.AddCascadingValue(site.SignIn(MemberRole.Billing)).Add(x => x.Id, id).Add(x => x.TenantKey, "acme")), dialogs);
    }

    private static async Task SubscribeAsync(Site site)
    {
        await site.Portal.SellAsync();
        var plan = JsonSerializer.Deserialize<PlanDefinition>("""
            {"name":"Pro","currency":"USD","period":"month","items":[{"key":"base","type":"flat","amount":"29.00"},
              {"key":"credits","type":"included_credits","credits":"100","revenue_share":"20.00"}]}
            """, PortalJson.Options)!;
        (await CatalogueChange.RunAsync(site.Portal.Source, change => Plans.PutAsync(change, "pro", plan))).Succeeded.ShouldBeTrue();
        (await site.Portal.Wallets.RunAsync(site.Tenant, wallet => Subscribing.StartAsync(wallet, new SubscriptionOrder("pro")))).Succeeded.ShouldBeTrue();
    }
}
