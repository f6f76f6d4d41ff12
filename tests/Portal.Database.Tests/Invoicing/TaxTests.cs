using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Database.Tests.Payments;
using Portal.Database.Tests.Payments.Providers;
using Portal.Domain.Taxes;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Invoicing;

public sealed class TaxTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    // An Irish seller; 19 % in Germany.
    private const string Irish = "update legal_entities set country = 'IE'; insert into tax_rates values ('DE', '', '2021-01-01', 'USt.', 19)";

    [Fact]
    public async Task A_pack_bears_the_tax_of_the_customers_place_and_has_an_invoice_of_its_own()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await world.ExecuteAsync(Irish);
        await PutAsync(world, new TaxProfile("DE", Name: "Acme GmbH", Address: "Torstr. 1", PoNumber: "PO 7"));

        // 10.00 + 19 % = 1.90: 11.90.
        var (checkout, session) = await world.StartAsync();
        (checkout.Net, checkout.Tax, checkout.TaxName, checkout.TaxPercent).ShouldBe((10m, 1.9m, "USt.", 19m));
        await world.Sandbox.PayAsync(session, PaymentsWorld.Accepted);
        await world.DeliverAsync();

        (await world.EntriesAsync(world.Acme)).ShouldBe("""
            issued CREDIT -1000
            pool:shared CREDIT 1000
            cash:sandbox USD 11.9
            deferred:credits USD -10
            tax_payable USD -1.9
            """);
        var invoice = await world.Database.ScalarAsync("""
            select format('%s %s %s of %s: %s + %s = %s; %s %s %s %s %s %s', d.number, i.state, trim_scale(i.paid), d.customer->>'name', trim_scale(d.subtotal), trim_scale(d.tax),
              trim_scale(d.total), d.po_number, l.kind, l.item, l.description, trim_scale(l.quantity), trim_scale(l.unit_amount))
            from invoices i join invoice_documents d on d.invoice_id = i.id join invoice_lines l on l.invoice_id = i.id
            """);
        invoice.ShouldBe("INV-000001 paid 11.9 of Acme GmbH: 10 + 1.9 = 11.9; PO 7 pack starter Starter: 1,000 credits 1 10");
        (await world.Database.ScalarAsync("select string_agg(kind || ' ' || coalesce(reference, '-'), ', ' order by kind) from invoice_events")).ShouldBe(
            $"finalised -, paid {await world.Database.ScalarAsync($"select 'pay_{world.Acme:x}_' || replace(payment_id::text, '-', '') from checkouts")}");
        await world.BooksShouldBalanceAsync();

        await world.DeliverAsync(); // told again
        (await world.CountAsync("invoices")).ShouldBe(1);
        await world.BooksShouldBalanceAsync();
    }

    [Fact]
    public async Task An_inclusive_pack_holds_its_tax_and_only_net_is_value()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await world.ExecuteAsync(Irish);
        await world.AddPackAsync("incl", """{"name":"Inclusive","credits":"1000","price":"10.00","currency":"USD","tax":"inclusive"}""");
        await PutAsync(world, new TaxProfile("DE"));

        // 10.00 / 1.19 = 8.4034 → 8.40 net, 1.60 tax.
        var (checkout, session) = await world.StartAsync("incl");
        (checkout.Net, checkout.Tax).ShouldBe((8.4m, 1.6m));
        await world.Sandbox.PayAsync(session, PaymentsWorld.Accepted);
        await world.DeliverAsync();

        (await world.Database.ScalarAsync("select trim_scale(value)::text from grants")).ShouldBe("8.4");
        await world.BooksShouldBalanceAsync();
    }

    [Theory]
    [InlineData("DE123456789", true, 0)]
    [InlineData("DE123456000", false, 1.9)] // the register does not know it
    [InlineData("DE123456999", null, 1.9)] // the register does not answer
    public async Task Reverse_charge_waits_for_the_registers_answer(string vatId, bool? valid, double tax)
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await world.ExecuteAsync(Irish);
        await PutAsync(world, new TaxProfile("DE", VatId: vatId));
        (await world.StartAsync()).Checkout.Tax.ShouldBe(1.9m); // nobody asked yet

        var profile = await world.Services.GetRequiredService<TaxChecks>().AskNowAsync(world.Acme);
        profile.VatValid.ShouldBe(valid);
        (profile.VatCheckedAt is not null).ShouldBe(valid is not null);
        (await world.StartAsync()).Checkout.Tax.ShouldBe((decimal)tax);
    }

    [Fact]
    public async Task An_answer_belongs_to_the_id_that_was_asked_about()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var checks = world.Services.GetRequiredService<TaxChecks>();
        await PutAsync(world, new TaxProfile("DE", VatId: "DE123456789"));
        (await checks.AskNowAsync(world.Acme)).VatValid.ShouldBe(true);

        (await PutAsync(world, new TaxProfile("DE", VatId: "DE123456789", Name: "Acme"))).VatValid.ShouldBe(true); // the same id keeps its answer
        (await PutAsync(world, new TaxProfile("DE", VatId: "DE987654321"))).VatValid.ShouldBeNull();
    }

    [Fact]
    public async Task Vies_is_asked_again_until_it_answers()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await using var vies = new ViesStub();
        await vies.StartAsync();
        using var http = new HttpClient { BaseAddress = vies.Address };
        var checks = new TaxChecks(world.Database.DataSource, [new ViesVatCheck(http)], [], NullLogger<TaxChecks>.Instance);
        await PutAsync(world, new TaxProfile("DE", VatId: "DE123456789"));

        vies.Answers.Enqueue("""{"isValid":false,"userError":"MS_UNAVAILABLE"}""");
        await checks.RunAsync(CancellationToken.None);
        (await ReadAsync(world)).VatValid.ShouldBeNull();
        await checks.RunAsync(CancellationToken.None); // not due yet
        vies.Calls.Count.ShouldBe(1);

        foreach (var answer in new[] { "not json", """{"isValid":"yes"}""" })
        {
            vies.Answers.Enqueue(answer);
            await world.ExecuteAsync("update tax_profiles set vat_due_at = now()");
            await checks.RunAsync(CancellationToken.None);
            (await ReadAsync(world)).VatValid.ShouldBeNull();
        }

        vies.Answers.Enqueue("""{"isValid":true,"userError":"VALID","requestDate":"2026-06-01T10:00:00Z","name":"ACME GMBH"}""");
        await world.ExecuteAsync("update tax_profiles set vat_due_at = now()");
        await checks.RunAsync(CancellationToken.None);
        (await ReadAsync(world)).VatValid.ShouldBe(true);
        vies.Calls.ShouldAllBe(call => call.Method == "GET" && call.Path == "/ms/DE/vat/123456789");
        ((string)(await world.Database.ScalarAsync("select vat_answer from tax_profiles"))!).ShouldContain("ACME GMBH");

        await checks.RunAsync(CancellationToken.None); // answered: not before 90 days
        vies.Calls.Count.ShouldBe(4);
        (await world.Database.ScalarAsync("select vat_due_at > now() + interval '89 days' from tax_profiles")).ShouldBe(true);
    }

    [Fact]
    public async Task What_a_tax_engine_answers_is_in_the_table_and_what_it_gets_wrong_is_not()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await PutAsync(world, new TaxProfile("US", Region: "CA-94107"));
        var engine = new EngineStub { Answer = [new TaxTableRow("US", "CA-94107", new DateOnly(2020, 1, 1), "Sales tax", 8.625m)] };
        var checks = new TaxChecks(world.Database.DataSource, [], [engine], NullLogger<TaxChecks>.Instance);

        await checks.AskNowAsync(world.Acme);
        engine.Asked.ShouldBe("US CA-94107");
        (await world.StartAsync()).Checkout.Tax.ShouldBe(0.86m); // 10.00 × 8.625 % = 0.8625

        engine.Answer = [new TaxTableRow("US", "CA-94107", new DateOnly(2021, 1, 1), "Sales tax", 101m)];
        await world.ExecuteAsync("update tax_profiles set vat_due_at = now()");
        await checks.RunAsync(CancellationToken.None);
        (await world.StartAsync()).Checkout.Tax.ShouldBe(0.86m);
    }

    [Theory]
    [InlineData("XX", null, null, "invalid_country")]
    [InlineData(null, null, "DE123456789", "missing_country")]
    [InlineData(null, "CA", null, "missing_country")]
    [InlineData("US", "California!", null, "invalid_region")]
    [InlineData("DE", null, "DE1", "invalid_vat_id")]
    [InlineData("DE", null, "FR83404833048", "invalid_vat_id")]
    public async Task A_profile_that_cannot_be_is_refused_and_nothing_changes(string? country, string? region, string? vatId, string code)
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await PutAsync(world, new TaxProfile("AT"));
        var refused = await world.Services.GetRequiredService<Wallets>().RunAsync(
            world.Acme, wallet => TaxProfile.PutAsync(wallet, new TaxProfile(country, region, vatId)));
        refused.Problem!.Code.ShouldBe(code);
        (await ReadAsync(world)).Country.ShouldBe("AT");
    }

    private static async Task<TaxProfile> PutAsync(PaymentsWorld world, TaxProfile profile) =>
        (await world.Services.GetRequiredService<Wallets>().RunAsync(world.Acme, wallet => TaxProfile.PutAsync(wallet, profile))).Value;

    private static async Task<TaxProfile> ReadAsync(PaymentsWorld world)
    {
        await using var connection = await world.Database.DataSource.OpenConnectionAsync();
        return await TaxProfile.ReadAsync(connection, world.Acme);
    }

    private sealed class EngineStub : ITaxEngine
    {
        public IReadOnlyList<TaxTableRow> Answer { get; set; } = [];

        public string? Asked { get; private set; }

        public Task<IReadOnlyList<TaxTableRow>> RatesAsync(string country, string region, CancellationToken cancellationToken)
        {
            Asked = $"{country} {region}";
            return Task.FromResult(Answer);
        }
    }

    private sealed class ViesStub : StubServer
    {
        public Queue<string> Answers { get; } = new();

        protected override StubAnswer Answer(StubCall call)
        {
            var text = Answers.Dequeue();
            return text.StartsWith('{') ? new StubAnswer(200, JsonNode.Parse(text)) : new StubAnswer(200, JsonValue.Create(text));
        }

        protected override StubAnswer Error(int status, string code) => new(status);
    }
}
