using System.Globalization;
using System.Security.Claims;
using Bunit;
using Bunit.TestDoubles;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;
using MudBlazor.Services;
using Portal.Domain;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Payments.Sandbox;
using Portal.Domain.Payments.Saved;
using Portal.Domain.Taxes;
using Portal.Domain.Tenants;
using Portal.Testing;
using Portal.Web.Access;
using Portal.Web.Components.TenantPages.SavedMethods;

namespace Portal.Web.Tests.SavedMethods;

public sealed class PaymentMethodsPageTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Adding_one_goes_to_the_providers_page_and_coming_back_shows_it_as_the_default()
    {
        await using var site = await OpenAsync();
        var page = site.Show(MemberRole.Billing);
        page.WaitForElement(".empty-state-title").TextContent.ShouldBe("No payment method yet");

        await page.InvokeAsync(() => page.Find(".button-primary").Click());
        var navigation = site.Services.GetRequiredService<BunitNavigationManager>();
        page.WaitForAssertion(() => navigation.Uri.ShouldContain("/sandbox/checkout/ss_"));
        await site.Services.GetRequiredService<SandboxProvider>().PayAsync(navigation.Uri.Split('/')[^1], "4242424242424242");
        var id = (Guid)(await site.Portal.ScalarAsync("select id from payment_methods"))!;

        var back = site.Show(MemberRole.Billing, PublicId.Format(PublicId.PaymentMethod, site.Tenant, id));

        back.WaitForElement(".notice").TextContent.ShouldBe("•••• 4242 is saved.");
        back.Find(".method").TextContent.ShouldContain("Default");
    }

    [Fact]
    public async Task Another_can_be_made_the_default_and_one_removed()
    {
        await using var site = await OpenAsync();
        await site.LeaveAsync();
        await site.LeaveAsync();
        var dialogs = site.Render<MudDialogProvider>();
        var page = site.Show(MemberRole.Billing);
        page.WaitForElements(".method").Count.ShouldBe(2);

        await page.InvokeAsync(() => page.Find("button[aria-label^='Charge']").Click());
        page.WaitForAssertion(() => page.Find(".notice").TextContent.ShouldContain("from now on"));
        page.FindAll(".badge-good").Count.ShouldBe(1);

        page.FindAll("button[aria-label^='Remove']")[0].Click();
        dialogs.WaitForElements("button").First(button => button.TextContent.Trim() == "Remove").Click();
        page.WaitForAssertion(() => page.FindAll(".method").Count.ShouldBe(1));
        page.Find(".method").TextContent.ShouldContain("Default");
    }

    [Fact]
    public async Task A_member_sees_nothing_and_whose_role_went_away_changes_nothing()
    {
        await using var site = await OpenAsync();
        await site.LeaveAsync();
        site.Show(MemberRole.Member).Markup.ShouldNotContain("4242");

        var page = site.Show(MemberRole.Billing);
        page.WaitForElement(".method");
        await site.Portal.ExecuteAsync("update members set role = 'member'");
        await page.InvokeAsync(() => page.Find(".button-primary").Click());

        page.WaitForElement(".notice-error").TextContent.ShouldContain("role billing");
        (await site.Portal.ScalarAsync("select count(*) from payment_methods")).ShouldBe(1L);
    }

    [Fact]
    public async Task Coming_back_with_another_tenants_id_shows_nothing_of_it()
    {
        await using var site = await OpenAsync();
        var other = await site.Portal.AddTenantAsync("other");
        var id = await site.LeaveAsync(other);

        var page = site.Show(MemberRole.Owner, PublicId.Format(PublicId.PaymentMethod, other, id));

        page.WaitForElement(".empty-state-title");
        page.Markup.ShouldNotContain("4242");
    }

    [Fact]
    public async Task Billing_details_are_saved_with_their_vat_id_checked_and_what_cannot_be_is_said()
    {
        await using var site = await OpenAsync();
        var page = site.Show(MemberRole.Billing);
        page.WaitForElement("#billing-country");

        await page.InvokeAsync(() => page.Find("#billing-country").Change("DE"));
        await page.InvokeAsync(() => page.Find("#billing-vat").Change("DE12"));
        await page.InvokeAsync(() => page.Find(".billing-details form").Submit());
        page.WaitForElement(".billing-details .notice-error").TextContent.ShouldContain("No VAT id of Germany");
        (await site.Portal.ScalarAsync("select count(*) from tax_profiles")).ShouldBe(0L);
        page.Find("#billing-vat").GetAttribute("value").ShouldBe("DE12"); // nothing typed is lost

        await page.InvokeAsync(() => page.Find("#billing-vat").Change("de 123 456 789"));
        await page.InvokeAsync(() => page.Find("#billing-emails").Change("a@b.example, c@d.example"));
        await page.InvokeAsync(() => page.Find(".billing-details form").Submit());
        page.WaitForAssertion(() => page.Find("#billing-vat-hint").TextContent.ShouldBe("Checked: registered"));
        (await site.Portal.ScalarAsync("select format('%s %s %s %s', country, vat_id, vat_valid, emails) from tax_profiles")).ShouldBe("DE DE123456789 t {a@b.example,c@d.example}");
    }

    [Fact]
    public async Task A_member_neither_sees_nor_changes_billing_details()
    {
        await using var site = await OpenAsync();
        site.Show(MemberRole.Member).FindAll(".billing-details").ShouldBeEmpty();

        var page = site.Show(MemberRole.Billing);
        page.WaitForElement("#billing-country");
        await site.Portal.ExecuteAsync("update members set role = 'member'");
        await page.InvokeAsync(() => page.Find("#billing-country").Change("DE"));
        await page.InvokeAsync(() => page.Find(".billing-details form").Submit());
        page.WaitForElement(".billing-details .notice-error");
        (await site.Portal.ScalarAsync("select count(*) from tax_profiles")).ShouldBe(0L);
    }

    private async Task<MethodSite> OpenAsync()
    {
        CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo("en-GB");
        var portal = await TestPortal.StartAsync(postgres);
        return new MethodSite(portal, await portal.AddTenantAsync("acme"));
    }

    private sealed class MethodSite : BunitContext
    {
        private readonly Guid member = Guid.CreateVersion7(), user = Guid.CreateVersion7();

        public MethodSite(TestPortal portal, long tenant)
        {
            (Portal, Tenant) = (portal, tenant);
            Services.AddMudServices(mud => mud.PopoverOptions.CheckForPopoverProvider = false);
            Services.AddLogging().AddSingleton(portal.Source).AddSingleton(TimeProvider.System);
            Services.AddDbContextFactory<PortalDbContext>(options => PortalDbContext.Configure(options.UseNpgsql(portal.Source)));
            Services.AddPortalDomain().AddPayments(sandbox: true).AddTaxChecks(sandbox: true).AddScoped<TenantAccess>().AddScoped<TenantCommands>();
            this.AddAuthorization().SetAuthorized("ana").SetClaims(new Claim(ClaimTypes.NameIdentifier, user.ToString()));
            JSInterop.Mode = JSRuntimeMode.Loose;
            DefaultWaitTimeout = TimeSpan.FromSeconds(30);
        }

        public TestPortal Portal { get; }

        public long Tenant { get; }

        public async Task<Guid> LeaveAsync(long? tenant = null)
        {
            var methods = Services.GetRequiredService<PaymentMethods>();
            var pending = (await methods.StartAsync(new MethodOrder(tenant ?? Tenant, new Uri("http://localhost/")))).Value;
            await Services.GetRequiredService<SandboxProvider>().PayAsync(pending.Page!, "4242424242424242");
            return (await methods.RefreshAsync(pending.TenantId, pending.Id))!.Id;
        }

        public IRenderedComponent<PaymentMethodsPage> Show(MemberRole role, string? back = null)
        {
            Portal.ExecuteAsync($"""
                insert into members (tenant_id, id, user_id, email, role, invited_at, joined_at) values ({Tenant}, '{member}', '{user}', 'ana@example.com', '{role.Text()}', now(), now())
                on conflict (tenant_id, id) do update set role = excluded.role
                """).GetAwaiter().GetResult();
            SetRendererInfo(new RendererInfo("Server", isInteractive: true));
            Services.GetRequiredService<NavigationManager>().NavigateTo("/t/acme/payment-methods" + (back is null ? "" : "?method=" + back));
            var current = new CurrentTenant(Tenant, "acme", "Acme", TimeZoneInfo.Utc, Currency.Of("USD"), user, member, role);
            return Render<PaymentMethodsPage>(page => page.AddCascadingValue(current));
        }

        protected override async ValueTask DisposeAsyncCore()
        {
            await base.DisposeAsyncCore();
            await Portal.DisposeAsync();
        }
    }
}
