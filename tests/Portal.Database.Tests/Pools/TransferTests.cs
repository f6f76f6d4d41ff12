using Portal.Domain.Kernel;
using Portal.Domain.Revenue;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Pools;

public sealed class TransferTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Parts_of_a_grant_take_their_share_of_its_value_and_leave_nothing_behind()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a");
        var bought = await portal.GrantAsync(tenant, 3m, value: 10m);

        var values = new List<decimal>();
        for (var i = 0; i < 3; i++) values.Add((await MoveAsync(portal, tenant, "shared", "team-a", 1m)).Value.Grants.ShouldHaveSingleItem().Value);

        // Value left of $10 for 3: 2 credits 6.666666667, 1 credit 3.333333333, none 0. Each part is the difference.
        values.ShouldBe([3.333333333m, 3.333333334m, 3.333333333m]);
        (await portal.BalanceAsync(tenant, "pool:shared")).ShouldBe(0m);
        (await portal.BalanceAsync(tenant, "pool:team-a")).ShouldBe(3m);
        (await portal.BalanceAsync(tenant, "deferred:credits", "USD")).ShouldBe(-10m);
        (await portal.ScalarAsync($"select open from grants where id = '{bought.Id}'")).ShouldBe(false);
        (await portal.ScalarAsync("select count(*) from ledger_entries e join ledger_transactions t on t.id = e.transaction_id where t.kind = 'transfer' and e.unit <> 'CREDIT'")).ShouldBe(0L);
        await BooksBalanceAsync(portal);
    }

    [Fact]
    public async Task Lots_go_in_burn_order_and_keep_their_terms()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a");
        var expiry = Whole(DateTimeOffset.UtcNow.AddDays(30));
        await portal.GrantAsync(tenant, 10m, value: 1m);
        var restricted = await portal.GrantAsync(tenant, 4m, products: ["llm"]); // before those that any product may use
        var soon = await portal.GrantAsync(tenant, 5m, value: 2m, expiresAt: expiry); // expires before what never does
        var first = await portal.GrantAsync(tenant, 1m, priority: 10);

        var moved = (await MoveAsync(portal, tenant, "shared", "team-a", 8m)).Value;

        // 1 (priority 10), 4 (restricted), 3 of the 5 that expire: value 2 − round(2 × 2 / 5) = 1.2.
        moved.Grants.Select(g => (g.ParentId, g.Amount, g.Value)).ShouldBe([(first.Id, 1m, 0m), (restricted.Id, 4m, 0m), (soon.Id, 3m, 1.2m)]);
        moved.Grants.ShouldAllBe(g => g.Lineage == "transferred" && g.Remaining == g.Amount);
        moved.Grants[0].Priority.ShouldBe((short)10);
        moved.Grants[1].Products.ShouldBe(["llm"]);
        moved.Grants[1].Source.ShouldBe(GrantSource.Promotion);
        moved.Grants[2].ExpiresAt.ShouldBe(expiry);
        moved.Grants[2].EffectiveAt.ShouldBe(soon.EffectiveAt);
        (await portal.BalanceAsync(tenant, "pool:team-a")).ShouldBe(8m);
        (await portal.BalanceAsync(tenant, "pool:shared")).ShouldBe(12m);
        await BooksBalanceAsync(portal);

        // The restricted lot serves its product only, in its new pool too: 5 credits of llm take 1, then 4.
        await portal.SendAsync(TestPortal.Usage("acme", "1", 5000, pool: "team-a"));
        (await portal.ScalarAsync("select remaining from grants where products is not null and lineage = 'transferred'")).ShouldBe(0m);
    }

    [Fact]
    public async Task A_transfer_settles_what_the_target_owes()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a");
        await portal.ExecuteAsync("update pools set overflow = 'deny'");
        await portal.GrantAsync(tenant, 10m, value: 5m);
        await portal.SendAsync(TestPortal.Usage("acme", "1", 3000, pool: "team-a"));
        (await portal.BalanceAsync(tenant, "debt:team-a")).ShouldBe(-3m);

        var moved = (await MoveAsync(portal, tenant, "shared", "team-a", 4m)).Value;

        // 4 credits worth $2 come; 3 of them, $1.5, settle the debt.
        moved.Grants.ShouldHaveSingleItem().Remaining.ShouldBe(1m);
        (await portal.BalanceAsync(tenant, "debt:team-a")).ShouldBe(0m);
        (await portal.BalanceAsync(tenant, "pool:team-a")).ShouldBe(1m);
        (await portal.BalanceAsync(tenant, "revenue:usage", "USD")).ShouldBe(-1.5m);
        (await portal.BalanceAsync(tenant, "deferred:credits", "USD")).ShouldBe(-3.5m);
        await BooksBalanceAsync(portal);
    }

    [Fact]
    public async Task What_the_source_owes_holds_or_gets_later_does_not_move()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a");
        await portal.GrantAsync(tenant, 10m);
        await portal.GrantAsync(tenant, 100m, effectiveAt: DateTimeOffset.UtcNow.AddDays(1));
        await HoldAsync(portal, tenant, 1, 4m);

        var refused = await MoveAsync(portal, tenant, "shared", "team-a", 6.000000001m);

        refused.Problem!.Code.ShouldBe("insufficient_credits");
        refused.Problem.Extensions!["available"].ShouldBe(6m);
        (await portal.ScalarAsync("select count(*) from ledger_transactions where kind = 'transfer'")).ShouldBe(0L);
        (await MoveAsync(portal, tenant, "shared", "team-a", 6m)).Succeeded.ShouldBeTrue();
        (await MoveAsync(portal, tenant, "shared", "team-a", 0.000000001m)).Problem!.Code.ShouldBe("insufficient_credits");
        await BooksBalanceAsync(portal);
    }

    [Fact]
    public async Task A_lot_that_only_an_open_hold_can_use_is_passed_over()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a");
        await portal.GrantAsync(tenant, 10m, priority: 10);
        var restricted = await portal.GrantAsync(tenant, 10m, products: ["llm"]);
        await HoldAsync(portal, tenant, 1, 7m); // names no product: the 10 of any product alone can serve it

        // First in burn order are the 10 of any product: 3 of them are free, then the 10 of llm.
        var moved = (await MoveAsync(portal, tenant, "shared", "team-a", 8m)).Value;
        moved.Grants.Select(grant => grant.Amount).ShouldBe([3m, 5m]);
        moved.Grants[1].ParentId.ShouldBe(restricted.Id);
        (await MoveAsync(portal, tenant, "shared", "team-a", 5.5m)).Problem!.Extensions!["available"].ShouldBe(5m);
        (await MoveAsync(portal, tenant, "shared", "team-a", 5m)).Value.Grants.ShouldHaveSingleItem().ParentId.ShouldBe(restricted.Id);
    }

    [Fact]
    public async Task Holds_of_a_pool_that_overflows_keep_what_they_need_of_the_shared_one()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a", "team-b");
        await portal.GrantAsync(tenant, 10m);
        await portal.GrantAsync(tenant, 4m, pool: "team-a");
        await HoldAsync(portal, tenant, 2, 9m); // 4 of team-a's, 5 of the shared pool's

        (await MoveAsync(portal, tenant, "shared", "team-b", 5.1m)).Problem!.Extensions!["available"].ShouldBe(5m);
        (await MoveAsync(portal, tenant, "shared", "team-b", 1m)).Succeeded.ShouldBeTrue();

        // The other 4 free ones of the shared pool can serve the hold instead of team-a's.
        (await MoveAsync(portal, tenant, "team-a", "team-b", 4m)).Succeeded.ShouldBeTrue();
        (await MoveAsync(portal, tenant, "shared", "team-b", 0.1m)).Problem!.Code.ShouldBe("insufficient_credits");
        await BooksBalanceAsync(portal);
    }

    [Fact]
    public async Task Transfers_that_cannot_be_are_refused_and_change_nothing()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a", "gone");
        await portal.AddTenantAsync("other", "UTC", "theirs");
        await portal.GrantAsync(tenant, 10m);
        await portal.ExecuteAsync("update pools set closed_at = now() where key = 'gone'; update wallets set config_version = config_version + 1");
        var before = await portal.ScalarAsync("select version from wallets order by tenant_id limit 1");

        foreach (var (from, to, credits, code) in new[]
        {
            ("shared", "shared", 1m, "same_pool"), ("shared", "none", 1m, "unknown_pool"), ("none", "shared", 1m, "unknown_pool"),
            ("shared", "theirs", 1m, "unknown_pool"), ("shared", "gone", 1m, "pool_closed"), ("gone", "shared", 1m, "pool_closed"),
            ("shared", "team-a", 0m, "invalid_credits"), ("shared", "team-a", -1m, "invalid_credits"), ("shared", "team-a", 0.0000000001m, "invalid_credits"),
            ("shared", "team-a", 11m, "insufficient_credits"), ("team-a", "shared", 1m, "insufficient_credits"),
        })
        {
            (await MoveAsync(portal, tenant, from, to, credits)).Problem?.Code.ShouldBe(code);
        }

        (await portal.ScalarAsync("select version from wallets order by tenant_id limit 1")).ShouldBe(before);
        (await portal.ScalarAsync("select count(*) from audit where action = 'credits.transferred'")).ShouldBe(0L);
    }

    [Fact]
    public async Task An_undone_transfer_brings_back_what_is_left_of_the_same_lots_once()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a");
        await portal.GrantAsync(tenant, 50m, pool: "team-a", priority: 99);
        await portal.GrantAsync(tenant, 10m, value: 10m);
        var moved = (await MoveAsync(portal, tenant, "shared", "team-a", 8m)).Value;
        await portal.SendAsync(TestPortal.Usage("acme", "1", 3000, pool: "team-a")); // draws the 8 first, by priority

        var undone = (await UndoAsync(portal, tenant, moved.TransactionId)).Value;

        undone.Credits.ShouldBe(5m);
        undone.Grants.ShouldHaveSingleItem().Value.ShouldBe(5m);
        (await portal.BalanceAsync(tenant, "pool:shared")).ShouldBe(7m);
        (await portal.BalanceAsync(tenant, "pool:team-a")).ShouldBe(50m);
        (await UndoAsync(portal, tenant, moved.TransactionId)).Problem!.Code.ShouldBe("nothing_to_undo");
        (await UndoAsync(portal, tenant, Guid.NewGuid())).Problem!.Code.ShouldBe("unknown_transfer");
        await BooksBalanceAsync(portal);
    }

    [Fact]
    public async Task Transfers_at_once_never_take_more_than_there_is()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a", "team-b");
        await portal.GrantAsync(tenant, 10m, value: 1m);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => MoveAsync(portal, tenant, "shared", i % 2 == 0 ? "team-a" : "team-b", 0.7m)));

        // 14 times 0.7 is 9.8: the 15th finds 0.2.
        answers.Count(answer => answer.Succeeded).ShouldBe(14);
        answers.Where(answer => !answer.Succeeded).ShouldAllBe(answer => answer.Problem!.Code == "insufficient_credits");
        (await portal.BalanceAsync(tenant, "pool:shared")).ShouldBe(0.2m);
        ((await portal.BalanceAsync(tenant, "pool:team-a")) + (await portal.BalanceAsync(tenant, "pool:team-b"))).ShouldBe(9.8m);
        await BooksBalanceAsync(portal);
    }

    internal static Task<Result<Transfer>> MoveAsync(TestPortal portal, long tenant, string from, string to, decimal credits) =>
        portal.Wallets.RunAsync(tenant, wallet => PoolTransfers.MoveAsync(wallet, from, to, credits));

    internal static async Task BooksBalanceAsync(TestPortal portal) =>
        (await new Reconciliation(portal.Source).RunAsync()).Checks.SelectMany(check => check.Failures).ShouldBeEmpty();

    internal static Task HoldAsync(TestPortal portal, long tenant, int pool, decimal credits) => portal.ExecuteAsync(string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"""
        insert into holds (tenant_id, id, pool_id, amount, created_at, expires_at) values ({tenant}, gen_random_uuid(), {pool}, {credits}, now(), now() + interval '1 hour');
        update pools set held = held + {credits} where tenant_id = {tenant} and pool_id = {pool}
        """));

    private static Task<Result<Transfer>> UndoAsync(TestPortal portal, long tenant, Guid transaction) =>
        portal.Wallets.RunAsync(tenant, wallet => PoolTransfers.UndoAsync(wallet, transaction));

    // As the database keeps it.
    private static DateTimeOffset Whole(DateTimeOffset instant) => new(instant.Ticks / 10 * 10, instant.Offset);
}
