using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Portal.Domain;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Wallet;

namespace Portal.Testing;

/// <summary>
/// The domain on a database of its own, with a small catalogue: meter <c>llm</c> (input and output tokens of a model) where a
/// thousand tokens of <c>small</c> cost 1 credit in and 2 out, of <c>large</c> 10 and 20; the platform pays $0.001 and $0.002 a
/// thousand for <c>small</c> and $0.01 and $0.02 for <c>large</c>. Model <c>costless</c> has a rate and no cost.
/// </summary>
public sealed class TestPortal : IAsyncDisposable
{
    private readonly ServiceProvider provider;

    private TestPortal(TestDatabase database, ServiceProvider provider)
    {
        Database = database;
        this.provider = provider;
    }

    /// <summary>The database.</summary>
    public TestDatabase Database { get; }

    /// <summary>As the running portal sees it.</summary>
    public NpgsqlDataSource Source => Database.DataSource;

    /// <summary>The domain's services.</summary>
    public IServiceProvider Services => provider;

    /// <summary>Wallets.</summary>
    public Wallets Wallets => provider.GetRequiredService<Wallets>();

    /// <summary>The intake, started.</summary>
    public UsageIntake Intake => provider.GetRequiredService<UsageIntake>();

    /// <summary>A portal with the catalogue above, no tenants, and nobody who sells.</summary>
    public static async Task<TestPortal> StartAsync(PostgresFixture postgres)
    {
        var database = await postgres.CreateAsync();
        var services = new ServiceCollection()
            .AddSingleton(database.DataSource)
            .AddSingleton(typeof(Microsoft.Extensions.Logging.ILogger<>), typeof(NullLogger<>))
            .AddSingleton(TimeProvider.System)
            .AddOptions()
            .AddPortalDomain()
            .BuildServiceProvider();
        var portal = new TestPortal(database, services);
        await portal.ExecuteAsync(Catalogue);
        await portal.ExecuteAsync("delete from legal_entities"); // nothing is invoiced until somebody sells
        await portal.Intake.StartAsync(CancellationToken.None);
        return portal;
    }

    /// <summary>From now on a company in Germany sells: drafts are finalised, with numbers INV-000001 and on.</summary>
    public Task SellAsync(string country = "DE") => ExecuteAsync(
        $"insert into legal_entities (key, name, address, country, tax_ids, is_default) values ('main', 'Portal GmbH', 'Hauptstr. 1', '{country}', '{{DE123456789}}', true)");

    /// <summary>A tenant with its shared pool; further pools overflow to it.</summary>
    public async Task<long> AddTenantAsync(string key, string zone = "UTC", params string[] overflowing)
    {
        var id = (long)(await ScalarAsync(
            $"insert into tenants (key, name, currency, time_zone) values ('{key}', '{key}', 'USD', '{zone}') returning tenant_id"))!;
        await ExecuteAsync($"insert into wallets (tenant_id) values ({id}); insert into pools (tenant_id, pool_id, key, name, kind) values ({id}, 1, 'shared', 'Shared', 'shared')");
        for (var i = 0; i < overflowing.Length; i++)
            await ExecuteAsync($"insert into pools (tenant_id, pool_id, key, name, kind, overflow) values ({id}, {i + 2}, '{overflowing[i]}', '{overflowing[i]}', 'team', 'shared')");
        return id;
    }

    /// <summary>Grants credits; fails the test when refused.</summary>
    public async Task<Grant> GrantAsync(
        long tenantId, decimal credits, decimal value = 0m, string? pool = null, DateTimeOffset? expiresAt = null, DateTimeOffset? effectiveAt = null,
        string[]? products = null, int priority = 50)
    {
        var order = new GrantOrder(credits, pool, value > 0m ? GrantSource.Purchase : GrantSource.Promotion, value, CostBasis: null, Currency: null, priority,
            effectiveAt, expiresAt, products);
        return (await Wallets.RunAsync(tenantId, wallet => Grants.CreateAsync(wallet, order))).Value;
    }

    /// <summary>Sends events and answers their fates.</summary>
    public async Task<IReadOnlyList<UsageEvent>> SendAsync(params string[] events) =>
        (await Intake.TakeAsync(Encoding.UTF8.GetBytes($"[{string.Join(',', events)}]"), onlyTenant: null, CancellationToken.None)).Value;

    /// <summary>An event of meter <c>llm</c>.</summary>
    public static string Usage(
        string tenant, string id, long input, long output = 0, string model = "small", DateTimeOffset? at = null, string? pool = null, string? consumer = null)
    {
        var more = (pool is null ? "" : $",\"pool\":\"{pool}\"") + (consumer is null ? "" : $",\"consumer\":\"{consumer}\"");
        return string.Create(CultureInfo.InvariantCulture, $$$"""
            {"specversion":"1.0","type":"llm.completion","source":"test","id":"{{{id}}}","subject":"{{{tenant}}}","time":"{{{InstantText.Format(at ?? DateTimeOffset.UtcNow)}}}",
             "data":{"model":"{{{model}}}","input_tokens":{{{input}}},"output_tokens":{{{output}}}{{{more}}}}}
            """);
    }

    /// <summary>The newest hundred of the events that a page lists.</summary>
    public async Task<List<ListedEvent>> ListEventsAsync(long tenantId, EventFilter filter) =>
        await new TenantReads(Source).RunAsync(tenantId, read => EventList.ReadAsync(read.Connection, tenantId, filter, after: null, 100, page: true, CancellationToken.None));

    /// <summary>Moves business time: everything posted from now on is that much later.</summary>
    public Task AdvanceAsync(TimeSpan by) =>
        ExecuteAsync($"update platform set clock_offset = clock_offset + interval '{by.TotalSeconds.ToString(CultureInfo.InvariantCulture)} seconds'");

    /// <summary>The balance of an account.</summary>
    public async Task<decimal> BalanceAsync(long tenantId, string account, string unit = "CREDIT") =>
        (decimal?)await ScalarAsync($"select balance from ledger_accounts where tenant_id = {tenantId} and account = '{account}' and unit = '{unit}'") ?? 0m;

    /// <summary>The first column of the first row.</summary>
    public async Task<object?> ScalarAsync(string sql)
    {
        var value = await Database.ScalarAsync(sql);
        return value is DBNull ? null : value;
    }

    /// <summary>Runs statements as the owner's role.</summary>
    public async Task ExecuteAsOwnerAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Database.OwnerConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Runs statements as the application's role.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await Intake.StopAsync(CancellationToken.None);
        await provider.DisposeAsync();
        await Database.DisposeAsync();
    }

    /// <summary>The statements that make the catalogue above.</summary>
    public const string Catalogue = """
        insert into products (key, name) values ('llm', 'Language models') on conflict do nothing;
        insert into meters (key, event_type, product, definition) values ('llm', 'llm.completion', 'llm', '{"event_type":"llm.completion","product":"llm",
          "aggregation":"sum","dimensions":["model","tier"],"defaults":{"tier":"standard"},"quantities":[
          {"property":"input_tokens","set":{"token_type":"input"}},{"property":"output_tokens","set":{"token_type":"output"}}]}');
        insert into rate_cards (key, name) values ('default', 'Default') on conflict do nothing;
        insert into rate_card_versions (card, version, effective_at, catalogue_version, published_at, rates) values ('default', 1, '2020-01-01', 1, now(), '[
          {"meter":"llm","match":{"model":"small","token_type":"input"},"unit":"CREDIT","price":{"model":"per_unit","amount":"1","per":"1000"}},
          {"meter":"llm","match":{"model":"small","token_type":"output"},"unit":"CREDIT","price":{"model":"per_unit","amount":"2","per":"1000"}},
          {"meter":"llm","match":{"model":"large","token_type":"input"},"unit":"CREDIT","price":{"model":"per_unit","amount":"10","per":"1000"}},
          {"meter":"llm","match":{"model":"large","token_type":"output"},"unit":"CREDIT","price":{"model":"per_unit","amount":"20","per":"1000"}},
          {"meter":"llm","match":{"model":"costless"},"unit":"CREDIT","price":{"model":"per_unit","amount":"1","per":"1000"}}]');
        insert into cost_cards (key, name) values ('vendor', 'Vendor') on conflict do nothing;
        insert into cost_card_versions (card, version, effective_at, catalogue_version, published_at, rates) values ('vendor', 1, '2020-01-01', 1, now(), '[
          {"meter":"llm","match":{"model":"small","token_type":"input"},"unit":"USD","price":{"model":"per_unit","amount":"0.001","per":"1000"}},
          {"meter":"llm","match":{"model":"small","token_type":"output"},"unit":"USD","price":{"model":"per_unit","amount":"0.002","per":"1000"}},
          {"meter":"llm","match":{"model":"large","token_type":"input"},"unit":"USD","price":{"model":"per_unit","amount":"0.01","per":"1000"}},
          {"meter":"llm","match":{"model":"large","token_type":"output"},"unit":"USD","price":{"model":"per_unit","amount":"0.02","per":"1000"}}]');
        update platform set catalogue_version = catalogue_version + 1;
        """;
}
