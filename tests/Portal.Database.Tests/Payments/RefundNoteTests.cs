using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Data;
using Portal.Domain.Invoicing;
using Portal.Domain.Invoicing.Corrections;
using Portal.Domain.Kernel;
using Portal.Domain.Notifications;
using Portal.Domain.Payments;
using Portal.Testing;

namespace Portal.Database.Tests.Payments;

/// <summary>Credit notes for packs that were refunded: 1,000 credits for $10.00 and $1.90 of tax.</summary>
public sealed class RefundNoteTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private PaymentsWorld world = null!;

    public async Task InitializeAsync() => world = await PaymentsWorld.CreateAsync(postgres);

    public async Task DisposeAsync()
    {
        await world.BooksShouldBalanceAsync();
        await world.DisposeAsync();
    }

    [Fact]
    public async Task Each_refund_whose_money_left_gets_one_on_the_packs_invoice_and_together_they_are_the_whole()
    {
        var payment = await world.BuyAsync(tax: 1.90m);
        (await world.AskAsync(payment, credits: 400m)).Succeeded.ShouldBeTrue();
        (await NotesAsync()).ShouldBeEmpty(); // asked for, and not gone

        await world.Sender().SendDueAsync();
        await world.DeliverAsync();
        await world.DeliverAsync();
        var first = (await NotesAsync()).ShouldHaveSingleItem();
        // 400 of 1,000: 10.00 × 0.4 and 1.90 × 0.4.
        (first.Number, first.Net, first.Tax, first.Total, first.Lowered, first.Kept, first.Reason).ShouldBe(("INV-CN-000001", 4.00m, 0.76m, 4.76m, 0m, 0m, "Asked"));
        first.Lines.ShouldBe([new CreditNoteLine(1, "Starter: 1,000 credits", 4.00m, 0.76m)]);

        (await world.AskAsync(payment)).Succeeded.ShouldBeTrue(); // the rest
        await world.Sender().SendDueAsync();
        await world.DeliverAsync();
        var notes = await NotesAsync();
        notes.Select(note => (note.Number, note.Total)).ShouldBe([("INV-CN-000001", 4.76m), ("INV-CN-000002", 7.14m)]); // 11.90 in all
        var invoice = await InvoiceAsync();
        (invoice.State, invoice.Total, invoice.Paid, invoice.Credited, invoice.AmountDue).ShouldBe(("paid", 11.90m, 11.90m, 0m, 0m));
        (await world.BalanceAsync("customer_credit"), await world.BalanceAsync("cash:sandbox"), await world.BalanceAsync("tax_payable")).ShouldBe((0m, 0m, 0m));
        (await world.BalanceAsync("revenue:discount")).ShouldBe(0m); // what the refund booked is all there is
        (await world.CountAsync("webhook_events where type = 'credit_note.created'")).ShouldBe(2);
    }

    [Fact]
    public async Task What_the_provider_gives_back_by_itself_gets_one_over_what_credits_were_left_for()
    {
        var payment = await world.BuyAsync(tax: 2.00m);
        await world.UseAsync(700);
        (await world.Sandbox.RefundOnOwnPagesAsync(payment.ProviderPayment)).Succeeded.ShouldBeTrue();
        await world.DeliverAsync();
        await world.DeliverAsync();

        var note = (await NotesAsync()).ShouldHaveSingleItem(); // of $12.00 credits were left for 300 of 1,000: 3.00 and 0.60; the rest is in suspense
        (note.Net, note.Tax, note.Reason).ShouldBe((3.00m, 0.60m, "Given back by the payment provider"));
    }

    [Fact]
    public async Task Where_nobody_sells_there_is_neither_invoice_nor_note()
    {
        await world.ExecuteAsync("delete from legal_entities");
        var payment = await world.BuyAsync();
        await world.AskAsync(payment, credits: 400m);
        await world.Sender().SendDueAsync();
        await world.DeliverAsync();
        ((await world.CountAsync("invoices")), await world.CountAsync("credit_notes")).ShouldBe((0, 0));
        (await world.RefundsAsync(world.Acme)).Single().State.ShouldBe("succeeded");
    }

    [Fact]
    public async Task The_mail_says_that_the_money_goes_back()
    {
        await world.ExecuteAsync($"""
            insert into members (tenant_id, id, user_id, email, role, invited_at, joined_at) values ({world.Acme}, gen_random_uuid(), gen_random_uuid(), 'ana@acme.example', 'owner', now(), now())
            """);
        var payment = await world.BuyAsync();
        await world.AskAsync(payment, credits: 250m);
        await world.Sender().SendDueAsync();
        var (invoice, note) = (await InvoiceAsync(), (await NotesAsync()).Single());
        var mail = (await world.Services.GetRequiredService<InvoiceMails>().WriteAsync(world.Acme, new InvoiceMail("ana@acme.example", invoice.PublicId, "credited", note.PublicId)))!;
        mail.Subject.ShouldBe("Credit note INV-CN-000001 for invoice INV-000001");
        mail.Text.ShouldContain("2.50 USD goes back to where it was paid from.");
        mail.Text.ShouldNotContain("your credit");
        mail.Attachment!.Name.ShouldBe("INV-CN-000001.pdf");
    }

    [Fact]
    public async Task A_packs_invoice_is_credited_by_refunds_alone()
    {
        var payment = await world.BuyAsync();
        var refused = await world.Wallets().RunAsync(
            world.Acme, wallet => new CreditNotes(world.Database.DataSource).IssueAsync(wallet, "INV-000001", new CreditNoteOrder("Sorry", 1m)));
        refused.Problem!.Code.ShouldBe("refund_instead");
        (await NotesAsync()).ShouldBeEmpty();
        payment.Captured.ShouldBe(10m);
    }

    private async Task<Invoice> InvoiceAsync()
    {
        await using var connection = await world.Database.DataSource.OpenConnectionAsync();
        return (await InvoiceQuery.FindAsync(connection, world.Acme, "INV-000001", TimeZoneInfo.Utc))!;
    }

    private async Task<IReadOnlyList<CreditNote>> NotesAsync() => (await InvoiceAsync()).CreditNotes;
}
