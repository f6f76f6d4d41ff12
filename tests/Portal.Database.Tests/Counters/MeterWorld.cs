using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain;
using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;
using Portal.Domain.Subscriptions;
using Portal.Testing;

namespace Portal.Database.Tests.Counters;

/// <summary>One tenant with meters and rates of a test's own, and the test clock, which begins at 2030-01-01T00:00Z.</summary>
internal sealed class MeterWorld(TestPortal portal, long tenant) : IAsyncDisposable
{
    private int sent;

    public TestPortal Portal => portal;

    public long Tenant => tenant;

    public TestClock Clock => portal.Services.GetRequiredService<TestClock>();

    public static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    public static async Task<MeterWorld> StartAsync(PostgresFixture postgres, string zone = "UTC", string start = "2030-01-01T00:00:00Z")
    {
        var portal = await TestPortal.StartAsync(postgres);
        var world = new MeterWorld(portal, await portal.AddTenantAsync("acme", zone));
        await world.ToAsync(start);
        return world;
    }

    /// <summary>Puts a meter of event type and product of its key: the rest of the definition.</summary>
    public async Task MeterAsync(string key, string rest)
    {
        var definition = JsonSerializer.Deserialize<MeterDefinition>($$"""{"event_type":"{{key}}","product":"{{key}}",{{rest}}}""", PortalJson.Options)!;
        (await CatalogueChange.RunAsync(portal.Source, change => MeterStore.PutAsync(change, key, definition))).Succeeded.ShouldBeTrue();
    }

    /// <summary>Publishes a version of a card, by itself the default one.</summary>
    public async Task RatesAsync(string rates, string effectiveAt = "2020-01-01T00:00:00Z", string card = "default")
    {
        var definitions = JsonSerializer.Deserialize<List<RateDefinition>>(rates, PortalJson.Options)!;
        var published = await CatalogueChange.RunAsync(portal.Source, async change =>
        {
            await Cards.PutAsync(change, CardKind.Rate, card, card);
            return await Cards.PublishAsync(change, CardKind.Rate, card, At(effectiveAt), definitions);
        });
        published.Succeeded.ShouldBeTrue(published.Problem?.Detail);
    }

    /// <summary>One rate of a price in a unit.</summary>
    public Task RateAsync(string meter, string price, string unit = "CREDIT", string match = "{}") =>
        RatesAsync($$"""[{"meter":"{{meter}}","match":{{match}},"unit":"{{unit}}","price":{{price}}}]""");

    /// <summary>Puts a plan: what stands in its definition besides name, currency and period.</summary>
    public async Task PlanAsync(string rest, string key = "pro", string period = "month")
    {
        var definition = JsonSerializer.Deserialize<PlanDefinition>($$"""{"name":"Pro","currency":"USD","period":"{{period}}",{{rest}}}""", PortalJson.Options)!;
        var put = await CatalogueChange.RunAsync(portal.Source, change => Plans.PutAsync(change, key, definition));
        put.Succeeded.ShouldBeTrue(put.Problem?.ToString());
    }

    /// <summary>Subscribes to a plan.</summary>
    public async Task<Subscription> SubscribeAsync(SubscriptionOrder order)
    {
        var made = await portal.Wallets.RunAsync(tenant, wallet => Subscribing.StartAsync(wallet, order));
        made.Succeeded.ShouldBeTrue(made.Problem?.ToString());
        return made.Value;
    }

    public async Task ChangeAsync(Subscription subscription, SubscriptionChange change)
    {
        var made = await portal.Wallets.RunAsync(tenant, wallet => SubscriptionChange.MakeAsync(wallet, subscription.Id, change));
        made.Succeeded.ShouldBeTrue(made.Problem?.ToString());
    }

    /// <summary>Sends an event and answers its fate.</summary>
    public async Task<UsageEvent> SendAsync(string type, string data, string? at = null, string? id = null) =>
        (await portal.SendAsync(Event(type, data, at is null ? await Clock.NowAsync() : At(at), id ?? NextId())))[0];

    public string NextId() => string.Create(CultureInfo.InvariantCulture, $"e{++sent}");

    public static string Event(string type, string data, DateTimeOffset at, string id) =>
        $$"""{"specversion":"1.0","type":"{{type}}","source":"test","id":"{{id}}","subject":"acme","time":"{{InstantText.Format(at)}}","data":{{data}}}""";

    /// <summary>Sends a quantity <c>n</c> and answers the credits it drew.</summary>
    public async Task<decimal> UseAsync(string type, decimal n, string? consumer = null, string? at = null, string? id = null)
    {
        var more = consumer is null ? "" : $",\"consumer\":\"{consumer}\"";
        var usage = await SendAsync(type, string.Create(CultureInfo.InvariantCulture, $$"""{"n":{{n}}{{more}}}"""), at, id);
        usage.Status.ShouldBe(EventStatus.Accepted);
        return usage.Credits;
    }

    public async Task<UsageCorrection> VoidAsync(string id) => (await portal.Wallets.RunAsync(
        tenant, wallet => portal.Services.GetRequiredService<UsageCorrections>().VoidAsync(wallet, "test", id, "wrong"))).Value;

    public async Task<UsageCorrection> AmendAsync(string id, string data)
    {
        using var json = JsonDocument.Parse(data);
        return (await portal.Wallets.RunAsync(
            tenant, wallet => portal.Services.GetRequiredService<UsageCorrections>().AmendAsync(wallet, "test", id, json.RootElement, "wrong"))).Value;
    }

    public async Task<ExplainedEvent> ExplainAsync(string id) =>
        (await EventQuery.ExplainAsync(portal.Source, tenant, EventIdentity.KeyOf("test", id), CancellationToken.None))!;

    public async Task ToAsync(string instant) => (await Clock.AdvanceAsync(At(instant))).Succeeded.ShouldBeTrue();

    public Task<decimal> BalanceAsync(string account, string unit = "CREDIT") => portal.BalanceAsync(tenant, account, unit);

    /// <summary>What the period's usage came to: credits consumed of a product.</summary>
    public Task<decimal> ConsumedAsync(string product) => BalanceAsync("consumed:" + product);

    /// <summary>Money accrued and not invoiced.</summary>
    public Task<decimal> UnbilledAsync() => BalanceAsync("unbilled", "USD");

    public async ValueTask DisposeAsync()
    {
        await portal.Source.ShouldBalanceAsync();
        await portal.DisposeAsync();
    }
}
