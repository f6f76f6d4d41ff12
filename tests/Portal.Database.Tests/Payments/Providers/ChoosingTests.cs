using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Testing;

namespace Portal.Database.Tests.Payments.Providers;

/// <summary>Who takes a payment: named, the tenant's own, the currency's, the first that can.</summary>
public sealed class ChoosingTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task The_provider_is_named_or_the_tenants_or_the_currencys_or_the_first_that_can()
    {
        await using var all = await AllAsync(settings => settings with { Providers = ["adyen"], ByCurrency = new Dictionary<string, string>(StringComparer.Ordinal) { ["EUR"] = "checkoutcom" } });
        var world = all.World;
        var euro = await world.AddTenantAsync("euro", "EUR");
        await world.AddPackAsync("euros", """{"name":"Euros","credits":"1000","price":"10.00","currency":"EUR"}""");
        // Adyen lacks BIF, so the next in order takes it.
        var burundi = await world.AddTenantAsync("burundi", "BIF");
        await world.AddPackAsync("francs", """{"name":"Francs","credits":"1000","price":"1000","currency":"BIF"}""");
        var providers = world.Services.GetRequiredService<PaymentProviders>();
        providers.Keys.ShouldBe(["adyen", "stripe", "checkoutcom"]);

        (await StartAsync(world, world.Acme, "starter")).Provider.ShouldBe("adyen");
        (await StartAsync(world, euro, "euros")).Provider.ShouldBe("checkoutcom");
        (await StartAsync(world, burundi, "francs")).Provider.ShouldBe("stripe");
        (await StartAsync(world, euro, "euros", "stripe")).Provider.ShouldBe("stripe");

        (await world.Wallets().RunAsync(euro, wallet => PaymentPreference.SetAsync(wallet, providers, "adyen"))).Succeeded.ShouldBeTrue();
        (await StartAsync(world, euro, "euros")).Provider.ShouldBe("adyen");
        (await StartAsync(world, world.Acme, "starter")).Provider.ShouldBe("adyen");
        (await world.Wallets().RunAsync(euro, wallet => PaymentPreference.SetAsync(wallet, providers, "paypal"))).Problem!.Code.ShouldBe("unknown_provider");
        (await world.Wallets().RunAsync(euro, wallet => PaymentPreference.SetAsync(wallet, providers, null))).Succeeded.ShouldBeTrue();
        (await StartAsync(world, euro, "euros")).Provider.ShouldBe("checkoutcom");

        (await world.CountAsync("ledger_transactions")).ShouldBe(0);
    }

    [Fact]
    public async Task A_tenant_that_changes_its_provider_keeps_what_was_paid_at_the_other_and_refunds_it_there()
    {
        await using var all = await AllAsync(settings => settings);
        var world = all.World;
        await StartAsync(world, world.Acme, "starter");
        await all.Stripe.PayAsync(all.Stripe.LastPage);
        await all.DeliverAsync();
        var payment = await world.PaymentAsync(world.Acme, (Guid)(await world.Database.ScalarAsync("select id from payments"))!);

        var providers = world.Services.GetRequiredService<PaymentProviders>();
        await world.Wallets().RunAsync(world.Acme, wallet => PaymentPreference.SetAsync(wallet, providers, "adyen"));
        await StartAsync(world, world.Acme, "starter");
        await all.Adyen.PayAsync(all.Adyen.LastPage);
        await all.DeliverAsync();
        (await world.AskAsync(payment, credits: 500m)).Succeeded.ShouldBeTrue();
        await world.Sender().SendDueAsync();

        (await world.BalancesAsync(world.Acme)).ShouldBe("""
            issued -2000
            pool:shared 1500
            refunded 500
            cash:adyen 10
            cash:stripe 5
            deferred:credits -15
            """);
        (all.Stripe.RefundsSent, all.Adyen.RefundsSent).ShouldBe((1, 0));
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task A_webhook_signed_by_one_provider_says_nothing_to_another()
    {
        await using var all = await AllAsync(settings => settings);
        all.Stripe.Stub.Charge(500);
        var delivery = (await all.Stripe.WebhooksAsync())[0];

        foreach (var other in new[] { "adyen", "checkoutcom" })
            (await all.World.Inbox.ReceiveAsync(other, delivery.Header, delivery.Body)).Succeeded.ShouldBeFalse();
        (await all.World.Inbox.ReceiveAsync("sandbox", delivery.Header, delivery.Body)).Problem!.Code.ShouldBe("unknown_provider");
        (await all.World.CountAsync("webhook_inbox")).ShouldBe(0);
    }

    [Theory]
    [InlineData("Stripe:SecretKey=sk_test_1", "Stripe__WebhookSecret")]
    [InlineData("Adyen:ApiKey=key;Adyen:WebhookSecret=AB", "Adyen__MerchantAccount")]
    [InlineData("Adyen:ApiKey=key;Adyen:MerchantAccount=M;Adyen:WebhookSecret=xyz", "Adyen__WebhookSecret")]
    [InlineData("CheckoutCom:SecretKey=sk", "CheckoutCom__ProcessingChannel")]
    [InlineData("Stripe:SecretKey=sk;Stripe:WebhookSecret=wh;Stripe:ApiBase=ftp://x", "Stripe__ApiBase")]
    [InlineData("ByCurrency:EUR=stripe", "ByCurrency__EUR")]
    [InlineData("ByCurrency:XXX=sandbox", "ByCurrency__XXX")]
    [InlineData("Providers:0=paypal", "Providers")]
    public void Settings_that_cannot_be_stop_the_start_and_name_what_is_wrong(string settings, string named)
    {
        var refused = Should.Throw<CannotStartException>(() => Read(settings, sandbox: true));

        refused.Message.ShouldContain(named);
        refused.Message.ShouldNotContain("sk_test_1");
    }

    [Fact]
    public void Settings_are_read()
    {
        var settings = Read(
            "Stripe:SecretKey=sk_test_1;Stripe:WebhookSecret=whsec_1;Adyen:ApiKey=key;Adyen:MerchantAccount=M;Adyen:WebhookSecret=ABCD;CheckoutCom:SecretKey=sk;"
            + "CheckoutCom:ProcessingChannel=pc;CheckoutCom:WebhookSecret=wh;CheckoutCom:Country=DE;Providers:0=adyen;Providers:1=stripe;ByCurrency:eur=checkoutcom", sandbox: false);

        settings.Stripe!.ApiBase.ShouldBe(new Uri("https://api.stripe.com"));
        settings.Adyen!.MerchantAccount.ShouldBe("M");
        settings.CheckoutCom!.Country.ShouldBe("DE");
        settings.Providers.ShouldBe(["adyen", "stripe"]);
        settings.ByCurrency["EUR"].ShouldBe("checkoutcom");
        Read("", sandbox: true).Stripe.ShouldBeNull();
    }

    private static PaymentSettings Read(string settings, bool sandbox) => PaymentSettings.Read(
        new ConfigurationBuilder().AddInMemoryCollection(settings.Split(';', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Split('=', 2)).Select(pair => KeyValuePair.Create("Portal:Payments:" + pair[0], (string?)pair[1]))).Build(), sandbox);

    private static async Task<Checkout> StartAsync(PaymentsWorld world, long tenant, string pack, string? provider = null) =>
        (await world.Checkouts.StartAsync(new CheckoutOrder(tenant, pack, PaymentsWorld.Portal, Provider: provider))).Value;

    private async Task<All> AllAsync(Func<PaymentSettings, PaymentSettings> change)
    {
        var (stripe, adyen, checkoutCom) = ((StripeBench)await StripeBench.StartAsync(), (AdyenBench)await AdyenBench.StartAsync(), (CheckoutComBench)await CheckoutComBench.StartAsync());
        var settings = new PaymentSettings { Stripe = stripe.Settings.Stripe, Adyen = adyen.Settings.Adyen, CheckoutCom = checkoutCom.Settings.CheckoutCom };
        return new All(await PaymentsWorld.CreateAsync(postgres, settings: change(settings)), stripe, adyen, checkoutCom);
    }

    private sealed record All(PaymentsWorld World, StripeBench Stripe, AdyenBench Adyen, CheckoutComBench CheckoutCom) : IAsyncDisposable
    {
        public async Task DeliverAsync()
        {
            foreach (var bench in new IBench[] { Stripe, Adyen, CheckoutCom })
            {
                foreach (var delivery in await bench.WebhooksAsync()) (await World.Inbox.ReceiveAsync(bench.Key, delivery.Header, delivery.Body)).Succeeded.ShouldBeTrue();
            }

            await World.Inbox.ProcessDueAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await World.DisposeAsync();
            foreach (var bench in new IBench[] { Stripe, Adyen, CheckoutCom }) await bench.DisposeAsync();
        }
    }
}
