using Microsoft.Extensions.DependencyInjection;
using Portal.Database.Tests.Counters;
using Portal.Domain.Metering.Explaining;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Subscriptions;
using Portal.Testing;

namespace Portal.Database.Tests.Pricing;

/// <summary>Domain.md §6, Which price: the plan's item for the meter, the plan's rate card, the platform's default; what the earlier does not match falls through.</summary>
public sealed class WhichPriceTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private const string Sum = """ "aggregation":"sum","dimensions":["size"],"quantities":[{"property":"n"}] """;

    private MeterWorld world = null!;

    public async Task InitializeAsync()
    {
        world = await MeterWorld.StartAsync(postgres);
        await world.MeterAsync("gpu", Sum);
        await world.MeterAsync("img", Sum);
        await world.RatesAsync("""
            [{"meter":"gpu","unit":"CREDIT","price":{"model":"per_unit","amount":"2"}},
             {"meter":"img","unit":"CREDIT","price":{"model":"per_unit","amount":"1"}}]
            """);
        await world.Portal.GrantAsync(world.Tenant, 1000m);
    }

    public async Task DisposeAsync() => await world.DisposeAsync();

    [Fact]
    public async Task A_plans_item_prices_its_meter_while_the_plan_is_had()
    {
        await world.PlanAsync(""" "items":[{"key":"gpu","type":"usage","meter":"gpu","price":{"model":"per_unit","amount":"0.50"}}] """);
        (await world.UseAsync("gpu", 10m)).ShouldBe(20m); // the platform's 2 credits
        var subscription = await world.SubscribeAsync(new SubscriptionOrder("pro", MeterWorld.At("2030-01-10T00:00:00Z")));
        await world.ToAsync("2030-01-12T00:00:00Z");
        (await world.UseAsync("gpu", 10m)).ShouldBe(0m);
        (await world.UnbilledAsync()).ShouldBe(5.00m); // 10 × $0.50
        (await world.UseAsync("img", 10m)).ShouldBe(10m); // falls through
        (await world.UseAsync("gpu", 10m, at: "2030-01-09T00:00:00Z")).ShouldBe(20m); // late: priced as when it happened

        await world.ChangeAsync(subscription, new SubscriptionChange(Cancel: "now"));
        await world.ToAsync("2030-01-13T00:00:00Z");
        (await world.UseAsync("gpu", 10m)).ShouldBe(20m);
        (await world.UseAsync("gpu", 3m, at: "2030-01-11T00:00:00Z")).ShouldBe(0m);
        (await world.UnbilledAsync()).ShouldBe(6.50m);
    }

    [Fact]
    public async Task What_a_plans_item_priced_is_explained_by_it()
    {
        await world.PlanAsync(""" "items":[{"key":"gpu","type":"usage","meter":"gpu","price":{"model":"per_unit","amount":"0.50"}}] """);
        await world.SubscribeAsync(new SubscriptionOrder("pro"));
        await world.UseAsync("gpu", 3m, id: "a");
        var explained = (await world.Portal.Services.GetRequiredService<Explanations>().FindAsync(world.Tenant, EventIdentity.KeyOf("test", "a")))!;
        var quantity = explained.Quantities.ShouldHaveSingleItem();
        (quantity.Quantity, quantity.Money, quantity.Rate!.Rate.Version!.ToString()).ShouldBe((3m, 1.50m, "plan pro version 1"));
    }

    [Fact]
    public async Task A_plans_rate_card_comes_before_the_default_and_what_it_does_not_match_falls_through()
    {
        await world.RatesAsync("""[{"meter":"img","match":{"size":"large"},"unit":"CREDIT","price":{"model":"per_unit","amount":"5"}}]""", card: "pro");
        await world.PlanAsync(""" "rate_card":"pro","items":[{"key":"base","type":"flat","amount":"0.00"}] """);
        await world.SubscribeAsync(new SubscriptionOrder("pro"));
        (await SendAsync("large")).ShouldBe(50m);
        (await SendAsync("small")).ShouldBe(10m);
    }

    [Fact]
    public async Task A_card_of_an_item_prices_no_other_meter()
    {
        await world.RatesAsync("""
            [{"meter":"img","unit":"CREDIT","price":{"model":"per_unit","amount":"7"}},{"meter":"gpu","unit":"CREDIT","price":{"model":"per_unit","amount":"7"}}]
            """, card: "dear");
        await world.PlanAsync(""" "items":[{"key":"img","type":"usage","meter":"img","rate_card":"dear"}] """);
        await world.SubscribeAsync(new SubscriptionOrder("pro"));
        (await SendAsync("large")).ShouldBe(70m);
        (await world.UseAsync("gpu", 10m)).ShouldBe(20m);
    }

    [Fact]
    public async Task A_new_version_of_the_plan_leaves_the_price_that_was_sold()
    {
        await world.PlanAsync(""" "items":[{"key":"gpu","type":"usage","meter":"gpu","price":{"model":"per_unit","amount":"0.50"}}] """);
        await world.SubscribeAsync(new SubscriptionOrder("pro"));
        await world.PlanAsync(""" "items":[{"key":"gpu","type":"usage","meter":"gpu","price":{"model":"per_unit","amount":"9.00"}}] """);
        await world.UseAsync("gpu", 2m, id: "a");
        (await world.UnbilledAsync()).ShouldBe(1.00m);
        await world.AmendAsync("a", """{"n":5}""");
        (await world.UnbilledAsync()).ShouldBe(2.50m);
        await world.VoidAsync("a");
        (await world.UnbilledAsync()).ShouldBe(0m);
    }

    [Fact]
    public async Task Tiers_of_an_item_accumulate_over_the_billing_period()
    {
        await world.PlanAsync("""
            "items":[{"key":"gpu","type":"usage","meter":"gpu","price":{"model":"graduated","tiers":[{"up_to":"10","unit_amount":"1.00"},{"up_to":null,"unit_amount":"0.25"}]}}]
            """);
        await world.SubscribeAsync(new SubscriptionOrder("pro", MeterWorld.At("2030-01-01T00:00:00Z")));
        await world.UseAsync("gpu", 8m);
        await world.UseAsync("gpu", 6m);
        (await world.UnbilledAsync()).ShouldBe(11.00m); // 10 × 1.00 + 4 × 0.25
        await world.ToAsync("2030-02-02T00:00:00Z");
        await world.UseAsync("gpu", 2m);
        (await world.UnbilledAsync()).ShouldBe(13.00m); // the new period begins at the first tier
    }

    private async Task<decimal> SendAsync(string size)
    {
        var usage = await world.SendAsync("img", $$"""{"n":10,"size":"{{size}}"}""");
        usage.Status.ShouldBe(EventStatus.Accepted);
        return usage.Credits;
    }
}
