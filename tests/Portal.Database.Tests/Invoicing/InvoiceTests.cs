using Portal.Database.Tests.Counters;
using Portal.Domain.Data;
using Portal.Domain.Invoicing;
using Portal.Domain.Subscriptions;
using Portal.Testing;

namespace Portal.Database.Tests.Invoicing;

/// <summary>From what is due to the invoice, and from the invoice to the books. The clock begins at 2030-01-01T00:00Z.</summary>
public sealed class InvoiceTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private const string Pro = """
        "items":[{"key":"base","type":"flat","amount":"29.00"},
          {"key":"credits","type":"included_credits","credits":"100","revenue_share":"20.00"},
          {"key":"overage","type":"overage","price":{"model":"per_unit","amount":"0.02"}},
          {"key":"gpu","type":"usage","meter":"gpu","price":{"model":"per_unit","amount":"0.333"}}]
        """;

    private MeterWorld world = null!;

    public async Task InitializeAsync()
    {
        world = await MeterWorld.StartAsync(postgres);
        await world.MeterAsync("gpu", """ "aggregation":"sum","quantities":[{"property":"n"}] """);
        await world.MeterAsync("chat", """ "aggregation":"sum","quantities":[{"property":"n"}] """);
        await world.RateAsync("chat", """{"model":"per_unit","amount":"1"}""");
        await world.PlanAsync(Pro);
        await world.Portal.SellAsync();
    }

    public async Task DisposeAsync() => await world.DisposeAsync();

    [Fact]
    public async Task Fees_are_invoiced_an_hour_after_they_fall_due()
    {
        await world.SubscribeAsync(new SubscriptionOrder("pro", MeterWorld.At("2030-01-01T00:00:00Z")));
        await world.ToAsync("2030-01-01T00:30:00Z");
        var draft = (await world.InvoicesAsync("draft")).ShouldHaveSingleItem();
        (draft.Number, draft.Total, draft.AmountDue).ShouldBe((null, 0m, 0m)); // lists read no lines
        (await world.InvoiceAsync(draft)).Total.ShouldBe(29.00m);

        await world.ToAsync("2030-01-01T02:00:00Z");
        var invoice = await world.InvoiceAsync((await world.InvoicesAsync()).ShouldHaveSingleItem());
        (invoice.State, invoice.Number, invoice.Total, invoice.AmountDue).ShouldBe(("open", "INV-000001", 29.00m, 29.00m));
        Lines(invoice).ShouldBe(["flat Pro: 1 × 9 = 9", "included_credits Pro: included credits: 100 × 0.2 = 20"]);
        (invoice.IssuedAt, invoice.StartsAt, invoice.EndsAt).ShouldBe(
            (MeterWorld.At("2030-01-01T01:00:00Z"), MeterWorld.At("2030-01-01T00:00:00Z"), MeterWorld.At("2030-02-01T00:00:00Z")));
        (await world.UnbilledAsync(), await world.BalanceAsync("receivable", "USD")).ShouldBe((0m, 29.00m));
    }

    [Fact]
    public async Task One_invoice_combines_the_new_periods_fees_with_the_usage_and_overage_of_the_old()
    {
        await StartAsync();
        await world.UseAsync("chat", 130m); // 100 included, 30 beyond at 0.02
        await world.UseAsync("gpu", 10m); // 3.33
        await world.UseAsync("gpu", 5m); // 1.665
        (await world.BalanceAsync("overage:shared")).ShouldBe(-30m);

        await world.ToAsync("2030-02-01T23:00:00Z"); // usage may arrive for a day
        (await world.InvoicesAsync()).Count.ShouldBe(1);
        await world.ToAsync("2030-02-02T01:00:00Z");
        var invoice = await world.InvoiceAsync((await world.InvoicesAsync())[0]);
        Lines(invoice).ShouldBe([
            "flat Pro: 1 × 9 = 9", "included_credits Pro: included credits: 100 × 0.2 = 20",
            "usage gpu: 15 × 0.333 = 5", // 4.995 rounds once
            "overage Credits beyond those included: 30 × 0.02 = 0.6"]);
        (invoice.Number, invoice.Total).ShouldBe(("INV-000002", 34.60m));
        (await world.UnbilledAsync(), await world.BalanceAsync("receivable", "USD"), await world.BalanceAsync("rounding", "USD")).ShouldBe((0m, 63.60m, -0.005m));
        (await world.BalanceAsync("overage:shared")).ShouldBe(0m);
    }

    [Fact]
    public async Task Case_13_what_comes_late_is_on_the_next_invoice_and_what_is_taken_back_a_credit()
    {
        await StartAsync();
        await world.UseAsync("gpu", 100m, id: "a"); // 33.30
        await world.ToAsync("2030-02-01T12:00:00Z");
        await world.UseAsync("gpu", 1m, at: "2030-01-31T10:00:00Z"); // before the draft is finalised: on it
        await world.ToAsync("2030-02-02T01:00:00Z");
        var january = await world.InvoiceAsync((await world.InvoicesAsync())[0]);
        Lines(january).ShouldContain("usage gpu: 101 × 0.333 = 33.63"); // 33.633

        await world.UseAsync("gpu", 10m, at: "2030-01-30T10:00:00Z"); // 3.33, too late for it
        await world.UseAsync("gpu", 7m); // 2.331, of February
        await world.ToAsync("2030-03-02T01:00:00Z");
        Lines(await world.InvoiceAsync((await world.InvoicesAsync())[0])).ShouldBe([
            "flat Pro: 1 × 9 = 9", "included_credits Pro: included credits: 100 × 0.2 = 20", "late_usage gpu: 10 × 0.333 = 3.33", "usage gpu: 7 × 0.333 = 2.33"]);

        await world.VoidAsync("a");
        await world.ToAsync("2030-04-02T01:00:00Z");
        var april = await world.InvoiceAsync((await world.InvoicesAsync())[0]);
        Lines(april).ShouldContain("credit gpu: -100 × 0.333 = -33.3");
        april.Total.ShouldBe(0m); // 29.00 − 33.30: the rest is theirs
        Lines(april).ShouldContain("customer_credit Kept as credit for later invoices: 1 × 4.3 = 4.3");
        (await world.InvoiceAsync(january)).Total.ShouldBe(january.Total); // never changes
        (await world.BalanceAsync("customer_credit", "USD")).ShouldBe(-4.30m);
        await world.ToAsync("2030-05-02T01:00:00Z");
        var may = await world.InvoiceAsync((await world.InvoicesAsync())[0]);
        (may.State, may.Total, may.Paid, may.AmountDue).ShouldBe(("open", 29.00m, 4.30m, 24.70m)); // case 45: credits never make a total negative
    }

    [Fact]
    public async Task A_cancellation_gives_back_what_was_not_earned_and_bills_the_rest_at_once()
    {
        await StartAsync();
        var subscription = (await world.Portal.Source.ListAsync("select id from subscriptions", row => row.GetGuid(0), default)).Single();
        await world.UseAsync("gpu", 10m); // 3.33
        await world.ToAsync("2030-01-11T20:00:00Z");
        await world.Portal.Wallets.RunAsync(world.Tenant, wallet => SubscriptionChange.MakeAsync(wallet, subscription, new SubscriptionChange("now")));
        // Of 9.00 over 31 days 10 days and 20 hours are earned, give or take how long the test takes.
        var earned = -await world.BalanceAsync("revenue:subscription", "USD");
        earned.ShouldBeInRange(3.145m, 3.150m);
        (await world.BalanceAsync("deferred:fees", "USD")).ShouldBe(0m);
        (await world.UnbilledAsync()).ShouldBe(3.33m - (9.00m - earned));
        await world.ToAsync("2030-01-12T21:00:00Z");
        var last = await world.InvoiceAsync((await world.InvoicesAsync())[0]);
        last.Total.ShouldBe(0m);
        last.Lines.Select(line => line.Kind).ShouldBe(["proration", "usage", "customer_credit"]);
        (await world.BalanceAsync("customer_credit", "USD")).ShouldBe(-2.52m); // 3.33 − 5.85
        (await world.BalanceAsync("pool:shared")).ShouldBe(100m); // credits stay
    }

    [Fact]
    public async Task Fees_are_earned_by_the_second_and_booked_by_day()
    {
        await world.PlanAsync(""" "items":[{"key":"base","type":"flat","amount":"31.00"},{"key":"seats","type":"seat","amount":"15.50","included":"1"}] """, "team");
        await world.SubscribeAsync(new SubscriptionOrder("team", MeterWorld.At("2030-01-01T00:00:00Z")) { Quantities = new Dictionary<string, decimal> { ["seats"] = 3m } });
        (await world.UnbilledAsync()).ShouldBe(62.00m); // 31 + 2 × 15.50
        await world.ToAsync("2030-01-11T12:00:00Z");
        (await world.BalanceAsync("revenue:subscription", "USD")).ShouldBe(-20.00m); // ten days of 31
        (await world.BalanceAsync("deferred:fees", "USD")).ShouldBe(-42.00m);
        var days = await world.Portal.Source.ListAsync(
            "select book_date, -amount from finance_daily where account = 'revenue:subscription' order by 1", row => (row.GetFieldValue<DateOnly>(0), row.GetDecimal(1)), default);
        days.ShouldBe([.. Enumerable.Range(1, 10).Select(day => (new DateOnly(2030, 1, day), 2.00m))]);
        await world.ToAsync("2030-02-01T00:30:00Z");
        (await world.BalanceAsync("revenue:subscription", "USD")).ShouldBe(-62.00m);
    }

    [Fact]
    public async Task What_a_period_falls_short_of_the_minimum_is_charged_as_it_ends()
    {
        await world.PlanAsync("""
            "items":[{"key":"base","type":"flat","amount":"29.00"},{"key":"gpu","type":"usage","meter":"gpu","price":{"model":"per_unit","amount":"1.00"}},
              {"key":"least","type":"minimum","amount":"100.00"}]
            """, "committed");
        await world.SubscribeAsync(new SubscriptionOrder("committed", MeterWorld.At("2030-01-01T00:00:00Z")));
        await world.ToAsync("2030-01-10T00:00:00Z");
        await world.UseAsync("gpu", 30m); // 29 and 30: 41 short of 100
        await world.ToAsync("2030-02-10T00:00:00Z");
        await world.UseAsync("gpu", 80m); // 29 and 80: more than 100
        var january = await world.InvoiceAsync((await world.InvoicesAsync())[0]);
        Lines(january).ShouldBe(["flat Pro: 1 × 29 = 29", "usage gpu: 30 × 1 = 30", "minimum Pro: the rest to the minimum: 1 × 41 = 41"]);
        await world.ToAsync("2030-03-02T01:00:00Z");
        Lines(await world.InvoiceAsync((await world.InvoicesAsync())[0])).ShouldBe(["flat Pro: 1 × 29 = 29", "usage gpu: 80 × 1 = 80"]);
        (await world.BalanceAsync("revenue:minimum", "USD")).ShouldBe(-41.00m);
    }

    [Fact]
    public async Task What_costs_nothing_makes_no_invoice()
    {
        await world.PlanAsync(""" "items":[{"key":"base","type":"flat","amount":"0.00"},{"key":"credits","type":"included_credits","credits":"10"}] """, "free");
        await world.SubscribeAsync(new SubscriptionOrder("free", MeterWorld.At("2030-01-01T00:00:00Z")));
        await world.ToAsync("2030-03-02T00:00:00Z");
        (await world.InvoicesAsync()).ShouldBeEmpty();
        (await world.InvoicesAsync("draft")).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_number_that_was_reserved_by_a_try_that_failed_is_the_retrys()
    {
        await world.SubscribeAsync(new SubscriptionOrder("pro", MeterWorld.At("2030-01-01T00:00:00Z")));
        await world.Portal.ExecuteAsOwnerAsync("create function fail() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$");
        await world.Portal.ExecuteAsOwnerAsync("create trigger fail before insert on invoice_lines for each row execute function fail()");
        await world.ToAsync("2030-01-01T02:00:00Z"); // the job logs it and goes on
        (await world.InvoicesAsync()).ShouldBeEmpty();
        (await world.Portal.ScalarAsync("select count(*) from invoice_numbers")).ShouldBe(1L);
        await world.Portal.ExecuteAsOwnerAsync("drop trigger fail on invoice_lines");
        await world.ToAsync("2030-01-01T03:00:00Z");
        (await world.InvoicesAsync()).ShouldHaveSingleItem().Number.ShouldBe("INV-000001");
        (await world.UnbilledAsync(), await world.BalanceAsync("receivable", "USD")).ShouldBe((0m, 29.00m));
    }

    [Fact]
    public async Task Tax_is_computed_on_the_sum_of_the_lines_and_spread_over_them()
    {
        await world.Portal.ExecuteAsync("insert into tax_rates values ('DE', '', '2020-01-01', 'VAT', 19), ('DE', '', '2030-02-01', 'VAT', 20)");
        await world.Portal.ExecuteAsync($"insert into tax_profiles (tenant_id, country) values ({world.Tenant}, 'DE')");
        await world.PlanAsync(""" "items":[{"key":"a","type":"flat","amount":"0.05"},{"key":"b","type":"flat","amount":"0.05"},{"key":"c","type":"flat","amount":"0.03"}] """, "tiny");
        await world.SubscribeAsync(new SubscriptionOrder("tiny", MeterWorld.At("2030-01-01T00:00:00Z")));
        await world.ToAsync("2030-02-01T02:00:00Z");
        var (february, january) = (await world.InvoiceAsync((await world.InvoicesAsync())[0]), await world.InvoiceAsync((await world.InvoicesAsync())[1]));
        (january.Tax, january.Total).ShouldBe((0.02m, 0.15m)); // 19 % of 0.13 is 0.0247
        january.Lines.Select(line => line.Tax).ShouldBe([0.01m, 0.01m, 0.00m]); // 0.0095, 0.0095, 0.0057
        (february.Tax, february.Taxes.Single().Percent).ShouldBe((0.03m, 20m)); // 0.026
        (await world.BalanceAsync("tax_payable", "USD")).ShouldBe(-0.05m);
    }

    private async Task StartAsync()
    {
        await world.SubscribeAsync(new SubscriptionOrder("pro", MeterWorld.At("2030-01-01T00:00:00Z"), Exhaustion: "overage"));
        await world.ToAsync("2030-01-10T00:00:00Z");
    }

    private static string[] Lines(Invoice invoice) =>
        [.. invoice.Lines.Select(line => FormattableString.Invariant($"{line.Kind} {line.Description}: {line.Quantity:0.###} × {line.UnitAmount:0.###} = {line.Amount:0.###}"))];
}
