using Portal.Domain.Metering.Intake;
using Portal.Testing;

namespace Portal.Database.Tests.Counters;

/// <summary>Prices that accumulate over a period, rated by difference. Rows of the oracles (§5) stand beside the figures.</summary>
public sealed class CountedPriceTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private const string Sum = """ "aggregation":"sum","quantities":[{"property":"n"}] """;

    // Up to 5 flat 100; up to 10 flat 150; up to 15 at 10 each; then 5 each.
    private const string Volume = """
        {"model":"volume","tiers":[{"up_to":"5","flat_amount":"100"},{"up_to":"10","flat_amount":"150"},{"up_to":"15","unit_amount":"10"},{"up_to":null,"unit_amount":"5"}]}
        """;

    private MeterWorld world = null!;

    public async Task InitializeAsync() => world = await MeterWorld.StartAsync(postgres);

    public async Task DisposeAsync() => await world.DisposeAsync();

    [Fact]
    public async Task Case_35_a_volume_tier_that_drops_gives_back_what_was_drawn_last()
    {
        await PriceAsync(Volume);
        await world.Portal.GrantAsync(world.Tenant, 1000m, value: 100m);
        (await world.UseAsync("gpu", 12m, id: "a")).ShouldBe(120m); // openmeter delta: 12 → +120
        (await world.UseAsync("gpu", 2m, id: "b")).ShouldBe(20m); // 14 → +20
        (await world.UseAsync("gpu", 1m, id: "c")).ShouldBe(10m); // 15 costs 150
        (await world.UseAsync("gpu", 1m, id: "d")).ShouldBe(0m); // 16 costs 80: 70 come back

        (await world.ConsumedAsync("gpu")).ShouldBe(80m);
        (await world.BalanceAsync("pool:shared")).ShouldBe(920m);
        (await world.BalanceAsync("deferred:credits", "USD")).ShouldBe(-92m);
        (await world.ExplainAsync("c")).Credits.ShouldBe(0m); // 10 of c, 20 of b, 40 of a: last drawn first
        (await world.ExplainAsync("b")).Credits.ShouldBe(0m);
        (await world.ExplainAsync("a")).Credits.ShouldBe(80m);
        (await world.UseAsync("gpu", 4m)).ShouldBe(20m); // 20 × 5
    }

    [Fact]
    public async Task A_batch_meets_the_drop_in_its_middle()
    {
        await PriceAsync(Volume);
        await world.Portal.GrantAsync(world.Tenant, 1000m);
        var now = await world.Clock.NowAsync();
        var taken = await world.Portal.SendAsync([.. new[] { 12, 2, 1, 1, 4 }.Select((n, i) => MeterWorld.Event("gpu", $$"""{"n":{{n}}}""", now, $"b{i}"))]);
        taken.Select(usage => usage.Status).ShouldAllBe(status => status == EventStatus.Accepted);
        taken.Select(usage => usage.Credits).ShouldBe([120m, 20m, 10m, 0m, 20m]);
        (await world.ConsumedAsync("gpu")).ShouldBe(100m); // 20 × 5
        (await world.Portal.SendAsync(MeterWorld.Event("gpu", """{"n":4}""", now, "b4")))[0].Status.ShouldBe(EventStatus.Duplicate);
        (await world.ConsumedAsync("gpu")).ShouldBe(100m);
    }

    [Theory]
    [InlineData("""{"model":"package","amount":"15","per":"10"}""", new[] { 17, 5, 8, 1 }, new[] { 30, 15, 0, 15 })] // 2, 3, 3, 4 packages
    [InlineData("""{"model":"graduated","tiers":[{"up_to":"5","flat_amount":"100"},{"up_to":"10","flat_amount":"50"},{"up_to":"15","unit_amount":"5"},{"up_to":null,"unit_amount":"1"}]}""",
        new[] { 7, 1, 14 }, new[] { 150, 0, 32 })] // Q05: a tier's flat amount is due once; Q01: 22 come to 100 + 50 + 25 + 7
    [InlineData("""{"model":"per_unit","amount":"10","maximum":"100"}""", new[] { 7, 5, 1 }, new[] { 70, 30, 0 })] // unit 10, max100
    [InlineData("""{"model":"per_unit","amount":"10","discount_percent":"50","maximum":"100"}""", new[] { 7, 20 }, new[] { 35, 65 })] // 35 + 65
    [InlineData("""{"model":"stairstep","tiers":[{"up_to":"2","flat_amount":"3"},{"up_to":null,"flat_amount":"8"}]}""", new[] { 2, 1, 5 }, new[] { 3, 5, 0 })]
    public async Task Each_event_pays_the_difference_that_it_makes(string price, int[] quantities, int[] credits)
    {
        await PriceAsync(price);
        await world.Portal.GrantAsync(world.Tenant, 1000m);
        for (var i = 0; i < quantities.Length; i++) (await world.UseAsync("gpu", quantities[i])).ShouldBe(credits[i]);
        (await world.ConsumedAsync("gpu")).ShouldBe(credits.Sum());
    }

    [Fact]
    public async Task An_estimate_goes_on_from_where_the_period_is_and_changes_nothing()
    {
        await PriceAsync("""{"model":"package","amount":"15","per":"10"}""");
        await world.Portal.GrantAsync(world.Tenant, 1000m);
        await world.UseAsync("gpu", 7m);
        async Task<decimal> EstimateAsync(int n) => (await world.Portal.Intake.EstimateAsync(
            System.Text.Encoding.UTF8.GetBytes(MeterWorld.Event("gpu", $$"""{"n":{{n}}}""", await world.Clock.NowAsync(), "x")), null, CancellationToken.None)).Value.Rating!.Credits.Amount;
        (await EstimateAsync(3)).ShouldBe(0m);
        (await EstimateAsync(4)).ShouldBe(15m);
        (await EstimateAsync(4)).ShouldBe(15m);
        (await world.ConsumedAsync("gpu")).ShouldBe(15m);
    }

    [Fact]
    public async Task Money_falls_with_the_volume_price()
    {
        await PriceAsync(Volume, "USD");
        foreach (var n in new[] { 12m, 2m, 1m, 1m }) await world.UseAsync("gpu", n);
        (await world.UnbilledAsync()).ShouldBe(80m);
        (await world.BalanceAsync("revenue:usage", "USD")).ShouldBe(-80m);
    }

    [Fact]
    public async Task A_month_of_the_tenants_zone_begins_anew_and_late_usage_counts_in_its_own()
    {
        await using var tokyo = await MeterWorld.StartAsync(postgres, "Asia/Tokyo", "2030-01-20T00:00:00Z");
        await tokyo.MeterAsync("gpu", Sum);
        await tokyo.RateAsync("gpu", """{"model":"graduated","tiers":[{"up_to":"10","unit_amount":"2"},{"up_to":null,"unit_amount":"1"}]}""");
        await tokyo.Portal.GrantAsync(tokyo.Tenant, 1000m);
        (await tokyo.UseAsync("gpu", 12m)).ShouldBe(22m); // 10 × 2 + 2 × 1
        await tokyo.ToAsync("2030-01-31T15:00:00Z"); // midnight of February in Tokyo
        (await tokyo.UseAsync("gpu", 5m)).ShouldBe(10m);
        (await tokyo.UseAsync("gpu", 3m, at: "2030-01-31T14:59:59Z")).ShouldBe(3m); // still January there
        (await tokyo.UseAsync("gpu", 6m)).ShouldBe(11m); // 5 × 2 + 1 × 1
    }

    [Fact]
    public async Task A_price_for_each_consumer_counts_each_alone_and_one_for_each_event_counts_nothing()
    {
        await world.MeterAsync("gpu", Sum);
        await world.MeterAsync("call", Sum);
        await world.RatesAsync("""
            [{"meter":"gpu","match":{},"unit":"CREDIT","price":{"model":"package","amount":"15","per":"10","scope":"consumer"}},
             {"meter":"call","match":{},"unit":"CREDIT","price":{"model":"package","amount":"15","per":"10","scope":"event"}}]
            """);
        await world.Portal.GrantAsync(world.Tenant, 1000m);
        (await world.UseAsync("gpu", 4m, "ann")).ShouldBe(15m);
        (await world.UseAsync("gpu", 4m, "ben")).ShouldBe(15m);
        (await world.UseAsync("gpu", 4m, "ann")).ShouldBe(0m);
        (await world.UseAsync("gpu", 4m)).ShouldBe(15m); // nobody's is a counter of its own
        (await world.UseAsync("call", 4m, "ann")).ShouldBe(15m);
        (await world.UseAsync("call", 4m, "ann")).ShouldBe(15m);
    }

    [Fact]
    public async Task The_greatest_of_a_period_counts_and_distinct_values_count_once()
    {
        await world.MeterAsync("seats", """ "aggregation":"max","quantities":[{"property":"n"}] """);
        await world.MeterAsync("users", """ "aggregation":"unique","quantities":[{"property":"user"}] """);
        await world.RatesAsync("""
            [{"meter":"seats","match":{},"unit":"CREDIT","price":{"model":"per_unit","amount":"3"}},
             {"meter":"users","match":{},"unit":"CREDIT","price":{"model":"per_unit","amount":"2"}}]
            """);
        await world.Portal.GrantAsync(world.Tenant, 1000m);
        (await world.UseAsync("seats", 5m, id: "s1")).ShouldBe(15m);
        (await world.UseAsync("seats", 20m, id: "s2")).ShouldBe(45m); // lago: 5, 20, 3 → 20
        (await world.UseAsync("seats", 3m, id: "s3")).ShouldBe(0m);
        (await world.ConsumedAsync("seats")).ShouldBe(60m);
        var users = new List<decimal>();
        foreach (var user in new[] { "ann", "ben", "ann", "cid" }) users.Add((await world.SendAsync("users", $$"""{"user":"{{user}}"}""")).Credits);
        users.ShouldBe([2m, 2m, 0m, 2m]);

        await world.VoidAsync("s2"); // the greatest of the others is 5
        (await world.ConsumedAsync("seats")).ShouldBe(15m);
        await world.VoidAsync("e1"); // ann has sent another
        (await world.ConsumedAsync("users")).ShouldBe(6m);
        await world.VoidAsync("e3");
        (await world.ConsumedAsync("users")).ShouldBe(4m);
    }

    [Fact]
    public async Task A_void_costs_what_the_period_costs_without_it()
    {
        await PriceAsync("""{"model":"graduated","tiers":[{"up_to":"10","unit_amount":"10"},{"up_to":null,"unit_amount":"5"}]}""");
        await world.Portal.GrantAsync(world.Tenant, 1000m, value: 1000m);
        (await world.UseAsync("gpu", 10m, id: "a")).ShouldBe(100m);
        (await world.UseAsync("gpu", 10m, id: "b")).ShouldBe(50m);
        (await world.VoidAsync("a")).Returned.ShouldBe(50m); // ten are left, and ten cost 100
        (await world.ConsumedAsync("gpu")).ShouldBe(100m);
        (await world.VoidAsync("b")).Returned.ShouldBe(50m); // and the 50 that stood for it on a
        (await world.ConsumedAsync("gpu")).ShouldBe(0m);
        (await world.BalanceAsync("deferred:credits", "USD")).ShouldBe(-1000m);
        (await world.UseAsync("gpu", 1m)).ShouldBe(10m);
    }

    [Fact]
    public async Task A_void_that_makes_the_rest_dearer_draws_more()
    {
        await PriceAsync(Volume);
        await world.Portal.GrantAsync(world.Tenant, 1000m);
        await world.UseAsync("gpu", 15m, id: "a");
        await world.UseAsync("gpu", 1m, id: "b"); // 16 cost 80
        (await world.VoidAsync("b")).Drawn.ShouldBe(70m); // 15 cost 150
        (await world.ConsumedAsync("gpu")).ShouldBe(150m);
        await world.VoidAsync("a");
        (await world.ConsumedAsync("gpu")).ShouldBe(0m);
    }

    [Fact]
    public async Task An_amendment_costs_what_the_period_costs_with_it()
    {
        await PriceAsync("""{"model":"graduated","tiers":[{"up_to":"10","unit_amount":"10"},{"up_to":null,"unit_amount":"5"}]}""");
        await world.Portal.GrantAsync(world.Tenant, 1000m);
        await world.UseAsync("gpu", 10m, id: "a");
        await world.UseAsync("gpu", 10m, id: "b");
        (await world.AmendAsync("a", """{"n":4}""")).Returned.ShouldBe(30m); // 14 cost 120
        (await world.ConsumedAsync("gpu")).ShouldBe(120m);
        (await world.AmendAsync("b", """{"n":0}""")).Returned.ShouldBe(50m); // 4 cost 40: b had drawn 50, a gives 30 more
        (await world.ConsumedAsync("gpu")).ShouldBe(40m);
        (await world.AmendAsync("b", """{"n":6}""")).Drawn.ShouldBe(60m);
        (await world.ConsumedAsync("gpu")).ShouldBe(100m);
    }

    private async Task PriceAsync(string price, string unit = "CREDIT")
    {
        await world.MeterAsync("gpu", Sum);
        await world.RateAsync("gpu", price, unit);
    }
}
