using Npgsql;
using Portal.Domain.Revenue;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Revenue;

public sealed class ReconciliationTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly int[] Shown = [1, 2, 3, 4, 5, 6, 7, 9, 10];

    [Fact]
    public async Task What_the_commands_did_reconciles()
    {
        await using var portal = await BusyPortalAsync(postgres);

        var report = await new Reconciliation(portal.Source).RunAsync();

        report.Checks.SelectMany(check => check.Failures).ShouldBeEmpty();
        report.Ok.ShouldBeTrue();
        report.Checks.Select(check => check.Id).ShouldBe(report.Checks.Select(check => check.Id).Order());
        report.Checks.Select(check => check.Id).ShouldBeSubsetOf(Enumerable.Range(1, 10));
        Shown.ShouldBeSubsetOf(report.Checks.Select(check => check.Id));
        foreach (var check in report.Checks.Where(check => check.Id < 8)) check.Checked.ShouldBeGreaterThan(0, check.Name);
    }

    [Fact]
    public async Task The_last_report_is_kept_as_it_was_answered()
    {
        await using var portal = await BusyPortalAsync(postgres);
        var reconciliation = new Reconciliation(portal.Source);
        (await reconciliation.LastAsync()).ShouldBeNull();
        await BreakAsync(portal, "update ledger_accounts set balance = balance + 1 where account = 'issued'");
        await reconciliation.RunAsync();
        await BreakAsync(portal, "update ledger_accounts set balance = balance + 1 where account = 'issued'");

        var second = await reconciliation.RunAsync();

        var last = await reconciliation.LastAsync();
        last.ShouldNotBeNull();
        last.Ok.ShouldBeFalse();
        last.Checks.Select(c => (c.Id, c.Name, c.Ok, c.Checked)).ShouldBe(second.Checks.Select(c => (c.Id, c.Name, c.Ok, c.Checked)));
        last.Checks[2].Failures.ShouldBe(second.Checks[2].Failures);
        (last.AsOf - second.AsOf).Duration().ShouldBeLessThan(TimeSpan.FromMilliseconds(1));
    }

    private const string ChargebackThatNobodyOwes = """
        with payment as (insert into payments (tenant_id, id, provider, provider_payment, currency, captured, received_at)
            select tenant_id, gen_random_uuid(), 'sandbox', 'sp_2', 'USD', 5, now() from tenants returning tenant_id, id),
          dispute as (insert into disputes (tenant_id, id, payment_id, transaction_id, currency, amount, value, tax, chargebacks, suspense, created_at)
            select tenant_id, gen_random_uuid(), id, gen_random_uuid(), 'USD', 5, 0, 0, 5, 0, now() from payment returning tenant_id, id)
        insert into dispute_pieces (tenant_id, dispute_id, ordinal, grant_id, debt_line, credits, value)
          select d.tenant_id, d.id, 0, (select g.id from grants g where g.tenant_id = d.tenant_id limit 1), 0, 5, 0 from dispute d
        """;

    public static TheoryData<int, string, string> Faults => new()
    {
        { 1, ", CREDIT", "delete from ledger_entries where line = 0 and transaction_id = (select id from ledger_transactions where kind = 'expiry')" },
        { 1, "tenants", "insert into ledger_transactions select tenant_id + 1000, id, kind, null, occurred_at, posted_at, book_date from ledger_transactions limit 1" },
        { 2, "ledger_entries: trigger append_only", "drop trigger append_only on ledger_entries" },
        { 2, "ratings: trigger append_only", "alter table ratings disable trigger append_only" },
        { 2, "events_2", "do $$ declare p text; begin select relname into p from pg_class where relname like 'events_2%' limit 1; execute format('drop trigger append_only on %I', p); end $$" },
        { 2, "trigger book_dates_are_open", "alter table ledger_transactions disable trigger book_dates_are_open" },
        { 2, "draws: trigger transactions_are_there", "alter table draws disable trigger transactions_are_there" },
        { 2, "trigger ledger_entries_weigh", "alter table ledger_entries disable trigger ledger_entries_weigh" },
        { 2, "ledger_entries: delete by portal_app", "grant delete on ledger_entries to portal_app" },
        { 2, "ledger_transactions: update by portal_app", "grant update (book_date) on ledger_transactions to portal_app" },
        { 3, "account issued, CREDIT", "update ledger_accounts set balance = balance + 0.000000001 where account = 'issued'" },
        { 3, "account consumed:llm, CREDIT", "delete from ledger_accounts where account = 'consumed:llm'" },
        { 3, "account revenue:usage, USD", "update finance_daily set amount = amount - 1 where account = 'revenue:usage'" },
        { 3, "account pool:team", "update ledger_transactions set book_date = book_date - 1 where kind = 'expiry'" },
        { 4, "remaining", "update grants set remaining = remaining - 0.5 where remaining = (select max(remaining) from grants)" },
        { 4, "from 0 to its amount", "alter table grants drop constraint grants_check; update grants set remaining = amount + 1 where remaining = (select max(remaining) from grants)" },
        { 4, "closed", "update grants set open = false where remaining > 0" },
        { 4, "account debt:shared", "update debts set to_credits = to_credits + 1 where to_credits = from_credits" },
        { 4, "drawn", "update debts set to_credits = to_credits + 1" },
        { 4, "pool shared: held", "update pools set held = 5 where key = 'shared'" },
        { 4, "account overage:shared", "insert into ledger_accounts select tenant_id, 'overage:shared', 'CREDIT', -3 from tenants" },
        { 5, "deferred:credits, USD", "update grants set value = value + 1 where value > 0 and remaining > 0" },
        { 6, "consumed:llm", "update events set credits = credits + 1 where ordinal = 0" },
        { 6, "revenue, USD", "update events set revenue = revenue + 0.000000001 where ordinal = 0" },
        { 6, "cogs, USD", "update events set cost = cost * 2 where ordinal = 0" },
        { 6, "revenue, USD", "delete from ratings where kind = 'settlement'" },
        { 6, "its identity", "delete from event_identities where ordinal = 0" },
        { 6, "its event", "delete from events where ordinal = 0" },
        { 6, "begins where", "update draws set from_credits = from_credits + 0.1 where kind = 'grant'" },
        { 6, "drawn for pool", "update draws set to_credits = to_credits + 0.1" },
        { 6, "deferred:credits", "update draws set remaining_before = remaining_before + 1 where kind = 'grant'" },
        { 7, "model small", "update usage_hourly set credits = credits + 1 where token_type = 'input' and model = 'small'" },
        { 7, "model large", "update usage_hourly set model = 'small', tier = 'moved' where model = 'large'" },
        { 7, "{1,", "delete from usage_hourly" },
        { 7, "hour", "update usage_hourly set hour = hour + interval '1 hour' where model = 'large'" },
        { 7, "drawn from pool", "update usage_hourly set pool_id = 2, tier = 'moved' where pool_id = 1" },
        { 9, "payment sp_1 of sandbox", "insert into payments (tenant_id, id, provider, provider_payment, currency, captured, received_at) select tenant_id, gen_random_uuid(), 'sandbox', 'sp_1', 'USD', 5, now() from tenants" },
        { 9, "open and settled of debt 0", ChargebackThatNobodyOwes },
        { 10, "external:move", "insert into ledger_accounts select tenant_id, 'external:move', 'USD', 3 from tenants" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_fault_is_found_and_named(int check, string subject, string fault)
    {
        await using var portal = await BusyPortalAsync(postgres);
        await BreakAsync(portal, fault);

        var report = await new Reconciliation(portal.Source).RunAsync();

        report.Ok.ShouldBeFalse();
        var found = report.Checks.Single(c => c.Id == check);
        found.Ok.ShouldBeFalse();
        found.Failures.ShouldContain(failure => (failure.Subject + failure.Expected).Contains(subject, StringComparison.Ordinal), string.Join('\n', found.Failures));
        if (check is not (1 or 2 or 10)) found.Failures.ShouldAllBe(failure => failure.Tenant == "acme");
    }

    [Fact]
    public async Task Suspense_is_listed_and_fails_nothing()
    {
        await using var portal = await BusyPortalAsync(postgres);
        const long tenant = 1;
        await portal.Wallets.RunAsync(tenant, wallet =>
        {
            wallet.Begin("payment").Book("cash:sandbox", "suspense", 7.5m, "USD");
            return Task.FromResult<Domain.Kernel.Result<Domain.Kernel.Done>>(default(Domain.Kernel.Done));
        });

        var report = await new Reconciliation(portal.Source).RunAsync();

        report.Ok.ShouldBeTrue();
        report.Checks.Single(c => c.Id == 10).Failures.ShouldBe([new ReconciliationFailure("acme", "suspense, USD", "0.000000000", "-7.500000000")]);
    }

    [Fact]
    public async Task No_more_than_fifty_failures_are_named()
    {
        await using var portal = await BusyPortalAsync(postgres);
        await BreakAsync(portal, "insert into ledger_accounts select 1, 'cash:' || n, 'USD', 1 from generate_series(1, 80) n");

        var check = (await new Reconciliation(portal.Source).RunAsync()).Checks.Single(c => c.Id == 3);

        check.Ok.ShouldBeFalse();
        check.Failures.Count.ShouldBe(Reconciliation.MostFailures);
    }

    [Fact]
    public async Task The_tables_it_watches_are_those_that_refuse_changes()
    {
        await using var database = await postgres.CreateAsync();

        (await database.ScalarAsync("""
            select string_agg(t::text, ',' order by t::text) from append_only_tables() t
            """)).ShouldBe(await database.ScalarAsync(
            "select string_agg(tgrelid::regclass::text, ',' order by tgrelid::regclass::text) from pg_trigger where tgname = 'append_only'"));
    }

    // One of everything: a pack, a promotion that expires, a team's pool that overflows, usage of two models with a piece of debt that a
    // later purchase settles, an unrated event and one without cost, in a zone whose hours begin at another minute.
    private static async Task<TestPortal> BusyPortalAsync(PostgresFixture postgres)
    {
        var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "Asia/Kolkata", "team");
        await portal.Wallets.RunAsync(tenant, wallet => Grants.BuyPackAsync(wallet, new PackPurchase(
            "shared", 10m, 1m, 9.99m, 1.90m, "USD", "sandbox", "checkout_1", 50, null, null, "Starter")));
        await portal.GrantAsync(tenant, 5m, expiresAt: DateTimeOffset.UtcNow.AddMinutes(30));
        await portal.GrantAsync(tenant, 3m, value: 1m, pool: "team");
        await portal.SendAsync(
            TestPortal.Usage("acme", "1", 1000, 250),
            TestPortal.Usage("acme", "2", 400, 100, model: "large", at: DateTimeOffset.UtcNow.AddHours(-30), consumer: "ana"),
            TestPortal.Usage("acme", "3", 1000, model: "costless"),
            TestPortal.Usage("acme", "4", 1000, model: "unknown"),
            TestPortal.Usage("acme", "5", 2000, 1000, pool: "team"));
        await portal.SendAsync(TestPortal.Usage("acme", "6", 8000, 1000, pool: "team"), TestPortal.Usage("acme", "7", 0));
        await portal.GrantAsync(tenant, 20m, value: 30m);
        await portal.AdvanceAsync(TimeSpan.FromHours(1));
        await portal.GrantAsync(tenant, 4m, expiresAt: DateTimeOffset.UtcNow.AddHours(2), pool: "team");
        await portal.AdvanceAsync(TimeSpan.FromHours(2));
        await portal.Wallets.SettleAsync(tenant);
        return portal;
    }

    private static async Task BreakAsync(TestPortal portal, string sql)
    {
        const string permit = """
            do $$ declare t regclass; begin
              for t in select append_only_tables() loop execute format('alter table %s disable trigger append_only', t); end loop;
            end $$
            """;
        const string refuse = """
            do $$ declare t regclass; begin
              for t in select tgrelid from pg_trigger where tgname = 'append_only' loop execute format('alter table %s enable trigger append_only', t); end loop;
            end $$
            """;
        await using var owner = NpgsqlDataSource.Create(portal.Database.OwnerConnectionString);
        var rows = !sql.Contains("trigger", StringComparison.Ordinal);
        foreach (var statement in rows ? [permit, sql, refuse] : new[] { sql })
        {
            await using var command = owner.CreateCommand(statement);
            await command.ExecuteNonQueryAsync();
        }
    }
}
