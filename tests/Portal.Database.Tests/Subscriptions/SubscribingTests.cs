using Portal.Domain.Subscriptions;
using Portal.Testing;
using static Portal.Database.Tests.Subscriptions.PlanWorld;

namespace Portal.Database.Tests.Subscriptions;

/// <summary>Making and ending subscriptions.</summary>
public sealed class SubscribingTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task One_at_a_time_and_another_once_it_has_ended()
    {
        await using var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(Included(100m, 10m));
        var first = await world.SubscribeAsync();
        (await world.TryAsync(new SubscriptionOrder("pro"))).Problem!.Code.ShouldBe("subscription_exists");
        (await world.ChangeAsync(first, new SubscriptionChange("now"))).Succeeded.ShouldBeTrue();
        (await world.ChangeAsync(first, new SubscriptionChange("now"))).Problem!.Code.ShouldBe("subscription_cancelled");
        (await world.TryAsync(new SubscriptionOrder("pro"))).Succeeded.ShouldBeTrue();
        (await world.BalanceAsync()).ShouldBe(200m); // the first one's credits stay until they expire
        await world.ToAsync("2030-02-01T00:00:00Z");
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Two_made_at_once_are_one()
    {
        await using var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(Included(100m, 10m));
        var made = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => world.TryAsync(new SubscriptionOrder("pro")))));
        made.Count(result => result.Succeeded).ShouldBe(1);
        made.Where(result => !result.Succeeded).ShouldAllBe(result => result.Problem!.Code == "subscription_exists");
        (await world.BalanceAsync()).ShouldBe(100m);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task What_is_refused_changes_nothing()
    {
        await using var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(Included(100m, 10m));
        foreach (var (order, code) in new[]
        {
            (new SubscriptionOrder("nope"), "unknown_plan"),
            (new SubscriptionOrder("pro", Exhaustion: "overage"), "overage_price_missing"),
            (new SubscriptionOrder("pro", Exhaustion: "sometimes"), "invalid_exhaustion"),
            (new SubscriptionOrder("pro", AnchorDay: 32), "invalid_anchor_day"),
            (new SubscriptionOrder("pro", SpendCap: -1m), "invalid_spend_cap"),
            (new SubscriptionOrder("pro", SpendCap: 0.0000000001m), "invalid_spend_cap"),
            (new SubscriptionOrder("pro", StartsAt: At("1999-01-01T00:00:00Z")), "invalid_starts_at"),
            (new SubscriptionOrder("pro", TrialUntil: At("2029-12-31T00:00:00Z")), "invalid_trial_until"),
        })
        {
            (await world.TryAsync(order)).Problem!.Code.ShouldBe(code);
        }

        await world.Portal.ExecuteAsync("update tenants set currency = 'EUR'; update wallets set config_version = config_version + 1");
        (await world.TryAsync(new SubscriptionOrder("pro"))).Problem!.Code.ShouldBe("currency_mismatch");
        (await world.Portal.ScalarAsync("select count(*) from subscriptions")).ShouldBe(0L);
        (await world.Portal.ScalarAsync("select count(*) from ledger_transactions")).ShouldBe(0L);
    }

    [Fact]
    public async Task Cancelled_at_the_periods_end_it_grants_no_more_and_nothing_rolls()
    {
        await using var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(Included(100m, 10m, "\"expires_after\":\"P3M\""));
        var subscription = await world.SubscribeAsync();
        await world.ToAsync("2030-02-10T00:00:00Z"); // 100 rolled until 1 May
        var changed = (await world.ChangeAsync(subscription, new SubscriptionChange("period_end"))).Value;
        changed.State.ShouldBe(SubscriptionState.Active);
        changed.CancelAt.ShouldBe(At("2030-03-01T00:00:00Z"));
        await world.ToAsync("2030-03-01T00:00:00Z");
        var ended = await world.ReadAsync(subscription);
        (ended.State, ended.CancelledAt, ended.Period).ShouldBe((SubscriptionState.Cancelled, At("2030-03-01T00:00:00Z"), null));
        (await world.BalanceAsync()).ShouldBe(100m); // what rolled in February
        await world.ToAsync("2030-05-01T00:00:00Z");
        (await world.BalanceAsync()).ShouldBe(0m);
        (await world.Portal.ScalarAsync("select next_due_at from wallets")).ShouldBeNull();
        (await world.Portal.ScalarAsync("select count(*) from subscription_periods")).ShouldBe(2L);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task A_cancellation_to_come_can_be_taken_back()
    {
        await using var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(Included(100m, 10m));
        var subscription = await world.SubscribeAsync();
        await world.ChangeAsync(subscription, new SubscriptionChange("period_end"));
        (await world.ChangeAsync(subscription, new SubscriptionChange("none"))).Value.CancelAt.ShouldBeNull();
        await world.ToAsync("2030-02-01T00:00:00Z");
        (await world.ReadAsync(subscription)).State.ShouldBe(SubscriptionState.Active);
        (await world.BalanceAsync()).ShouldBe(100m);
    }

    [Fact]
    public async Task Cancelled_now_the_shares_to_come_are_the_customers_and_credits_stay()
    {
        // $120 a year for twelve grants; after two of them $100 is still to come.
        await using var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(Included(100m, 120m, every: "month"), period: "year");
        var subscription = await world.SubscribeAsync();
        await world.ToAsync("2030-02-10T00:00:00Z");
        (await world.BalanceAsync("deferred:fees", "USD")).ShouldBe(-100m);
        await world.ChangeAsync(subscription, new SubscriptionChange("now"));
        (await world.BalanceAsync("deferred:fees", "USD")).ShouldBe(0m);
        (await world.BalanceAsync("unbilled", "USD")).ShouldBe(20m); // 120 less what the last invoice gives back
        (await world.BalanceAsync()).ShouldBe(100m);
        await world.ShouldReconcileAsync();
        await world.ToAsync("2030-03-01T00:00:00Z");
        (await world.BalanceAsync()).ShouldBe(0m);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task One_that_starts_later_waits_and_one_cancelled_before_never_starts()
    {
        await using var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(Included(100m, 10m));
        var subscription = await world.SubscribeAsync(start: "2030-01-10T00:00:00Z");
        (await world.BalanceAsync()).ShouldBe(0m);
        await world.ChangeAsync(subscription, new SubscriptionChange("period_end"));
        await world.ToAsync("2030-01-10T00:00:00Z");
        (await world.ReadAsync(subscription)).State.ShouldBe(SubscriptionState.Cancelled);
        (await world.BalanceAsync()).ShouldBe(0m);
        await world.SubscribeAsync(start: "2030-01-20T00:00:00Z");
        await world.ToAsync("2030-01-20T00:00:00Z");
        (await world.BalanceAsync()).ShouldBe(100m);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task A_change_of_zone_takes_effect_at_the_next_period()
    {
        await using var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(Included(100m));
        var subscription = await world.SubscribeAsync();
        await world.Portal.ExecuteAsync("update tenants set time_zone = 'Asia/Tokyo'; update wallets set config_version = config_version + 1");
        (await world.ReadAsync(subscription)).Period!.EndsAt.ShouldBe(At("2030-02-01T00:00:00Z"));
        await world.ToAsync("2030-02-01T00:00:00Z");
        (await world.ReadAsync(subscription)).Period!.EndsAt.ShouldBe(At("2030-02-28T15:00:00Z")); // 1 March in Tokyo
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task The_clock_never_goes_back_and_two_do_not_move_it_at_once()
    {
        await using var world = await PlanWorld.StartAsync(postgres);
        (await world.Clock.AdvanceAsync(At("2029-12-31T00:00:00Z"))).Problem!.Code.ShouldBe("clock_goes_back");
        (await world.Clock.AdvanceAsync(At("2099-01-01T00:00:00Z"))).Problem!.Code.ShouldBe("invalid_to");
        await using (var other = await world.Portal.Source.OpenConnectionAsync())
        {
            await using var command = new Npgsql.NpgsqlCommand($"select pg_advisory_lock({0x506f_7274_616c_0001})", other);
            await command.ExecuteNonQueryAsync();
            (await world.Clock.AdvanceAsync(At("2030-02-01T00:00:00Z"))).Problem!.Code.ShouldBe("test_clock_busy");
            command.CommandText = "select pg_advisory_unlock_all()";
            await command.ExecuteNonQueryAsync();
        }

        (await world.Clock.AdvanceAsync(At("2030-02-01T00:00:00Z"))).Value.ShouldBe(At("2030-02-01T00:00:00Z"), TimeSpan.FromMinutes(1));
    }
}
