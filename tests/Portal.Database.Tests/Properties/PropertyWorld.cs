using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Portal.Domain;
using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Payments;
using Portal.Domain.Pricing;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Properties;

/// <summary>A pack of the sequences.</summary>
internal sealed record PackForSale(string Key, decimal Credits, decimal Bonus, decimal Price, decimal Tax, int? Days)
{
    public static readonly PackForSale[] All = [new("small", 10m, 0m, 3.33m, 0.63m, Days: null), new("monthly", 50m, 5m, 20m, 0m, Days: 30), new("week", 7.5m, 2.25m, 1m, 0.07m, Days: 7)];
}

/// <summary>
/// The engine of one sequence on a database of its own: products <c>text</c> and <c>image</c>, of each an event type whose events cost the
/// credits they name; <c>text</c> costs the platform a thousandth of a dollar a credit.
/// </summary>
internal sealed class PropertyWorld : IAsyncDisposable
{
    public static readonly Uri Address = new("http://portal.test/");
    private static readonly string[] Zones = ["UTC", "Asia/Kathmandu", "America/New_York"];
    private readonly TestDatabase database;
    private readonly ServiceProvider provider;
    private int events;

    private PropertyWorld(TestDatabase database, ServiceProvider provider)
    {
        this.database = database;
        this.provider = provider;
    }

    public IServiceProvider Services => provider;

    public NpgsqlDataSource Source => database.DataSource;

    public Wallets Wallets => provider.GetRequiredService<Wallets>();

    public List<Scene> Scenes { get; } = [];

    public static async Task<PropertyWorld> StartAsync(PostgresFixture postgres)
    {
        var database = await postgres.CreateAsync();
        var services = new ServiceCollection()
            .AddLogging()
            .AddSingleton(database.DataSource)
            .AddSingleton(TimeProvider.System)
            .AddDbContextFactory<PortalDbContext>(options => PortalDbContext.Configure(options.UseNpgsql(database.DataSource)))
            .AddPortalDomain()
            .AddPayments(sandbox: true)
            .BuildServiceProvider();
        var world = new PropertyWorld(database, services);
        await world.ExecuteAsync(Catalogue);
        await world.ExecuteAsync("delete from legal_entities"); // nobody sells: the model knows no invoices
        foreach (var pack in PackForSale.All) await world.ExecuteAsync(Sql(pack));
        foreach (var plan in PlainPlan.All) await world.PutAsync(plan);
        foreach (var zone in Zones) await world.AddTenantAsync(zone);
        await services.GetRequiredService<UsageIntake>().StartAsync(CancellationToken.None);
        return world;
    }

    private async Task PutAsync(PlainPlan plan)
    {
        var definition = JsonSerializer.Deserialize<PlanDefinition>(plan.Json, PortalJson.Options)!;
        (await CatalogueChange.RunAsync(Source, change => Plans.PutAsync(change, plan.Key, definition))).Succeeded.ShouldBeTrue();
    }

    public string NextEventId() => $"#{++events}";

    public async Task<IReadOnlyList<UsageEvent>> SendAsync(params string[] bodies) => (await provider.GetRequiredService<UsageIntake>()
        .TakeAsync(Encoding.UTF8.GetBytes($"[{string.Join(',', bodies)}]"), onlyTenant: null, CancellationToken.None)).Value;

    /// <summary>What became of an event, in the words of the model.</summary>
    public static string Fate(UsageEvent usage) => usage.Status switch
    {
        EventStatus.Accepted => string.Create(CultureInfo.InvariantCulture, $"accepted {usage.Credits:0.######}"),
        EventStatus.Duplicate => string.Create(CultureInfo.InvariantCulture, $"duplicate {usage.Credits:0.######}"),
        EventStatus.Conflict => "conflict",
        _ => usage.Problem?.Code ?? usage.Status.ToString(),
    };

    /// <summary>The provider reports that the checkout's money was captured.</summary>
    /// <returns>Our id of the payment and the provider's.</returns>
    public async Task<(string Ours, string Provider)> PayAsync(Checkout checkout, decimal tax)
    {
        await ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"update checkouts set tax = {tax} where tenant_id = {checkout.TenantId} and id = '{checkout.Id}'"));
        var attempt = (await provider.GetRequiredService<Checkouts>().AttemptsAsync(checkout)).Single();
        var payment = "pay_" + attempt.Id.ToString("N");
        (await ReportAsync(new PaymentReport(payment, attempt.Reference, Currency.Of("USD"), checkout.Net + tax, Refunded: 0m, Disputed: 0m, Failure: null))).Succeeded.ShouldBeTrue();
        var id = (Guid)(await ScalarAsync($"select id from payments where provider_payment = '{payment}'"))!;
        return (PublicId.Format(PublicId.Payment, checkout.TenantId, id), payment);
    }

    /// <summary>The provider reports how a payment stands.</summary>
    public Task<Result<long?>> ReportAsync(PaymentReport report) => provider.GetRequiredService<IncomingMoney>().TakeAsync("sandbox", report);

    public Task AdvanceAsync(int seconds) => ExecuteAsync(
        $"update platform set clock_offset = clock_offset + interval '{seconds.ToString(CultureInfo.InvariantCulture)} seconds'");

    public Task<object?> ScalarAsync(string sql) => database.ScalarAsync(sql);

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await provider.GetRequiredService<UsageIntake>().StopAsync(CancellationToken.None);
        await provider.DisposeAsync();
        await database.DisposeAsync();
    }

    private async Task AddTenantAsync(string zone)
    {
        var key = $"t{Scenes.Count + 1}";
        var id = (long)(await database.ScalarAsync(
            $"insert into tenants (key, name, currency, time_zone) values ('{key}', '{key}', 'USD', '{zone}') returning tenant_id"))!;
        await ExecuteAsync($"""
            insert into wallets (tenant_id) values ({id});
            insert into pools (tenant_id, pool_id, key, name, kind, overflow) values
              ({id}, 1, 'shared', 'Shared', 'shared', 'deny'), ({id}, 2, 'team', 'Team', 'team', 'shared'), ({id}, 3, 'solo', 'Solo', 'team', 'deny');
            insert into teams (tenant_id, team_id, key, name, pool_id) values ({id}, 1, 'crew', 'Crew', 2);
            insert into consumers (tenant_id, consumer_id, key, pool_id) values ({id}, 1, 'ann', null), ({id}, 2, 'ben', 2), ({id}, 3, 'cid', null);
            insert into team_memberships (tenant_id, consumer_id, since, team_id) values ({id}, 3, '2020-01-01', 1);
            """);
        Scenes.Add(new Scene(this, id, key, new PlainWallet(TimeZoneInfo.FindSystemTimeZoneById(zone))));
    }

    private static string Sql(PackForSale pack)
    {
        var expiry = pack.Days is { } days ? $",\"expires_after\":\"P{days}D\"" : "";
        return string.Create(CultureInfo.InvariantCulture, $$"""
            insert into packs (key, name, active, definition) values ('{{pack.Key}}', '{{pack.Key}}', true,
              '{"name":"{{pack.Key}}","credits":"{{pack.Credits}}","bonus_credits":"{{pack.Bonus}}","price":"{{pack.Price}}","currency":"USD"{{expiry}}}')
            """);
    }

    private const string Catalogue = """
        insert into products (key, name) values ('text', 'Text'), ('image', 'Images') on conflict do nothing;
        insert into meters (key, event_type, product, definition)
          select p, 'use.' || p, p, ('{"event_type":"use.' || p || '","product":"' || p || '","aggregation":"sum","quantities":[{"property":"credits"}]}')::json
          from unnest(array['text', 'image']) p;
        insert into rate_cards (key, name) values ('default', 'Default') on conflict do nothing;
        insert into rate_card_versions (card, version, effective_at, catalogue_version, published_at, rates) values ('default', 1, '2020-01-01', 1, now(), '[
          {"meter":"text","match":{},"unit":"CREDIT","price":{"model":"per_unit","amount":"1"}},
          {"meter":"image","match":{},"unit":"CREDIT","price":{"model":"per_unit","amount":"1"}}]');
        insert into cost_cards (key, name) values ('vendor', 'Vendor') on conflict do nothing;
        insert into cost_card_versions (card, version, effective_at, catalogue_version, published_at, rates) values ('vendor', 1, '2020-01-01', 1, now(), '[
          {"meter":"text","match":{},"unit":"USD","price":{"model":"per_unit","amount":"0.001"}}]');
        update platform set catalogue_version = catalogue_version + 1;
        """;
}
