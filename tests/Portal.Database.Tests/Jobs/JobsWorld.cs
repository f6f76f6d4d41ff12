using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Portal.Database.Tests.Payments;
using Portal.Database.Tests.Webhooks;
using Portal.Domain.Alerts;
using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Outcomes;
using Portal.Domain.Payments.GivenBack;
using Portal.Domain.Payments.TopUps;
using Portal.Domain.Pricing;
using Portal.Domain.Subscriptions;
using Portal.Domain.Subscriptions.Contracts;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Domain.Webhooks;
using Portal.Testing;

namespace Portal.Database.Tests.Jobs;

/// <summary>
/// Tenants that give every job something to do, named after what that is. The clock stands where it is put, from 2030-01-01T00:00Z on;
/// nothing runs by itself.
/// </summary>
internal sealed class JobsWorld : IAsyncDisposable
{
    public static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private const string Catalogue = """
        insert into products (key, name) values ('support', 'Support') on conflict do nothing;
        insert into meters (key, event_type, product, definition) values ('resolutions', 'outcome.support', 'support',
          '{"event_type":"outcome.support","product":"support","aggregation":"count"}');
        insert into rate_card_versions (card, version, effective_at, catalogue_version, published_at, rates) values ('default', 2, '2020-01-02', 1, now(), '[
          {"meter":"resolutions","match":{},"unit":"CREDIT","price":{"model":"per_unit","amount":"10"}},
          {"meter":"llm","match":{"model":"small"},"unit":"CREDIT","price":{"model":"per_unit","amount":"1","per":"1000"}}]');
        update platform set catalogue_version = catalogue_version + 1, events_kept = '400 days';
        """;

    private const string Pro = """
        {"name":"Pro","currency":"USD","period":"month","items":[{"key":"base","type":"flat","amount":"29.00"},
          {"key":"credits","type":"included_credits","credits":"100","revenue_share":"10.00","rollover":{"min":"0","max":"60","max_rolls":2,"expires_after":"P1M"}},
          {"key":"overage","type":"overage","price":{"model":"per_unit","amount":"0.10"}}]}
        """;

    private const string Support = """{"name":"Support","currency":"USD","period":"month","outcomes":{"support":"per_resolution"},"items":[{"key":"base","type":"flat","amount":"5.00"}]}""";

    private const string Commit = """{"term_months":12,"commit":{"amount":"900.00","per":"quarter","paid":"arrears"}}""";

    private const string Rule = """
        {"effective_at":"2020-01-01T00:00:00Z","product":"support","case":"case","settlement":"P7D","rules":[{"if":{"event":"conversation.resolved"},"then":"billable","reason":"confirmed"}],"else":"pending"}
        """;

    private readonly PaymentsWorld world;
    private readonly Dictionary<string, long> tenants = new(StringComparer.Ordinal);

    private JobsWorld(PaymentsWorld world, Receiver receiver) => (this.world, Receiver) = (world, receiver);

    public TestDatabase Database => world.Database;

    public Receiver Receiver { get; }

    public static async Task<JobsWorld> OpenAsync(PostgresFixture postgres)
    {
        var opened = new JobsWorld(await PaymentsWorld.CreateAsync(postgres, invoices: true), await Receiver.StartAsync());
        await opened.ToAsync(Start);
        await EventPartitions.EnsureAsync(opened.Database.DataSource, CancellationToken.None);
        await opened.world.ExecuteAsync(TestPortal.Catalogue);
        await opened.world.ExecuteAsync(Catalogue);
        await opened.Intake.StartAsync(CancellationToken.None);
        await opened.SetUpAsync();
        return opened;
    }

    /// <summary>Puts the clock there; nothing happens by itself.</summary>
    public Task ToAsync(DateTimeOffset instant) => world.ExecuteAsync("update platform set clock_offset = $1 - now()", instant);

    /// <summary>The tenth of January: usage, and what is begun and left to the jobs.</summary>
    public async Task ActAsync()
    {
        await UseAsync("renews", 130, "renews"); // 100 included, 30 beyond
        await UseAsync("owes", 40, "owes");
        await UseAsync("alerted", 20, "alerted"); // 100 are left
        await SendAsync("cases", "conversation.resolved", """{"case":"c1"}""", "case");
        await RunAsync("holds", wallet => Holds.PlaceAsync(wallet, new HoldOrder(3m, Product: "llm", Ttl: TimeSpan.FromHours(1))));
        await RunAsync("leaves", wallet => TenantMerge.LeaveAsync(wallet, "arrives", reason: null)); // the second half is left to the job
        await world.StartAsync(tenant: tenants["shops"]).ContinueWith(started => PayAsync(started.Result.Session), TaskScheduler.Default).Unwrap(); // nobody comes back
        var before = (await world.EventsAsync()).Count;
        await PayAsync((await world.StartAsync(tenant: tenants["hooked"])).Session);
        foreach (var body in (await world.EventsAsync()).Skip(before)) (await world.ReceiveAsync(body)).Succeeded.ShouldBeTrue(); // in the inbox, and left there
        var payment = (Guid)(await Database.ScalarAsync($"select id from payments where tenant_id = {tenants["refunds"]}"))!;
        var asked = await world.AskAsync(
            tenants["refunds"], new RefundOrder(PublicId.Format(PublicId.Payment, tenants["refunds"], payment), null, 400m, null, "Asked"));
        asked.Succeeded.ShouldBeTrue(asked.Problem?.Detail); // booked, and not sent
        await world.ExecuteAsync("update payment_methods set state = 'removed', removed_at = now(), is_default = false where token = 'pm_removed'");
        await world.ExecuteAsync("""
            insert into idempotency_keys (tenant_id, api_key_id, route, key, digest, status, body, created_at)
            select 1, gen_random_uuid(), 'POST /v1/x', age::text, '', 201, '', now() - age * interval '1 day' from unnest(array[1, 31]) age
            """);
    }

    /// <summary>The second of April: nobody subscribes any longer than this month.</summary>
    public async Task EndAsync()
    {
        foreach (var key in new[] { "renews", "owes", "commits", "cases" })
        {
            var subscription = (Guid)(await Database.ScalarAsync($"select id from subscriptions where tenant_id = {tenants[key]}"))!;
            await RunAsync(key, wallet => SubscriptionChange.MakeAsync(wallet, subscription, new SubscriptionChange("period_end")));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Intake.StopAsync(CancellationToken.None);
        await Receiver.DisposeAsync();
        await world.DisposeAsync();
    }

    private UsageIntake Intake => world.Services.GetRequiredService<UsageIntake>();

    private async Task SetUpAsync()
    {
        foreach (var key in new[] { "renews", "owes", "commits", "cases", "holds", "tops", "stops", "refunds", "shops", "hooked", "leaves", "arrives", "alerted" })
            tenants[key] = await world.AddTenantAsync(key, "USD");
        (await CatalogueChange.RunAsync(Database.DataSource, async change =>
        {
            await OutcomeRules.PutAsync(change, "per_resolution", name: null);
            return await OutcomeRules.PublishAsync(change, "per_resolution", Read<OutcomeRuleDefinition>(Rule));
        })).Succeeded.ShouldBeTrue();
        foreach (var (key, plan) in new[] { ("pro", Pro), ("support", Support) })
        {
            var put = await CatalogueChange.RunAsync(Database.DataSource, change => Plans.PutAsync(change, key, Read<PlanDefinition>(plan)));
            put.Succeeded.ShouldBeTrue(put.Problem?.ToString());
        }

        foreach (var (key, card) in new[] { ("renews", "accepted"), ("owes", "declined"), ("commits", "accepted"), ("cases", "accepted"), ("tops", "accepted"), ("stops", "declined") })
            await world.SaveCardAsync(card, tenants[key]);
        await world.ExecuteAsync($"""
            insert into sandbox_methods (id, reference, card, last4) values ('pm_removed', 'ref_removed', 'accepted', '4242');
            insert into payment_methods (tenant_id, id, provider, state, token, label, is_default, created_at, saved_at)
            values ({tenants["refunds"]}, gen_random_uuid(), 'sandbox', 'saved', 'pm_removed', 'accepted', true, now(), now())
            """);
        foreach (var (key, role) in new[] { ("owes", "owner"), ("stops", "billing"), ("alerted", "owner") })
        {
            await world.ExecuteAsync($"""
                insert into members (tenant_id, id, user_id, email, role, invited_at, joined_at) values ({tenants[key]}, gen_random_uuid(), gen_random_uuid(), 'ana@{key}.example', '{role}', now(), now())
                """);
        }

        await RunAsync("renews", wallet => Subscribing.StartAsync(wallet, new SubscriptionOrder("pro", Start, Exhaustion: "overage")));
        await RunAsync("owes", wallet => Subscribing.StartAsync(wallet, new SubscriptionOrder("pro", Start)));
        await RunAsync("commits", wallet => Subscribing.StartAsync(wallet, new SubscriptionOrder("pro", Start) { Contract = Read<ContractDefinition>(Commit) }));
        await RunAsync("cases", wallet => Subscribing.StartAsync(wallet, new SubscriptionOrder("support", Start)));
        foreach (var key in new[] { "tops", "stops" })
            await RunAsync(key, wallet => AutoTopUps.PutAsync(wallet, "shared", new AutoTopUpDefinition(500m, 1_500m, "starter")));
        await world.BuyAsync(tenant: tenants["refunds"]);
        await GrantAsync("cases", 50m, value: 5m, expires: null);
        await GrantAsync("holds", 10m, value: 4m, Start.AddDays(20));
        await GrantAsync("leaves", 30m, value: 6m, expires: null);
        await GrantAsync("alerted", 120m, value: 0m, expires: null);
        await RunAsync("alerted", wallet => AlertSettings.PutAsync(wallet, "low", new AlertOrder("Running low", AlertKind.Balance, 100m, ["mail", "webhook", "in_app"])));
        var endpoint = await PlatformTransaction.RunAsync(Database.DataSource, platform => WebhookEndpoints.CreateAsync(
            platform.Connection, 0, new EndpointOrder(Receiver.At("/hooks"), []), WebhooksWorld.Settings, platform.Now, "test"));
        endpoint.Succeeded.ShouldBeTrue(endpoint.Problem?.Detail);
    }

    private async Task PayAsync(string session) => (await world.Sandbox.PayAsync(session, PaymentsWorld.Accepted)).Value.IsDone.ShouldBeTrue();

    private Task GrantAsync(string tenant, decimal credits, decimal value, DateTimeOffset? expires) => RunAsync(tenant, wallet => Grants.CreateAsync(wallet, new GrantOrder(
        credits, Pool: null, value > 0m ? GrantSource.Purchase : GrantSource.Promotion, value, CostBasis: null, Currency: null, ExpiresAt: expires)));

    private async Task RunAsync<T>(string tenant, Func<WalletTransaction, Task<Result<T>>> work)
    {
        var made = await world.Wallets().RunAsync(tenants[tenant], work);
        made.Succeeded.ShouldBeTrue($"{tenant}: {made.Problem?.Detail}");
    }

    private Task UseAsync(string tenant, int credits, string id) =>
        TakeAsync(TestPortal.Usage(tenant, id, credits * 1000L, at: Start.AddDays(9)));

    private Task SendAsync(string tenant, string type, string data, string id) => TakeAsync(
        $$"""{"specversion":"1.0","type":"{{type}}","source":"desk","id":"{{id}}","subject":"{{tenant}}","time":"{{InstantText.Format(Start.AddDays(9))}}","data":{{data}}}""");

    private async Task TakeAsync(string body)
    {
        var taken = (await Intake.TakeAsync(Encoding.UTF8.GetBytes($"[{body}]"), onlyTenant: null, CancellationToken.None)).Value;
        taken.Single().Status.ShouldBeOneOf(EventStatus.Accepted, EventStatus.Unrated);
    }

    private static T Read<T>(string json) => JsonSerializer.Deserialize<T>(json, PortalJson.Options)!;
}
