using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Portal.Database.Tests.Payments;
using Portal.Domain;
using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Payments.Charges;
using Portal.Domain.Pricing;
using Portal.Domain.Subscriptions;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Invoicing;

/// <summary>Invoices of $29 a month, collected from a saved card of the sandbox. The clock begins at 2030-01-01T00:00Z.</summary>
public sealed class DunningTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private PaymentsWorld world = null!;

    private TestClock Clock => world.Services.GetRequiredService<TestClock>();

    public async Task InitializeAsync()
    {
        world = await PaymentsWorld.CreateAsync(postgres, invoices: true);
        await ToAsync("2030-01-01T00:00:00Z");
        var plan = JsonSerializer.Deserialize<PlanDefinition>(
            """{"name":"Pro","currency":"USD","period":"month","items":[{"key":"base","type":"flat","amount":"29.00"},{"key":"credits","type":"included_credits","credits":"100"}]}""",
            PortalJson.Options)!;
        (await CatalogueChange.RunAsync(world.Database.DataSource, change => Plans.PutAsync(change, "pro", plan))).Succeeded.ShouldBeTrue();
    }

    public async Task DisposeAsync()
    {
        await world.Database.DataSource.ShouldBalanceAsync();
        await world.DisposeAsync();
    }

    [Fact]
    public async Task What_is_due_is_charged_once()
    {
        await world.SaveCardAsync("accepted");
        await SubscribeAsync();
        await ToAsync("2030-01-01T02:00:00Z");
        (await StandingAsync()).ShouldBe("paid 29 of 29, 0 refused; active");
        await ToAsync("2030-01-01T03:00:00Z");
        await ToAsync("2030-02-01T02:00:00Z");
        (await StandingAsync()).ShouldBe("paid 29 of 29, 0 refused; active");
        (await ScalarAsync("select count(*) from sandbox_payments where captured > 0")).ShouldBe(2L);
        (await BalanceAsync("receivable"), await BalanceAsync("cash:sandbox")).ShouldBe((0m, 58m));
    }

    [Fact]
    public async Task A_charge_for_an_invoice_that_was_paid_meanwhile_is_refused_and_sends_nothing()
    {
        await world.SaveCardAsync("accepted");
        await SubscribeAsync();
        await ToAsync("2030-01-01T02:00:00Z");
        var invoice = (Guid)(await ScalarAsync("select id from invoices where state = 'paid'"))!;
        var order = new ChargeOrder(world.Acme, PublicId.Format(PublicId.Invoice, world.Acme, invoice), new Money(29m, Currency.Of("USD")), "Invoice");

        (await world.Services.GetRequiredService<OffSession>().ChargeAsync(order)).Problem!.Code.ShouldBe("nothing_due");

        (await ScalarAsync("select count(*) from sandbox_payments")).ShouldBe(1L);
        (await ScalarAsync("select count(*) from payment_attempts")).ShouldBe(1L);
    }

    [Fact]
    public async Task A_refused_charge_is_tried_again_after_1_3_5_and_7_days_and_then_service_stops_until_it_is_paid()
    {
        await world.SaveCardAsync("declined");
        await SubscribeAsync();
        await ToAsync("2030-01-01T02:00:00Z"); // finalised at 01:00, refused now
        (await StandingAsync()).ShouldBe("open 0 of 29, 1 refused; past_due");
        foreach (var (day, refused) in new[] { (2, 2), (3, 2), (4, 3), (6, 4) })
        {
            await ToAsync(string.Create(CultureInfo.InvariantCulture, $"2030-01-{day:00}T02:30:00Z"));
            (await StandingAsync()).ShouldBe(string.Create(CultureInfo.InvariantCulture, $"open 0 of 29, {refused} refused; past_due"));
        }

        await ToAsync("2030-01-08T02:30:00Z");
        (await StandingAsync()).ShouldBe("open 0 of 29, 5 refused; suspended");
        (await HoldAsync()).ShouldBe("tenant_suspended");
        await ToAsync("2030-01-20T00:00:00Z");
        (await StandingAsync()).ShouldBe("open 0 of 29, 5 refused; suspended"); // no more tries by itself

        await world.SaveCardAsync("accepted");
        await PayAsync();
        (await StandingAsync()).ShouldBe("paid 29 of 29, 5 refused; active");
        (await HoldAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task Retries_that_were_missed_are_not_made_up_for_within_a_day()
    {
        await world.SaveCardAsync("declined");
        await SubscribeAsync();
        await ToAsync("2030-01-01T02:00:00Z");
        foreach (var (at, refused) in new[] { ("06T12:00", 2), ("06T12:01", 2), ("07T11:59", 2), ("07T12:30", 3), ("07T12:31", 3) }) // those of the 2nd, the 4th and the 6th were missed
        {
            await ToAsync($"2030-01-{at}:00Z");
            (await StandingAsync()).ShouldBe(string.Create(CultureInfo.InvariantCulture, $"open 0 of 29, {refused} refused; past_due"));
        }
    }

    [Fact]
    public async Task Thirty_days_after_the_last_retry_an_invoice_is_given_up()
    {
        await world.SaveCardAsync("declined");
        await SubscribeAsync();
        foreach (var at in new[] { "01T02:00", "02T02:30", "04T02:30", "06T02:30", "08T02:30" }) await ToAsync($"2030-01-{at}:00Z");
        await ToAsync("2030-02-07T01:30:00Z");
        (await ScalarAsync("select i.state from invoices i join invoice_documents d on d.invoice_id = i.id where d.number = 'INV-000001'")).ShouldBe("open");
        await ToAsync("2030-02-07T02:30:00Z"); // first refused on 1 January at 02:00, 7 + 30 days before
        (await ScalarAsync("select i.state from invoices i join invoice_documents d on d.invoice_id = i.id where d.number = 'INV-000001'")).ShouldBe("uncollectible");
        (await ScalarAsync("select state from subscriptions")).ShouldBe("suspended");
        (await BalanceAsync("bad_debt")).ShouldBe(29m); // all of the fee was earned in January
    }

    [Fact]
    public async Task A_disputed_payment_of_an_invoice_makes_it_due_again_and_a_won_dispute_pays_it()
    {
        await world.SaveCardAsync("accepted");
        await SubscribeAsync();
        await ToAsync("2030-01-01T02:00:00Z");
        var payment = (string)(await ScalarAsync("select provider_payment from payments"))!;

        await world.TellAsync("d1", payment, reference: null, captured: 2900, disputed: 2900);
        (await StandingAsync()).ShouldBe("open 0 of 29, 0 refused; active");
        (await BalanceAsync("receivable"), await BalanceAsync("cash:sandbox"), await BalanceAsync("suspense")).ShouldBe((29m, 0m, 0m));
        await ToAsync("2030-01-02T02:00:00Z");
        (await ScalarAsync("select count(*) from payment_attempts")).ShouldBe(1L); // nothing is charged by itself

        await world.TellAsync("d1", payment, reference: null, captured: 2900, disputed: 2900); // told again
        (await BalanceAsync("receivable")).ShouldBe(29m);
        await world.TellAsync("d2", payment, reference: null, captured: 2900, disputed: 2900, reinstated: 2900);
        (await StandingAsync()).ShouldBe("paid 29 of 29, 0 refused; active");
        (await BalanceAsync("receivable"), await BalanceAsync("cash:sandbox")).ShouldBe((0m, 29m));
        (await ScalarAsync("select string_agg(kind, ' ' order by at, id) from invoice_events")).ShouldBe("finalised paid disputed reinstated");
    }

    [Fact]
    public async Task A_dispute_won_after_the_invoice_was_paid_otherwise_is_the_customers_credit()
    {
        await world.SaveCardAsync("accepted");
        await SubscribeAsync();
        await ToAsync("2030-01-01T02:00:00Z");
        var payment = (string)(await ScalarAsync("select provider_payment from payments"))!;
        await world.TellAsync("d1", payment, reference: null, captured: 2900, disputed: 2900);
        await PayAsync(); // the card again
        (await StandingAsync()).ShouldBe("paid 29 of 29, 0 refused; active");

        await world.TellAsync("d2", payment, reference: null, captured: 2900, disputed: 2900, reinstated: 2900);
        (await BalanceAsync("customer_credit"), await BalanceAsync("receivable"), await BalanceAsync("cash:sandbox")).ShouldBe((-29m, 0m, 58m));
    }

    [Fact]
    public async Task Without_a_payment_method_it_is_refused_and_renewals_go_on()
    {
        await SubscribeAsync();
        await ToAsync("2030-01-01T02:00:00Z");
        (await StandingAsync()).ShouldBe("open 0 of 29, 1 refused; past_due");
        await ToAsync("2030-02-01T00:30:00Z");
        (await ScalarAsync("select state from subscriptions")).ShouldBe("past_due"); // one try a move of the clock
        (await ScalarAsync("select sum(remaining) from grants where open")).ShouldBe(100m);
    }

    private async Task PayAsync()
    {
        await world.Database.ScalarAsync("update invoices set collect_at = now() where state = 'open'");
        await ToAsync("2030-01-20T00:10:00Z");
    }

    private async Task SubscribeAsync() => (await Wallets.RunAsync(
        world.Acme, wallet => Subscribing.StartAsync(wallet, new SubscriptionOrder("pro", DateTimeOffset.Parse("2030-01-01T00:00:00Z", CultureInfo.InvariantCulture))))).Succeeded.ShouldBeTrue();

    private async Task<string?> HoldAsync() =>
        (await Wallets.RunAsync(world.Acme, wallet => Holds.PlaceAsync(wallet, new HoldOrder(Credits: 1m)))).Problem?.Code;

    private async Task<string> StandingAsync() => (string)(await ScalarAsync("""
        select format('%s %s of %s, %s refused; %s', i.state, trim_scale(i.paid), trim_scale(i.total), i.tries, s.state) from invoices i join subscriptions s using (tenant_id)
        where i.state <> 'draft' order by i.id desc limit 1
        """))!;

    private Wallets Wallets => world.Services.GetRequiredService<Wallets>();

    private Task<object?> ScalarAsync(string sql) => world.Database.ScalarAsync(sql);

    private async Task<decimal> BalanceAsync(string account) =>
        (decimal)(await ScalarAsync($"select coalesce(sum(balance), 0) from ledger_accounts where account = '{account}' and unit = 'USD'"))!;

    private async Task ToAsync(string instant) => (await Clock.AdvanceAsync(DateTimeOffset.Parse(instant, CultureInfo.InvariantCulture))).Succeeded.ShouldBeTrue();
}
