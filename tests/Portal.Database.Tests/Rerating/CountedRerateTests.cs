using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Portal.Database.Tests.Counters;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Rerating;
using Portal.Domain.Pricing;
using Portal.Testing;

namespace Portal.Database.Tests.Rerating;

/// <summary>Re-rating and late rating under prices that accumulate over a period.</summary>
public sealed class CountedRerateTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private const string Linear = """{"model":"per_unit","amount":"10"}""";

    // 10 a unit up to 10, then 5.
    private const string Graduated = """{"model":"graduated","tiers":[{"up_to":"10","unit_amount":"10"},{"up_to":null,"unit_amount":"5"}]}""";

    // All at 10 up to 15, all at 5 beyond (edge case 35: 15 units cost 150, 16 cost 80).
    private const string Volume = """{"model":"volume","tiers":[{"up_to":"15","unit_amount":"10"},{"up_to":null,"unit_amount":"5"}]}""";

    private MeterWorld world = null!;

    public async Task InitializeAsync()
    {
        world = await MeterWorld.StartAsync(postgres, start: "2030-01-10T00:00:00Z");
        await world.MeterAsync("calls", """ "aggregation":"sum","quantities":[{"property":"n"}] """);
        await world.Portal.GrantAsync(world.Tenant, 10_000m, value: 100m);
    }

    public async Task DisposeAsync() => await world.DisposeAsync();

    [Fact]
    public async Task From_a_plain_price_to_tiers_the_period_is_counted_again_in_the_order_posted()
    {
        await world.RateAsync("calls", Linear);
        foreach (var (id, n) in new[] { ("a", 8m), ("b", 6m), ("c", 6m) }) await world.UseAsync("calls", n, id: id); // 80, 60, 60
        await world.RateAsync("calls", Graduated);

        var seen = await RerateAsync(version: 3, preview: true);
        (await world.ConsumedAsync("calls")).ShouldBe(200m);
        var done = await RerateAsync(version: 3);

        // a: 80; b: 2 × 10 + 4 × 5 = 40; c: 6 × 5 = 30.
        (await CreditsAsync("a"), await CreditsAsync("b"), await CreditsAsync("c")).ShouldBe((80m, 40m, 30m));
        (await world.ConsumedAsync("calls")).ShouldBe(150m);
        foreach (var summary in new[] { seen, done }) summary.ByCurrency.Single().Figures.CreditsAfter.ShouldBe(150m);
        (await RerateAsync(version: 3)).Changed.ShouldBe(0);

        // The counter stands at 20: what comes now goes on from there, and a void takes it out at the end of the price.
        (await world.UseAsync("calls", 2m, id: "d")).ShouldBe(10m);
        (await world.VoidAsync("a")).Returned.ShouldBe(40m); // of 22 units 8 less: 14 cost 120, 22 cost 160
        (await world.ConsumedAsync("calls")).ShouldBe(120m);
    }

    [Fact]
    public async Task From_tiers_to_a_plain_price_and_back_is_as_it_was()
    {
        await world.RateAsync("calls", Graduated);
        foreach (var (id, n) in new[] { ("a", 8m), ("b", 6m) }) await world.UseAsync("calls", n, id: id); // 80, 40
        await world.RateAsync("calls", Linear);
        await RerateAsync(version: 3);
        (await CreditsAsync("a"), await CreditsAsync("b")).ShouldBe((80m, 60m));
        (await CounterAsync()).ShouldBe(0m, "nothing stands on tiers any more");

        await RerateAsync(version: 2);
        (await CreditsAsync("a"), await CreditsAsync("b"), await CounterAsync()).ShouldBe((80m, 40m, 14m));
    }

    [Fact]
    public async Task Where_all_gets_cheaper_earlier_events_give_back_the_last_first()
    {
        await world.RateAsync("calls", Linear);
        foreach (var (id, n) in new[] { ("a", 10m), ("b", 5m), ("c", 1m) }) await world.UseAsync("calls", n, id: id); // 100, 50, 10
        await world.RateAsync("calls", Volume);
        await RerateAsync(version: 3);

        // 15 units cost 150, 16 cost 80: c draws nothing, b gives its 50 back and a 20.
        (await CreditsAsync("a"), await CreditsAsync("b"), await CreditsAsync("c")).ShouldBe((80m, 0m, 0m));
        (await RerateAsync(version: 3)).Changed.ShouldBe(0);
    }

    [Fact]
    public async Task A_voided_event_counts_no_more_and_only_the_days_asked_for_are_rated_again()
    {
        await world.RateAsync("calls", Linear);
        await world.UseAsync("calls", 8m, id: "before", at: "2030-01-08T00:00:00Z");
        foreach (var (id, n) in new[] { ("gone", 50m), ("a", 8m), ("b", 4m) }) await world.UseAsync("calls", n, id: id);
        await world.VoidAsync("gone");
        await world.RateAsync("calls", Graduated);
        await RerateAsync(version: 3, from: "2030-01-09T00:00:00Z");
        (await CreditsAsync("before"), await CreditsAsync("a"), await CreditsAsync("b"), await CounterAsync()).ShouldBe((80m, 80m, 30m, 12m)); // b: 2 × 10 + 2 × 5
    }

    [Fact]
    public async Task What_had_no_price_is_rated_late_by_what_its_period_has_come_to()
    {
        foreach (var (id, n) in new[] { ("a", 8m), ("b", 6m) })
            await world.Portal.SendAsync(MeterWorld.Event("calls", $$"""{"n":{{n}} }""", await world.Clock.NowAsync(), id)); // unrated
        await world.RateAsync("calls", Graduated);
        await Runs.RunDueAsync();

        (await CreditsAsync("a"), await CreditsAsync("b"), await CounterAsync()).ShouldBe((80m, 40m, 14m));
        (await world.UseAsync("calls", 2m)).ShouldBe(10m);
    }

    private OperationRuns Runs => world.Portal.Services.GetRequiredService<OperationRuns>();

    private async Task<decimal> CreditsAsync(string id) => (await world.ExplainAsync(id)).Credits;

    private async Task<decimal?> CounterAsync() => (decimal?)await world.Portal.ScalarAsync("select quantity from price_counters where unit = 'CREDIT'");

    private async Task<OperationSummary> RerateAsync(int version, bool preview = false, string from = "2030-01-01T00:00:00Z")
    {
        var asked = (await PlatformTransaction.RunAsync(world.Portal.Source, platform => Rerates.StartAsync(platform, new RerateOrder(
            "default", version, new ReratePeriod(MeterWorld.At(from), MeterWorld.At("2030-02-01T00:00:00Z")), preview)))).Value;
        await Runs.RunDueAsync();
        var done = (await Operations.FindAsync(world.Portal.Source, asked.Id))!;
        done.State.ShouldBe("succeeded", done.Error);
        return JsonSerializer.Deserialize<OperationSummary>(done.Result!, PortalJson.Options)!;
    }
}
