using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Portal.Domain;
using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Outcomes;
using Portal.Domain.Pricing;
using Portal.Domain.Subscriptions;
using Portal.Testing;

namespace Portal.Database.Tests.Outcomes;

/// <summary>
/// One tenant with 1000 credits and the test clock, which begins at 2030-01-01T00:00Z. A resolution of product <c>support</c> costs 10 credits;
/// a thousand tokens cost the platform $0.001 and the tenant 1 credit, unless they belong to a case.
/// </summary>
internal sealed class OutcomeWorld : IAsyncDisposable
{
    public const string PerResolution = """
        {"product":"support","case":"case","settlement":"P7D","abandon_after":"P30D","rules":[
          {"if":{"event":"conversation.escalated"},"then":"not_billable","reason":"escalated"},
          {"if":{"event":"conversation.reopened","after":"conversation.resolved"},"then":"pending"},
          {"if":{"event":"conversation.resolved"},"then":"billable","reason":"confirmed"},
          {"if":{"silence":"P1D","after":"agent.answered"},"then":"billable","reason":"assumed"}],"else":"pending"}
        """;

    private const string Prices = """
        insert into products (key, name) values ('support', 'Support') on conflict do nothing;
        insert into meters (key, event_type, product, definition) values ('resolutions', 'outcome.support', 'support',
          '{"event_type":"outcome.support","product":"support","aggregation":"count"}');
        insert into rate_card_versions (card, version, effective_at, catalogue_version, published_at, rates) values ('default', 2, '2020-01-02', 1, now(), '[
          {"meter":"resolutions","match":{},"unit":"CREDIT","price":{"model":"per_unit","amount":"10"}},
          {"meter":"llm","match":{"model":"small"},"unit":"CREDIT","price":{"model":"per_unit","amount":"1","per":"1000"}}]');
        update platform set catalogue_version = catalogue_version + 1;
        """;

    private int sent;

    private OutcomeWorld(TestPortal portal, long tenant) => (Portal, Tenant) = (portal, tenant);

    public TestPortal Portal { get; }

    public long Tenant { get; }

    public TestClock Clock => Portal.Services.GetRequiredService<TestClock>();

    public static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    public static async Task<OutcomeWorld> StartAsync(PostgresFixture postgres, string rule = PerResolution, bool subscribe = true)
    {
        var portal = await TestPortal.StartAsync(postgres);
        var world = new OutcomeWorld(portal, await portal.AddTenantAsync("acme"));
        await portal.ExecuteAsync(Prices);
        await world.ToAsync("2030-01-01T00:00:00Z");
        await world.PublishAsync(rule);
        await portal.GrantAsync(world.Tenant, 1000m, 100m);
        if (subscribe) await world.SubscribeAsync();
        return world;
    }

    public async Task<PublishedRule> PublishAsync(string rule, string key = "per_resolution") => (await CatalogueChange.RunAsync(Portal.Source, async change =>
    {
        await OutcomeRules.PutAsync(change, key, name: null);
        return await OutcomeRules.PublishAsync(change, key, JsonSerializer.Deserialize<OutcomeRuleDefinition>(rule, PortalJson.Options)!);
    })).Value;

    public async Task<Subscription> SubscribeAsync(string outcomes = """{"support":"per_resolution"}""", string amount = "0.00")
    {
        await PutPlanAsync(outcomes, amount);
        return (await Portal.Wallets.RunAsync(Tenant, async wallet => await Subscribing.StartAsync(wallet, new SubscriptionOrder("pro", wallet.Now)))).Value;
    }

    /// <summary>Puts a version of the plan.</summary>
    public async Task PutPlanAsync(string outcomes, string amount = "0.00")
    {
        var text = $$"""{"name":"Pro","currency":"USD","period":"month","outcomes":{{outcomes}},"items":[{"key":"base","type":"flat","amount":"{{amount}}"}]}""";
        var definition = JsonSerializer.Deserialize<PlanDefinition>(text, PortalJson.Options)!;
        (await CatalogueChange.RunAsync(Portal.Source, change => Plans.PutAsync(change, "pro", definition))).Succeeded.ShouldBeTrue();
    }

    /// <summary>An event of a case at an instant.</summary>
    public string Event(string type, string at, string @case = "c1", string? id = null, string more = "") => $$$"""
        {"specversion":"1.0","type":"{{{type}}}","source":"desk","id":"{{{id ?? $"e{++sent}"}}}","subject":"acme","time":"{{{at}}}","data":{"case":"{{{@case}}}"{{{more}}}}}
        """;

    public string Tokens(string at, string? @case = "c1") => $$$"""
        {"specversion":"1.0","type":"llm.completion","source":"llm","id":"e{{{++sent}}}","subject":"acme","time":"{{{at}}}",
         "data":{"model":"small","input_tokens":1000{{{(@case is null ? "" : $",\"case\":\"{@case}\"")}}}}}
        """;

    public async Task SendAsync(params string[] events) =>
        (await Portal.SendAsync(events)).ShouldAllBe(usage => usage.Status == EventStatus.Accepted || usage.Status == EventStatus.Duplicate);

    public async Task ToAsync(string instant) => (await Clock.AdvanceAsync(At(instant))).Succeeded.ShouldBeTrue();

    public async Task<BilledCase> CaseAsync(string key = "c1")
    {
        await Portal.Wallets.SettleAsync(Tenant);
        await using var connection = await Portal.Source.OpenConnectionAsync();
        return (await CaseQuery.FindBilledAsync(connection, Tenant, key, product: null)).Value;
    }

    /// <summary>What is left of the thousand credits, after everything due is done and all books balance.</summary>
    public async Task<decimal> LeftAsync()
    {
        await Portal.Wallets.SettleAsync(Tenant);
        await Portal.Source.ShouldBalanceAsync();
        return await Portal.BalanceAsync(Tenant, "pool:shared");
    }

    /// <summary>Events that the engine wrote: id and time, in order.</summary>
    public async Task<List<string>> BillsAsync() => await Portal.Source.ListAsync(
        "select event_id || ' ' || to_char(occurred_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') from events where source = 'outcomes' order by occurred_at, event_id",
        row => row.GetString(0), CancellationToken.None);

    public ValueTask DisposeAsync() => Portal.DisposeAsync();
}
