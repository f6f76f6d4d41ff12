using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Kernel;
using Portal.Domain.Revenue;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Merging;

public sealed class MergeTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task What_is_left_leaves_at_its_value_and_arrives_at_the_same()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var (from, into) = (await portal.AddTenantAsync("acme"), await portal.AddTenantAsync("group"));
        var bought = await portal.GrantAsync(from, 30_000m, value: 20m);
        await portal.SendAsync(TestPortal.Usage("acme", "1", 10_000_000)); // 10,000 credits

        var move = (await MergeAsync(portal, from, "group", "One account")).Value;

        // Left of $20 for 30,000: 20,000 credits, 20 × 20,000 / 30,000 = $13.333333333; used $6.666666667.
        (move.Credits, move.Value, move.Currency, move.Grants).ShouldBe((20_000m, 13.333333333m, "USD", 1));
        (await portal.BalanceAsync(from, "pool:shared")).ShouldBe(0m);
        (await portal.BalanceAsync(from, "moved")).ShouldBe(20_000m);
        (await portal.BalanceAsync(from, "deferred:credits", "USD")).ShouldBe(0m);
        (await portal.BalanceAsync(from, "external:move", "USD")).ShouldBe(-13.333333333m);
        (await portal.BalanceAsync(from, "revenue:usage", "USD")).ShouldBe(-6.666666667m);
        (await portal.BalanceAsync(into, "pool:shared")).ShouldBe(20_000m);
        (await portal.BalanceAsync(into, "moved")).ShouldBe(-20_000m);
        (await portal.BalanceAsync(into, "deferred:credits", "USD")).ShouldBe(-13.333333333m);
        (await portal.BalanceAsync(into, "external:move", "USD")).ShouldBe(13.333333333m);
        (await portal.ScalarAsync("select sum(balance) from ledger_accounts where account = 'external:move'")).ShouldBe(0m);
        (await portal.ScalarAsync($"select currency_locked from tenants where tenant_id = {into}")).ShouldBe(true);
        (await portal.ScalarAsync($"select reason from ledger_transactions where tenant_id = {from} and kind = 'merge'")).ShouldBe("Into group: One account");
        (await portal.ScalarAsync($"select reason from ledger_transactions where tenant_id = {into} and kind = 'merge'")).ShouldBe("From acme: One account");
        (await portal.ScalarAsync($"select reference from grants where tenant_id = {into} and lineage = 'merged'")).ShouldBe(PublicId.Format(PublicId.Grant, from, bought.Id));

        // All of it is used in its new place: revenue is what it was worth.
        await portal.SendAsync(TestPortal.Usage("group", "2", 20_000_000));
        (await portal.BalanceAsync(into, "revenue:usage", "USD")).ShouldBe(-13.333333333m);
        await portal.Source.ShouldBalanceAsync();
    }

    [Fact]
    public async Task Lots_keep_their_terms_and_go_to_the_pool_of_the_same_key_when_it_is_open()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var from = await portal.AddTenantAsync("acme", "UTC", "team-a", "team-b", "team-c");
        var into = await portal.AddTenantAsync("group", "UTC", "team-a", "team-c");
        await portal.ExecuteAsync($"update pools set closed_at = now() where tenant_id = {into} and key = 'team-c'");
        var (starts, ends) = (Whole(DateTimeOffset.UtcNow.AddDays(1)), Whole(DateTimeOffset.UtcNow.AddDays(30)));
        await portal.GrantAsync(from, 1m, value: 2m, pool: "team-a", expiresAt: ends, products: ["llm"], priority: 7);
        await portal.GrantAsync(from, 4m, pool: "team-b", effectiveAt: starts);
        await portal.GrantAsync(from, 8m, pool: "team-c");
        var soon = await portal.GrantAsync(from, 16m, value: 3m, expiresAt: ends);

        (await MergeAsync(portal, from, Tenant.FormatId(into), reason: null)).Value.Credits.ShouldBe(29m);

        (await portal.BalanceAsync(into, "pool:team-a")).ShouldBe(1m);
        (await portal.BalanceAsync(into, "pool:team-b")).ShouldBe(0m);
        (await portal.BalanceAsync(into, "pool:team-c")).ShouldBe(0m);
        (await portal.BalanceAsync(into, "pool:shared")).ShouldBe(28m);
        var grants = (await portal.Wallets.RunAsync(into, wallet => Task.FromResult(Result.Of<IReadOnlyList<Grant>>([.. wallet.Wallet.Grants])))).Value;
        grants.ShouldAllBe(grant => grant.Lineage == "merged" && grant.ParentId == null && grant.Reason == "Merged from acme");
        var restricted = grants.Single(grant => grant.Amount == 1m);
        (restricted.Priority, restricted.Value, restricted.ExpiresAt, restricted.Source).ShouldBe(((short)7, 2m, ends, GrantSource.Purchase));
        restricted.Products.ShouldBe(["llm"]);
        grants.Single(grant => grant.Amount == 4m).EffectiveAt.ShouldBe(starts);
        grants.Single(grant => grant.Amount == 8m).Source.ShouldBe(GrantSource.Promotion);
        grants.Single(grant => grant.Amount == 16m).EffectiveAt.ShouldBe(soon.EffectiveAt);
        await portal.Source.ShouldBalanceAsync();
    }

    [Fact]
    public async Task A_crash_between_the_halves_is_listed_and_the_job_finishes_it_once()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var (from, into) = (await portal.AddTenantAsync("acme"), await portal.AddTenantAsync("group"));
        await portal.GrantAsync(from, 10m, value: 5m);
        await portal.GrantAsync(from, 3m, value: 1m, expiresAt: DateTimeOffset.UtcNow.AddHours(1));
        (await portal.Wallets.RunAsync(from, wallet => TenantMerge.LeaveAsync(wallet, "group", reason: null))).Succeeded.ShouldBeTrue();

        // 13 credits and $6 are on their way.
        (await portal.ScalarAsync("select sum(balance) from ledger_accounts where account = 'moved'")).ShouldBe(13m);
        (await portal.BalanceAsync(into, "pool:shared")).ShouldBe(0m);
        var between = await new Reconciliation(portal.Source).RunAsync();
        between.Ok.ShouldBeTrue();
        between.Checks.Single(check => check.Id == 10).Failures.ShouldHaveSingleItem().Subject.ShouldEndWith("is on its way");

        await portal.AdvanceAsync(TimeSpan.FromHours(2)); // the 3 credits expire on the way
        var moves = portal.Services.GetRequiredService<TenantMoves>();
        (await Task.WhenAll(moves.FinishAsync(), moves.FinishAsync())).Sum().ShouldBeGreaterThan(0);
        (await moves.FinishAsync()).ShouldBe(0);

        (await portal.ScalarAsync($"select count(*) from ledger_transactions where tenant_id = {into} and kind = 'merge'")).ShouldBe(1L);
        (await portal.BalanceAsync(into, "pool:shared")).ShouldBe(10m);
        (await portal.BalanceAsync(into, "expired")).ShouldBe(3m);
        (await portal.BalanceAsync(into, "revenue:breakage", "USD")).ShouldBe(-1m);
        (await portal.BalanceAsync(into, "deferred:credits", "USD")).ShouldBe(-5m);
        await portal.Source.ShouldBalanceAsync();
    }

    [Fact]
    public async Task What_arrives_settles_what_the_other_owes()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var (from, into) = (await portal.AddTenantAsync("acme"), await portal.AddTenantAsync("group"));
        await portal.GrantAsync(from, 10m, value: 5m);
        await portal.SendAsync(TestPortal.Usage("group", "1", 4000));

        (await MergeAsync(portal, from, "group", reason: null)).Succeeded.ShouldBeTrue();

        // 4 of 10 credits worth $5 settle the debt: $2.
        (await portal.BalanceAsync(into, "debt:shared")).ShouldBe(0m);
        (await portal.BalanceAsync(into, "pool:shared")).ShouldBe(6m);
        (await portal.BalanceAsync(into, "revenue:usage", "USD")).ShouldBe(-2m);
        await portal.Source.ShouldBalanceAsync();
    }

    [Fact]
    public async Task A_merge_that_cannot_be_is_refused_and_changes_nothing()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var from = await portal.AddTenantAsync("acme");
        var into = await portal.AddTenantAsync("group");
        await portal.AddTenantAsync("euros");
        await portal.ExecuteAsync("update tenants set currency = 'EUR' where key = 'euros'");
        (await MergeAsync(portal, from, "group", reason: null)).Problem!.Code.ShouldBe("nothing_to_merge");
        await portal.GrantAsync(from, 10m, value: 5m);

        await RefusedAsync(portal, from, "acme", "same_tenant");
        await RefusedAsync(portal, from, "nobody", "unknown_tenant");
        await RefusedAsync(portal, from, "No Key", "unknown_tenant");
        await RefusedAsync(portal, from, "ten_ffff", "unknown_tenant");
        await RefusedAsync(portal, from, "euros", "currency_mismatch");
        await RefusedAsync(portal, from, "group", "invalid_reason", reason: new string('x', 201));
        await RefusedAsync(portal, from, "group", "invalid_reason", reason: "");
        await SuspendedAsync(portal, from, from);
        await SuspendedAsync(portal, from, into);

        var hold = (await portal.Wallets.RunAsync(from, wallet => Holds.PlaceAsync(wallet, new HoldOrder(1m)))).Value;
        await RefusedAsync(portal, from, "group", "tenant_has_holds");
        (await portal.Wallets.RunAsync(from, wallet => Holds.ReleaseAsync(wallet, hold.Id))).Succeeded.ShouldBeTrue();
        await portal.ExecuteAsync($"""
            insert into refunds (tenant_id, id, grant_id, origin, state, currency, credits, value, net, tax, created_at)
            select {from}, gen_random_uuid(), id, 'asked', 'pending', 'USD', 0, 0, 0, 0, now() from grants where tenant_id = {from}
            """);
        await RefusedAsync(portal, from, "group", "tenant_has_refunds");
        await portal.ExecuteAsync("update refunds set state = 'failed'");

        await portal.SendAsync(TestPortal.Usage("acme", "1", 11_000)); // 1 credit more than there is
        await portal.GrantAsync(from, 5m, products: ["other"]); // does not settle it
        await RefusedAsync(portal, from, "group", "tenant_has_debt");
        await portal.Source.ShouldBalanceAsync();
    }

    [Fact]
    public async Task Of_two_merges_at_once_one_moves_all_and_usage_meanwhile_is_neither_lost_nor_counted_twice()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var (from, one, two) = (await portal.AddTenantAsync("acme"), await portal.AddTenantAsync("one"), await portal.AddTenantAsync("two"));
        await portal.GrantAsync(from, 1000m, value: 100m);

        var usage = Enumerable.Range(0, 40).Select(i => portal.SendAsync(TestPortal.Usage("acme", $"{i}", 1000))).ToArray();
        var merges = await Task.WhenAll(MergeAsync(portal, from, "one", reason: null), MergeAsync(portal, from, "two", reason: null));
        await Task.WhenAll(usage);

        // One has it; the other finds nothing, or a debt when usage came in between.
        merges.Count(merge => merge.Succeeded).ShouldBe(1);
        merges.Single(merge => !merge.Succeeded).Problem!.Code.ShouldBeOneOf("nothing_to_merge", "tenant_has_debt");
        var moved = merges.Single(merge => merge.Succeeded).Value.Credits;
        (await portal.BalanceAsync(one, "pool:shared") + await portal.BalanceAsync(two, "pool:shared")).ShouldBe(moved);
        (await portal.BalanceAsync(from, "consumed:llm")).ShouldBe(40m);
        (await portal.BalanceAsync(from, "debt:shared")).ShouldBe(1000m - moved - 40m); // what came after it is owed
        await portal.Source.ShouldBalanceAsync();
    }

    [Fact]
    public async Task Two_tenants_merged_into_each_other_at_once_swap_what_they_have()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var (a, b) = (await portal.AddTenantAsync("a"), await portal.AddTenantAsync("b"));
        await portal.GrantAsync(a, 10m, value: 5m);
        await portal.GrantAsync(b, 20m, value: 7m);
        await Task.WhenAll(
            portal.Wallets.RunAsync(a, wallet => TenantMerge.LeaveAsync(wallet, "b", reason: null)),
            portal.Wallets.RunAsync(b, wallet => TenantMerge.LeaveAsync(wallet, "a", reason: null)));
        (await portal.Services.GetRequiredService<TenantMoves>().FinishAsync()).ShouldBe(2);

        (await portal.BalanceAsync(a, "pool:shared")).ShouldBe(20m);
        (await portal.BalanceAsync(b, "pool:shared")).ShouldBe(10m);
        (await portal.BalanceAsync(a, "deferred:credits", "USD")).ShouldBe(-7m);
        (await portal.BalanceAsync(b, "deferred:credits", "USD")).ShouldBe(-5m);
        await portal.Source.ShouldBalanceAsync();
    }

    private static async Task<Result<TenantMove>> MergeAsync(TestPortal portal, long from, string into, string? reason)
    {
        var left = await portal.Wallets.RunAsync(from, wallet => TenantMerge.LeaveAsync(wallet, into, reason));
        if (left.Succeeded) await portal.Services.GetRequiredService<TenantMoves>().FinishAsync(from);
        return left;
    }

    private static async Task RefusedAsync(TestPortal portal, long from, string into, string code, string? reason = null)
    {
        var before = await portal.ScalarAsync("select string_agg(tenant_id || ':' || version, ',' order by tenant_id) from wallets");
        (await MergeAsync(portal, from, into, reason)).Problem!.Code.ShouldBe(code);
        (await portal.ScalarAsync("select string_agg(tenant_id || ':' || version, ',' order by tenant_id) from wallets")).ShouldBe(before);
        (await portal.ScalarAsync("select count(*) from moves")).ShouldBe(0L);
    }

    private static async Task SuspendedAsync(TestPortal portal, long from, long suspended)
    {
        (await portal.Wallets.RunAsync(suspended, wallet => TenantSettings.SuspendAsync(wallet, CancellationToken.None))).Succeeded.ShouldBeTrue();
        await RefusedAsync(portal, from, "group", "tenant_suspended");
        (await portal.Wallets.RunAsync(suspended, wallet => TenantSettings.RestoreAsync(wallet, CancellationToken.None))).Succeeded.ShouldBeTrue();
    }

    private static DateTimeOffset Whole(DateTimeOffset instant) => new(instant.Ticks - (instant.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero);
}
