using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain;
using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Pricing;
using Portal.Domain.Revenue;
using Portal.Domain.Subscriptions;
using Portal.Testing;

namespace Portal.Database.Tests.Subscriptions;

/// <summary>A grant as tests compare it.</summary>
public sealed record GrantSeen(string Source, decimal Remaining, decimal ValueLeft, int Rolls, string? Expires);

/// <summary>One tenant and the test clock, which begins at 2030-01-01T00:00Z. A thousand tokens are a credit.</summary>
internal sealed class PlanWorld : IAsyncDisposable
{
    public const string Start = "2030-01-01T00:00:00Z";

    private int sent;

    private PlanWorld(TestPortal portal, long tenant)
    {
        Portal = portal;
        Tenant = tenant;
    }

    public TestPortal Portal { get; }

    public long Tenant { get; }

    public TestClock Clock => Portal.Services.GetRequiredService<TestClock>();

    public static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    public static async Task<PlanWorld> StartAsync(PostgresFixture postgres, string zone = "UTC", string start = Start)
    {
        var portal = await TestPortal.StartAsync(postgres);
        var world = new PlanWorld(portal, await portal.AddTenantAsync("acme", zone));
        await world.ToAsync(start);
        return world;
    }

    /// <summary>Puts a plan of those items and a flat fee, which pays for the included credits and no more unless another is said.</summary>
    public async Task<PlanPut> PlanAsync(string items, string period = "month", string key = "pro", decimal? flat = null)
    {
        using var json = JsonDocument.Parse($"[{items}]");
        var shares = json.RootElement.EnumerateArray()
            .Sum(item => item.TryGetProperty("revenue_share", out var share) ? decimal.Parse(share.GetString()!, CultureInfo.InvariantCulture) : 0m);
        var fee = string.Create(CultureInfo.InvariantCulture, $$"""{"key":"base","type":"flat","amount":"{{flat ?? shares}}"}""");
        var text = $$"""{"name":"Pro","currency":"USD","period":"{{period}}","items":[{{fee}},{{items}}]}""";
        var definition = JsonSerializer.Deserialize<PlanDefinition>(text, PortalJson.Options)!;
        return (await CatalogueChange.RunAsync(Portal.Source, change => Plans.PutAsync(change, key, definition))).Value;
    }

    /// <summary>An included_credits item; <paramref name="rollover"/> is the inside of its object.</summary>
    public static string Included(decimal credits, decimal share = 0m, string? rollover = null, string? every = null, string key = "credits") =>
        string.Create(CultureInfo.InvariantCulture, $$"""{"key":"{{key}}","type":"included_credits","credits":"{{credits}}","revenue_share":"{{share}}"{{(every is null ? "" : $",\"every\":\"{every}\"")}}{{(rollover is null ? "" : $",\"rollover\":{{{rollover}}}")}}}""");

    public Task<Result<Subscription>> TryAsync(SubscriptionOrder order) => Portal.Wallets.RunAsync(Tenant, wallet => Subscribing.StartAsync(wallet, order));

    /// <summary>Subscribes from the start of the clock.</summary>
    public async Task<Subscription> SubscribeAsync(
        string? exhaustion = null, decimal? cap = null, string? trialUntil = null, string start = Start, int? anchor = null) =>
        (await TryAsync(new SubscriptionOrder("pro", At(start), anchor, exhaustion, cap, trialUntil is null ? null : At(trialUntil)))).Value;

    public Task<Result<Subscription>> ChangeAsync(Subscription subscription, SubscriptionChange change) =>
        Portal.Wallets.RunAsync(Tenant, wallet => SubscriptionChange.MakeAsync(wallet, subscription.Id, change));

    public async Task<Subscription> ReadAsync(Subscription subscription)
    {
        await using var connection = await Portal.Source.OpenConnectionAsync();
        return (await SubscriptionQuery.FindAsync(connection, Tenant, subscription.Id))!;
    }

    /// <summary>Uses credits now.</summary>
    public async Task UseAsync(int credits, DateTimeOffset? at = null)
    {
        var usage = TestPortal.Usage("acme", $"use-{++sent}", credits * 1000L, at: at ?? await Clock.NowAsync());
        (await Portal.SendAsync(usage))[0].Status.ShouldBe(EventStatus.Accepted);
    }

    /// <summary>Moves the clock: what is due happens.</summary>
    public async Task ToAsync(string instant) => (await Clock.AdvanceAsync(At(instant))).Succeeded.ShouldBeTrue();

    public Task<decimal> BalanceAsync(string account = "pool:shared", string unit = "CREDIT") => Portal.BalanceAsync(Tenant, account, unit);

    /// <summary>Open grants in order of expiry, rolls and id.</summary>
    public Task<List<GrantSeen>> GrantsAsync() => Portal.Source.ListAsync(
        """
        select source, remaining, value_left(value, remaining, amount), roll_count::int,
          to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD') from grants where open and remaining > 0 order by expires_at, roll_count desc, id
        """,
        row => new GrantSeen(row.GetString(0), row.GetDecimal(1), row.GetDecimal(2), row.GetInt32(3), row.Nullable<string>(4)), CancellationToken.None);

    /// <summary>Kinds of ledger transactions at an instant, in the order posted.</summary>
    public async Task<string[]> KindsAsync(string instant) =>
        [.. await Portal.Source.ListAsync("select kind from ledger_transactions where occurred_at = $1 order by id", row => row.GetString(0), CancellationToken.None, At(instant))];

    /// <summary>Everything in the books, by instant.</summary>
    public Task<List<string>> BooksAsync() => Portal.Source.ListAsync(
        """
        select format('%s %s %s %s %s', t.kind, extract(epoch from case t.kind when 'purchase' then date_trunc('day', t.occurred_at) else t.occurred_at end)::bigint, e.account, e.unit, sum(e.amount)) from ledger_transactions t
        join ledger_entries e on e.tenant_id = t.tenant_id and e.transaction_id = t.id where t.kind <> 'usage'
        group by t.kind, t.occurred_at, e.account, e.unit, t.book_date
        union all select format('grant %s %s %s %s %s %s', source, amount, remaining, value, roll_count, extract(epoch from expires_at)::bigint) from grants
        union all select format('period %s %s %s %s', number, extract(epoch from ends_at)::bigint, overage, spend) from subscription_periods
        order by 1
        """,
        row => row.GetString(0), CancellationToken.None);

    /// <summary>The invariants hold.</summary>
    public Task ShouldReconcileAsync() => Portal.Source.ShouldBalanceAsync();

    public ValueTask DisposeAsync() => Portal.DisposeAsync();
}
