using Portal.Database.Tests.Counters;
using Portal.Domain.Invoicing;
using Portal.Domain.Pricing.Rates;
using Portal.Domain.Subscriptions;
using Portal.Testing;

namespace Portal.Database.Tests.Invoicing;

/// <summary>Lines of invoices open to the tiers that their quantities reached. The clock begins at 2030-01-01T00:00Z.</summary>
public sealed class LineTiersTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private const string Tiers = """ "tiers":[{"up_to":"10","unit_amount":"1","flat_amount":"2"},{"up_to":"20","unit_amount":"0.50","flat_amount":"3"},{"unit_amount":"0.25"}] """;

    private MeterWorld world = null!;

    public async Task InitializeAsync()
    {
        world = await MeterWorld.StartAsync(postgres);
        await world.Portal.SellAsync();
        await world.MeterAsync("gpu", """ "aggregation":"sum","quantities":[{"property":"n"}] """);
    }

    public Task DisposeAsync() => world.DisposeAsync().AsTask();

    [Fact]
    public async Task A_graduated_line_opens_to_each_tier_and_a_late_one_to_those_beyond()
    {
        await StartAsync($$"""{"model":"graduated",{{Tiers}}}""");
        await world.ToAsync("2030-01-05T00:00:00Z");
        await world.UseAsync("gpu", 8m);
        await world.UseAsync("gpu", 17m); // 25 in all

        var expected = new[] { new TouchedTier(0m, 10m, 10m, 1m, 2m, 12m), new TouchedTier(10m, 20m, 10m, 0.50m, 3m, 8m), new TouchedTier(20m, null, 5m, 0.25m, 0m, 1.25m) };
        var coming = await UpcomingAsync();
        Line(coming, "usage").Tiers.ShouldBe(expected); // a draft says the same
        await world.ToAsync("2030-02-02T01:00:00Z");
        var line = Line(await LatestAsync(), "usage");
        (line.Quantity, line.Amount, line.UnitAmount).ShouldBe((25m, 21.25m, 0.85m)); // 12 + 8 + 1.25
        line.Tiers.ShouldBe(expected);

        await world.UseAsync("gpu", 4m, at: "2030-01-30T00:00:00Z");
        await world.ToAsync("2030-03-02T01:00:00Z");
        var late = Line(await LatestAsync(), "late_usage");
        late.Amount.ShouldBe(1.00m);
        late.Tiers.ShouldBe([new TouchedTier(20m, null, 4m, 0.25m, 0m, 1m)]);
    }

    [Theory]
    [InlineData("volume", "9.50")] // 13 × 0.50 + 3
    [InlineData("stairstep", "3")]
    public async Task A_volume_or_stairstep_line_opens_to_the_tier_of_the_whole(string model, string amount)
    {
        var tiers = model == "volume" ? Tiers : """ "tiers":[{"up_to":"10","flat_amount":"2"},{"up_to":"20","flat_amount":"3"},{"flat_amount":"4"}] """;
        await StartAsync($$"""{"model":"{{model}}",{{tiers}}}""");
        await world.UseAsync("gpu", 13m);
        await world.ToAsync("2030-02-02T01:00:00Z");
        var line = Line(await LatestAsync(), "usage");
        line.Amount.ShouldBe(decimal.Parse(amount, System.Globalization.CultureInfo.InvariantCulture));
        line.Tiers.ShouldBe([new TouchedTier(10m, 20m, 13m, model == "volume" ? 0.50m : 0m, 3m, line.Amount)]);
    }

    [Fact]
    public async Task Credits_beyond_those_included_open_to_the_tiers_of_their_price()
    {
        await world.MeterAsync("llm-calls", """ "aggregation":"sum","quantities":[{"property":"n"}] """);
        await world.RateAsync("llm-calls", """{"model":"per_unit","amount":"1"}""");
        await world.PlanAsync("""
            "items":[{"key":"base","type":"flat","amount":"9.00"},{"key":"credits","type":"included_credits","credits":"100"},
              {"key":"overage","type":"overage","price":{"model":"graduated","tiers":[{"up_to":"20","unit_amount":"0.10"},{"unit_amount":"0.05"}]}}]
            """);
        await world.SubscribeAsync(new SubscriptionOrder("pro", MeterWorld.At("2030-01-01T00:00:00Z"), Exhaustion: "overage"));
        await world.UseAsync("llm-calls", 130m);
        await world.ToAsync("2030-02-02T01:00:00Z");
        var line = Line(await LatestAsync(), "overage");
        line.Amount.ShouldBe(2.50m); // 20 × 0.10 + 10 × 0.05
        line.Tiers.ShouldBe([new TouchedTier(0m, 20m, 20m, 0.10m, 0m, 2m), new TouchedTier(20m, null, 10m, 0.05m, 0m, 0.50m)]);
    }

    [Fact]
    public async Task No_tiers_are_shown_that_do_not_come_to_the_line()
    {
        // Each event has tiers of its own: 12 + 12 is not what the tiers of 20 come to.
        await StartAsync($$"""{"model":"graduated","scope":"event",{{Tiers}}}""");
        await world.UseAsync("gpu", 10m);
        await world.UseAsync("gpu", 10m);
        await world.ToAsync("2030-02-02T01:00:00Z");
        var line = Line(await LatestAsync(), "usage");
        (line.Amount, line.Tiers.Count).ShouldBe((24m, 0));
    }

    [Fact]
    public async Task A_price_without_tiers_opens_to_its_unit_price()
    {
        await StartAsync("""{"model":"per_unit","amount":"0.333"}""");
        await world.UseAsync("gpu", 15m);
        await world.ToAsync("2030-02-02T01:00:00Z");
        var line = Line(await LatestAsync(), "usage");
        (line.UnitAmount, line.Tiers.Count).ShouldBe((0.333m, 0));
    }

    private async Task StartAsync(string price)
    {
        await world.RateAsync("gpu", price, unit: "USD");
        await world.PlanAsync(""" "items":[{"key":"base","type":"flat","amount":"9.00"}] """);
        await world.SubscribeAsync(new SubscriptionOrder("pro", MeterWorld.At("2030-01-01T00:00:00Z")));
    }

    private static InvoiceLine Line(Invoice invoice, string kind) => invoice.Lines.Single(line => line.Kind == kind);

    private async Task<Invoice> LatestAsync() => await world.InvoiceAsync((await world.InvoicesAsync())[0]);

    private async Task<Invoice> UpcomingAsync() => (await new Portal.Domain.Data.TenantReads(world.Portal.Source).RunAsync(world.Tenant, read => InvoiceQuery.UpcomingAsync(read)))!;
}
