using Portal.Domain.Metering;
using Portal.Domain.Metering.Intake;
using Portal.Testing;

namespace Portal.Database.Tests.Wallet;

public sealed class BurningTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Usage_draws_credits_value_and_cost_in_one_transaction()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 1000m, value: 10m);

        // 3,000 in and 500 out of small: 3 + 1 = 4 credits; cost 0.003 + 0.001; value 10 / 1000 × 4.
        var answer = await portal.SendAsync(TestPortal.Usage("acme", "1", 3000, 500));

        answer[0].Status.ShouldBe(EventStatus.Accepted);
        answer[0].Credits.ShouldBe(4m);
        (await portal.BalanceAsync(tenant, "pool:shared")).ShouldBe(996m);
        (await portal.BalanceAsync(tenant, "consumed:llm")).ShouldBe(4m);
        (await portal.BalanceAsync(tenant, "revenue:usage", "USD")).ShouldBe(-0.04m);
        (await portal.BalanceAsync(tenant, "deferred:credits", "USD")).ShouldBe(-9.96m);
        (await portal.BalanceAsync(tenant, "cogs:vendor", "USD")).ShouldBe(0.004m);
        (await portal.ScalarAsync("select sum(credits) from usage_hourly")).ShouldBe(4m);
        (await portal.ScalarAsync("select sum(events) from usage_hourly")).ShouldBe(1m);
    }

    [Fact]
    public async Task Case_14_a_duplicate_changes_nothing_and_answers_the_first_credits()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 100m, value: 1m);
        var usage = TestPortal.Usage("acme", "same", 2000, at: DateTimeOffset.UtcNow);
        var first = await portal.SendAsync(usage);
        var version = await portal.ScalarAsync("select version from wallets");

        var again = await portal.SendAsync(usage, usage);

        again.Select(e => e.Status).ShouldBe([EventStatus.Duplicate, EventStatus.Duplicate]);
        again[0].Credits.ShouldBe(2m);
        again[0].TransactionId.ShouldBe(first[0].TransactionId);
        (await portal.BalanceAsync(tenant, "pool:shared")).ShouldBe(98m);
        (await portal.ScalarAsync("select version from wallets")).ShouldBe(version);
    }

    [Fact]
    public async Task Case_15_the_same_identity_with_another_body_is_a_conflict()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 100m);
        var at = DateTimeOffset.UtcNow;

        var answer = await portal.SendAsync(TestPortal.Usage("acme", "1", 1000, at: at), TestPortal.Usage("acme", "1", 2000, at: at));

        answer.Select(e => e.Status).ShouldBe([EventStatus.Accepted, EventStatus.Conflict]);
        (await portal.BalanceAsync(tenant, "pool:shared")).ShouldBe(99m);
    }

    [Fact]
    public async Task What_exceeds_the_grants_is_debt_and_the_next_grant_settles_it_with_its_revenue()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 3m, value: 3m);

        // 2 + 4 credits: the second takes the last credit of the grant and owes 3.
        await portal.SendAsync(TestPortal.Usage("acme", "1", 2000), TestPortal.Usage("acme", "2", 2000, 1000));
        (await portal.BalanceAsync(tenant, "pool:shared")).ShouldBe(0m);
        (await portal.BalanceAsync(tenant, "debt:shared")).ShouldBe(-3m);
        (await portal.BalanceAsync(tenant, "revenue:usage", "USD")).ShouldBe(-3m);

        await portal.GrantAsync(tenant, 10m, value: 20m);

        (await portal.BalanceAsync(tenant, "debt:shared")).ShouldBe(0m);
        (await portal.BalanceAsync(tenant, "pool:shared")).ShouldBe(7m);
        (await portal.BalanceAsync(tenant, "revenue:usage", "USD")).ShouldBe(-9m);
        (await portal.BalanceAsync(tenant, "deferred:credits", "USD")).ShouldBe(-14m);
        (await portal.ScalarAsync("select sum(revenue) from ratings where kind = 'settlement' and event_ordinal = 1")).ShouldBe(6m);
        (await portal.ScalarAsync("select sum(revenue) from usage_hourly")).ShouldBe(9m);
        // Event 2: input 2 credits (1 from the first grant, 1 settled), output 2 credits settled: 1 × $2 + 2 × $2.
        (await portal.ScalarAsync("select sum(revenue) from usage_hourly where token_type = 'output'")).ShouldBe(4m);
    }

    [Fact]
    public async Task Case_1_unswept_expired_credit_is_not_spendable()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        var expiry = DateTimeOffset.UtcNow.AddHours(1);
        await portal.GrantAsync(tenant, 5m, value: 10m, expiresAt: expiry);
        await portal.AdvanceAsync(TimeSpan.FromHours(2));

        var answer = await portal.SendAsync(TestPortal.Usage("acme", "1", 1000));

        answer[0].Status.ShouldBe(EventStatus.Accepted);
        (await portal.BalanceAsync(tenant, "expired")).ShouldBe(5m);
        (await portal.BalanceAsync(tenant, "revenue:breakage", "USD")).ShouldBe(-10m);
        (await portal.BalanceAsync(tenant, "debt:shared")).ShouldBe(-1m);
        (await portal.ScalarAsync("select occurred_at from ledger_transactions where kind = 'expiry'")).ShouldBeOfType<DateTime>().ShouldBe(expiry.UtcDateTime, TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public async Task An_unknown_model_is_kept_as_unrated_and_draws_nothing()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 5m);

        var answer = await portal.SendAsync(TestPortal.Usage("acme", "1", 1000, model: "unheard-of"));

        answer[0].Status.ShouldBe(EventStatus.Unrated);
        (await portal.BalanceAsync(tenant, "pool:shared")).ShouldBe(5m);
        (await portal.ScalarAsync("select data->>'model' from events where not rated")).ShouldBe("unheard-of");
    }

    [Fact]
    public async Task Case_46_a_missing_cost_is_unknown_not_zero()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 5m);

        await portal.SendAsync(TestPortal.Usage("acme", "1", 1000, model: "costless"));

        (await portal.ScalarAsync("select cost from events")).ShouldBeNull();
        (await portal.ScalarAsync("select sum(cost_unknown) from usage_hourly")).ShouldBe(1m);
    }

    [Fact]
    public async Task A_team_pool_overflows_to_the_shared_one_and_owes_there()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a");
        await portal.GrantAsync(tenant, 1m, pool: "team-a");
        await portal.GrantAsync(tenant, 2m);

        await portal.SendAsync(TestPortal.Usage("acme", "1", 4000, pool: "team-a", consumer: "ana"));

        (await portal.BalanceAsync(tenant, "pool:team-a")).ShouldBe(0m);
        (await portal.BalanceAsync(tenant, "pool:shared")).ShouldBe(0m);
        (await portal.BalanceAsync(tenant, "debt:shared")).ShouldBe(-1m);
        (await portal.ScalarAsync("select credits from usage_hourly where pool_id = 2")).ShouldBe(1m);
        (await portal.ScalarAsync("select key from consumers")).ShouldBe("ana");
    }

    [Fact]
    public async Task One_bad_event_never_harms_its_neighbours()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 100m);

        var answer = await portal.SendAsync(
            TestPortal.Usage("acme", "ok", 1000),
            TestPortal.Usage("acme", "", 1000),
            TestPortal.Usage("nobody", "1", 1000),
            TestPortal.Usage("acme", "negative", -5),
            TestPortal.Usage("acme", "late", 1000, at: DateTimeOffset.UtcNow.AddDays(-36)),
            TestPortal.Usage("acme", "early", 1000, at: DateTimeOffset.UtcNow.AddMinutes(6)),
            TestPortal.Usage("acme", "pool", 1000, pool: "nowhere"),
            "17",
            TestPortal.Usage("acme", "last", 1000));

        answer.Select(e => e.Problem?.Code).ShouldBe(
            [null, "missing_id", "unknown_tenant", "invalid_quantity", "event_too_old", "event_in_future", "unknown_pool", "invalid_event", null]);
        (await portal.BalanceAsync(tenant, "pool:shared")).ShouldBe(98m);
        (await portal.ScalarAsync("select count(*) from event_identities")).ShouldBe(2L);
    }

    [Fact]
    public async Task Two_hundred_parallel_draws_lose_nothing()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(tenant, 150m, value: 0.333333333m);

        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => portal.SendAsync(TestPortal.Usage("acme", $"e{i}", 1000))));

        (await portal.BalanceAsync(tenant, "pool:shared")).ShouldBe(0m);
        (await portal.BalanceAsync(tenant, "debt:shared")).ShouldBe(-50m);
        (await portal.BalanceAsync(tenant, "consumed:llm")).ShouldBe(200m);
        (await portal.BalanceAsync(tenant, "deferred:credits", "USD")).ShouldBe(0m);
        (await portal.ScalarAsync("select sum(credits) from usage_hourly")).ShouldBe(200m);
        (await portal.ScalarAsync("select count(*) from events")).ShouldBe(200L);
    }

    [Fact]
    public async Task Pieces_of_every_event_follow_from_the_intervals_drawn()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme");
        var first = await portal.GrantAsync(tenant, 3m, value: 1m, priority: 1);
        var second = await portal.GrantAsync(tenant, 4m, value: 8m, priority: 2);

        // 2, 3 and 4 credits in one transaction: 2 of the first; 1 of the first and 2 of the second; 2 of the second and 2 owed.
        var sent = await portal.SendAsync(TestPortal.Usage("acme", "a", 2000), TestPortal.Usage("acme", "b", 3000), TestPortal.Usage("acme", "c", 4000));
        var pieces = new List<(string, Guid?, decimal, decimal)[]>();
        foreach (var usage in sent)
        {
            var explained = (await EventQuery.ExplainAsync(portal.Source, tenant, usage.Key, CancellationToken.None))!;
            explained.Event.Revenue.ShouldBe(explained.Pieces.Sum(piece => piece.Value));
            pieces.Add([.. explained.Pieces.Select(piece => (piece.Kind, piece.GrantId, piece.Credits, piece.Value))]);
        }

        // $1 over 3 credits leaves 0.333333333 at 1 left: 0.666666667 goes with the first two, 0.333333333 with the third.
        pieces[0].ShouldBe([("grant", first.Id, 2m, 0.666666667m)]);
        pieces[1].ShouldBe([("grant", first.Id, 1m, 0.333333333m), ("grant", second.Id, 2m, 4m)]);
        pieces[2].ShouldBe([("grant", second.Id, 2m, 4m), ("debt", null, 2m, 0m)]);
    }

    [Fact]
    public async Task A_large_batch_stores_what_small_ones_do()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var (large, small) = (await portal.AddTenantAsync("large"), await portal.AddTenantAsync("small"));
        var at = DateTimeOffset.UtcNow;
        string Event(string tenant, int i) => TestPortal.Usage(
            tenant, $"e{i}", 10 * i, i, i % 7 == 0 ? "costless" : i % 11 == 0 ? "unheard-of" : "small", at.AddSeconds(-i), consumer: i % 3 == 0 ? "ana" : null);
        foreach (var tenant in new[] { large, small }) await portal.GrantAsync(tenant, 100m, value: 7m);

        await portal.SendAsync([.. Enumerable.Range(1, 150).Select(i => Event("large", i))]);
        foreach (var part in Enumerable.Range(1, 150).Chunk(40)) await portal.SendAsync([.. part.Select(i => Event("small", i))]);

        const string stored = "select event_key, source, event_id, type, occurred_at, consumer_id, team_id, pool_named_id, meter, product, rated, rate_version_id, "
            + "cost_version_id, quantity, credits, revenue, cost, cost_currency, data::text from events where tenant_id = ";
        (await portal.ScalarAsync($"select count(*) from ({stored}{large} intersect {stored}{small}) both_have")).ShouldBe(150L);
        const string rolled = "select hour, team_id, pool_id, consumer_id, product, model, token_type, tier, cost_currency, events, quantity, credits, revenue, cost, cost_unknown from usage_hourly where tenant_id = ";
        (await portal.ScalarAsync($"select count(*) from ({rolled}{large} except {rolled}{small}) differ")).ShouldBe(0L);
        (await portal.BalanceAsync(large, "pool:shared")).ShouldBe(await portal.BalanceAsync(small, "pool:shared"));
    }
}
