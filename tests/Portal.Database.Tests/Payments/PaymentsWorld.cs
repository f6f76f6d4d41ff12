using System.Globalization;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using Portal.Database.Tests.Payments.Providers;
using Portal.Domain;
using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Invoicing;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Payments.Charges;
using Portal.Domain.Payments.Sandbox;
using Portal.Domain.Revenue;
using Portal.Domain.Taxes;
using Portal.Domain.Tenants;
using Portal.Testing;

namespace Portal.Database.Tests.Payments;

/// <summary>A database with packs for sale, two tenants, and the payments of the running portal on it.</summary>
internal sealed class PaymentsWorld : IAsyncDisposable
{
    public const string Accepted = "4242424242424242", Declined = "4000000000000002", Challenged = "4000002500003155";
    public static readonly Uri Portal = new("http://portal.test/");
    private readonly ServiceProvider provider;

    private PaymentsWorld(TestDatabase database, ServiceProvider provider)
    {
        Database = database;
        this.provider = provider;
    }

    public TestDatabase Database { get; }

    public long Acme { get; private set; }

    public long Globex { get; private set; }

    /// <summary>The clock of pages and provider; the ledger keeps the database's.</summary>
    public FakeTimeProvider Clock { get; } = new(TimeProvider.System.GetUtcNow());

    public Checkouts Checkouts => provider.GetRequiredService<Checkouts>();

    public SandboxProvider Sandbox => provider.GetRequiredService<SandboxProvider>();

    public WebhookInbox Inbox => provider.GetRequiredService<WebhookInbox>();

    public IServiceProvider Services => provider;

    public static async Task<PaymentsWorld> CreateAsync(
        PostgresFixture postgres, Func<SandboxProvider, IPaymentProvider>? wrap = null, PaymentSettings? settings = null, bool invoices = false)
    {
        var database = await postgres.CreateAsync();
        PaymentsWorld? world = null;
        var services = new ServiceCollection()
            .AddLogging()
            .AddSingleton(database.DataSource)
            .AddSingleton<TimeProvider>(_ => world!.Clock)
            .AddDbContextFactory<PortalDbContext>(options => PortalDbContext.Configure(options.UseNpgsql(database.DataSource)))
            .AddPortalDomain()
            .AddPayments(settings ?? new PaymentSettings { Sandbox = true })
            .AddDunning()
            .AddTaxChecks(sandbox: true);
        if (!invoices) services.Replace(ServiceDescriptor.Singleton<IPaymentPurpose, DebtToPay>());
        if (wrap is not null) services.Replace(ServiceDescriptor.Singleton(p => wrap(p.GetRequiredService<SandboxProvider>())));
        var built = services.BuildServiceProvider();
        world = new PaymentsWorld(database, built);
        world.Acme = await world.AddTenantAsync("acme", "USD");
        world.Globex = await world.AddTenantAsync("globex", "USD");
        await world.AddPackAsync("starter", """{"name":"Starter","credits":"1000","price":"10.00","currency":"USD"}""");
        await world.AddPackAsync("growth", """{"name":"Growth","credits":"5000","bonus_credits":"250","price":"45.00","currency":"USD","expires_after":"P1Y"}""");
        return world;
    }

    public async Task<long> AddTenantAsync(string key, string currency) => (await PlatformTransaction.RunAsync<long>(Database.DataSource, async platform =>
        (await Onboarding.OpenAsync(platform, key, new TenantDefinition(key, currency), CancellationToken.None))!.Id)).Value;

    public Task AddPackAsync(string key, string definition) => ExecuteAsync(
        "insert into packs (key, name, active, definition) values ($1, $2, $3, $4::text::jsonb)",
        key, key, JsonSerializer.Deserialize<PackDefinition>(definition, PortalJson.Options)!.Active ?? true, definition);

    /// <summary>Starts buying a pack; the checkout and the session of the hosted page.</summary>
    public async Task<(Checkout Checkout, string Session)> StartAsync(string pack = "starter", long? tenant = null, string? pool = null)
    {
        var checkout = (await Checkouts.StartAsync(new CheckoutOrder(tenant ?? Acme, pack, Portal, Pool: pool))).Value;
        return (checkout, checkout.Url!.Split('/')[^1]);
    }

    public async Task<Checkout> ReadAsync(Checkout checkout) => (await Checkouts.FindAsync(checkout.TenantId, checkout.Id))!;

    public async Task<PaymentAttempt> AttemptAsync(Checkout checkout) => (await Checkouts.AttemptsAsync(checkout)).Single();

    /// <summary>Hands the webhooks that the sandbox has written to the inbox, as its sender would, and works them off.</summary>
    public async Task DeliverAsync()
    {
        foreach (var body in await EventsAsync()) (await ReceiveAsync(body)).Succeeded.ShouldBeTrue();
        await Inbox.ProcessDueAsync();
    }

    /// <summary>The bodies that the sandbox has written, oldest first.</summary>
    public async Task<IReadOnlyList<byte[]>> EventsAsync()
    {
        await using var command = Database.DataSource.CreateCommand("select body from sandbox_events order by created_at");
        await using var reader = await command.ExecuteReaderAsync();
        var bodies = new List<byte[]>();
        while (await reader.ReadAsync()) bodies.Add(reader.GetFieldValue<byte[]>(0));
        return bodies;
    }

    /// <summary>A webhook that the sandbox signs, about a payment that the test makes up.</summary>
    public async Task TellAsync(
        string eventId, string payment, string? reference, long captured, long refunded = 0, string currency = "USD", string? failure = null,
        long disputed = 0, long reinstated = 0)
    {
        var message = new SandboxEvent(
            eventId, "payment", new SandboxEventPayment(payment, reference, currency, captured, refunded, disputed, failure, reinstated));
        (await ReceiveAsync(message.ToBytes())).Succeeded.ShouldBeTrue();
        await Inbox.ProcessDueAsync();
    }

    public async Task<Result<string>> ReceiveAsync(byte[] body, TimeSpan age = default, string? secret = null) =>
        await Inbox.ReceiveAsync("sandbox", await SignAsync(body, age, secret), body);

    /// <summary>The headers of a webhook that was signed so long ago.</summary>
    public async Task<Func<string, string?>> SignAsync(byte[] body, TimeSpan age = default, string? secret = null)
    {
        secret ??= (string)(await Database.ScalarAsync("select webhook_secret from sandbox_account"))!;
        var signature = SandboxSignature.Sign(secret, TimeProvider.System.GetUtcNow() - age, body);
        return name => name == SandboxSignature.Header ? signature : null;
    }

    /// <summary>All entries of a tenant in the order of posting, <c>account unit amount</c> a line.</summary>
    public async Task<string> EntriesAsync(long tenant)
    {
        var lines = await Database.ScalarAsync($"""
            select coalesce(string_agg(e.account || ' ' || e.unit || ' ' || trim_scale(e.amount), E'\n' order by e.transaction_id, e.unit, e.account, e.amount), '')
            from ledger_entries e where tenant_id = {tenant.ToString(CultureInfo.InvariantCulture)}
            """);
        return (string)lines!;
    }

    public async Task<long> CountAsync(string from) => (long)(await Database.ScalarAsync($"select count(*) from {from}"))!;

    /// <summary>Σ = 0 per transaction and unit, balances are the sums of their entries, and cash is what the payments say.</summary>
    public Task BooksShouldBalanceAsync() => Database.DataSource.ShouldBalanceAsync();

    public async Task ExecuteAsync(string sql, params object[] values)
    {
        await using var command = Database.DataSource.CreateCommand(sql);
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await provider.DisposeAsync();
        await Database.DisposeAsync();
    }
}
