using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Data;
using Portal.Domain.Subscriptions;
using Portal.Domain.Wallet;
using Portal.Testing;
using static Portal.Database.Tests.Subscriptions.PlanWorld;

namespace Portal.Database.Tests.Subscriptions;

/// <summary>What falls due for a subscription, in its order.</summary>
public sealed class RenewalTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Oracle_Docs_500_a_month_and_200_for_life()
    {
        await using var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(Included(500m));
        await world.SubscribeAsync();
        await world.Portal.GrantAsync(world.Tenant, 200m);
        await world.UseAsync(400);
        (await world.GrantsAsync()).Select(grant => grant.Remaining).ShouldBe([100m, 200m]);
        await world.UseAsync(200);
        (await world.GrantsAsync()).Select(grant => grant.Remaining).ShouldBe([100m]);
        await world.ToAsync("2030-02-01T00:00:00Z");
        (await world.BalanceAsync()).ShouldBe(600m);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task A_years_share_waits_in_deferred_fees_and_follows_its_credits()
    {
        // $100 for twelve grants: 8.333333333, then 16.666666667 − 8.333333333, …; the whole is 100.
        await using var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(Included(100m, 100m, every: "month"), period: "year");
        await world.SubscribeAsync();
        (await world.BalanceAsync("unbilled", "USD")).ShouldBe(100m);
        (await world.BalanceAsync("deferred:credits", "USD")).ShouldBe(-8.333333333m);
        (await world.BalanceAsync("deferred:fees", "USD")).ShouldBe(-91.666666667m);
        await world.ShouldReconcileAsync();

        await world.ToAsync("2030-02-01T00:00:00Z");
        (await world.BalanceAsync()).ShouldBe(100m);
        (await world.BalanceAsync("deferred:credits", "USD")).ShouldBe(-8.333333334m);
        (await world.BalanceAsync("deferred:fees", "USD")).ShouldBe(-83.333333333m);
        (await world.BalanceAsync("revenue:breakage", "USD")).ShouldBe(-8.333333333m);
        await world.ShouldReconcileAsync();

        await world.ToAsync("2030-12-31T00:00:00Z");
        (await world.BalanceAsync("deferred:fees", "USD")).ShouldBe(0m);
        (await world.BalanceAsync("unbilled", "USD")).ShouldBe(100m);
        (await world.Portal.ScalarAsync("select sum(value) from grants where source = 'plan'")).ShouldBe(100m);
        await world.ShouldReconcileAsync();
        await world.ToAsync("2031-01-01T00:00:00Z");
        (await world.BalanceAsync("unbilled", "USD")).ShouldBe(200m);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Case_9_a_split_run_equals_one_run()
    {
        var books = new List<List<string>>();
        foreach (var split in new[] { true, false })
        {
            await using var world = await PlanWorld.StartAsync(postgres, "Europe/Berlin");
            await world.PlanAsync(
                Included(100m, 100m, "\"max\":\"150\",\"min\":\"20\"", every: "month") + "," + Included(10m, 7m, "\"expires_after\":\"P40D\",\"max_rolls\":2", "quarter", "extra"),
                period: "quarter");
            await world.SubscribeAsync(anchor: 31, start: "2029-12-31T12:00:00Z");
            await world.Portal.GrantAsync(world.Tenant, 50m, value: 3m, expiresAt: At("2030-06-15T00:00:00Z"));
            await world.UseAsync(130);
            for (var month = 2; split && month <= 12; month++) await world.ToAsync($"2030-{month:00}-17T00:00:00Z");
            await world.ToAsync("2031-01-05T00:00:00Z");
            await world.ShouldReconcileAsync();
            books.Add(await world.BooksAsync());
        }

        books[0].Count.ShouldBeGreaterThan(50);
        books[0].ShouldBe(books[1]);
    }

    [Fact]
    public async Task A_subscription_that_started_a_year_ago_stands_as_if_it_had_been_settled_since()
    {
        await using var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(Included(100m, 10m, "\"max\":\"50\""));
        var subscription = await world.SubscribeAsync(start: "2029-01-01T00:00:00Z");
        (await world.BalanceAsync()).ShouldBe(150m);
        subscription.Period!.Number.ShouldBe(12);
        subscription.Period.EndsAt.ShouldBe(At("2030-02-01T00:00:00Z"));
        (await world.Portal.ScalarAsync("select count(*) from subscription_periods")).ShouldBe(12L);
        (await world.BalanceAsync("unbilled", "USD")).ShouldBe(130m);
        (await world.Portal.ScalarAsync("select next_due_at from wallets")).ShouldBe(At("2030-02-01T00:00:00Z").UtcDateTime);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Case_2_at_one_instant_credits_roll_then_expire_then_come_and_settle_debts()
    {
        await using var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(Included(100m, 10m, "\"min\":\"10\""));
        await world.SubscribeAsync();
        await world.Portal.GrantAsync(world.Tenant, 40m, expiresAt: At("2030-02-01T00:00:00Z"), products: ["credits"]);
        await world.UseAsync(130);
        (await world.BalanceAsync("debt:shared")).ShouldBe(-30m);

        await world.ToAsync("2030-02-01T00:00:00Z");

        // Nothing is left, so the minimum of 10 is given; the 40 of another product expire; 100 come; the debt takes the 10 that
        // cost nothing, then 20 of the 100.
        (await world.KindsAsync("2030-02-01T00:00:00Z")).ShouldBe(["rollover", "expiry", "plan_grant", "settlement"]);
        (await world.BalanceAsync("debt:shared")).ShouldBe(0m);
        (await world.GrantsAsync()).Select(grant => (grant.Source, grant.Remaining)).ShouldBe([("plan", 80m)]);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Case_1_and_12_who_looks_at_the_renewals_instant_sees_it_done_whether_or_not_a_job_has_run()
    {
        await using var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(Included(100m, 10m));
        await world.SubscribeAsync();
        await world.UseAsync(30);
        await world.Portal.AdvanceAsync(At("2030-02-01T00:00:00Z") - await world.Clock.NowAsync()); // no job runs
        var reads = world.Portal.Services.GetRequiredService<TenantReads>();
        var balance = await reads.RunAsync(world.Tenant, read => Balances.ReadAsync(read));
        balance.Total.Balance.ShouldBe(100m);
        await world.UseAsync(5, At("2030-02-01T00:00:00Z"));
        (await world.BalanceAsync()).ShouldBe(95m);
        (await world.BalanceAsync("expired")).ShouldBe(70m);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Case_7_a_renewal_happens_once_whatever_is_granted_published_or_settled_beside_it()
    {
        await using var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(Included(100m, 10m));
        var subscription = await world.SubscribeAsync();
        await world.ToAsync("2030-02-01T00:00:00Z");
        await world.Portal.GrantAsync(world.Tenant, 7m);
        (await world.PlanAsync(Included(999m, 10m))).Version.ShouldBe(2);
        for (var again = 0; again < 3; again++) await world.Portal.Wallets.SettleAsync(world.Tenant);
        await world.ToAsync("2030-03-01T00:00:00Z");
        (await world.Portal.ScalarAsync("select count(*) from ledger_transactions where kind = 'plan_grant'")).ShouldBe(3L);
        (await world.BalanceAsync()).ShouldBe(107m);
        (await world.ReadAsync(subscription)).PlanVersion.ShouldBe(1);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task Case_10_and_11_periods_begin_on_the_customers_31st_and_credits_come_then()
    {
        // Berlin: 31 January 2030 00:00 is 30 January 23:00Z; 28 February is winter too, 31 March begins at 23:00Z (clocks change that day).
        await using var world = await PlanWorld.StartAsync(postgres, "Europe/Berlin");
        await world.PlanAsync(Included(100m));
        var subscription = await world.SubscribeAsync(start: "2030-01-30T23:00:00Z");
        subscription.AnchorDay.ShouldBe(31);
        subscription.Period.ShouldBeNull();
        foreach (var (instant, end) in new[] { ("2030-01-30T23:00:00Z", "2030-02-27T23:00:00Z"), ("2030-02-27T23:00:00Z", "2030-03-30T23:00:00Z"), ("2030-03-30T23:00:00Z", "2030-04-29T22:00:00Z") })
        {
            await world.ToAsync(instant);
            (await world.ReadAsync(subscription)).Period!.EndsAt.ShouldBe(At(end));
            (await world.BalanceAsync()).ShouldBe(100m);
        }

        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task A_short_first_period_gives_its_part_of_credits_and_share()
    {
        // 1 to 11 January is 10 of the 31 days from 11 December: 310 × 10 / 31 = 100 credits, $31 × 10 / 31 = $10.
        await using var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(Included(310m, 31m));
        var subscription = await world.SubscribeAsync(anchor: 11);
        (await world.BalanceAsync()).ShouldBe(100m);
        (await world.BalanceAsync("unbilled", "USD")).ShouldBe(10m);
        subscription.Period!.EndsAt.ShouldBe(At("2030-01-11T00:00:00Z"));
        await world.ToAsync("2030-01-11T00:00:00Z");
        (await world.BalanceAsync()).ShouldBe(310m);
        (await world.BalanceAsync("unbilled", "USD")).ShouldBe(41m);
        await world.ShouldReconcileAsync();
    }

    [Fact]
    public async Task A_trial_costs_nothing_blocks_and_ends_with_its_credits()
    {
        await using var world = await PlanWorld.StartAsync(postgres);
        await world.PlanAsync(Included(100m, 10m, "\"min\":\"0\"") + ",{\"key\":\"overage\",\"type\":\"overage\",\"price\":{\"model\":\"per_unit\",\"amount\":\"0.01\"}}");
        var subscription = await world.SubscribeAsync("overage", trialUntil: "2030-01-15T00:00:00Z");
        subscription.State.ShouldBe(SubscriptionState.Trialing);
        (await world.GrantsAsync()).ShouldBe([new GrantSeen("plan", 100m, 0m, 0, "2030-01-15")]);
        await world.UseAsync(120);
        (await world.BalanceAsync("debt:shared")).ShouldBe(-20m);
        (await world.BalanceAsync("overage:shared")).ShouldBe(0m);

        await world.ToAsync("2030-01-15T00:00:00Z");
        var running = await world.ReadAsync(subscription);
        running.State.ShouldBe(SubscriptionState.Active);
        running.Period!.EndsAt.ShouldBe(At("2030-02-15T00:00:00Z"));
        (await world.GrantsAsync()).ShouldBe([new GrantSeen("plan", 80m, 8m, 0, "2030-02-15")]); // 20 settled the debt
        await world.ShouldReconcileAsync();
    }
}
