using Portal.Database.Tests.Counters;
using Portal.Database.Tests.Templates;
using Portal.Domain.Data;
using Portal.Domain.Invoicing;
using Portal.Domain.Kernel;
using Portal.Domain.Subscriptions;
using Portal.Testing;

namespace Portal.Database.Tests.Invoicing;

/// <summary>Plans whose prices include tax, 19 % in Germany unless a test says otherwise: what is listed is what is paid. The world reconciles as it ends.</summary>
public sealed class TaxInclusivePlanTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    // $29.00, of which $11.90 are 1,000 credits: 10.00 net at 0.01. Fees 17.10, net 14.369747899. A seat 5.95, net 5.00. A credit beyond 0.0119, net 0.01.
    private const string Pro = """
        "tax":"inclusive","items":[{"key":"base","type":"flat","amount":"29.00"},{"key":"seats","type":"seat","amount":"5.95"},
         {"key":"credits","type":"included_credits","credits":"1000","revenue_share":"11.90"},{"key":"over","type":"overage","price":{"model":"per_unit","amount":"0.0119"}}]
        """;

    private async Task<MeterWorld> WorldAsync(string? taxes = "('DE', '', '2020-01-01', 'VAT', 19)")
    {
        var world = await MeterWorld.StartAsync(postgres);
        await world.Portal.SellAsync();
        if (taxes is not null)
            await world.Portal.ExecuteAsync($"insert into tax_rates values {taxes}; insert into tax_profiles (tenant_id, country) values ({world.Tenant}, 'DE')");
        await world.MeterAsync("text", """ "aggregation":"sum","quantities":[{"property":"n"}] """);
        await world.RateAsync("text", """{"model":"per_unit","amount":"1"}""");
        await world.PlanAsync(Pro);
        await world.PlanAsync(""" "tax":"inclusive","items":[{"key":"base","type":"flat","amount":"11.90"}] """, "solo");
        await world.PlanAsync(""" "tax":"inclusive","items":[{"key":"base","type":"flat","amount":"23.80"}] """, "duo");
        return world;
    }

    private static Task<Subscription> SubscribeAsync(MeterWorld world, string plan, int seats = 0) => world.SubscribeAsync(
        new SubscriptionOrder(plan, MeterWorld.At("2030-01-01T00:00:00Z"), Exhaustion: plan == "pro" ? "overage" : null)
        {
            Quantities = seats == 0 ? new Dictionary<string, decimal>() : new Dictionary<string, decimal> { ["seats"] = seats },
        });

    private static string[] Taxed(Invoice invoice) => [.. invoice.Lines.Select(line => FormattableString.Invariant($"{line.Kind} {line.Amount:0.00} + {line.Tax:0.00}"))];

    // 29.00 + 2 × 5.95 = 40.90; 40.90 / 1.19 = 34.3697…: 34.37 and 6.53. Fees 17.10 = 14.37 + 2.73, seats and credits 11.90 = 10.00 + 1.90 each.
    // Net of the charges 14.369747899 + 10 + 10: the residue of 0.000252101 is rounding. January earns 24.369747899.
    [Fact]
    public async Task What_is_listed_is_what_is_paid_and_the_net_is_deferred_and_earned()
    {
        await using var world = await WorldAsync();
        await SubscribeAsync(world, "pro", seats: 2);
        (await world.BalanceAsync("deferred:fees", "USD"), await world.BalanceAsync("deferred:credits", "USD"), await world.UnbilledAsync()).ShouldBe((-24.369747899m, -10m, 34.369747899m));
        await world.ToAsync("2030-01-02T00:00:00Z");
        var january = (await world.AllInvoicesAsync()).ShouldHaveSingleItem();
        (january.Subtotal, january.Tax, january.Total).ShouldBe((34.37m, 6.53m, 40.90m));
        Taxed(january).ShouldBe(["flat 14.37 + 2.73", "seat 10.00 + 1.90", "included_credits 10.00 + 1.90"]);
        january.Taxes.Single().ShouldBe(new InvoiceTax("VAT", 19m, 34.37m, 6.53m));
        (await world.BalanceAsync("receivable", "USD"), await world.BalanceAsync("tax_payable", "USD"), await world.BalanceAsync("rounding", "USD"))
            .ShouldBe((40.90m, -6.53m, -0.000252101m));

        var preview = (await new TenantReads(world.Portal.Source).RunAsync(world.Tenant, read => InvoiceQuery.UpcomingAsync(read)))!;
        await world.ToAsync("2030-02-02T01:00:00Z");
        var february = (await world.AllInvoicesAsync())[1];
        (preview.Subtotal, preview.Tax, preview.Total).ShouldBe((34.37m, 6.53m, 40.90m));
        Taxed(preview).ShouldBe(Taxed(february));
        (february.Subtotal, february.Tax, february.Total).ShouldBe((34.37m, 6.53m, 40.90m));
        // February 1 of 28 days is earned too: (14.369747899 + 10) / 28 = 0.513205282 + 0.357142857.
        (await world.RevenueAsync("subscription")).ShouldBe(24.369747899m + 0.513205282m + 0.357142857m);
        (await world.RevenueAsync("breakage")).ShouldBe(10m);
    }

    // 100 credits beyond: 1.19, net 1.00. February: 29.00 + 1.19 = 30.19 = 25.37 + 4.82.
    [Fact]
    public async Task Overage_is_accrued_and_capped_net_and_invoiced_at_its_listed_price()
    {
        await using var world = await WorldAsync();
        await SubscribeAsync(world, "pro");
        await world.ToAsync("2030-01-10T00:00:00Z");
        await world.UseAsync("text", 1100m);
        await world.UseAsync("text", 50m, id: "wrong");
        (await world.RevenueAsync("overage")).ShouldBe(1.50m);
        await world.VoidAsync("wrong");
        (await world.RevenueAsync("overage"), await world.Portal.ScalarAsync("select period_spend from wallets")).ShouldBe((1.00m, 1.00m));
        await world.ToAsync("2030-02-02T01:00:00Z");
        var february = (await world.AllInvoicesAsync())[1];
        (february.Subtotal, february.Tax, february.Total).ShouldBe((25.37m, 4.82m, 30.19m));
        Taxed(february).ShouldBe(["flat 14.37 + 2.73", "included_credits 10.00 + 1.90", "overage 1.00 + 0.19"]);
    }

    // Half of January is left on the 16th at noon: two seats more for it are 2 × 5.95 / 2 = 5.95 = 5.00 + 0.95.
    [Fact]
    public async Task Seats_are_prorated_net_and_come_to_their_listed_price()
    {
        await using var world = await WorldAsync();
        var subscription = await SubscribeAsync(world, "pro", seats: 2);
        await world.ToAsync("2030-01-16T12:00:00Z");
        await world.ChangeAsync(subscription, new SubscriptionChange { Quantities = new Dictionary<string, decimal> { ["seats"] = 4 } });
        await world.ToAsync("2030-01-17T13:00:00Z");
        var more = (await world.AllInvoicesAsync())[1];
        (more.Subtotal, more.Tax, more.Total).ShouldBe((5.00m, 0.95m, 5.95m));
    }

    // At half time 11.90 / 2 goes back and 23.80 / 2 is charged: −5.95 + 11.90 = 5.95 = 5.00 + 0.95. January earns 5 + 10.
    [Fact]
    public async Task An_upgrade_credits_and_charges_net_and_comes_to_the_listed_difference()
    {
        await using var world = await WorldAsync();
        var subscription = await SubscribeAsync(world, "solo");
        await world.ToAsync("2030-01-16T12:00:00Z");
        await world.ChangeAsync(subscription, new SubscriptionChange { Plan = "duo" });
        await world.ToAsync("2030-02-01T00:00:00Z");
        var invoices = await world.AllInvoicesAsync();
        (invoices[0].Total, invoices[1].Total).ShouldBe((11.90m, 5.95m));
        Taxed(invoices[1]).Order(StringComparer.Ordinal).ShouldBe(["proration -5.00 + -0.95", "proration 10.00 + 1.90"]);
        Math.Round(await world.RevenueAsync("subscription"), 4).ShouldBe(15m); // the clock runs on for milliseconds
    }

    [Fact]
    public async Task Cancelled_at_half_time_half_of_what_was_paid_is_the_customers()
    {
        await using var world = await WorldAsync();
        var subscription = await SubscribeAsync(world, "solo");
        await world.ToAsync("2030-01-16T12:00:00Z");
        await world.ChangeAsync(subscription, new SubscriptionChange(Cancel: "now"));
        await world.ToAsync("2030-01-18T00:00:00Z");
        var last = (await world.AllInvoicesAsync())[1];
        (last.Total, last.Tax).ShouldBe((0m, -0.95m));
        last.Lines.Where(line => line.Kind == "customer_credit").Sum(line => line.Amount).ShouldBe(5.95m);
        (await world.BalanceAsync("tax_payable", "USD"), Math.Round(await world.RevenueAsync("subscription"), 4)).ShouldBe((-0.95m, 5m)); // the clock runs on for milliseconds
    }

    // 20 % from February: 11.90 / 1.2 = 9.9166…: 9.92 and 1.98.
    [Fact]
    public async Task Another_rate_leaves_the_price_and_changes_the_net_from_the_period_that_begins_under_it()
    {
        await using var world = await WorldAsync("('DE', '', '2020-01-01', 'VAT', 19), ('DE', '', '2030-02-01', 'VAT', 20)");
        await SubscribeAsync(world, "solo");
        await world.ToAsync("2030-02-01T02:00:00Z");
        (await world.AllInvoicesAsync()).Select(invoice => (invoice.Subtotal, invoice.Tax, invoice.Total)).ShouldBe([(10.00m, 1.90m, 11.90m), (9.92m, 1.98m, 11.90m)]);
        (await world.BalanceAsync("deferred:fees", "USD")).ShouldBe(-9.916666667m);
    }

    [Fact]
    public async Task Where_no_tax_is_due_the_price_is_net()
    {
        await using var world = await WorldAsync(taxes: null);
        await SubscribeAsync(world, "solo");
        await world.ToAsync("2030-01-02T00:00:00Z");
        var invoice = (await world.AllInvoicesAsync()).ShouldHaveSingleItem();
        (invoice.Subtotal, invoice.Tax, invoice.Total).ShouldBe((11.90m, 0m, 11.90m));
    }

    // Begun at 19 %, invoiced to an exempt customer: the net that was booked is what is due, 10.00 without tax.
    [Fact]
    public async Task What_changed_between_a_charge_and_its_invoice_bears_its_tax_on_the_net()
    {
        await using var world = await WorldAsync();
        await SubscribeAsync(world, "solo");
        await world.Portal.ExecuteAsync("update tax_profiles set exempt = true");
        await world.ToAsync("2030-01-01T02:00:00Z");
        var invoice = (await world.AllInvoicesAsync()).ShouldHaveSingleItem();
        (invoice.Subtotal, invoice.Tax, invoice.Total).ShouldBe((10.00m, 0m, 10.00m));
    }

    // Listed 11.90 inclusive until noon of the 16th, then 20.00 and tax: −5.95 and 10.00 + 1.90 = 5.95.
    [Fact]
    public async Task From_a_plan_with_tax_to_one_without_each_part_is_taxed_its_own_way()
    {
        await using var world = await WorldAsync();
        await world.PlanAsync(""" "items":[{"key":"base","type":"flat","amount":"20.00"}] """, "plain");
        var subscription = await SubscribeAsync(world, "solo");
        await world.ToAsync("2030-01-16T12:00:00Z");
        await world.ChangeAsync(subscription, new SubscriptionChange { Plan = "plain" });
        await world.ToAsync("2030-02-01T02:00:00Z");
        (await world.AllInvoicesAsync()).Select(invoice => invoice.Total).ShouldBe([11.90m, 5.95m, 23.80m]);
    }
}
