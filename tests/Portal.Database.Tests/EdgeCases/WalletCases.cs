using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Revenue;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.EdgeCases;

/// <summary>Cases of wallets that broke elsewhere, by their numbers; a thousand tokens of <c>small</c> are a credit.</summary>
public sealed class WalletCases(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private TestPortal portal = null!;
    private long acme;

    public async Task InitializeAsync()
    {
        portal = await TestPortal.StartAsync(postgres);
        acme = await portal.AddTenantAsync("acme");
    }

    // Case 48: every transaction sums to zero, after every test.
    public async Task DisposeAsync()
    {
        await portal.Source.ShouldBalanceAsync();
        await portal.DisposeAsync();
    }

    [Fact]
    public async Task Case_3_burn_ties_end_on_a_unique_id_in_drawing_and_on_the_page()
    {
        var order = new GrantOrder(2m, Pool: null, GrantSource.Promotion, Value: null, CostBasis: null, Currency: null);
        var twins = (await portal.Wallets.RunAsync(acme, async wallet =>
            (Result<Grant[]>)new[] { (await Grants.CreateAsync(wallet, order)).Value, (await Grants.CreateAsync(wallet, order)).Value, (await Grants.CreateAsync(wallet, order)).Value })).Value;
        twins.Select(grant => grant.EffectiveAt).Distinct().Count().ShouldBe(1, "the same instant, so that only the id is left");
        var byId = twins.Select(grant => grant.Id).OrderBy(id => id.ToString("N"), StringComparer.Ordinal).ToArray();

        await portal.SendAsync(TestPortal.Usage("acme", "a", 3_000));

        (await RemainingAsync(byId[0]), await RemainingAsync(byId[1]), await RemainingAsync(byId[2])).ShouldBe((0m, 1m, 2m));
        var reads = new TenantReads(portal.Source);
        var listed = await reads.RunAsync(acme, read => GrantQuery.ListAsync(read, pool: null, CancellationToken.None), CancellationToken.None);
        listed.Where(row => row.Grant.Remaining > 0m).Select(row => row.Grant.Id).ShouldBe(byId.Skip(1));
    }

    [Fact]
    public async Task Case_4_expiry_takes_only_its_own_lot_however_many_settle_at_once()
    {
        var soon = await portal.GrantAsync(acme, 10m, value: 10m, expiresAt: DateTimeOffset.UtcNow.AddHours(1));
        var later = await portal.GrantAsync(acme, 10m, value: 10m, expiresAt: DateTimeOffset.UtcNow.AddHours(3));
        await portal.SendAsync(TestPortal.Usage("acme", "a", 4_000));
        await portal.AdvanceAsync(TimeSpan.FromHours(2));

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => portal.Wallets.SettleAsync(acme)));

        (await RemainingAsync(soon.Id), await RemainingAsync(later.Id)).ShouldBe((0m, 10m));
        (await portal.BalanceAsync(acme, "expired")).ShouldBe(6m);
        (await portal.BalanceAsync(acme, "revenue:breakage", "USD")).ShouldBe(-6m);
    }

    [Fact]
    public async Task Case_8_balances_rebuilt_from_the_entries_are_the_same()
    {
        await portal.GrantAsync(acme, 3m, value: 1m, expiresAt: DateTimeOffset.UtcNow.AddHours(1));
        await portal.SendAsync(TestPortal.Usage("acme", "a", 1_000), TestPortal.Usage("acme", "b", 5_000));
        await portal.AdvanceAsync(TimeSpan.FromHours(2));
        await portal.GrantAsync(acme, 10m, value: 5m);
        const string accounts = "select string_agg(account || unit || balance, ',' order by account, unit) from ledger_accounts where balance <> 0";
        var kept = await portal.ScalarAsync(accounts);

        await portal.ExecuteAsync("""
            delete from ledger_accounts;
            insert into ledger_accounts select tenant_id, account, unit, sum(amount) from ledger_entries group by 1, 2, 3
            """);

        (await portal.ScalarAsync(accounts)).ShouldBe(kept);
    }

    [Fact]
    public async Task Case_14_an_id_whose_write_failed_is_not_claimed()
    {
        await portal.GrantAsync(acme, 10m);
        await AsOwnerAsync("""
            create function fail_once() returns trigger language plpgsql as $$ begin raise exception 'no room'; end $$;
            create trigger fail_once before insert on draws for each row execute function fail_once();
            """);
        var body = TestPortal.Usage("acme", "a", 1_000);
        (await portal.Intake.TakeAsync(System.Text.Encoding.UTF8.GetBytes(body), onlyTenant: null, CancellationToken.None)).Succeeded.ShouldBeFalse();
        (await portal.ScalarAsync("select count(*) from event_identities")).ShouldBe(0L);

        await AsOwnerAsync("drop trigger fail_once on draws");

        (await portal.SendAsync(body)).Single().Status.ShouldBe(EventStatus.Accepted);
        (await portal.BalanceAsync(acme, "pool:shared")).ShouldBe(9m);
    }

    [Fact]
    public async Task Case_18_two_top_ups_with_one_key_grant_once()
    {
        var purchase = new PackPurchase("shared", 100m, 0m, 10m, 0m, "USD", "sandbox", "checkout_1_x", 50, ExpiresAt: null, Products: null, "Starter");
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => portal.Wallets.RunAsync(acme, wallet => Grants.BuyPackAsync(wallet, purchase))));

        outcomes.Count(outcome => outcome.Succeeded).ShouldBe(1);
        outcomes.Where(outcome => !outcome.Succeeded).ShouldAllBe(outcome => outcome.Problem!.Code == "already_granted");
        (await portal.BalanceAsync(acme, "pool:shared"), await portal.BalanceAsync(acme, "cash:sandbox", "USD")).ShouldBe((100m, 10m));
    }

    [Fact]
    public async Task Case_28_restricted_credit_goes_first_among_equals_and_priority_beats_restriction()
    {
        var any = await portal.GrantAsync(acme, 5m);
        var restricted = await portal.GrantAsync(acme, 5m, products: ["llm"]);
        var urgent = await portal.GrantAsync(acme, 5m, priority: 10);
        var foreign = await portal.GrantAsync(acme, 5m, products: ["images"], priority: 0);

        await portal.SendAsync(TestPortal.Usage("acme", "a", 7_000)); // 5 of the urgent, 2 of the restricted
        (await RemainingAsync(urgent.Id), await RemainingAsync(restricted.Id), await RemainingAsync(any.Id), await RemainingAsync(foreign.Id)).ShouldBe((0m, 3m, 5m, 5m));
    }

    [Fact]
    public async Task Case_44_a_wallet_has_one_currency()
    {
        var euros = new GrantOrder(10m, Pool: null, GrantSource.Purchase, Value: 10m, CostBasis: null, Currency: "EUR");
        (await portal.Wallets.RunAsync(acme, wallet => Grants.CreateAsync(wallet, euros))).Problem!.Code.ShouldBe("currency_mismatch");
        var pack = new PackPurchase("shared", 100m, 0m, 10m, 0m, "EUR", "sandbox", "checkout_1_y", 50, ExpiresAt: null, Products: null, "Starter");
        (await portal.Wallets.RunAsync(acme, wallet => Grants.BuyPackAsync(wallet, pack))).Problem!.Code.ShouldBe("currency_mismatch");
        (await portal.ScalarAsync("select count(*) from ledger_entries where unit = 'EUR'")).ShouldBe(0L);
    }

    private async Task AsOwnerAsync(string sql)
    {
        await using var owner = new NpgsqlConnection(portal.Database.OwnerConnectionString);
        await owner.OpenAsync();
        await using var command = new NpgsqlCommand(sql, owner);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<decimal> RemainingAsync(Guid grant) => (decimal)(await portal.ScalarAsync($"select remaining from grants where id = '{grant}'"))!;
}
