using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Metering;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Tenants;
using Portal.Testing;

namespace Portal.Database.Tests.Rerating;

/// <summary>What came before its meter or its rate is rated when one comes to cover it.</summary>
public sealed class LateRatingTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private RerateWorld world = null!;

    public async Task InitializeAsync() => world = await RerateWorld.StartAsync(postgres);

    public async Task DisposeAsync() => await world.DisposeAsync();

    [Fact]
    public async Task Events_that_no_rate_matched_draw_when_one_is_published()
    {
        var grant = await world.Portal.GrantAsync(world.Acme, 10m, value: 5m);
        (await world.UseAsync("a", 3_000, "new")).Status.ShouldBe(EventStatus.Unrated);
        (await world.UseAsync("b", 9_000, "new")).Status.ShouldBe(EventStatus.Unrated);
        (await world.UseAsync("other", 1_000, "unheard")).Status.ShouldBe(EventStatus.Unrated);

        await world.PublishAsync(RerateWorld.Rate("small", 1m), RerateWorld.Rate("new", 1m));
        await world.Runs.RunDueAsync();

        // 3 + 9 credits of 10 at $0.50: 10 from the grant, 2 owed.
        (await world.BalanceAsync("consumed:llm")).ShouldBe(12m);
        (await world.BalanceAsync("debt:shared")).ShouldBe(-2m);
        (await world.BalanceAsync("revenue:usage", "USD")).ShouldBe(-5m);
        (await world.ExplainAsync("a")).ShouldSatisfyAllConditions(
            e => e.Status.ShouldBe("accepted"), e => e.Credits.ShouldBe(3m), e => e.Revenue.ShouldBe(1.5m), e => e.Event.RateVersion.ShouldBe(2),
            e => e.Pieces.Select(piece => (piece.GrantId, piece.Credits)).ShouldBe([(grant.Id, 3m)]));
        (await world.ExplainAsync("other")).Status.ShouldBe("unrated");
        (await world.ListAsync(new EventFilter(Status: "unrated"))).Select(e => e.Event.Id).ShouldBe(["other"]);
        (await world.ListAsync(new EventFilter(Status: "accepted"))).Select(e => (e.Event.Id, e.Credits))
            .ShouldBe([("b", 9m), ("a", 3m)]);
        (await world.Portal.ScalarAsync("select sum(credits) from usage_hourly where model = 'new'")).ShouldBe(12m);
        (await world.Portal.ScalarAsync("select sum(events)::int from usage_hourly")).ShouldBe(2);
        (await world.UseAsync("a", 3_000, "new")).Status.ShouldBe(EventStatus.Duplicate);
        await world.Portal.GrantAsync(world.Acme, 2m, value: 4m); // settles what b owes
        (await world.ExplainAsync("b")).Revenue.ShouldBe(7.5m); // 7 × 0.50 + 4
    }

    [Fact]
    public async Task Events_that_no_meter_measured_are_rated_when_one_does_at_the_price_of_their_time()
    {
        await world.Portal.GrantAsync(world.Acme, 100m, value: 100m);
        await world.Portal.SendAsync(
            Image("early", RerateWorld.Noon.AddMinutes(-10)), Image("late", RerateWorld.Noon));
        await world.PublishAsync(RerateWorld.Rate("small", 1m));
        await world.Portal.ExecuteAsync("update operations set state = 'succeeded', finished_at = now()"); // nothing covers them yet

        await world.PutMeterAsync("images", """
            {"event_type":"image.made","product":"images","aggregation":"sum","dimensions":["model"],"quantities":[{"product_of":["width","height"],"divide_by":"1000000"}]}
            """);
        var price = (decimal amount) => new Domain.Pricing.Rates.RateDefinition { Meter = "images", Unit = "CREDIT", Price = Domain.Pricing.Rates.PriceDefinition.PerUnit(amount, 1m) };
        await world.PublishAsync(RerateWorld.Noon.AddDays(-40), [RerateWorld.Rate("small", 1m), price(2m)]);
        await world.PublishAsync(RerateWorld.Noon.AddMinutes(-5), [RerateWorld.Rate("small", 1m), price(3m)]);
        await world.Runs.RunDueAsync();

        // 2 megapixels each: 4 credits before the rise, 6 after.
        (await world.ExplainAsync("early")).ShouldSatisfyAllConditions(
            e => e.Credits.ShouldBe(4m), e => e.Event.Product.ShouldBe("images"), e => e.Event.Meter.ShouldBe("images"));
        (await world.ExplainAsync("late")).Credits.ShouldBe(6m);
        (await world.BalanceAsync("consumed:images")).ShouldBe(10m);
        (await world.Portal.ScalarAsync("select sum(quantity) from usage_hourly where product = 'images' and model = 'xl'")).ShouldBe(4m);

        // Void one of them: it goes back whole.
        var voided = await world.Portal.Wallets.RunAsync(world.Acme, wallet =>
            world.Portal.Services.GetRequiredService<UsageCorrections>().VoidAsync(wallet, "test", "late", "Wrong"));
        voided.Value.Returned.ShouldBe(6m);
        (await world.BalanceAsync("pool:shared")).ShouldBe(96m);
        (await world.ExplainAsync("late")).Status.ShouldBe("voided");
    }

    [Fact]
    public async Task Voided_events_stay_and_allowances_count_what_is_rated_late()
    {
        await world.Portal.GrantAsync(world.Acme, 100m);
        await world.UseAsync("first", 1_000, consumer: "ana");
        (await world.Portal.Wallets.RunAsync(world.Acme, wallet =>
            AllowanceSettings.PutAsync(wallet, "ana", "shared", 50m, "month", "hard"))).Succeeded.ShouldBeTrue();
        await world.Portal.ExecuteAsync("update allowances set since = now() - interval '1 day'"); // the events happened half an hour ago
        await world.UseAsync("a", 7_000, "new", consumer: "ana");
        await world.UseAsync("gone", 5_000, "new", consumer: "ana");
        (await world.Portal.Wallets.RunAsync(world.Acme, wallet =>
            world.Portal.Services.GetRequiredService<UsageCorrections>().VoidAsync(wallet, "test", "gone", "Wrong"))).Succeeded.ShouldBeTrue();

        await world.PublishAsync(RerateWorld.Rate(null, 1m));
        await world.Runs.RunDueAsync();

        (await world.ExplainAsync("gone")).Credits.ShouldBe(0m);
        (await world.BalanceAsync("consumed:llm")).ShouldBe(8m);
        (await world.Portal.ScalarAsync("select used from allowance_usage where period = 'month'")).ShouldBe(7m, "what was drawn before it was made never counted");
    }

    [Fact]
    public async Task Running_it_again_or_twice_at_once_rates_nothing_twice()
    {
        await world.Portal.GrantAsync(world.Acme, 100_000m);
        for (var i = 0; i < 6; i++)
            await world.Portal.SendAsync([.. Enumerable.Range(0, 100).Select(n => TestPortal.Usage("acme", $"{i}-{n}", 1_000, model: "new", at: RerateWorld.Noon))]);
        await world.PublishAsync(RerateWorld.Rate("new", 1m));
        await world.PublishAsync(RerateWorld.Rate("new", 2m));

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => world.Runs.RunDueAsync()));
        await world.Runs.RunDueAsync();

        (await world.BalanceAsync("consumed:llm")).ShouldBe(1_200m, "600 events at the price in force by then");
        (await world.CountAsync("ratings where kind = 'late_rating'")).ShouldBe(600);
        (await world.CountAsync("operations where state = 'succeeded'")).ShouldBe(2);
    }

    private static string Image(string id, DateTimeOffset at) => $$$"""
        {"specversion":"1.0","type":"image.made","source":"test","id":"{{{id}}}","subject":"acme","time":"{{{at.UtcDateTime:O}}}","data":{"model":"xl","width":2000,"height":1000}}
        """;
}
