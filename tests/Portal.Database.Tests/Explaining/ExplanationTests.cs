using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Metering.Explaining;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;
using Portal.Testing;

namespace Portal.Database.Tests.Explaining;

/// <summary>Figures by hand: 1,000 tokens of <c>small</c> are 1 credit in and 2 out, and cost $0.001 and $0.002.</summary>
public sealed class ExplanationTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly DateTimeOffset Noon = DateTimeOffset.UtcNow.AddMinutes(-30);

    [Fact]
    public async Task An_event_is_explained_from_its_meter_to_its_ledger_lines()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var acme = await portal.AddTenantAsync("acme", "UTC", "team-a");
        await portal.GrantAsync(acme, 2m, value: 1m, pool: "team-a"); // $0.50 a credit
        await portal.GrantAsync(acme, 100m, value: 10m); // $0.10 a credit
        await portal.SendAsync(TestPortal.Usage("acme", "1", 3000, 500, at: Noon, pool: "team-a", consumer: "ana")); // 3 + 1 credits

        var why = (await ExplainAsync(portal, acme, "1"))!;

        why.Event.Event.Meter.ShouldBe("llm");
        why.Quantities.Select(q => (q.Quantity, q.Dimensions.TokenType, q.Credits, q.Cost)).ShouldBe([(3000m, "input", 3m, 0.003m), (500m, "output", 1m, 0.001m)]);
        var rate = why.Quantities[0].Rate!;
        (rate.Rate.Version!.Card, rate.Rate.Version.Version, rate.Rate.Index, rate.Specificity).ShouldBe(("default", 1, 0, 2));
        rate.LessSpecific.ShouldBeEmpty();
        rate.Why.ShouldBe("It names 2 dimensions, model=small, token_type=input; no other rate covers the quantity.");
        why.Quantities[0].CostRate!.Rate.Vendor.ShouldBe("vendor");
        // Two credits of team-a at 0.50 and two of the shared pool at 0.10: 1.00 + 0.20; cost 0.004.
        why.Event.Pieces.Select(p => (p.Pool, p.Credits, p.Value)).ShouldBe([("team-a", 2m, 1m), ("shared", 2m, 0.2m)]);
        (why.Event.Revenue, why.Cost, why.CostCurrency, why.Converted, why.Margin).ShouldBe((1.2m, 0.004m, "USD", 0.004m, 1.196m));
        why.Transaction!.Id.ShouldBe(why.Event.Event.TransactionId);
        why.Transaction.Entries.Where(e => e.Unit == "CREDIT").Sum(e => e.Amount).ShouldBe(0m);
        why.Transaction.Entries.Where(e => e.Account == "consumed:llm").Sum(e => Math.Abs(e.Amount)).ShouldBe(4m);
        await portal.Source.ShouldBalanceAsync();
    }

    [Fact]
    public async Task It_is_priced_by_the_version_it_was_rated_under_not_by_todays()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var acme = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(acme, 100m);
        await portal.SendAsync(TestPortal.Usage("acme", "1", 3000, at: Noon));
        await PublishAsync(portal, CardKind.Rate, "default", Rate(9m, ("model", "small")));
        await PublishAsync(portal, CardKind.Cost, "vendor", Rate(9m, ("model", "small")) with { Unit = "USD" });
        await portal.SendAsync(TestPortal.Usage("acme", "2", 3000, at: Noon));

        var before = (await ExplainAsync(portal, acme, "1"))!.Quantities.ShouldHaveSingleItem();
        (before.Credits, before.Cost, before.Rate!.Rate.Version!.Version, before.CostRate!.Rate.Version!.Version).ShouldBe((3m, 0.003m, 1, 1));
        var after = (await ExplainAsync(portal, acme, "2"))!.Quantities.ShouldHaveSingleItem();
        (after.Credits, after.Cost, after.Rate!.Rate.Version!.Version, after.CostRate!.Rate.Version!.Version).ShouldBe((27m, 27m, 2, 2));
    }

    [Fact]
    public async Task Rates_that_match_less_specifically_are_named()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var acme = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(acme, 100m);
        await PublishAsync(portal, CardKind.Rate, "default", Rate(1m), Rate(2m, ("model", "small")), Rate(3m, ("model", "small"), ("token_type", "input")));
        await portal.SendAsync(TestPortal.Usage("acme", "1", 1000, at: Noon), TestPortal.Usage("acme", "2", 1000, model: "other", at: Noon));

        var specific = (await ExplainAsync(portal, acme, "1"))!.Quantities.ShouldHaveSingleItem();
        specific.Credits.ShouldBe(3m);
        specific.Rate!.LessSpecific.Select(r => r.Index).ShouldBe([1, 0]);
        specific.Rate.Why.ShouldBe("It names 2 dimensions, model=small, token_type=input; 2 other rates that cover the quantity are less specific.");
        var other = await ExplainAsync(portal, acme, "2");
        var any = other!.Quantities.ShouldHaveSingleItem();
        any.Rate!.Why.ShouldBe("It names no dimension, so it covers any quantity of the meter; no other rate covers the quantity.");
        // No cost rate covers the model: unknown, not 0.
        (any.Cost, other.Cost, other.Converted, other.Margin).ShouldBe((null, null, null, null));
        any.CostRate.ShouldBeNull();
    }

    [Fact]
    public async Task Tiers_of_a_price_per_event_are_those_reached()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var acme = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(acme, 1000m);
        var graduated = new PriceDefinition
        {
            Model = "graduated",
            Scope = "event",
            Tiers = [new() { UpTo = 10m, UnitAmount = 10m, FlatAmount = 2m }, new() { UpTo = 20m, UnitAmount = 5m }, new() { UnitAmount = 1m }],
        };
        await PublishAsync(portal, CardKind.Rate, "default", Rate(1m) with { Price = graduated });
        await portal.SendAsync(TestPortal.Usage("acme", "1", 15, at: Noon)); // 2 + 10 × 10 + 5 × 5 = 127

        var quantity = (await ExplainAsync(portal, acme, "1"))!.Quantities.ShouldHaveSingleItem();
        quantity.Credits.ShouldBe(127m);
        quantity.Rate!.Tiers.ShouldBe([new TouchedTier(0m, 10m, 10m, 10m, 2m, 102m), new TouchedTier(10m, 20m, 5m, 5m, 0m, 25m)]);
        quantity.Rate.Counter.ShouldBeNull();
    }

    [Fact]
    public async Task An_accumulating_price_is_explained_by_where_its_period_stood()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var acme = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(acme, 1000m);
        var graduated = new PriceDefinition { Model = "graduated", Tiers = [new() { UpTo = 10m, UnitAmount = 10m }, new() { UnitAmount = 5m }] };
        await PublishAsync(portal, CardKind.Rate, "default", Rate(1m) with { Price = graduated });
        await portal.SendAsync(TestPortal.Usage("acme", "1", 8, at: Noon)); // 8 × 10 = 80
        await portal.SendAsync(TestPortal.Usage("acme", "2", 5, at: Noon)); // 2 × 10 + 3 × 5 = 35

        var first = (await ExplainAsync(portal, acme, "1"))!.Quantities.ShouldHaveSingleItem();
        (first.Credits, first.Rate!.Counter).ShouldBe((80m, new CounterSpan(0m, 8m)));
        first.Rate.Tiers.ShouldBe([new TouchedTier(0m, 10m, 8m, 10m, 0m, 80m)]);
        var second = (await ExplainAsync(portal, acme, "2"))!.Quantities.ShouldHaveSingleItem();
        (second.Credits, second.Rate!.Counter).ShouldBe((35m, new CounterSpan(8m, 13m)));
        second.Rate.Tiers.ShouldBe([new TouchedTier(0m, 10m, 2m, 10m, 0m, 20m), new TouchedTier(10m, null, 3m, 5m, 0m, 15m)]);
        second.Rate.Why.ShouldEndWith("the event pays what the period's quantity costs now less what it cost before.");
    }

    [Fact]
    public void Tiers_between_two_places_of_a_counter()
    {
        var price = new Price { Model = PriceModel.Graduated, Tiers = [new(10m, 10m, 2m), new(20m, 5m, 3m), new(null, 1m, 0m)] };
        TouchedTiers.Of(price, 8m, 12m).ShouldBe([new TouchedTier(0m, 10m, 2m, 10m, 0m, 20m), new TouchedTier(10m, 20m, 2m, 5m, 3m, 13m)]);
        TouchedTiers.Of(price with { Model = PriceModel.Volume }, 8m, 12m).ShouldBe([new TouchedTier(10m, 20m, 12m, 5m, 3m, 63m)]);
        TouchedTiers.Of(price with { Model = PriceModel.Stairstep }, 0m, 21m).ShouldBe([new TouchedTier(20m, null, 21m, 0m, 0m, 0m)]);
    }

    [Fact]
    public async Task Margin_is_in_the_tenants_currency_by_the_rate_of_the_day_or_unknown()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var acme = await portal.AddTenantAsync("acme", "Pacific/Auckland");
        await portal.ExecuteAsync($"update tenants set currency = 'EUR' where tenant_id = {acme}");
        await portal.GrantAsync(acme, 100m, value: 50m); // €0.50 a credit
        await portal.SendAsync(TestPortal.Usage("acme", "1", 10_000, at: Noon)); // 10 credits, €5; cost $0.01

        (await ExplainAsync(portal, acme, "1"))!.Margin.ShouldBeNull();
        var day = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(Noon, TimeZoneInfo.FindSystemTimeZoneById("Pacific/Auckland")).Date);
        await portal.ExecuteAsync($"insert into fx_rates values ('USD', 'EUR', '{day.AddDays(-1):yyyy-MM-dd}', 0.5)");
        (await ExplainAsync(portal, acme, "1"))!.Margin.ShouldBeNull(); // another day's
        await portal.ExecuteAsync($"insert into fx_rates values ('USD', 'EUR', '{day:yyyy-MM-dd}', 0.9)");

        var why = (await ExplainAsync(portal, acme, "1"))!;
        (why.Cost, why.CostCurrency, why.Converted, why.Margin).ShouldBe((0.01m, "USD", 0.009m, 4.991m));
    }

    [Fact]
    public async Task Unrated_and_unmeasured_events_are_explained_as_far_as_they_go()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var acme = await portal.AddTenantAsync("acme");
        var other = await portal.AddTenantAsync("other");
        await portal.SendAsync(TestPortal.Usage("acme", "1", 1000, model: "unheard-of", at: Noon));

        var why = (await ExplainAsync(portal, acme, "1"))!;
        why.Event.Status.ShouldBe("unrated");
        why.Quantities.ShouldHaveSingleItem().Rate.ShouldBeNull();
        (why.Cost, why.Margin).ShouldBe((null, null));
        (await ExplainAsync(portal, other, "1")).ShouldBeNull();
    }

    private static Task<EventExplanation?> ExplainAsync(TestPortal portal, long tenant, string id) =>
        portal.Services.GetRequiredService<Explanations>().FindAsync(tenant, EventIdentity.KeyOf("test", id));

    private static RateDefinition Rate(decimal amount, params (string Name, string Value)[] match) => new()
    {
        Meter = "llm",
        Match = match.ToDictionary(m => m.Name, m => m.Value, StringComparer.Ordinal),
        Unit = "CREDIT",
        Price = PriceDefinition.PerUnit(amount, 1000m),
    };

    private static async Task PublishAsync(TestPortal portal, CardKind kind, string card, params RateDefinition[] rates) =>
        (await CatalogueChange.RunAsync(portal.Source, change => Cards.PublishAsync(change, kind, card, Noon.AddDays(-40), rates))).Succeeded.ShouldBeTrue();
}
