using Microsoft.Extensions.DependencyInjection;
using Portal.Database.Tests.Webhooks;
using Portal.Domain.Alerts;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Testing;

namespace Portal.Database.Tests.Alerts;

public sealed class AlertTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task A_balance_alert_fires_once_when_crossed_and_again_only_after_it_recovered_by_a_tenth()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var acme = await portal.AddTenantAsync("acme");
        await SendingTests.AddOwnerAsync(portal, acme, "ana@acme.example");
        await SendingTests.AddOwnerAsync(portal, acme, "max@acme.example", "member");
        await portal.GrantAsync(acme, 120m);
        await PutAsync(portal, acme, "low", new AlertOrder("Running low", AlertKind.Balance, 100m, ["mail", "webhook", "in_app"]));

        // small: 1 credit a thousand input tokens.
        await WatchTwiceAsync(portal);
        (await FiredAsync(portal)).ShouldBe(0L); // 120 > 100
        await portal.SendAsync(TestPortal.Usage("acme", "a", 20_000)); // 20 credits: 100 left, reached
        await WatchTwiceAsync(portal);
        (await FiredAsync(portal)).ShouldBe(1L);
        await portal.GrantAsync(acme, 10m); // 110: not more than a tenth above
        await WatchTwiceAsync(portal);
        await portal.SendAsync(TestPortal.Usage("acme", "b", 15_000)); // 95
        await WatchTwiceAsync(portal);
        (await FiredAsync(portal)).ShouldBe(1L);
        await portal.GrantAsync(acme, 16m); // 111
        await WatchTwiceAsync(portal);
        (await portal.ScalarAsync("select count(*) from alert_firings where recovered_at is not null")).ShouldBe(1L);
        await portal.SendAsync(TestPortal.Usage("acme", "c", 11_000)); // 100
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Watch(portal).RunAsync(CancellationToken.None)));
        (await FiredAsync(portal)).ShouldBe(2L);

        (await portal.ScalarAsync("select text from alert_firings order by id limit 1")).ShouldBe("There are 100 credits left; the alert is at 100.");
        (await portal.ScalarAsync("select string_agg(payload->>'to' || ': ' || (payload->>'subject'), '; ') from outbox")).ShouldBe("ana@acme.example: Alert: Running low; ana@acme.example: Alert: Running low");
        (await portal.ScalarAsync("select string_agg(type || ' ' || subject, ', ' order by created_at) from webhook_events where type like 'alert.%'"))
            .ShouldBe("alert.fired low, alert.recovered low, alert.fired low");
    }

    [Fact]
    public async Task Burn_rate_allowance_and_one_pool_are_looked_at_on_their_own()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var acme = await portal.AddTenantAsync("acme", "UTC", "team-a");
        await portal.GrantAsync(acme, 1000m);
        await portal.GrantAsync(acme, 50m, pool: "team-a");
        await portal.SendAsync(TestPortal.Usage("acme", "first", 1_000, consumer: "ana")); // 1 credit, and ana is known
        await portal.ExecuteAsync($"insert into allowances (tenant_id, consumer_id, pool_id, credits, period, mode, since) select {acme}, consumer_id, 1, 40, 'month', 'soft', now() - interval '1 second' from consumers where key = 'ana'; update wallets set config_version = config_version + 1");
        await PutAsync(portal, acme, "fast", new AlertOrder("Fast", AlertKind.BurnRate, 60m, ["in_app"]));
        await PutAsync(portal, acme, "ana", new AlertOrder("Ana", AlertKind.Allowance, 80m, ["in_app"], Consumer: "ana"));
        await PutAsync(portal, acme, "team", new AlertOrder("Team", AlertKind.Balance, 20m, ["in_app"], Pool: "team-a"));
        await WatchTwiceAsync(portal);
        (await FiredAsync(portal)).ShouldBe(0L);

        await portal.SendAsync(TestPortal.Usage("acme", "a", 31_000, consumer: "ana")); // 31 of 40: 77.5 %; 32 in all
        await WatchTwiceAsync(portal);
        (await FiredAsync(portal)).ShouldBe(0L);
        await portal.SendAsync(TestPortal.Usage("acme", "b", 1_000, consumer: "ana")); // 32 of 40: 80 %; 33 in all
        await WatchTwiceAsync(portal);
        (await TextsAsync(portal)).ShouldBe("ana has used 80 % of the allowance of 40 credits in shared; the alert is at 80 %.");
        await portal.SendAsync(TestPortal.Usage("acme", "c", 30_000, pool: "team-a")); // team-a 20; 63 in all
        await WatchTwiceAsync(portal);
        (await TextsAsync(portal)).ShouldBe(
            "63 credits were used in 24 hours; the alert is at 60. | ana has used 80 % of the allowance of 40 credits in shared; the alert is at 80 %. | team-a has 20 credits left; the alert is at 20.");
    }

    [Fact]
    public async Task Spend_beyond_the_plan_fires_at_its_sum_and_recovers_with_the_next_period()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var acme = await portal.AddTenantAsync("acme");
        await PutAsync(portal, acme, "money", new AlertOrder("Money", AlertKind.Spend, 50m, ["in_app"]));
        foreach (var (spend, fired, recovered) in new[] { ("49.99", 0L, 0L), ("50", 1L, 0L), ("46", 1L, 0L), ("61", 1L, 0L), ("0", 1L, 1L), ("55", 2L, 1L) })
        {
            await portal.ExecuteAsync($"update wallets set period_spend = {spend}, version = version + 1");
            await WatchTwiceAsync(portal);
            (await FiredAsync(portal)).ShouldBe(fired, spend);
            (await portal.ScalarAsync("select count(*) from alert_firings where recovered_at is not null")).ShouldBe(recovered, spend);
        }

        (await portal.ScalarAsync("select text from alert_firings order by id limit 1")).ShouldBe("50 USD of usage beyond the plan in this period; the alert is at 50 USD.");
    }

    [Fact]
    public async Task The_last_credit_of_a_pool_is_told_once_until_it_had_some_again()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var acme = await portal.AddTenantAsync("acme");
        await portal.ExecuteAsync("insert into webhook_endpoints (tenant_id, id, url, secret, created_at) values (0, gen_random_uuid(), 'https://example.com/', decode(repeat('00', 32), 'hex'), now())");
        await WatchTwiceAsync(portal); // never had any
        await portal.GrantAsync(acme, 10m);
        await WatchTwiceAsync(portal);
        await portal.SendAsync(TestPortal.Usage("acme", "a", 12_000)); // 2 of debt
        await WatchTwiceAsync(portal);
        await portal.SendAsync(TestPortal.Usage("acme", "b", 1_000));
        await WatchTwiceAsync(portal);
        (await portal.ScalarAsync("select count(*) from webhook_events where type = 'pool.exhausted' and subject = 'shared'")).ShouldBe(1L);
        await portal.GrantAsync(acme, 10m);
        await WatchTwiceAsync(portal);
        await portal.SendAsync(TestPortal.Usage("acme", "c", 7_000));
        await WatchTwiceAsync(portal);
        (await portal.ScalarAsync("select count(*) from webhook_events where type = 'pool.exhausted' and subject = 'shared'")).ShouldBe(2L);
    }

    [Fact]
    public async Task A_look_that_is_killed_midway_tells_nothing_and_the_next_tells_once()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var acme = await portal.AddTenantAsync("acme");
        await PutAsync(portal, acme, "low", new AlertOrder("Low", AlertKind.Balance, 0m, ["mail", "webhook", "in_app"]));
        await SendingTests.AddOwnerAsync(portal, acme, "ana@acme.example");

        await using (var blocking = await portal.Source.OpenConnectionAsync())
        {
            await using var transaction = await blocking.BeginTransactionAsync();
            await blocking.ExecuteAsync("select from alerts for update", CancellationToken.None);
            using var kill = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            await Should.ThrowAsync<OperationCanceledException>(() => Watch(portal).RunAsync(kill.Token)); // waits for the alert, with the look begun
        }

        const string told = "select (select count(*) from alert_firings) || ' ' || (select count(*) from outbox) || ' ' || (select count(*) from webhook_events where type = 'alert.fired')";
        (await portal.ScalarAsync(told)).ShouldBe("0 0 0");
        await WatchTwiceAsync(portal);
        (await portal.ScalarAsync(told)).ShouldBe("1 1 1");
    }

    [Fact]
    public async Task What_is_changed_is_armed_again_and_what_is_bad_changes_nothing()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var acme = await portal.AddTenantAsync("acme");
        var low = new AlertOrder("Low", AlertKind.Balance, 0m, ["in_app"]);
        await PutAsync(portal, acme, "low", low);
        await WatchTwiceAsync(portal);
        (await FiredAsync(portal)).ShouldBe(1L); // 0 left
        await PutAsync(portal, acme, "low", low);
        await WatchTwiceAsync(portal);
        (await FiredAsync(portal)).ShouldBe(1L); // the same again
        await PutAsync(portal, acme, "low", low with { Threshold = 5m });
        await WatchTwiceAsync(portal);
        (await FiredAsync(portal)).ShouldBe(2L);

        foreach (var (order, code) in new (AlertOrder, string)[]
        {
            (low with { Name = "" }, "invalid_name"), (low with { Kind = "mood" }, "invalid_kind"), (low with { Threshold = -1m }, "invalid_threshold"),
            (low with { Kind = AlertKind.Spend }, "invalid_threshold"), (low with { Channels = [] }, "invalid_channels"), (low with { Channels = ["pigeon"] }, "invalid_channels"),
            (low with { Pool = "nowhere" }, "unknown_pool"), (low with { Kind = AlertKind.Allowance, Threshold = 1m, Consumer = "nobody" }, "unknown_consumer"),
            (low with { Kind = AlertKind.Spend, Threshold = 1m, Pool = "shared" }, "pool_not_allowed"), (low with { Consumer = "ana" }, "consumer_not_allowed"),
        })
        {
            (await TryPutAsync(portal, acme, "other", order)).Problem!.Code.ShouldBe(code);
        }

        (await TryPutAsync(portal, acme, "Bad Key", low)).Succeeded.ShouldBeFalse();
        (await portal.ScalarAsync("select string_agg(key, ' ') from alerts")).ShouldBe("low");
    }

    private static AlertWatch Watch(TestPortal portal) => portal.Services.GetRequiredService<AlertWatch>();

    private static async Task WatchTwiceAsync(TestPortal portal)
    {
        await Watch(portal).RunAsync(CancellationToken.None);
        await Watch(portal).RunAsync(CancellationToken.None);
    }

    private static async Task<long> FiredAsync(TestPortal portal) => (long)(await portal.ScalarAsync("select count(*) from alert_firings"))!;

    private static async Task<string?> TextsAsync(TestPortal portal) => (string?)await portal.ScalarAsync("select string_agg(text, ' | ' order by text collate \"C\") from alert_firings");

    private static Task<Result<(Alert Alert, bool Created)>> TryPutAsync(TestPortal portal, long tenant, string key, AlertOrder order) =>
        portal.Wallets.RunAsync(tenant, wallet => AlertSettings.PutAsync(wallet, key, order));

    private static async Task PutAsync(TestPortal portal, long tenant, string key, AlertOrder order) => (await TryPutAsync(portal, tenant, key, order)).Succeeded.ShouldBeTrue();
}
