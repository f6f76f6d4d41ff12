using Portal.Domain.Webhooks;
using Portal.Testing;

namespace Portal.Database.Tests.Webhooks;

public sealed class ReplayTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task After_a_new_secret_both_sign_for_a_day()
    {
        await using var world = await WebhooksWorld.StartAsync(postgres);
        var acme = await world.Portal.AddTenantAsync("acme");
        var (endpoint, old) = await world.AddEndpointAsync(acme, "/hooks");
        var rotated = await world.WriteAsync(platform => WebhookEndpoints.RotateAsync(platform.Connection, acme, endpoint, platform.Now, "test"));
        await world.HappenAsync(acme);
        await world.Sender().RunAsync();
        await world.Portal.ExecuteAsync("update webhook_endpoints set old_secret_until = now() - interval '1 second'");
        await world.HappenAsync(acme);
        await world.Sender().RunAsync();

        world.Receiver.All.Select(message => (message.IsSignedBy(rotated.Value.Secret), message.IsSignedBy(old))).ShouldBe([(true, true), (true, false)]);
    }

    [Fact]
    public async Task One_delivery_or_a_span_is_sent_again_under_its_id()
    {
        await using var world = await WebhooksWorld.StartAsync(postgres);
        var acme = await world.Portal.AddTenantAsync("acme");
        await world.HappenAsync(acme); // before anybody listened
        var (endpoint, _) = await world.AddEndpointAsync(acme, "/hooks");
        await world.Sender().RunAsync();
        await world.Portal.ExecuteAsync("delete from webhook_deliveries");
        for (var i = 0; i < 2; i++) await world.HappenAsync(acme);
        await world.Sender().RunAsync();
        world.Receiver.All.Count.ShouldBe(3);
        await world.Portal.ExecuteAsync("update webhook_deliveries set state = 'failed' where id = (select min(id::text)::uuid from webhook_deliveries)");

        // Three happened, of which one delivery was given up and one never was.
        var (from, to) = (DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
        (await SpanAsync(all: false)).ShouldBe(1);
        (await world.Sender().RunAsync()).ShouldBe(1);
        (await SpanAsync(all: true)).ShouldBe(3);
        (await world.Sender().RunAsync()).ShouldBe(3);
        world.Receiver.All.Count.ShouldBe(7);
        world.Receiver.All.Select(message => message.Id).Distinct().Count().ShouldBe(3);

        var one = (Guid)(await world.Portal.ScalarAsync("select id from webhook_deliveries limit 1"))!;
        (await world.WriteAsync(platform => Replays.OneAsync(platform.Connection, acme, one, platform.Now, "test"))).Succeeded.ShouldBeTrue();
        (await world.Sender().RunAsync()).ShouldBe(1);
        (await world.WriteAsync(platform => Replays.OneAsync(platform.Connection, acme + 1, one, platform.Now, "test"))).Problem!.Code.ShouldBe("unknown_delivery");

        async Task<int> SpanAsync(bool all) => (await world.WriteAsync(platform => Replays.SpanAsync(platform.Connection, acme, endpoint, from, to, all, platform.Now, "test"))).Value;
    }

    [Fact]
    public async Task Old_events_are_forgotten_and_young_ones_kept()
    {
        await using var world = await WebhooksWorld.StartAsync(postgres);
        var acme = await world.Portal.AddTenantAsync("acme");
        await world.AddEndpointAsync(acme, "/hooks");
        await world.HappenAsync(acme);
        await world.Sender().RunAsync();
        await world.Portal.ExecuteAsync("update webhook_events set created_at = created_at - interval '91 days'");
        await world.HappenAsync(acme);
        await world.Sender().RunAsync();

        await WebhookLog.PruneAsync(world.Portal.Source);
        await WebhookLog.PruneAsync(world.Portal.Source);

        (await world.Portal.ScalarAsync("select count(*) from webhook_events")).ShouldBe(1L);
        (await world.Portal.ScalarAsync("select count(*) from webhook_attempts")).ShouldBe(1L);
    }
}
