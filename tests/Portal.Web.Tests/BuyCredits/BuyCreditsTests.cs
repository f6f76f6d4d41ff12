using System.Globalization;
using System.Security.Claims;
using Bunit;
using Bunit.TestDoubles;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using MudBlazor.Services;
using Npgsql;
using Portal.Domain;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Testing;
using Portal.Web.Access;
using Portal.Web.Components.TenantPages.BuyCredits;

namespace Portal.Web.Tests.BuyCredits;

public sealed class BuyCreditsTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Without_packs_the_page_says_so_and_offers_nothing_to_pay()
    {
        await using var shop = await ShopAsync();

        var page = shop.Render(MemberRole.Owner);

        page.WaitForElement(".empty-state-title").TextContent.ShouldBe("No packs for sale");
        page.FindAll("button").ShouldBeEmpty();
    }

    [Fact]
    public async Task The_cheapest_credit_is_marked_and_the_order_shows_net_tax_and_total_before_paying()
    {
        await using var shop = await ShopAsync("starter", "growth");

        var page = shop.Render(MemberRole.Billing);

        var cards = page.WaitForElements(".pack");
        cards.Count.ShouldBe(2);
        cards[0].QuerySelector(".pack-best").ShouldBeNull();
        cards[1].QuerySelector(".pack-best").ShouldNotBeNull();
        cards[1].TextContent.ShouldContain("0.008571"); // 45 / 5,250
        cards[1].TextContent.ShouldContain("Valid for 1 year");
        var order = page.Find(".buy-lines").TextContent;
        order.ShouldContain("Tax0.00");
        page.Find(".buy-total").TextContent.ShouldContain("45.00");

        await page.InvokeAsync(() => page.FindAll("input[type=radio]")[0].Change("starter"));
        page.WaitForAssertion(() => page.Find(".buy-total").TextContent.ShouldContain("10.00"));
    }

    [Fact]
    public async Task Keeping_a_pool_filled_says_what_it_costs_and_needs_a_payment_method()
    {
        await using var shop = await ShopAsync("starter");
        var page = shop.Render(MemberRole.Billing);
        page.WaitForElement("#top-up-threshold");

        await page.InvokeAsync(() => page.Find("#top-up-threshold").Change("500"));
        await page.InvokeAsync(() => page.Find("#top-up-target").Change("2500"));
        page.WaitForAssertion(() => page.Find(".auto-top-up form").TextContent.Replace('\u00a0', ' ').ShouldContain("about 2 × Starter: 20.00 USD")); // 2,000 missing, $10 a thousand
        await page.InvokeAsync(() => page.Find(".auto-top-up form").Submit());
        page.WaitForElement(".auto-top-up .notice-error").TextContent.ShouldContain("no payment method");

        await shop.Database.ScalarAsync("""
            insert into payment_methods (tenant_id, id, provider, state, token, label, is_default, created_at, saved_at)
            select tenant_id, gen_random_uuid(), 'sandbox', 'saved', 'pm_x', 'x', true, now(), now() from tenants where tenant_id > 0 returning 1
            """);
        await page.InvokeAsync(() => page.Find(".auto-top-up form").Submit());
        page.WaitForElement(".auto-top-up .notice-good").TextContent.ShouldContain("is kept filled from now on");
        page.Find(".auto-top-up .badge").TextContent.ShouldBe("On");

        await page.InvokeAsync(() => page.FindAll(".auto-top-up button").Single(button => button.TextContent == "Switch off").Click());
        page.WaitForAssertion(() => page.FindAll(".auto-top-up .badge").ShouldBeEmpty());
    }

    [Fact]
    public async Task A_member_may_look_but_not_buy()
    {
        await using var shop = await ShopAsync("starter");

        var page = shop.Render(MemberRole.Member);

        page.WaitForElement(".pack");
        page.FindAll(".button-primary").ShouldBeEmpty();
        page.Find(".buy-order .notice").TextContent.ShouldContain("your role cannot buy");
    }

    // 10.00 less 20 %: 8.00.
    [Fact]
    public async Task A_coupon_lowers_the_total_and_goes_with_the_checkout()
    {
        await using var shop = await ShopAsync("starter");
        await shop.ExecuteAsync("""insert into coupons (key, definition) values ('welcome', '{"percent":"20","duration":"once"}'), ('all', '{"percent":"100","duration":"once"}')""");
        var page = shop.Render(MemberRole.Billing);
        page.WaitForElement("#buy-coupon");
        foreach (var (typed, says) in new[] { ("nope", "There is no coupon 'nope'."), ("all", "The coupon takes off all of the price.") })
        {
            await page.InvokeAsync(() => page.Find("#buy-coupon").Input(typed));
            await page.InvokeAsync(() => page.Find(".buy-coupon").Submit());
            page.WaitForAssertion(() => page.Find(".notice-error").TextContent.ShouldBe(says));
        }

        await page.InvokeAsync(() => page.Find("#buy-coupon").Input(" Welcome "));
        await page.InvokeAsync(() => page.Find(".buy-coupon").Submit());
        page.WaitForAssertion(() => page.Find(".buy-total").TextContent.ShouldContain("8.00"));
        page.Find(".buy-lines").TextContent.ShouldContain("20 % off");

        await page.InvokeAsync(() => page.Find(".button-primary").Click());
        page.WaitForAssertion(() => shop.Services.GetRequiredService<BunitNavigationManager>().Uri.ShouldContain("/sandbox/checkout/ss_"));
        (await shop.Database.ScalarAsync("select c.net || ' ' || r.coupon from checkouts c join coupon_redemptions r on r.checkout_id = c.id")).ShouldBe("8.000000000 welcome");
    }

    [Fact]
    public async Task Paying_starts_a_checkout_and_goes_to_the_payment_page()
    {
        await using var shop = await ShopAsync("starter");
        var page = shop.Render(MemberRole.Billing);

        page.WaitForElement(".button-primary").Click();

        page.WaitForAssertion(() => shop.Services.GetRequiredService<BunitNavigationManager>().Uri.ShouldContain("/sandbox/checkout/ss_"));
        (await shop.Database.ScalarAsync("select created_by like 'member:mem_%' from checkouts where state = 'open'")).ShouldBe(true);
    }

    [Fact]
    public async Task Who_lost_the_role_since_the_page_was_drawn_cannot_buy()
    {
        await using var shop = await ShopAsync("starter");
        var page = shop.Render(MemberRole.Billing);
        await shop.ExecuteAsync("update members set role = 'member'");

        page.WaitForElement(".button-primary").Click();

        page.WaitForElement(".notice-error").TextContent.ShouldContain("role billing");
        (await shop.Database.ScalarAsync("select count(*) from checkouts")).ShouldBe(0L);
    }

    [Fact]
    public async Task Coming_back_from_a_declined_card_says_so_and_does_not_wake_the_page_by_itself()
    {
        await using var shop = await ShopAsync("starter", "growth");
        var checkouts = shop.Services.GetRequiredService<Checkouts>();
        var checkout = (await checkouts.StartAsync(new CheckoutOrder(shop.Tenant, "starter", new Uri("http://localhost/")))).Value;
        await shop.Services.GetRequiredService<Domain.Payments.Sandbox.SandboxProvider>().PayAsync(checkout.Url!.Split('/')[^1], "4000000000000002");
        var page = shop.Render(MemberRole.Billing, checkout.PublicId);
        page.WaitForElement(".notice-error").TextContent.ShouldContain("declined");
        page.Find(".buy-total").TextContent.ShouldContain("10.00"); // the pack that was being bought
        var version = await shop.Database.ScalarAsync("select version from wallets");
        var renders = page.RenderCount;

        var signals = shop.Services.GetRequiredService<WalletSignals>();
        using var announcer = new WalletAnnouncer(shop.Database.DataSource, signals, NullLogger<WalletAnnouncer>.Instance);
        using var listener = new WalletListener(shop.Database.DataSource, signals, NullLogger<WalletListener>.Instance);
        await listener.StartAsync(CancellationToken.None); // announces everything once it listens
        await announcer.StartAsync(CancellationToken.None);
        page.WaitForState(() => page.RenderCount > renders);
        signals.Changed(shop.Tenant);
        page.WaitForState(() => page.RenderCount > renders + 1);

        await Task.WhenAll(announcer.StopAsync(CancellationToken.None), listener.StopAsync(CancellationToken.None));
        (await shop.Database.ScalarAsync("select version from wallets")).ShouldBe(version);
    }

    [Theory]
    [InlineData("4.99", false)]
    [InlineData("5", true)]
    public async Task Case_25_a_purchase_while_the_spend_cap_blocks_is_told_what_it_changes(string spend, bool reached)
    {
        await using var shop = await ShopAsync("starter");
        await shop.ExecuteAsync($$"""
            insert into plans (key, name) values ('pro', 'Pro') on conflict do nothing;
            insert into plan_versions (plan, version, definition, published_at) values ('pro', 1, '{}', now()) on conflict do nothing;
            insert into subscriptions (tenant_id, id, plan, plan_version, state, starts_at, start_zone, anchor_day, exhaustion, spend_cap, overage_price, currency,
              period_number, period_starts_at, period_ends_at, period_zone, created_at)
            values ({{shop.Tenant}}, gen_random_uuid(), 'pro', 1, 'active', now(), 'UTC', 1, 'overage', 5, '{"model":"per_unit","amount":"0.01"}', 'USD', 0, '2026-01-01',
              '2099-02-01', 'UTC', now());
            update wallets set period_starts_at = '2026-01-01', period_spend = {{spend}}
            """);
        var page = shop.Render(MemberRole.Billing);
        page.WaitForElement(".pack");
        if (reached) page.WaitForElement(".notice-warning").TextContent.ShouldContain("do not count against the cap");
        else page.FindAll(".notice-warning").ShouldBeEmpty();
    }

    private async Task<ShopPage> ShopAsync(params string[] packs)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        var database = await postgres.CreateAsync();
        var shop = new ShopPage(database);
        await shop.PrepareAsync(packs);
        return shop;
    }

    private sealed class ShopPage(TestDatabase database) : BunitContext
    {
        private readonly Guid user = Guid.CreateVersion7();
        private readonly Guid member = Guid.CreateVersion7();
        private long tenant;

        public long Tenant => tenant;

        public TestDatabase Database => database;

        public async Task PrepareAsync(string[] packs)
        {
            Services.AddMudServices(mud => mud.PopoverOptions.CheckForPopoverProvider = false);
            Services.AddLogging().AddSingleton(database.DataSource).AddSingleton(TimeProvider.System);
            Services.AddDbContextFactory<PortalDbContext>(options => PortalDbContext.Configure(options.UseNpgsql(database.DataSource)));
            Services.AddPortalDomain().AddPayments(sandbox: true).AddScoped<TenantAccess>().AddScoped<TenantCommands>();
            this.AddAuthorization().SetAuthorized("ana").SetClaims(new Claim(ClaimTypes.NameIdentifier, user.ToString()));
            JSInterop.Mode = JSRuntimeMode.Loose;
            DefaultWaitTimeout = TimeSpan.FromSeconds(30);
            tenant = (await PlatformTransaction.RunAsync<long>(database.DataSource, async platform =>
                (await Onboarding.OpenAsync(platform, "acme", new TenantDefinition("Acme"), CancellationToken.None))!.Id)).Value;
            foreach (var pack in packs)
            {
                var definition = pack == "growth"
                    ? """{"name":"Growth","credits":"5000","bonus_credits":"250","price":"45.00","currency":"USD","expires_after":"P1Y"}"""
                    : """{"name":"Starter","credits":"1000","price":"10.00","currency":"USD"}""";
                await ExecuteAsync("insert into packs (key, name, active, definition) values ($1, $1, true, $2::text::json)", pack, definition);
            }
        }

        public IRenderedComponent<BuyCreditsPage> Render(MemberRole role, string? returnedFrom = null)
        {
            ExecuteAsync(
                "insert into members (tenant_id, id, user_id, email, role, invited_at, joined_at) values ($1, $2, $3, 'ana@example.com', $4, now(), now())",
                tenant, member, user, role.Text()).GetAwaiter().GetResult();
            var current = new CurrentTenant(tenant, "acme", "Acme", TimeZoneInfo.Utc, Currency.Of("USD"), user, member, role);
            if (returnedFrom is not null) Services.GetRequiredService<BunitNavigationManager>().NavigateTo($"/t/acme/buy?checkout={returnedFrom}");
            SetRendererInfo(new RendererInfo("Server", isInteractive: true));
            return Render<BuyCreditsPage>(page => page.AddCascadingValue(current).Add(p => p.TenantKey, "acme"));
        }

        public async Task ExecuteAsync(string sql, params object[] values)
        {
            await using var command = database.DataSource.CreateCommand(sql);
            foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
            await command.ExecuteNonQueryAsync();
        }

        protected override async ValueTask DisposeAsyncCore()
        {
            await base.DisposeAsyncCore();
            await database.DisposeAsync();
        }
    }
}
