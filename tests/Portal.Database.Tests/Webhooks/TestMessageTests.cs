using Portal.Domain.Kernel;
using Portal.Domain.Webhooks;
using Portal.Testing;

namespace Portal.Database.Tests.Webhooks;

/// <summary>Messages that try an endpoint.</summary>
public sealed class TestMessageTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task It_goes_to_the_one_endpoint_signed_whatever_that_hears_of()
    {
        await using var world = await WebhooksWorld.StartAsync(postgres);
        var acme = await world.Portal.AddTenantAsync("acme");
        var (one, secret) = await world.AddEndpointAsync(acme, "/one", "invoice.paid");
        await world.AddEndpointAsync(acme, "/other");
        await world.AddEndpointAsync(0, "/platform");

        (await SendAsync(world, acme, one)).Value.State.ShouldBe(DeliveryState.Pending);
        (await SendAsync(world, acme, one)).Problem!.Code.ShouldBe("test_under_way");
        await world.Sender().RunAsync();
        await world.Sender().RunAsync();

        var message = world.Receiver.All.ShouldHaveSingleItem();
        (message.Path, message.Type, message.IsSignedBy(secret)).ShouldBe(("/one", "endpoint.test", true));
        (await world.Portal.ScalarAsync("select state from webhook_deliveries")).ShouldBe("delivered");
        (await world.Portal.ScalarAsync($"select count(*) from audit where tenant_id = {acme} and action = 'webhook_endpoint.tested'")).ShouldBe(1L);

        (await SendAsync(world, acme, one)).Succeeded.ShouldBeTrue(); // and again, once that is done
        await world.Sender().RunAsync();
        world.Receiver.On("/one").Select(received => received.Id).Distinct().Count().ShouldBe(2);
    }

    [Fact]
    public async Task The_platforms_endpoint_is_tried_too_and_concerns_no_tenant()
    {
        await using var world = await WebhooksWorld.StartAsync(postgres);
        var (platform, secret) = await world.AddEndpointAsync(0, "/platform");
        (await SendAsync(world, 0, platform)).Value.EventTenantKey.ShouldBe("");
        await world.Sender().RunAsync();
        var message = world.Receiver.All.ShouldHaveSingleItem();
        (message.Json.GetProperty("tenant").GetString(), message.IsSignedBy(secret)).ShouldBe(("", true));
    }

    [Fact]
    public async Task A_replay_of_all_sends_nobody_elses_test()
    {
        await using var world = await WebhooksWorld.StartAsync(postgres);
        var acme = await world.Portal.AddTenantAsync("acme");
        var (one, _) = await world.AddEndpointAsync(acme, "/one");
        var (other, _) = await world.AddEndpointAsync(acme, "/other");
        await SendAsync(world, acme, one);
        await world.Sender().RunAsync();
        var replayed = await world.WriteAsync(platform => Replays.SpanAsync(
            platform.Connection, acme, other, platform.Now.AddDays(-1), platform.Now.AddDays(1), all: true, platform.Now, "test"));
        replayed.Value.ShouldBe(0);
    }

    [Fact]
    public async Task What_cannot_be_tried_is_refused_and_nothing_is_sent()
    {
        await using var world = await WebhooksWorld.StartAsync(postgres);
        var (acme, globex) = (await world.Portal.AddTenantAsync("acme"), await world.Portal.AddTenantAsync("globex"));
        var (one, _) = await world.AddEndpointAsync(acme, "/one");
        (await SendAsync(world, globex, one)).Problem!.Code.ShouldBe("unknown_endpoint");
        (await SendAsync(world, acme, Guid.NewGuid())).Problem!.Code.ShouldBe("unknown_endpoint");
        await world.Portal.ExecuteAsync("update webhook_endpoints set state = 'disabled', reason = 'It is gone.'");
        (await SendAsync(world, acme, one)).Problem!.Code.ShouldBe("endpoint_disabled");
        (await world.Portal.ScalarAsync("select count(*) from webhook_events")).ShouldBe(0L);
    }

    private static Task<Result<WebhookDelivery>> SendAsync(WebhooksWorld world, long tenant, Guid endpoint) =>
        world.WriteAsync(platform => TestMessages.SendAsync(platform.Connection, tenant, endpoint, platform.Now, "test"));
}
