using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Portal.Database.Tests.Payments;
using Portal.Domain;
using Portal.Domain.Catalog;
using Portal.Domain.Invoicing.Corrections;
using Portal.Domain.Kernel;
using Portal.Domain.Notifications;
using Portal.Domain.Pricing;
using Portal.Domain.Subscriptions;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Invoicing;

/// <summary>What is told of an invoice of $29 whose card is declined: mails and events, once each. The clock begins at 2030-01-01T00:00Z.</summary>
public sealed class InvoiceMailTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private PaymentsWorld world = null!;

    public async Task InitializeAsync()
    {
        world = await PaymentsWorld.CreateAsync(postgres, invoices: true);
        await ToAsync("2030-01-01T00:00:00Z");
        var plan = JsonSerializer.Deserialize<PlanDefinition>(
            """{"name":"Pro","currency":"USD","period":"month","items":[{"key":"base","type":"flat","amount":"29.00"},{"key":"credits","type":"included_credits","credits":"100"}]}""",
            PortalJson.Options)!;
        (await CatalogueChange.RunAsync(world.Database.DataSource, change => Plans.PutAsync(change, "pro", plan))).Succeeded.ShouldBeTrue();
        foreach (var (mail, role) in new[] { ("ana@acme.example", "owner"), ("bo@acme.example", "billing"), ("cy@acme.example", "admin"), ("di@acme.example", "member") })
        {
            await world.ExecuteAsync($"""
                insert into members (tenant_id, id, user_id, email, role, invited_at, joined_at) values ({Acme}, gen_random_uuid(), gen_random_uuid(), '{mail}', '{role}', now(), now())
                """);
        }

        await world.SaveCardAsync("declined");
        (await Wallets.RunAsync(
            world.Acme, wallet => Subscribing.StartAsync(wallet, new SubscriptionOrder("pro", DateTimeOffset.Parse("2030-01-01T00:00:00Z", CultureInfo.InvariantCulture))))).Succeeded.ShouldBeTrue();
    }

    public async Task DisposeAsync()
    {
        await world.Database.DataSource.ShouldBalanceAsync();
        await world.DisposeAsync();
    }

    [Fact]
    public async Task The_people_who_pay_get_the_invoice_with_its_pdf_and_hear_of_each_refusal_until_it_is_paid()
    {
        var letterbox = new Letterbox();
        await ToAsync("2030-01-01T02:00:00Z"); // finalised at 01:00, refused at 02:00
        await DrainTwiceAsync(letterbox);

        letterbox.Sent.Select(mail => (mail.To, mail.Subject)).Order().ShouldBe(
        [
            ("ana@acme.example", "Invoice INV-000001 from Portal"), ("ana@acme.example", "Invoice INV-000001: the payment failed"),
            ("bo@acme.example", "Invoice INV-000001 from Portal"), ("bo@acme.example", "Invoice INV-000001: the payment failed"),
        ]);
        var invoice = letterbox.Sent.First(mail => mail.Attachment is not null);
        invoice.Text.ShouldStartWith("Your invoice INV-000001 from Portal over 29.00 USD is attached.\n\n29.00 USD is due on 1 January 2030.\n\nLook at the invoice:\nhttp://localhost:5080/t/acme/invoices/inv_");
        invoice.Attachment!.Name.ShouldBe("INV-000001.pdf");
        Encoding.ASCII.GetString(invoice.Attachment.Content.Span[..5]).ShouldBe("%PDF-");
        invoice.ToMessage("portal@localhost").Attachments.Single().ContentType.MimeType.ShouldBe("application/pdf");
        var refused = letterbox.Sent.First(mail => mail.Attachment is null);
        refused.Text.ShouldStartWith("29.00 USD for invoice INV-000001 could not be charged.\n\nIt is tried again on 2 January 2030.");

        await ToAsync("2030-01-02T02:30:00Z"); // the second refusal
        await DrainTwiceAsync(letterbox);
        letterbox.Sent.Count.ShouldBe(6);
        foreach (var day in new[] { 4, 6, 8 }) await ToAsync(string.Create(CultureInfo.InvariantCulture, $"2030-01-{day:00}T02:30:00Z"));
        await world.SaveCardAsync("accepted");
        await world.Database.ScalarAsync("update invoices set collect_at = now() where state = 'open'");
        await ToAsync("2030-01-20T00:10:00Z"); // paid before those of the 4th, 6th and 8th left
        await DrainTwiceAsync(letterbox);
        letterbox.Sent.Count.ShouldBe(6);
        (await world.Database.ScalarAsync("select count(*) from outbox where done_at is null")).ShouldBe(0L);

        (await world.Database.ScalarAsync("select string_agg(n || ' ' || type, ', ' order by type) from (select type, count(*) as n from webhook_events group by type) told")).ShouldBe(
            "1 grant.created, 1 invoice.finalised, 1 invoice.paid, 1 invoice.past_due, 5 payment.failed, 1 payment.succeeded, 3 subscription.changed, 1 subscription.created");
    }

    [Fact]
    public async Task A_credit_note_comes_with_its_pdf()
    {
        await world.ExecuteAsync($"insert into tax_profiles (tenant_id, emails) values ({Acme}, '{{books@acme.example}}')");
        var letterbox = new Letterbox();
        await ToAsync("2030-01-01T00:59:00Z");
        await world.ExecuteAsync("delete from payment_methods"); // nobody is charged meanwhile
        await ToAsync("2030-01-01T01:00:01Z");
        await DrainTwiceAsync(letterbox);
        letterbox.Sent.Clear();

        // 29 less 9 is 20 still to pay.
        var issued = await Wallets.RunAsync(world.Acme, wallet => new CreditNotes(world.Database.DataSource).IssueAsync(wallet, "INV-000001", new CreditNoteOrder("An outage", 9m)));
        issued.Succeeded.ShouldBeTrue();
        await DrainTwiceAsync(letterbox);
        var mail = letterbox.Sent.ShouldHaveSingleItem();
        mail.Subject.ShouldBe("Credit note INV-CN-000001 for invoice INV-000001");
        mail.Text.ShouldStartWith("Credit note INV-CN-000001 over 9.00 USD for invoice INV-000001 is attached: An outage\n\nWhat is due on the invoice fell by 9.00 USD.\n\nLook at the invoice:");
        Encoding.ASCII.GetString(mail.Attachment!.Content.Span[..5]).ShouldBe("%PDF-");
        (await world.Database.ScalarAsync("select count(*) from webhook_events where type = 'credit_note.created'")).ShouldBe(1L);
    }

    [Fact]
    public async Task That_an_invoice_is_void_is_told_once_and_nothing_more_of_its_refusals()
    {
        await world.ExecuteAsync($"insert into tax_profiles (tenant_id, emails) values ({Acme}, '{{books@acme.example}}')");
        var letterbox = new Letterbox();
        await ToAsync("2030-01-01T02:00:00Z"); // refused
        (await Wallets.RunAsync(world.Acme, wallet => Voiding.RunAsync(wallet, "INV-000001", "Made in error"))).Succeeded.ShouldBeTrue();
        await DrainTwiceAsync(letterbox);
        letterbox.Sent.Select(mail => mail.Subject).Order(StringComparer.Ordinal).ShouldBe(["Invoice INV-000001 from Portal", "Invoice INV-000001 is void"]);
        (await world.Database.ScalarAsync("select count(*) from webhook_events where type = 'invoice.voided'")).ShouldBe(1L);
    }

    [Fact]
    public async Task Whom_the_tax_profile_names_gets_invoices_instead()
    {
        await world.ExecuteAsync($"insert into tax_profiles (tenant_id, emails) values ({Acme}, '{{books@acme.example}}')");
        var letterbox = new Letterbox();
        await ToAsync("2030-01-01T01:30:00Z");
        await DrainTwiceAsync(letterbox);
        letterbox.Sent.Select(mail => mail.To).Distinct().ShouldBe(["books@acme.example"]);
    }

    private string Acme => world.Acme.ToString(CultureInfo.InvariantCulture);

    private Wallets Wallets => world.Services.GetRequiredService<Wallets>();

    private async Task DrainTwiceAsync(Letterbox letterbox)
    {
        for (var i = 0; i < 2; i++) await ActivatorUtilities.CreateInstance<OutboxDrain>(world.Services, letterbox).RunAsync();
    }

    private async Task ToAsync(string instant) =>
        (await world.Services.GetRequiredService<TestClock>().AdvanceAsync(DateTimeOffset.Parse(instant, CultureInfo.InvariantCulture))).Succeeded.ShouldBeTrue();

    private sealed class Letterbox : IMailTransport
    {
        public bool IsPickupFolder => false;

        public List<Mail> Sent { get; } = [];

        public Task SendAsync(Mail mail, CancellationToken cancellationToken = default)
        {
            Sent.Add(mail);
            return Task.CompletedTask;
        }
    }
}
