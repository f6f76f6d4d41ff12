using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Metering.Rerating;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;
using Portal.Testing;

namespace Portal.Database.Tests.Rerating;

/// <summary>A thousand tokens in of <c>small</c> are a credit and cost $0.001. Publishing, operations and looking at events.</summary>
internal sealed class RerateWorld : IAsyncDisposable
{
    public static readonly DateTimeOffset Noon = DateTimeOffset.UtcNow.AddMinutes(-30);

    private RerateWorld(TestPortal portal, long acme)
    {
        Portal = portal;
        Acme = acme;
    }

    public TestPortal Portal { get; }

    public long Acme { get; }

    public OperationRuns Runs => Portal.Services.GetRequiredService<OperationRuns>();

    public static async Task<RerateWorld> StartAsync(PostgresFixture postgres)
    {
        var portal = await TestPortal.StartAsync(postgres);
        return new RerateWorld(portal, await portal.AddTenantAsync("acme", "UTC", "team"));
    }

    /// <summary>A rate per thousand tokens of a model, in credits or a currency.</summary>
    public static RateDefinition Rate(string? model, decimal amount, string unit = "CREDIT", string? tokenType = null)
    {
        var match = new Dictionary<string, string>(StringComparer.Ordinal);
        if (model is not null) match["model"] = model;
        if (tokenType is not null) match["token_type"] = tokenType;
        return new RateDefinition { Meter = "llm", Match = match, Unit = unit, Price = PriceDefinition.PerUnit(amount, 1000m) };
    }

    public async Task<PublishedVersion> PublishAsync(params RateDefinition[] rates) => await PublishAsync(Noon.AddDays(-40), rates);

    public async Task<PublishedVersion> PublishAsync(DateTimeOffset effectiveAt, RateDefinition[] rates, CardKind kind = CardKind.Rate, string card = "default") =>
        (await CatalogueChange.RunAsync(Portal.Source, change => Cards.PublishAsync(change, kind, card, effectiveAt, rates))).Value;

    public async Task PutMeterAsync(string key, string definition) =>
        (await CatalogueChange.RunAsync(Portal.Source, change => MeterStore.PutAsync(
            change, key, JsonSerializer.Deserialize<MeterDefinition>(definition, PortalJson.Options)!))).Succeeded.ShouldBeTrue();

    public Task<Result<Operation>> TryRerateAsync(int version, bool preview = false, DateTimeOffset? from = null, DateTimeOffset? to = null, params string[] tenants) =>
        PlatformTransaction.RunAsync(Portal.Source, platform => Rerates.StartAsync(platform, new RerateOrder(
            "default", version, new ReratePeriod(from ?? Noon.AddHours(-1), to ?? Noon.AddHours(1), tenants.Length == 0 ? null : tenants), preview)));

    /// <summary>Asks, runs, and answers what it came to.</summary>
    public async Task<OperationSummary> RerateAsync(int version, bool preview = false, params string[] tenants) =>
        await DoneAsync((await TryRerateAsync(version, preview, tenants: tenants)).Value);

    public async Task<OperationSummary> PreviewAsync(RateDefinition[] rates, CardKind kind = CardKind.Rate, string card = "default") =>
        await DoneAsync((await PlatformTransaction.RunAsync(Portal.Source, platform => Rerates.PreviewAsync(platform, new VersionPreviewOrder(
            kind, card, rates, new ReratePeriod(Noon.AddHours(-1), Noon.AddHours(1)))))).Value);

    public async Task<OperationSummary> DoneAsync(Operation operation)
    {
        await Runs.RunDueAsync();
        var done = (await Operations.FindAsync(Portal.Source, operation.Id))!;
        done.State.ShouldBe("succeeded", done.Error);
        return JsonSerializer.Deserialize<OperationSummary>(done.Result!, PortalJson.Options)!;
    }

    public async Task<UsageEvent> UseAsync(string id, long tokens, string model = "small", string? pool = null, string? consumer = null, string tenant = "acme") =>
        (await Portal.SendAsync(TestPortal.Usage(tenant, id, tokens, model: model, pool: pool, consumer: consumer, at: Noon))).Single();

    public async Task<ExplainedEvent> ExplainAsync(string id) =>
        (await EventQuery.ExplainAsync(Portal.Source, Acme, EventIdentity.KeyOf("test", id), CancellationToken.None))!;

    /// <summary>Its events, newest posted first.</summary>
    public Task<List<ListedEvent>> ListAsync(EventFilter filter) => Portal.ListEventsAsync(Acme, filter);

    public Task<decimal> BalanceAsync(string account, string unit = "CREDIT") => Portal.BalanceAsync(Acme, account, unit);

    public async Task<long> CountAsync(string from) => (long)(await Portal.ScalarAsync($"select count(*) from {from}"))!;

    public async ValueTask DisposeAsync()
    {
        await Portal.Source.ShouldBalanceAsync();
        await Portal.DisposeAsync();
    }
}
