using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Portal.Database.Tests.Counters;
using Portal.Database.Tests.Payments;
using Portal.Domain;
using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Invoicing;
using Portal.Domain.Invoicing.Corrections;
using Portal.Domain.Kernel;
using Portal.Domain.Payments.Charges;
using Portal.Domain.Pricing;
using Portal.Domain.Revenue;
using Portal.Domain.Subscriptions;
using Portal.Testing;

namespace Portal.Database.Tests.Invoicing;

/// <summary>Where corrections meet what came before them: $29 a month and 19 % tax, 34.51.</summary>
public sealed class CorrectionEdgeTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private const string First = "INV-000001";

    private MeterWorld world = null!;

    public async Task InitializeAsync()
    {
        world = await MeterWorld.StartAsync(postgres);
        await world.PlanAsync("""
            "items":[{"key":"base","type":"flat","amount":"29.00"},{"key":"credits","type":"included_credits","credits":"100","revenue_share":"20.00"}]
            """);
        await world.Portal.SellAsync();
        await world.Portal.ExecuteAsync($"insert into tax_rates values ('DE', '', '2020-01-01', 'VAT', 19); insert into tax_profiles (tenant_id, country) values ({world.Tenant}, 'DE')");
        await world.SubscribeAsync(new SubscriptionOrder("pro", MeterWorld.At("2030-01-01T00:00:00Z")));
        await world.ToAsync("2030-01-01T02:00:00Z");
    }

    public Task DisposeAsync() => world.DisposeAsync().AsTask();

    [Fact]
    public async Task A_credit_note_that_did_not_commit_leaves_no_gap()
    {
        var failed = await world.Portal.Wallets.RunAsync<CreditNote>(world.Tenant, async wallet =>
        {
            await Notes.IssueAsync(wallet, First, new CreditNoteOrder("One", 5m));
            return Problem.Conflict("stopped", "As if the process had ended before it committed.");
        });
        failed.Succeeded.ShouldBeFalse();
        (await CreditAsync("Two", 5m)).Value.Number.ShouldBe("INV-CN-000001");
    }

    [Fact]
    public async Task What_was_paid_in_part_after_a_write_off_can_be_written_off_again()
    {
        (await WriteOffAsync()).Succeeded.ShouldBeTrue();
        await TransferAsync(10m);
        (await InvoiceAsync()).State.ShouldBe("open");
        (await WriteOffAsync()).Succeeded.ShouldBeTrue();
    }

    [Fact]
    public async Task A_thousand_ways_to_credit_in_parts_end_at_nothing_left()
    {
        var random = new Random(63);
        for (var n = 0; n < 60; n++)
        {
            var left = (await InvoiceAsync()) is var invoice ? invoice.Total - invoice.CreditNotes.Sum(note => note.Total) : 0m;
            if (left == 0m) break;
            (await CreditAsync("Part", Math.Min(left, random.Next(1, 150) / 100m))).Succeeded.ShouldBeTrue();
            foreach (var (line, at) in (await InvoiceAsync()).Lines.Select((line, at) => (line, at + 1)))
            {
                var taken = (await InvoiceAsync()).CreditNotes.SelectMany(note => note.Lines).Where(part => part.Line == at).ToArray();
                taken.Sum(part => part.Net).ShouldBeInRange(0m, line.Amount);
                taken.Sum(part => part.Tax).ShouldBeInRange(0m, line.Tax);
            }
        }

        (await MoneyAsync("receivable"), await MoneyAsync("tax_payable"), await MoneyAsync("revenue:discount")).ShouldBe((0m, 0m, 29m));
        (await new Reconciliation(world.Portal.Source).RunAsync()).Checks.Where(check => !check.Ok).Select(check => check.Name).ShouldBeEmpty();
    }

    private CreditNotes Notes => new(world.Portal.Source);

    private Task<Result<CreditNote>> CreditAsync(string reason, decimal amount) =>
        world.Portal.Wallets.RunAsync(world.Tenant, wallet => Notes.IssueAsync(wallet, First, new CreditNoteOrder(reason, amount)));

    private Task<Result<Invoice>> WriteOffAsync() => world.Portal.Wallets.RunAsync(world.Tenant, wallet => WriteOffs.RunAsync(wallet, First, "Insolvent"));

    private async Task TransferAsync(decimal amount)
    {
        var id = (Guid)(await world.Portal.ScalarAsync($"select invoice_id from invoice_documents where number = '{First}'"))!;
        (await world.Portal.Wallets.RunAsync(world.Tenant, wallet => BankTransfer.RecordAsync(wallet, new BankTransfer(amount, "part", id)))).Succeeded.ShouldBeTrue();
    }

    private async Task<Invoice> InvoiceAsync() => await world.InvoiceAsync((await world.InvoicesAsync()).Single(invoice => invoice.Number == First));

    private Task<decimal> MoneyAsync(string account) => world.BalanceAsync(account, "USD");
}

/// <summary>The same with cards: disputes of invoices before and after other corrections, and the invoices of packs.</summary>
public sealed class DisputedInvoiceTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task A_second_part_of_a_dispute_after_a_write_off_leaves_the_books_whole()
    {
        await using var world = await PaidAsync();
        var payment = (string)(await world.Database.ScalarAsync("select provider_payment from payments"))!;
        await world.TellAsync("d1", payment, reference: null, captured: 2900, disputed: 900);
        await WriteOffAsync(world);
        await world.TellAsync("d2", payment, reference: null, captured: 2900, disputed: 2900);
        (await FailuresAsync(world)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_dispute_won_after_a_write_off_brings_back_what_was_written_off()
    {
        await using var world = await PaidAsync();
        var payment = (string)(await world.Database.ScalarAsync("select provider_payment from payments"))!;
        await world.TellAsync("d1", payment, reference: null, captured: 2900, disputed: 2900);
        await WriteOffAsync(world);
        await world.TellAsync("d2", payment, reference: null, captured: 2900, disputed: 2900, reinstated: 2900);
        (await world.Database.ScalarAsync("select state from invoices where state <> 'draft' order by id limit 1")).ShouldBe("paid");
        (await MoneyAsync(world, "bad_debt"), await MoneyAsync(world, "customer_credit")).ShouldBe((0m, 0m));
    }

    [Fact]
    public async Task An_invoice_that_was_refused_paid_and_disputed_later_is_not_given_up_at_once()
    {
        await using var world = await PaidAsync(refusedBefore: true);
        var payment = (string)(await world.Database.ScalarAsync("select provider_payment from payments where captured > 0 order by received_at limit 1"))!;
        await ToAsync(world, "2030-03-20T00:00:00Z");
        await world.TellAsync("d1", payment, reference: null, captured: 2900, disputed: 2900);
        (await FirstAsync(world)).ShouldBe("open");
        await ToAsync(world, "2030-03-20T00:10:00Z");
        (await FirstAsync(world)).ShouldBe("open");
    }

    [Fact]
    public async Task The_invoice_of_a_pack_is_not_credited_but_refunded_so_that_money_goes_back_once()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres, invoices: true);
        var payment = await world.BuyAsync();
        var number = (string)(await world.Database.ScalarAsync("select number from invoice_documents"))!;
        var credited = await Wallets(world).RunAsync(world.Acme, wallet => new CreditNotes(world.Database.DataSource).IssueAsync(wallet, number, new CreditNoteOrder("All of it")));
        credited.Problem!.Code.ShouldBe("refund_instead");
        (await world.AskAsync(payment)).Succeeded.ShouldBeTrue();
    }

    private async Task<PaymentsWorld> PaidAsync(bool refusedBefore = false)
    {
        var world = await PaymentsWorld.CreateAsync(postgres, invoices: true);
        await ToAsync(world, "2030-01-01T00:00:00Z");
        var plan = JsonSerializer.Deserialize<PlanDefinition>("""{"name":"Pro","currency":"USD","period":"month","items":[{"key":"base","type":"flat","amount":"29.00"}]}""", PortalJson.Options)!;
        (await CatalogueChange.RunAsync(world.Database.DataSource, change => Plans.PutAsync(change, "pro", plan))).Succeeded.ShouldBeTrue();
        await world.SaveCardAsync(refusedBefore ? "declined" : "accepted");
        var order = new SubscriptionOrder("pro", MeterWorld.At("2030-01-01T00:00:00Z"));
        (await Wallets(world).RunAsync(world.Acme, wallet => Subscribing.StartAsync(wallet, order))).Succeeded.ShouldBeTrue();
        await ToAsync(world, "2030-01-01T02:00:00Z");
        if (!refusedBefore) return world;
        foreach (var day in new[] { 2, 4, 6, 8 }) await ToAsync(world, string.Create(CultureInfo.InvariantCulture, $"2030-01-{day:00}T02:30:00Z"));
        await world.SaveCardAsync("accepted");
        await world.Database.ScalarAsync("update invoices set collect_at = now() where state = 'open'");
        await ToAsync(world, "2030-01-20T00:10:00Z");
        (await FirstAsync(world)).ShouldBe("paid");
        return world;
    }

    private static async Task WriteOffAsync(PaymentsWorld world)
    {
        var written = await Wallets(world).RunAsync(world.Acme, wallet => WriteOffs.RunAsync(wallet, "INV-000001", "Disputed"));
        written.Succeeded.ShouldBeTrue();
    }

    private static async Task<string> FirstAsync(PaymentsWorld world) => (string)(await world.Database.ScalarAsync(
        "select i.state from invoices i join invoice_documents d on d.tenant_id = i.tenant_id and d.invoice_id = i.id where d.number = 'INV-000001'"))!;

    private static async Task<IEnumerable<string>> FailuresAsync(PaymentsWorld world) =>
        (await new Reconciliation(world.Database.DataSource).RunAsync()).Checks.Where(check => !check.Ok).Select(check => $"{check.Name}: {check.Failures[0]}");

    private static async Task<decimal> MoneyAsync(PaymentsWorld world, string account) =>
        (decimal)(await world.Database.ScalarAsync($"select coalesce(sum(balance), 0) from ledger_accounts where account = '{account}' and unit = 'USD'"))!;

    private static Domain.Wallet.Wallets Wallets(PaymentsWorld world) => world.Services.GetRequiredService<Domain.Wallet.Wallets>();

    private static async Task ToAsync(PaymentsWorld world, string instant) =>
        (await world.Services.GetRequiredService<TestClock>().AdvanceAsync(DateTimeOffset.Parse(instant, CultureInfo.InvariantCulture))).Succeeded.ShouldBeTrue();
}
