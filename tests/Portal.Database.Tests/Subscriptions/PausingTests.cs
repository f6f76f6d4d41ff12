using Portal.Database.Tests.Counters;
using Portal.Domain.Subscriptions;
using Portal.Testing;
using static Portal.Database.Tests.Subscriptions.PlanWorld;

namespace Portal.Database.Tests.Subscriptions;

/// <summary>A pause begins with a period's end; resuming begins a new period.</summary>
public sealed class PausingTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly SubscriptionChange Pause = new() { Pause = true };
    private static readonly SubscriptionChange Resume = new() { Resume = true };

    [Fact]
    public async Task Paused_from_the_periods_end_it_costs_nothing_until_a_new_period_begins()
    {
        // $50 a month, 500 credits, no share of it. January is paid; February is not charged; from 10 March a month again.
        await using var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(Included(500m), flat: 50m);
        var subscription = await world.SubscribeAsync();
        await world.Portal.GrantAsync(world.Tenant, 200m);
        (await world.ChangeAsync(subscription, Pause)).Value.PauseAt.ShouldBe(At("2030-02-01T00:00:00Z"));
        (await world.ReadAsync(subscription)).State.ShouldBe(SubscriptionState.Active);

        // Included credits end with their period; those granted for life stay and can be spent.
        await world.ToAsync("2030-02-05T00:00:00Z");
        (await world.ReadAsync(subscription)).State.ShouldBe(SubscriptionState.Paused);
        (await world.BalanceAsync()).ShouldBe(200m);
        await world.UseAsync(30);
        (await world.BalanceAsync()).ShouldBe(170m);
        (await world.Portal.ScalarAsync("select sum(amount) from charges")).ShouldBe(50m);
        (await world.BalanceAsync("revenue:subscription", "USD")).ShouldBe(-50m);
        await world.ShouldReconcileAsync();

        await world.ToAsync("2030-03-10T00:00:00Z");
        (await world.Portal.ScalarAsync("select sum(amount) from charges")).ShouldBe(50m);
        var resumed = (await world.ChangeAsync(subscription, Resume)).Value;
        (resumed.State, resumed.PauseAt).ShouldBe((SubscriptionState.Active, null));
        (resumed.Period!.StartsAt.Date, resumed.Period.EndsAt.Date).ShouldBe((new DateTime(2030, 3, 10), new DateTime(2030, 4, 10))); // the clock goes on
        (await world.BalanceAsync()).ShouldBe(670m);
        (await world.Portal.ScalarAsync("select sum(amount) from charges")).ShouldBe(100m);
        await world.ShouldReconcileAsync();

        await world.ToAsync("2030-04-11T00:00:00Z");
        (await world.Portal.ScalarAsync("select sum(amount) from charges")).ShouldBe(150m);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task What_was_sold_beyond_the_grants_is_invoiced_as_it_pauses_and_nothing_is_sold_then()
    {
        // 100 credits for $10, beyond them $0.50 each: 104 used are 4 × 0.50 = 2.00. In the pause 3 more are owed, not sold.
        await using var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(Included(100m, 10m) + ",{\"key\":\"more\",\"type\":\"overage\",\"price\":{\"model\":\"per_unit\",\"amount\":\"0.5\"}}");
        var subscription = await world.SubscribeAsync("overage");
        (await world.ChangeAsync(subscription, Pause)).Succeeded.ShouldBeTrue();
        await world.UseAsync(104);
        await world.ToAsync("2030-02-05T00:00:00Z");
        await world.UseAsync(3);
        (await world.BalanceAsync("debt:shared")).ShouldBe(-3m);
        (await world.Portal.ScalarAsync("select sum(amount) from charges where kind = 'overage'")).ShouldBe(2m);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task A_pause_is_taken_back_before_it_begins_and_refused_where_it_makes_no_sense()
    {
        await using var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(Included(500m), flat: 50m);
        var subscription = await world.SubscribeAsync();
        (await world.ChangeAsync(subscription, Resume)).Problem!.Code.ShouldBe("not_paused");
        (await world.ChangeAsync(subscription, new() { Pause = true, Resume = true })).Problem!.Code.ShouldBe("invalid_pause");
        (await world.ChangeAsync(subscription, Pause)).Succeeded.ShouldBeTrue();
        (await world.ChangeAsync(subscription, Pause)).Problem!.Code.ShouldBe("subscription_paused");
        (await world.ChangeAsync(subscription, new("period_end"))).Problem!.Code.ShouldBe("subscription_paused");
        (await world.ChangeAsync(subscription, Resume)).Value.PauseAt.ShouldBeNull();
        await world.ToAsync("2030-02-05T00:00:00Z");
        (await world.ReadAsync(subscription)).State.ShouldBe(SubscriptionState.Active);
        (await world.Portal.ScalarAsync("select sum(amount) from charges")).ShouldBe(100m);
        (await world.ChangeAsync(subscription, new("period_end"))).Succeeded.ShouldBeTrue();
        (await world.ChangeAsync(subscription, Pause)).Problem!.Code.ShouldBe("nothing_to_pause");
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Usage_that_the_plan_prices_in_money_is_billed_after_a_pause_too()
    {
        // $10 a month and $0.50 a unit: 4 in the pause are 2.00, on the invoice of the period that follows it.
        await using var world = await MeterWorld.StartAsync(postgres);
        await world.MeterAsync("gpu", """ "aggregation":"sum","quantities":[{"property":"n"}] """);
        await world.PlanAsync(""" "items":[{"key":"base","type":"flat","amount":"10.00"},{"key":"gpu","type":"usage","meter":"gpu","price":{"model":"per_unit","amount":"0.5"}}] """);
        await world.Portal.SellAsync();
        var subscription = await world.SubscribeAsync(new SubscriptionOrder("pro", At("2030-01-01T00:00:00Z")));
        await world.ChangeAsync(subscription, Pause);
        await world.ToAsync("2030-02-10T00:00:00Z");
        await world.UseAsync("gpu", 4m);
        (await world.UnbilledAsync()).ShouldBe(2m);
        await world.Portal.Source.ShouldBalanceAsync();

        await world.ToAsync("2030-03-10T00:00:00Z");
        await world.ChangeAsync(subscription, Resume);
        await world.ToAsync("2030-04-12T00:00:00Z");
        (await world.UnbilledAsync()).ShouldBe(0m);
        (await world.BalanceAsync("receivable", "USD")).ShouldBe(32m); // January, two periods since March, and the usage
        await world.Portal.Source.ShouldBalanceAsync();
    }
}
