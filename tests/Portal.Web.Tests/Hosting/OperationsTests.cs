using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Portal.Domain.Revenue;
using Portal.Testing;
using Portal.Web.Api;

namespace Portal.Web.Tests.Hosting;

public sealed class OperationsTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Probes_and_metrics_answer_everybody_and_the_jobs_only_operators()
    {
        await using var database = await postgres.CreateAsync();
        await using var host = new Host(database, seed: "none");
        using var client = host.CreateClient(new WebApplicationFactoryClientOptions { AllowAutoRedirect = false });

        (await client.GetAsync("/health/live")).StatusCode.ShouldBe(HttpStatusCode.OK);
        var ready = await client.GetAsync("/health/ready");
        ready.StatusCode.ShouldBe(HttpStatusCode.OK);
        JsonElement.Parse(await ready.Content.ReadAsStringAsync()).GetProperty("checks").EnumerateObject().Select(check => check.Name).ShouldBe(["database", "intake"], ignoreOrder: true);
        (await client.GetStringAsync("/metrics")).ShouldContain("portal_intake_waiting");
        var jobs = await client.GetAsync("/console/jobs");
        jobs.StatusCode.ShouldBe(HttpStatusCode.Redirect);
        jobs.Headers.Location!.ToString().ShouldContain("/account/sign-in");
    }

    [Fact]
    public async Task A_database_without_its_newest_migration_is_not_ready()
    {
        await using var database = await postgres.CreateAsync();
        await using var host = new Host(database, seed: "none");
        using var client = host.CreateClient();
        await using (var owner = Npgsql.NpgsqlDataSource.Create(database.OwnerConnectionString))
        await using (var command = owner.CreateCommand("""delete from "__EFMigrationsHistory" """))
        {
            await command.ExecuteNonQueryAsync();
        }

        (await client.GetAsync("/health/ready")).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await client.GetAsync("/health/live")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_demo_is_full_reconciles_and_is_made_once()
    {
        await using var database = await postgres.CreateAsync();
        await using (var host = new Host(database, seed: "demo"))
        {
            using var client = host.CreateClient();
        }

        const string counts = """
            select format('%s %s %s %s', (select count(*) from events), (select count(*) from ledger_transactions), (select count(*) from members),
              (select count(*) from users))
            """;
        var first = await database.ScalarAsync(counts);
        await using (var host = new Host(database, seed: "demo"))
        {
            using var client = host.CreateClient();
        }

        (await database.ScalarAsync(counts)).ShouldBe(first);
        var report = await new Reconciliation(database.DataSource).RunAsync();
        report.Checks.SelectMany(check => check.Failures).ShouldBeEmpty();
        report.Ok.ShouldBeTrue();
        (await database.ScalarAsync("select clock_offset = '0' from platform")).ShouldBe(true);
        ((long)(await database.ScalarAsync("select count(*) from events where rated"))!).ShouldBeInRange(2000, 10_000);
        (await database.ScalarAsync("select count(*) from events where not rated or cost is null")).ShouldBe(0L);
        (await database.ScalarAsync("select count(*) from debts")).ShouldBe(0L);
        ((decimal)(await database.ScalarAsync("select sum(remaining) from grants"))!).ShouldBeGreaterThan(1000m);
        (await database.ScalarAsync("select count(distinct posted_at::date) from ledger_transactions where kind = 'usage'")).ShouldBe(30L);
    }

    private sealed class Host(TestDatabase database, string seed) : WebApplicationFactory<FirstPlatformKey>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseEnvironment("Development");
            builder.UseSetting("ConnectionStrings:Portal", database.AppConnectionString);
            builder.UseSetting("ConnectionStrings:PortalOwner", database.OwnerConnectionString);
            builder.UseSetting("Portal:Seed", seed);
            builder.UseSetting("Portal:Jobs:InWeb", "false");
        }
    }
}
