using Hangfire;
using Hangfire.PostgreSql;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Portal.Domain;
using Portal.Domain.Data;
using Portal.Domain.Notifications;
using Portal.Domain.Payments;
using Portal.Domain.Revenue;
using Portal.Jobs;
using Portal.Testing;

namespace Portal.Database.Tests.Jobs;

[Collection("Jobs")] // Hangfire keeps statics
public sealed class RecurringJobsTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Settling_twice_expires_once_and_leaves_what_is_not_due()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        await using var services = Services(portal.Database, new Letterbox());
        var due = await portal.AddTenantAsync("due");
        var later = await portal.AddTenantAsync("later");
        await portal.GrantAsync(due, 5m, value: 10m, expiresAt: DateTimeOffset.UtcNow.AddHours(1));
        await portal.GrantAsync(later, 5m, expiresAt: DateTimeOffset.UtcNow.AddHours(9));
        await portal.AdvanceAsync(TimeSpan.FromHours(2));

        await TwiceAsync(services, (jobs, token) => jobs.SettleWalletsAsync(token));

        (await portal.BalanceAsync(due, "expired")).ShouldBe(5m);
        (await portal.BalanceAsync(due, "revenue:breakage", "USD")).ShouldBe(-10m);
        (await portal.BalanceAsync(later, "expired")).ShouldBe(0m);
        (await portal.ScalarAsync("select count(*) from ledger_transactions where kind = 'expiry'")).ShouldBe(1L);
        (await portal.ScalarAsync($"select next_due_at from wallets where tenant_id = {due}")).ShouldBeNull();
    }

    [Fact]
    public async Task A_hold_that_nobody_touches_is_freed_when_it_ends()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        await using var services = Services(portal.Database, new Letterbox());
        var tenant = await portal.AddTenantAsync("acme");
        await portal.ExecuteAsync($"""
            insert into holds (tenant_id, id, pool_id, amount, created_at, expires_at) values ({tenant}, gen_random_uuid(), 1, 3, now() - interval '2 minutes', now() - interval '1 minute');
            update pools set held = 3 where tenant_id = {tenant};
            update wallets set next_due_at = now() - interval '1 minute' where tenant_id = {tenant}
            """);

        await TwiceAsync(services, (jobs, token) => jobs.SettleWalletsAsync(token));

        (await portal.ScalarAsync("select held from pools")).ShouldBe(0m);
        (await portal.ScalarAsync("select state from holds")).ShouldBe("expired");
    }

    [Fact]
    public async Task A_mail_leaves_once_and_its_text_is_forgotten()
    {
        await using var database = await postgres.CreateAsync();
        var letterbox = new Letterbox();
        await using var services = Services(database, letterbox);
        await AddMailAsync(database, "ana@acme.example");

        await TwiceAsync(services, (jobs, token) => jobs.DrainOutboxAsync(token));

        letterbox.Sent.ShouldBe([new Mail("ana@acme.example", "Welcome", "Come in", "<p>Come in</p>")]);
        (await database.ScalarAsync("select payload::text from outbox where done_at is not null")).ShouldBe("{}");
    }

    [Fact]
    public async Task A_mail_that_cannot_leave_waits_longer_each_time_and_is_given_up_in_the_end()
    {
        await using var database = await postgres.CreateAsync();
        var letterbox = new Letterbox { Broken = true };
        await using var services = Services(database, letterbox);
        await AddMailAsync(database, "ana@acme.example");

        await TwiceAsync(services, (jobs, token) => jobs.DrainOutboxAsync(token));

        letterbox.Tries.ShouldBe(1); // the second run finds it put off
        (await database.ScalarAsync("select error from outbox where done_at is null and failed_at is null and due_at > now()")).ShouldBe("The server hung up.");
        for (var attempt = 2; attempt <= OutboxDrain.MostAttempts + 1; attempt++)
        {
            await database.ScalarAsync("update outbox set due_at = now()");
            await TwiceAsync(services, (jobs, token) => jobs.DrainOutboxAsync(token));
        }

        letterbox.Tries.ShouldBe(OutboxDrain.MostAttempts);
        (await database.ScalarAsync("select count(*) from outbox where failed_at is not null and done_at is null")).ShouldBe(1L);
    }

    [Fact]
    public async Task Two_senders_at_once_send_each_mail_once()
    {
        await using var database = await postgres.CreateAsync();
        var letterbox = new Letterbox();
        await using var services = Services(database, letterbox);
        for (var i = 0; i < 50; i++) await AddMailAsync(database, $"p{i}@acme.example");

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Jobs(services).DrainOutboxAsync(CancellationToken.None)));

        letterbox.Sent.Select(mail => mail.To).Order().ShouldBe(Enumerable.Range(0, 50).Select(i => $"p{i}@acme.example").Order());
    }

    [Fact]
    public async Task Old_answers_are_forgotten_and_young_ones_kept()
    {
        await using var database = await postgres.CreateAsync();
        await using var services = Services(database, new Letterbox());
        await database.ScalarAsync("""
            insert into idempotency_keys (tenant_id, api_key_id, route, key, digest, status, body, created_at)
            select 1, gen_random_uuid(), 'POST /v1/x', age::text, '', 201, '', now() - age * interval '1 day' from unnest(array[1, 29, 31, 90]) age
            """);

        await TwiceAsync(services, (jobs, token) => jobs.PruneIdempotencyKeysAsync(token));

        (await database.ScalarAsync("select string_agg(key, ' ' order by key) from idempotency_keys")).ShouldBe("1 29");
    }

    [Fact]
    public async Task The_coming_months_of_events_are_there_and_append_only()
    {
        await using var database = await postgres.CreateAsync();
        await using var services = Services(database, new Letterbox());
        await database.ScalarAsync("update platform set clock_offset = '200 days'");
        const string months = """
            select count(*) from generate_series(0, 3) n, platform
            where to_regclass('events_' || to_char((now() + clock_offset) at time zone 'UTC' + n * interval '1 month', 'YYYYMM')) is not null
            """;
        (await database.ScalarAsync(months)).ShouldBe(0L);

        await TwiceAsync(services, (jobs, token) => jobs.EnsureEventPartitionsAsync(token));

        (await database.ScalarAsync(months)).ShouldBe(4L);
        (await new Reconciliation(database.DataSource).RunAsync()).Checks.Single(check => check.Id == 2).Failures.ShouldBeEmpty();
    }

    [Fact]
    public async Task The_reconciliation_and_the_inbox_run_twice()
    {
        await using var database = await postgres.CreateAsync();
        await using var services = Services(database, new Letterbox());

        await TwiceAsync(services, (jobs, token) => jobs.ReconcileAsync(token));
        await TwiceAsync(services, (jobs, token) => jobs.WorkOffWebhooksAsync(token));

        (await database.ScalarAsync("select count(*) from reconciliation_runs where ok")).ShouldBe(2L);
    }

    [Fact]
    public async Task The_running_role_schedules_and_enqueues_on_tables_that_the_owner_made()
    {
        await using var database = await postgres.CreateAsync();
        await Task.WhenAll(JobTables.MigrateAsync(database.OwnerConnectionString), JobTables.MigrateAsync(database.OwnerConnectionString));
        await JobTables.MigrateAsync(database.OwnerConnectionString);
        var services = new ServiceCollection().AddLogging();
        services.AddHangfire(hangfire => hangfire.UsePostgreSqlStorage(storage => storage.UseNpgsqlConnection(database.AppConnectionString), JobTables.Options));
        await using var provider = services.BuildServiceProvider();

        for (var i = 0; i < 2; i++) RecurringJobs.Schedule(provider.GetRequiredService<IRecurringJobManager>());
        provider.GetRequiredService<IRecurringJobManager>().Trigger("settle-wallets");

        (await database.ScalarAsync("select count(*) from hangfire.set where key = 'recurring-jobs'")).ShouldBe(17L);
        (await database.ScalarAsync("select count(*) from hangfire.jobqueue")).ShouldBe(1L);
        (await database.ScalarAsync("select has_schema_privilege('portal_app', 'hangfire', 'create')")).ShouldBe(false);
    }

    private static RecurringJobs Jobs(IServiceProvider services) => ActivatorUtilities.CreateInstance<RecurringJobs>(services);

    private static async Task TwiceAsync(IServiceProvider services, Func<RecurringJobs, CancellationToken, Task> run)
    {
        await run(Jobs(services), CancellationToken.None);
        await run(Jobs(services), CancellationToken.None);
    }

    private static ServiceProvider Services(TestDatabase database, IMailTransport mail) => new ServiceCollection()
        .AddLogging()
        .AddSingleton(database.DataSource)
        .AddSingleton(TimeProvider.System)
        .AddSingleton(mail)
        .AddDbContextFactory<PortalDbContext>(options => PortalDbContext.Configure(options.UseNpgsql(database.DataSource)))
        .AddPortalDomain()
        .AddPayments(sandbox: false)
        .BuildServiceProvider();

    private static async Task AddMailAsync(TestDatabase database, string to)
    {
        await using var connection = await database.DataSource.OpenConnectionAsync();
        await Outbox.AddMailAsync(connection, 0, to, "Welcome", "Come in", "<p>Come in</p>", CancellationToken.None);
    }

    private sealed class Letterbox : IMailTransport
    {
        private readonly Lock door = new();

        public bool IsPickupFolder => false;

        public bool Broken { get; init; }

        public int Tries { get; private set; }

        public List<Mail> Sent { get; } = [];

        public Task SendAsync(Mail mail, CancellationToken cancellationToken = default)
        {
            lock (door)
            {
                Tries++;
                if (Broken) throw new IOException("The server hung up.");
                Sent.Add(mail);
            }

            return Task.CompletedTask;
        }
    }
}
