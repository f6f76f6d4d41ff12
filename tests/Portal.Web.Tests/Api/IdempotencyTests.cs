using Npgsql;
using Portal.Domain.Tenants;

namespace Portal.Web.Tests.Api;

/// <summary>A POST with an Idempotency-Key happens once.</summary>
public sealed class IdempotencyTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string Grant = """{"credits":"10","source":"promotion"}""";

    private const string TooLong = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    private async Task<long> GrantsOfAsync(string tenant) => (long)(await host.Database.ScalarAsync(
        $"select count(*) from grants g join tenants t on t.tenant_id = g.tenant_id where t.key = '{tenant}'"))!;

    [Fact]
    public async Task The_same_key_and_body_get_the_first_answer_again()
    {
        var tenant = await host.NewTenantAsync();
        var first = (await host.Client().SendAsync("POST", $"/v1/tenants/{tenant}/grants", Grant, "once")).ShouldBe(201);
        var second = (await host.Client().SendAsync("POST", $"/v1/tenants/{tenant}/grants", Grant, "once")).ShouldBe(201);
        second.Text.ShouldBe(first.Text);
        second.Headers.GetValues("Idempotent-Replayed").ShouldBe(["true"]);
        first.Headers.Contains("Idempotent-Replayed").ShouldBeFalse();
        (await GrantsOfAsync(tenant)).ShouldBe(1);
    }

    [Fact]
    public async Task The_same_key_with_another_body_is_a_conflict()
    {
        var tenant = await host.NewTenantAsync();
        (await host.Client().SendAsync("POST", $"/v1/tenants/{tenant}/grants", Grant, "once")).ShouldBe(201);
        (await host.Client().SendAsync("POST", $"/v1/tenants/{tenant}/grants", """{"credits":"11","source":"promotion"}""", "once"))
            .ShouldBe(409, "idempotency_conflict");
        (await GrantsOfAsync(tenant)).ShouldBe(1);
    }

    [Fact]
    public async Task A_key_counts_per_api_key_and_path()
    {
        var (tenant, other) = (await host.NewTenantAsync(), await host.NewTenantAsync());
        var second = host.Client(await host.NewKeyAsync(tenant: null, Scope.Admin));
        (await host.Client().SendAsync("POST", $"/v1/tenants/{tenant}/grants", Grant, "once")).ShouldBe(201);
        (await second.SendAsync("POST", $"/v1/tenants/{tenant}/grants", Grant, "once")).ShouldBe(201);
        (await host.Client().SendAsync("POST", $"/v1/tenants/{other}/grants", Grant, "once")).ShouldBe(201);
        (await GrantsOfAsync(tenant)).ShouldBe(2);
        (await GrantsOfAsync(other)).ShouldBe(1);
    }

    [Fact]
    public async Task A_failure_is_not_kept()
    {
        var tenant = await host.NewTenantAsync();
        var path = $"/v1/tenants/{tenant}/grants";
        (await host.Client().SendAsync("POST", path, """{"credits":"5","source":"promotion","pool":"team-a"}""", "once")).ShouldBe(400, "unknown_pool");
        (await host.Client().SendAsync("POST", $"/v1/tenants/{tenant}/pools", """{"key":"team-a","name":"Team A"}""")).ShouldBe(201);
        (await host.Client().SendAsync("POST", path, """{"credits":"5","source":"promotion","pool":"team-a"}""", "once")).ShouldBe(201);
        (await GrantsOfAsync(tenant)).ShouldBe(1);
    }

    [Fact]
    public async Task A_twin_in_flight_is_told_to_wait_and_then_gets_the_answer()
    {
        var tenant = await host.NewTenantAsync();
        var path = $"/v1/tenants/{tenant}/grants";
        await using var connection = await host.Database.DataSource.OpenConnectionAsync();
        await using var holding = await connection.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand($"select 1 from wallets w join tenants t using (tenant_id) where t.key = '{tenant}' for update of w", connection, holding))
            await hold.ExecuteScalarAsync();
        var first = host.Client().SendAsync("POST", path, Grant, "once");
        Reply twin;
        do twin = await host.Client().SendAsync("GET", path); // until the first waits for the wallet
        while ((long)(await host.Database.ScalarAsync("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"))! == 0);
        twin = await host.Client().SendAsync("POST", path, Grant, "once");
        twin.ShouldBe(409, "in_progress").Headers.RetryAfter!.ToString().ShouldBe("1");
        await holding.RollbackAsync();
        var answer = (await first).ShouldBe(201);
        (await host.Client().SendAsync("POST", path, Grant, "once")).ShouldBe(201).Text.ShouldBe(answer.Text);
        (await GrantsOfAsync(tenant)).ShouldBe(1);
    }

    [Fact]
    public async Task Twenty_twins_at_once_make_one()
    {
        var tenant = await host.NewTenantAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => host.Client().SendAsync("POST", $"/v1/tenants/{tenant}/grants", Grant, "once")));
        answers.ShouldAllBe(answer => answer.Status == 201 || answer.Code == "in_progress");
        answers.Where(answer => answer.Status == 201).Select(answer => answer.Text).Distinct(StringComparer.Ordinal).Count().ShouldBe(1);
        (await GrantsOfAsync(tenant)).ShouldBe(1);
    }

    [Theory]
    [InlineData("tab\tinside")]
    [InlineData(TooLong)]
    public async Task A_key_that_is_none_is_refused(string key)
    {
        var tenant = await host.NewTenantAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/v1/tenants/{tenant}/grants") { Content = new StringContent(Grant, null, "application/json") };
        request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        using var response = await host.Client().SendAsync(request);
        ((int)response.StatusCode).ShouldBe(400);
        (await GrantsOfAsync(tenant)).ShouldBe(0);
    }

    [Fact]
    public async Task Answers_older_than_thirty_days_are_pruned()
    {
        var tenant = await host.NewTenantAsync();
        foreach (var key in new[] { "old", "young" })
            (await host.Client().SendAsync("POST", $"/v1/tenants/{tenant}/grants", Grant, key)).ShouldBe(201);
        await host.Database.ScalarAsync("update idempotency_keys set created_at = now() - interval '30 days 1 minute' where key = 'old'");
        (await IdempotencyKeys.PruneAsync(host.Database.DataSource, CancellationToken.None)).ShouldBe(1);
        (await host.Database.ScalarAsync("select count(*) from idempotency_keys where key = 'old'")).ShouldBe(0L);
        (await host.Database.ScalarAsync("select count(*) from idempotency_keys where key = 'young'")).ShouldBe(1L);
    }
}
