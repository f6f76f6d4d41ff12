using Portal.Database.Tests.Counters;
using Portal.Domain.Invoicing;
using Portal.Domain.Invoicing.Corrections;
using Portal.Domain.Kernel;
using Portal.Domain.Revenue;
using Portal.Domain.Subscriptions;
using Portal.Testing;

namespace Portal.Database.Tests.Invoicing;

/// <summary>
/// What happens to invoices after they were finalised. $29 a month, of which 20 pay for 100 credits, and 19 % tax: 9.00 + 20.00 + 5.51 = 34.51,
/// finalised at 2030-01-01T01:00Z.
/// </summary>
public sealed class CorrectionTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private const string First = "INV-000001";

    private MeterWorld world = null!;

    public async Task InitializeAsync()
    {
        world = await MeterWorld.StartAsync(postgres);
        await world.MeterAsync("chat", """ "aggregation":"sum","quantities":[{"property":"n"}] """);
        await world.RateAsync("chat", """{"model":"per_unit","amount":"1"}""");
        await world.MeterAsync("gpu", """ "aggregation":"sum","quantities":[{"property":"n"}] """);
        await world.PlanAsync("""
            "items":[{"key":"base","type":"flat","amount":"29.00"},{"key":"credits","type":"included_credits","credits":"100","revenue_share":"20.00"},
              {"key":"gpu","type":"usage","meter":"gpu","price":{"model":"per_unit","amount":"0.333"}}]
            """);
        await world.Portal.SellAsync();
        await world.Portal.ExecuteAsync($"insert into tax_rates values ('DE', '', '2020-01-01', 'VAT', 19); insert into tax_profiles (tenant_id, country) values ({world.Tenant}, 'DE')");
        await world.SubscribeAsync(new SubscriptionOrder("pro", MeterWorld.At("2030-01-01T00:00:00Z")));
        await world.ToAsync("2030-01-01T02:00:00Z");
    }

    public async Task DisposeAsync()
    {
        var report = await new Reconciliation(world.Portal.Source).RunAsync();
        report.Checks.Where(check => !check.Ok).Select(check => $"{check.Name}: {check.Failures[0]}").ShouldBeEmpty();
        await world.DisposeAsync();
    }

    [Fact]
    public async Task A_void_invoice_takes_back_credits_fees_tax_and_what_was_earned()
    {
        await world.UseAsync("chat", 40m); // 8.00 of 20.00 earned
        await world.ToAsync("2030-01-11T00:00:00Z"); // ten days of 31 of 9.00: 2.903225806 earned
        (await MoneyAsync("revenue:subscription"), await MoneyAsync("revenue:usage")).ShouldBe((-2.903225806m, -8m));

        (await VoidAsync(First)).Value.State.ShouldBe("void");

        foreach (var account in new[] { "receivable", "deferred:fees", "deferred:credits", "tax_payable", "revenue:subscription", "revenue:usage", "rounding" })
            (await MoneyAsync(account)).ShouldBe(0m, account);
        (await world.BalanceAsync("pool:shared"), await world.BalanceAsync("clawed_back")).ShouldBe((0m, 60m));
        await world.ToAsync("2030-01-20T00:00:00Z"); // no fee is earned any more
        (await MoneyAsync("revenue:subscription")).ShouldBe(0m);

        // It keeps its number, and nothing of it is billed again.
        await world.ToAsync("2030-02-02T01:00:00Z");
        var next = await world.InvoiceAsync((await world.InvoicesAsync())[0]);
        (next.Number, next.Total).ShouldBe(("INV-000002", 34.51m));
        next.History.Select(happened => happened.Kind).ShouldBe(["finalised"]);
    }

    [Fact]
    public async Task What_it_billed_in_arrears_is_revenue_no_more()
    {
        await world.UseAsync("gpu", 10m); // 3.33
        await world.ToAsync("2030-02-02T01:00:00Z");
        (await VoidAsync("INV-000002")).Succeeded.ShouldBeTrue();
        (await MoneyAsync("revenue:usage"), await MoneyAsync("receivable")).ShouldBe((0m, 34.51m)); // January's credits lapsed: breakage
        (await MoneyAsync("revenue:breakage")).ShouldBe(-20m);
    }

    [Fact]
    public async Task Only_an_open_invoice_without_payments_or_credit_notes_is_voided()
    {
        (await VoidAsync("INV-000009")).Problem!.Code.ShouldBe("unknown_invoice");
        (await VoidAsync(First, "")).Problem!.Code.ShouldBe("invalid_reason");
        await TransferAsync(First, 10m, "one");
        (await VoidAsync(First)).Problem!.Code.ShouldBe("invoice_has_payments");
        await world.ToAsync("2030-02-02T01:00:00Z");
        (await CreditAsync("INV-000002", new CreditNoteOrder("Sorry", 1m))).Succeeded.ShouldBeTrue();
        (await VoidAsync("INV-000002")).Problem!.Code.ShouldBe("invoice_has_credit_notes");
        await TransferAsync(First, 24.51m, "two");
        (await VoidAsync(First)).Problem!.Code.ShouldBe("invoice_not_open");
        (await MoneyAsync("receivable")).ShouldBe(33.51m);
    }

    [Fact]
    public async Task Case_34_a_void_after_the_customers_credit_was_used_is_refused()
    {
        await TransferAsync(First, 40m, "too much"); // 5.49 are theirs
        await world.ToAsync("2030-02-02T01:00:00Z");
        (await world.InvoiceAsync((await world.InvoicesAsync())[0])).AmountDue.ShouldBe(29.02m);
        (await VoidAsync("INV-000002")).Problem!.Code.ShouldBe("invoice_has_payments");
    }

    [Fact]
    public async Task A_credit_note_of_an_amount_is_spread_over_the_lines_with_its_tax()
    {
        // 11.90 of 34.51: tax 5.51 × 11.90 / 34.51 = 1.90, net 10.00; of 9 and 20: 3.10 and 6.90; of 1.71 and 3.80: 0.59 and 1.31.
        var note = (await CreditAsync(First, new CreditNoteOrder("Service was down", 11.90m))).Value;
        (note.Number, note.Net, note.Tax, note.Total, note.Lowered).ShouldBe(("INV-CN-000001", 10.00m, 1.90m, 11.90m, 11.90m));
        note.Lines.Select(line => (line.Line, line.Net, line.Tax)).ShouldBe([(1, 3.10m, 0.59m), (2, 6.90m, 1.31m)]);
        (await MoneyAsync("receivable"), await MoneyAsync("revenue:discount"), await MoneyAsync("tax_payable")).ShouldBe((22.61m, 10m, -3.61m));
        var invoice = await InvoiceAsync();
        (invoice.State, invoice.Total, invoice.Credited, invoice.AmountDue).ShouldBe(("open", 34.51m, 11.90m, 22.61m));

        var rest = (await CreditAsync(First, new CreditNoteOrder("All of it"))).Value; // what is left of each line
        (rest.Number, rest.Net, rest.Tax).ShouldBe(("INV-CN-000002", 19.00m, 3.61m));
        rest.Lines.Select(line => (line.Net, line.Tax)).ShouldBe([(5.90m, 1.12m), (13.10m, 2.49m)]);
        (await InvoiceAsync()).State.ShouldBe("paid");
        (await MoneyAsync("receivable"), await MoneyAsync("tax_payable")).ShouldBe((0m, 0m));
        (await CreditAsync(First, new CreditNoteOrder("More"))).Problem!.Code.ShouldBe("nothing_left_to_credit");
    }

    [Fact]
    public async Task Of_what_was_paid_it_becomes_the_customers_credit_and_pays_the_next_invoice()
    {
        await TransferAsync(First, 30m, "most");
        var note = (await CreditAsync(First, new CreditNoteOrder("Half a month", Lines: [new CreditedLine(1, 4.50m)]))).Value;
        (note.Net, note.Tax, note.Lowered).ShouldBe((4.50m, 0.86m, 4.51m)); // 1.71 / 2 = 0.855; 4.51 were due, 0.85 are theirs
        ((await InvoiceAsync()).State, await MoneyAsync("customer_credit")).ShouldBe(("paid", -0.85m));

        var another = (await CreditAsync(First, new CreditNoteOrder("And more", 10m))).Value;
        (another.Total, another.Lowered).ShouldBe((10m, 0m));
        await world.ToAsync("2030-02-02T01:00:00Z");
        var next = await world.InvoiceAsync((await world.InvoicesAsync())[0]);
        (next.Paid, next.AmountDue).ShouldBe((10.85m, 23.66m));
    }

    [Fact]
    public async Task Two_at_once_cannot_credit_more_than_the_invoice()
    {
        var both = await Task.WhenAll(Enumerable.Range(0, 4).Select(n => CreditAsync(First, new CreditNoteOrder($"{n}", 20m))));
        both.Count(result => result.Succeeded).ShouldBe(1);
        both.Where(result => !result.Succeeded).ShouldAllBe(result => result.Problem!.Code == "exceeds_invoice");
        (await MoneyAsync("receivable")).ShouldBe(14.51m);
        (await world.Portal.ScalarAsync("select count(*) from invoice_numbers where series = 'INV-CN'")).ShouldBe(1L);
    }

    [Theory]
    [InlineData(35.0, null, 0.0, "exceeds_invoice")]
    [InlineData(0.0, null, 0.0, "invalid_amount")]
    [InlineData(1.005, null, 0.0, "invalid_amount")]
    [InlineData(null, 3, 1.0, "unknown_line")]
    [InlineData(null, 1, 9.01, "exceeds_invoice")]
    [InlineData(null, 1, -1.0, "invalid_amount")]
    [InlineData(1.0, 1, 1.0, "invalid_amount")]
    public async Task Case_34_a_credit_note_that_cannot_be_is_refused_and_nothing_changes(double? amount, int? line, double of, string code)
    {
        var order = new CreditNoteOrder("Sorry", (decimal?)amount, line is { } number ? [new CreditedLine(number, (decimal)of)] : null);
        (await CreditAsync(First, order)).Problem!.Code.ShouldBe(code);
        (await MoneyAsync("receivable"), (await InvoiceAsync()).CreditNotes.Count).ShouldBe((34.51m, 0));
    }

    [Fact]
    public async Task What_is_written_off_is_bad_debt_but_for_credits_fees_and_tax_and_comes_back_when_it_is_paid()
    {
        await world.UseAsync("chat", 40m); // 12.00 of credits are left
        await world.ToAsync("2030-01-11T00:00:00Z"); // of 9.00 6.096774194 are not earned
        (await WriteOffAsync(First)).Value.State.ShouldBe("uncollectible");

        // 34.51 − 5.51 − 12.00 − 6.096774194
        (await MoneyAsync("bad_debt"), await MoneyAsync("receivable"), await MoneyAsync("tax_payable")).ShouldBe((10.903225806m, 0m, 0m));
        (await MoneyAsync("deferred:fees"), await MoneyAsync("deferred:credits"), await world.BalanceAsync("clawed_back")).ShouldBe((0m, 0m, 60m));
        (await WriteOffAsync(First)).Problem!.Code.ShouldBe("invoice_not_open");
        (await CreditAsync(First, new CreditNoteOrder("Late"))).Problem!.Code.ShouldBe("invoice_uncollectible");

        await TransferAsync(First, 34.51m, "late");
        (await MoneyAsync("bad_debt"), await MoneyAsync("receivable"), await MoneyAsync("tax_payable"), await MoneyAsync("cash:bank")).ShouldBe((0m, 0m, -5.51m, 34.51m));
        (await MoneyAsync("deferred:credits"), await world.BalanceAsync("pool:shared"), await world.BalanceAsync("clawed_back")).ShouldBe((-12m, 60m, 0m));
        (await InvoiceAsync()).State.ShouldBe("paid");
        (await InvoiceAsync()).History.Select(happened => happened.Kind).ShouldBe(["finalised", "uncollectible", "reopened", "paid"]);
        await world.ToAsync("2030-02-01T00:00:00Z");
        (await MoneyAsync("revenue:subscription")).ShouldBe(-9m);
    }

    [Fact]
    public async Task Of_an_invoice_paid_in_part_the_unpaid_share_is_written_off()
    {
        await TransferAsync(First, 17.26m, "half"); // 17.25 are due
        (await WriteOffAsync(First)).Succeeded.ShouldBeTrue();
        (await MoneyAsync("receivable"), await MoneyAsync("tax_payable")).ShouldBe((0m, -2.76m)); // 5.51 × 17.25 / 34.51 = 2.754: 2.75 is not owed
        (await world.BalanceAsync("pool:shared")).ShouldBeInRange(50m, 50.1m); // 100 × 17.25 / 34.51 = 49.986 taken
    }

    private Task<Result<Invoice>> VoidAsync(string invoice, string reason = "Wrong company") =>
        world.Portal.Wallets.RunAsync(world.Tenant, wallet => Voiding.RunAsync(wallet, invoice, reason));

    private Task<Result<Invoice>> WriteOffAsync(string invoice) =>
        world.Portal.Wallets.RunAsync(world.Tenant, wallet => WriteOffs.RunAsync(wallet, invoice, "Insolvent"));

    private Task<Result<CreditNote>> CreditAsync(string invoice, CreditNoteOrder order) =>
        world.Portal.Wallets.RunAsync(world.Tenant, wallet => new CreditNotes(world.Portal.Source).IssueAsync(wallet, invoice, order));

    private async Task TransferAsync(string invoice, decimal amount, string reference)
    {
        var id = (Guid)(await world.Portal.ScalarAsync($"select invoice_id from invoice_documents where number = '{invoice}'"))!;
        var transfer = new BankTransfer(amount, reference, id);
        (await world.Portal.Wallets.RunAsync(world.Tenant, wallet => BankTransfer.RecordAsync(wallet, transfer))).Succeeded.ShouldBeTrue();
    }

    private async Task<Invoice> InvoiceAsync() => await world.InvoiceAsync((await world.InvoicesAsync()).Single(invoice => invoice.Number == First));

    private Task<decimal> MoneyAsync(string account) => world.BalanceAsync(account, "USD");
}
