using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Portal.Database.Tests.Payments;
using Portal.Domain;
using Portal.Domain.Catalog.Templates;
using Portal.Domain.Data;
using Portal.Domain.Invoicing.Corrections;
using Portal.Domain.Kernel;
using Portal.Domain.Metering;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Payments;
using Portal.Domain.Payments.GivenBack;
using Portal.Domain.Payments.TopUps;
using Portal.Domain.Pricing;
using Portal.Domain.Subscriptions;
using Portal.Domain.Taxes;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Years;

/// <summary>
/// Forty tenants on eight templates for fourteen months from 2030-01-01 by the test clock: what they do is drawn from a seed, so that two years of a
/// seed are the same.
/// </summary>
internal sealed class Year : IAsyncDisposable
{
    public const int Tenants = 40, Months = 14;

    private static readonly string[] Templates = ["openai", "mistral", "slack", "hybrid", "fin", "black-forest-labs", "datadog", "credit-wallet"];
    private static readonly string[] Plans = ["openai", "mistral", "slack-pro", "hybrid", "fin", "flux", "datadog", "wallet"];
    private static readonly string?[] Packs = [null, "mistral-10", null, null, null, "flux-10", null, "wallet-starter"];
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly PaymentsWorld world;
    private readonly Random random;
    private readonly List<(long Id, string Key, int Kind)> tenants = [];
    private readonly Dictionary<long, string> lastEvent = [];
    private int sent;

    private Year(PaymentsWorld world, int seed) => (this.world, random) = (world, new Random(seed));

    public PaymentsWorld World => world;

    /// <summary>What was done, by kind, so that a test can see that all of it was.</summary>
    public SortedDictionary<string, int> Done { get; } = new(StringComparer.Ordinal);

    private Wallets Wallets => world.Wallets();

    public static async Task<Year> OpenAsync(PostgresFixture postgres, int seed)
    {
        var year = new Year(await PaymentsWorld.CreateAsync(postgres, invoices: true), seed);
        foreach (var template in Templates)
        {
            var loaded = await CatalogueChange.RunAsync(
                year.world.Database.DataSource, change => CatalogueTemplates.LoadAsync(change, CatalogueTemplates.Find(template).Value));
            loaded.Succeeded.ShouldBeTrue(loaded.Problem?.ToString());
        }

        await year.world.ExecuteAsync("insert into tax_rates values ('DE', '', '2020-01-01', 'VAT', 19), ('DE', '', '2030-07-01', 'VAT', 20)");
        await year.ToAsync(Start);
        for (var i = 0; i < Tenants; i++) await year.AddAsync(i);
        await year.world.Services.GetRequiredService<UsageIntake>().StartAsync(CancellationToken.None);
        return year;
    }

    /// <summary>Lives a month, the first is 0: usage and decisions on the 10th, late ones on the 20th, invoices on the 2nd of the next.</summary>
    public async Task LiveAsync(int month)
    {
        var begin = Start.AddMonths(month);
        await ToAsync(begin.AddDays(month < 12 ? 9 : 10)); // what was bought a year before has expired by then, whatever second it was bought in
        foreach (var tenant in tenants)
        {
            await UseAsync(tenant, begin.AddDays(random.Next(1, 9)), random.Next(1, 4));
            await DecideAsync(tenant, month);
        }

        await world.DeliverAsync();
        await ToAsync(begin.AddDays(19));
        foreach (var tenant in tenants.Where(_ => random.Next(3) == 0 && month > 0)) await UseAsync(tenant, begin.AddDays(-random.Next(1, 12)), 1); // of the month before
        foreach (var tenant in tenants) await UseAsync(tenant, begin.AddDays(random.Next(10, 18)), 1);
        await ToAsync(begin.AddMonths(1).AddDays(1).AddHours(2));
        await world.DeliverAsync();
    }

    /// <summary>Balances by tenant and account, and daily sums by account and month: the books.</summary>
    public async Task<SortedDictionary<string, decimal>> BooksAsync()
    {
        const string books = """
            select format('%s %s %s', t.key, a.account, a.unit), a.balance from ledger_accounts a join tenants t using (tenant_id) where a.balance <> 0
            union all
            select format('%s %s %s in %s', t.key, f.account, f.unit, to_char(f.book_date, 'YYYY-MM')), sum(f.amount)
            from finance_daily f join tenants t using (tenant_id) group by t.key, f.account, f.unit, to_char(f.book_date, 'YYYY-MM') having sum(f.amount) <> 0
            union all
            select format('%s invoices %s', t.key, i.state), sum(i.total) from invoices i join tenants t using (tenant_id) where i.state <> 'draft' group by t.key, i.state
            """;
        var rows = await world.Database.DataSource.ListAsync(books, row => (row.GetString(0), row.GetDecimal(1)), default);
        return new SortedDictionary<string, decimal>(rows.ToDictionary(row => row.Item1, row => row.Item2), StringComparer.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        await world.Services.GetRequiredService<UsageIntake>().StopAsync(CancellationToken.None);
        await world.DisposeAsync();
    }

    private async Task AddAsync(int i)
    {
        var kind = i % Plans.Length;
        var key = string.Create(CultureInfo.InvariantCulture, $"t{i:00}");
        var id = await world.AddTenantAsync(key, "USD");
        tenants.Add((id, key, kind));
        if (i % 3 == 0) (await Wallets.RunAsync(id, wallet => TaxProfile.PutAsync(wallet, new TaxProfile("DE")))).Succeeded.ShouldBeTrue();
        await world.SaveCardAsync(i % 7 == 3 ? "declined" : "accepted", id);
        var order = new SubscriptionOrder(Plans[kind], Start, Exhaustion: kind == 3 ? "overage" : "block")
        {
            Quantities = kind == 2 ? Seats(random.Next(2, 20)) : new Dictionary<string, decimal>(StringComparer.Ordinal),
        };
        (await Wallets.RunAsync(id, wallet => Subscribing.StartAsync(wallet, order))).Succeeded.ShouldBeTrue();
        if (i == 7) (await Wallets.RunAsync(id, wallet => AutoTopUps.PutAsync(wallet, "shared", new AutoTopUpDefinition(500m, 2_000m, "wallet-starter")))).Succeeded.ShouldBeTrue();
    }

    private async Task DecideAsync((long Id, string Key, int Kind) tenant, int month)
    {
        var chance = random.Next(100);
        if (Packs[tenant.Kind] is { } pack && chance < 70) await BuyAsync(tenant.Id, pack, month);
        if (tenant.Kind == 2 && chance < 40) await ChangeAsync(tenant.Id, new SubscriptionChange { Quantities = Seats(random.Next(2, 20)) }, "seats");
        if (tenant.Kind == 2 && month == 5) await ChangeAsync(tenant.Id, new SubscriptionChange { Plan = "slack-business" }, "upgrade");
        if (tenant.Kind == 2 && month == 10) await ChangeAsync(tenant.Id, new SubscriptionChange { Plan = "slack-pro" }, "downgrade");
        if (tenant.Kind == 4 && month == 8 && chance < 30) await ChangeAsync(tenant.Id, new SubscriptionChange("period_end"), "cancel at end");
        if (month % 4 == 2 && chance < 25) await world.SaveCardAsync(chance < 12 ? "declined" : "accepted", tenant.Id);
        if (chance is >= 50 and < 60) await CorrectAsync(tenant.Id);
        if (chance is >= 80 and < 90) await CreditAsync(tenant.Id);
        if (chance >= 96) await VoidInvoiceAsync(tenant.Id);
    }

    private async Task UseAsync((long Id, string Key, int Kind) tenant, DateTimeOffset at, int events)
    {
        var body = new StringBuilder("[");
        for (var i = 0; i < events; i++)
        {
            foreach (var (type, data) in YearUsage.Of(tenant.Kind, random, string.Create(CultureInfo.InvariantCulture, $"case{sent}")))
            {
                var id = string.Create(CultureInfo.InvariantCulture, $"e{++sent}");
                lastEvent[tenant.Id] = id;
                body.Append(body.Length > 1 ? "," : "").Append(CultureInfo.InvariantCulture, $$"""
                    {"specversion":"1.0","type":"{{type}}","source":"year","id":"{{id}}","subject":"{{tenant.Key}}","time":"{{InstantText.Format(at.AddMinutes(sent % 600))}}","data":{{data}}}
                    """);
            }
        }

        await SendAsync(body.Append(']').ToString());
        if (random.Next(4) == 0) await SendAsync(body.ToString()); // told again
    }

    private async Task SendAsync(string body)
    {
        var taken = (await world.Services.GetRequiredService<UsageIntake>().TakeAsync(Encoding.UTF8.GetBytes(body), onlyTenant: null, CancellationToken.None)).Value;
        taken.Where(usage => usage.Status is EventStatus.Rejected or EventStatus.Conflict).Select(usage => $"{usage.Type} {usage.Status}: {usage.Problem}").ShouldBeEmpty();
        Count(taken[0].Status switch { EventStatus.Duplicate => "batches told again", EventStatus.Unrated => "batches of the cancelled", _ => "batches" });
    }

    private async Task BuyAsync(long tenant, string pack, int month)
    {
        var started = await world.Checkouts.StartAsync(new CheckoutOrder(tenant, pack, PaymentsWorld.Portal));
        if (started.Problem is { Code: "tenant_suspended" }) return;
        var session = started.Value.Url!.Split('/')[^1];
        if (random.Next(6) == 0)
        {
            await world.Sandbox.PayAsync(session, PaymentsWorld.Declined);
            Count("declined checkouts");
        }

        (await world.Sandbox.PayAsync(session, PaymentsWorld.Accepted)).Value.IsDone.ShouldBeTrue();
        await world.Checkouts.RefreshAsync(tenant, started.Value.Id);
        Count("packs");
        var payment = await world.PaymentAsync(tenant, (await world.ReadAsync(started.Value)).PaymentId!.Value);
        if (month % 3 == 1 && random.Next(3) == 0)
        {
            var refund = await world.AskAsync(tenant, new RefundOrder(payment.PublicId, null, null, 1.00m, "Asked"));
            if (refund.Succeeded) Count("refunds");
        }
        else if (month % 5 == 4 && random.Next(3) == 0)
        {
            var minor = (long)(payment.Captured * 100m);
            await world.TellAsync($"d{++sent}", payment.ProviderPayment, null, minor, disputed: minor);
            if (random.Next(2) == 0) await world.TellAsync($"d{++sent}", payment.ProviderPayment, null, minor, disputed: minor, reinstated: minor);
            Count("disputes");
        }
    }

    private async Task ChangeAsync(long tenant, SubscriptionChange change, string what)
    {
        var subscription = (await world.Database.DataSource.ListAsync(
            "select id from subscriptions where tenant_id = $1 and state in ('active', 'past_due', 'suspended')", row => row.GetGuid(0), default, tenant)).SingleOrDefault();
        if (subscription == Guid.Empty) return;
        var changed = await Wallets.RunAsync(tenant, wallet => SubscriptionChange.MakeAsync(wallet, subscription, change));
        if (changed.Succeeded) Count(what);
    }

    private async Task CorrectAsync(long tenant)
    {
        if (!lastEvent.Remove(tenant, out var id)) return;
        var voided = await Wallets.RunAsync(tenant, wallet => world.Services.GetRequiredService<UsageCorrections>().VoidAsync(wallet, "year", id, "Sent by mistake"));
        if (voided.Succeeded) Count("voided events");
    }

    private async Task CreditAsync(long tenant)
    {
        var open = await world.Database.DataSource.ListAsync(
            "select d.number from invoices i join invoice_documents d using (tenant_id) where d.invoice_id = i.id and i.tenant_id = $1 and i.total > 2 order by i.id desc limit 1",
            row => row.GetString(0), default, tenant);
        if (open.Count == 0) return;
        var noted = await Wallets.RunAsync(
            tenant, wallet => new CreditNotes(world.Database.DataSource).IssueAsync(wallet, open[0], new CreditNoteOrder("Goodwill", 1.50m)));
        if (noted.Succeeded) Count("credit notes");
    }

    private async Task VoidInvoiceAsync(long tenant)
    {
        var open = await world.Database.DataSource.ListAsync(
            "select d.number from invoices i join invoice_documents d using (tenant_id) where d.invoice_id = i.id and i.tenant_id = $1 and i.state = 'open' order by i.id limit 1",
            row => row.GetString(0), default, tenant);
        if (open.Count > 0 && (await Wallets.RunAsync(tenant, wallet => Voiding.RunAsync(wallet, open[0], "Wrong"))).Succeeded) Count("void invoices");
    }

    private async Task ToAsync(DateTimeOffset instant)
    {
        var moved = await world.Services.GetRequiredService<TestClock>().AdvanceAsync(instant);
        moved.Succeeded.ShouldBeTrue(moved.Problem?.ToString());
    }

    private void Count(string what) => Done[what] = Done.GetValueOrDefault(what) + 1;

    private static Dictionary<string, decimal> Seats(int seats) => new(StringComparer.Ordinal) { ["seats"] = seats };
}
