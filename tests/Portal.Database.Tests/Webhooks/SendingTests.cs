using Portal.Domain.Data;
using Portal.Domain.Revenue;
using Portal.Domain.Webhooks;
using Portal.Testing;

namespace Portal.Database.Tests.Webhooks;

public sealed class SendingTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task A_message_arrives_signed_and_once_however_often_the_job_runs()
    {
        await using var world = await WebhooksWorld.StartAsync(postgres);
        var acme = await world.Portal.AddTenantAsync("acme");
        var (_, secret) = await world.AddEndpointAsync(acme, "/hooks");
        await world.HappenAsync(acme);

        var sender = world.Sender();
        (await sender.RunAsync()).ShouldBe(1);
        (await sender.RunAsync()).ShouldBe(0);
        (await world.Sender().RunAsync()).ShouldBe(0);

        var message = world.Receiver.All.ShouldHaveSingleItem();
        message.Type.ShouldBe("grant.created");
        message.Json.GetProperty("tenant").GetString().ShouldBe("acme");
        message.Id.ShouldBe(message.Json.GetProperty("id").GetString());
        message.IsSignedBy(secret).ShouldBeTrue();
        Math.Abs(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - message.Timestamp).ShouldBeLessThan(300);
        (await world.Portal.ScalarAsync("select state || ' ' || attempts || ' ' || status from webhook_deliveries")).ShouldBe("delivered 1 204");
        (await new Reconciliation(world.Portal.Source).RunAsync()).Ok.ShouldBeTrue();
    }

    [Fact]
    public async Task What_is_refused_comes_back_by_the_schedule_with_the_same_id_and_body_until_it_is_given_up()
    {
        await using var world = await WebhooksWorld.StartAsync(postgres);
        var acme = await world.Portal.AddTenantAsync("acme");
        await world.AddEndpointAsync(acme, "/hooks");
        world.Receiver.Answers["/hooks"] = 503;
        await world.HappenAsync(acme);
        var sender = world.Sender();

        // The waits of Standard Webhooks, each up to a tenth longer: 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h.
        int[] seconds = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400];
        foreach (var wait in seconds)
        {
            (await sender.RunAsync()).ShouldBe(0);
            (await sender.RunAsync()).ShouldBe(0); // not due: not asked
            ((decimal)(await world.Portal.ScalarAsync("select extract(epoch from d.due_at - a.at) from webhook_deliveries d, (select max(at) as at from webhook_attempts) a"))!)
                .ShouldBeInRange(wait - 1m, (wait * 1.1m) + 1m);
            await world.MakeDueAsync();
        }

        await sender.RunAsync(); // the tenth and last
        await world.MakeDueAsync();
        await sender.RunAsync();
        world.Receiver.All.Count.ShouldBe(10);
        world.Receiver.All.Select(message => (message.Id, message.Body)).Distinct().ShouldHaveSingleItem();
        (await world.Portal.ScalarAsync("select state || ' ' || attempts || ' ' || error from webhook_deliveries")).ShouldBe("failed 10 Answered 503.");
        (await world.Portal.ScalarAsync("select count(*) from webhook_attempts where status = 503 and response = 'out of order'")).ShouldBe(10L);
    }

    [Fact]
    public async Task An_endpoint_that_never_answers_holds_up_nobody()
    {
        await using var world = await WebhooksWorld.StartAsync(postgres);
        var acme = await world.Portal.AddTenantAsync("acme");
        await world.AddEndpointAsync(acme, "/silent");
        await world.AddEndpointAsync(acme, "/fine");
        world.Receiver.Silent["/silent"] = true;
        for (var i = 0; i < 20; i++) await world.HappenAsync(acme);

        (await world.Sender().RunAsync()).ShouldBe(20);

        world.Receiver.On("/fine").Select(message => message.Id).Distinct().Count().ShouldBe(20);
        world.Receiver.On("/silent").Count.ShouldBeLessThanOrEqualTo(8); // its turn ended with the first messages
        (await world.Portal.ScalarAsync("select distinct error from webhook_attempts where error is not null")).ShouldBe("No answer within 2 seconds.");
    }

    [Fact]
    public async Task Killed_midway_nothing_is_lost_and_the_id_stays()
    {
        await using var world = await WebhooksWorld.StartAsync(postgres);
        var acme = await world.Portal.AddTenantAsync("acme");
        await world.AddEndpointAsync(acme, "/hooks");
        world.Receiver.Silent["/hooks"] = true;
        await world.HappenAsync(acme);

        using var kill = new CancellationTokenSource();
        var dying = world.Sender(WebhooksWorld.Settings with { Timeout = TimeSpan.FromMinutes(1) }).RunAsync(kill.Token);
        while (world.Receiver.All.Count == 0) await Task.Delay(20);
        await kill.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => dying);
        (await world.Portal.ScalarAsync("select state || ' ' || attempts from webhook_deliveries")).ShouldBe("pending 0");

        world.Receiver.Silent.Clear();
        await world.Portal.ExecuteAsync("update webhook_endpoints set busy_until = now() + interval '1 minute'"); // what a killed process leaves
        (await world.Sender().RunAsync()).ShouldBe(0);
        await world.Portal.ExecuteAsync("update webhook_endpoints set busy_until = now() - interval '1 second'");
        (await world.Sender().RunAsync()).ShouldBe(1);

        world.Receiver.All.Count.ShouldBe(2);
        world.Receiver.All.Select(message => (message.Id, message.Body)).Distinct().ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Four_senders_at_once_send_each_message_once()
    {
        await using var world = await WebhooksWorld.StartAsync(postgres);
        var acme = await world.Portal.AddTenantAsync("acme");
        var globex = await world.Portal.AddTenantAsync("globex");
        await world.AddEndpointAsync(acme, "/acme");
        await world.AddEndpointAsync(globex, "/globex");
        for (var i = 0; i < 15; i++)
        {
            await world.HappenAsync(acme);
            await world.HappenAsync(globex);
        }

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => world.Sender().RunAsync()));
        await world.Sender().RunAsync();

        world.Receiver.On("/acme").Count.ShouldBe(15);
        world.Receiver.On("/globex").Count.ShouldBe(15);
        world.Receiver.All.Select(message => message.Id).Distinct().Count().ShouldBe(30);
    }

    [Fact]
    public async Task A_tenant_hears_of_itself_and_the_platform_of_all_each_only_of_what_it_asked_for()
    {
        await using var world = await WebhooksWorld.StartAsync(postgres);
        var acme = await world.Portal.AddTenantAsync("acme");
        var globex = await world.Portal.AddTenantAsync("globex");
        await world.AddEndpointAsync(acme, "/acme");
        await world.AddEndpointAsync(globex, "/globex", "invoice.paid");
        await world.AddEndpointAsync(0, "/platform", "grant.created");
        await world.HappenAsync(acme);
        await world.HappenAsync(globex);

        await world.Sender().RunAsync();

        world.Receiver.On("/acme").Select(message => message.Json.GetProperty("tenant").GetString()).ShouldBe(["acme"]);
        world.Receiver.On("/globex").ShouldBeEmpty();
        world.Receiver.On("/platform").Select(message => message.Json.GetProperty("tenant").GetString()).Order().ShouldBe(["acme", "globex"]);
        var twin = world.Receiver.On("/platform").Single(message => message.Json.GetProperty("tenant").GetString() == "acme");
        world.Receiver.On("/acme").Single().Id.ShouldBe(twin.Id); // one event, one id
    }

    [Fact]
    public async Task Gone_disables_at_once_and_says_so_and_enabling_sends_what_waited()
    {
        await using var world = await WebhooksWorld.StartAsync(postgres);
        var acme = await world.Portal.AddTenantAsync("acme");
        await AddOwnerAsync(world.Portal, acme, "ana@acme.example");
        var (endpoint, _) = await world.AddEndpointAsync(acme, "/hooks");
        world.Receiver.Answers["/hooks"] = 410;
        await world.HappenAsync(acme);

        await world.Sender().RunAsync();
        await world.HappenAsync(acme); // not for an endpoint that is disabled
        await world.MakeDueAsync();
        await world.Sender().RunAsync();

        world.Receiver.All.Count.ShouldBe(1);
        (await world.Portal.ScalarAsync("select state || ': ' || reason from webhook_endpoints")).ShouldBe("disabled: It answered 410: it wants nothing any more.");
        (await world.Portal.ScalarAsync("select count(*) from outbox where payload->>'to' = 'ana@acme.example' and payload->>'subject' = 'Webhooks to 127.0.0.1 are disabled'")).ShouldBe(1L);

        world.Receiver.Answers.Clear();
        await world.WriteAsync(platform => WebhookEndpoints.EnableAsync(platform.Connection, acme, endpoint, platform.Now, "test"));
        (await world.Sender().RunAsync()).ShouldBe(1);
    }

    [Fact]
    public async Task Five_days_without_success_disable_and_one_success_forgives()
    {
        await using var world = await WebhooksWorld.StartAsync(postgres);
        var acme = await world.Portal.AddTenantAsync("acme");
        await world.AddEndpointAsync(acme, "/hooks");
        world.Receiver.Answers["/hooks"] = 500;
        await world.HappenAsync(acme);
        await world.Sender().RunAsync();

        await world.Portal.ExecuteAsync("update webhook_endpoints set failing_since = now() - interval '4 days 23 hours'");
        await world.MakeDueAsync();
        await world.Sender().RunAsync();
        (await world.Portal.ScalarAsync("select state from webhook_endpoints")).ShouldBe("active");

        world.Receiver.Answers.Clear();
        await world.MakeDueAsync();
        await world.Sender().RunAsync();
        (await world.Portal.ScalarAsync("select failing_since from webhook_endpoints")).ShouldBeNull();

        world.Receiver.Answers["/hooks"] = 500;
        await world.HappenAsync(acme);
        await world.Sender().RunAsync();
        await world.Portal.ExecuteAsync("update webhook_endpoints set failing_since = now() - interval '5 days 1 minute'");
        await world.MakeDueAsync();
        await world.Sender().RunAsync();
        (await world.Portal.ScalarAsync("select state from webhook_endpoints")).ShouldBe("disabled");
    }

    [Fact]
    public async Task A_redirect_is_a_failure_and_is_not_followed()
    {
        await using var world = await WebhooksWorld.StartAsync(postgres);
        var acme = await world.Portal.AddTenantAsync("acme");
        await world.AddEndpointAsync(acme, "/hooks");
        world.Receiver.Answers["/hooks"] = 307;
        await world.HappenAsync(acme);

        await world.Sender().RunAsync();

        world.Receiver.On("/elsewhere").ShouldBeEmpty();
        (await world.Portal.ScalarAsync("select error from webhook_deliveries")).ShouldBe("Answered 307: redirects are not followed.");
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [InlineData("[::1]")]
    public async Task Whatever_a_name_resolves_to_nothing_is_sent_to_an_address_that_is_not_public(string host)
    {
        await using var world = await WebhooksWorld.StartAsync(postgres);
        var acme = await world.Portal.AddTenantAsync("acme");
        await world.AddEndpointAsync(acme, "/hooks");
        await world.Portal.ExecuteAsync($"update webhook_endpoints set url = replace(url, '127.0.0.1', '{host}')");
        await world.HappenAsync(acme);

        await world.Sender(WebhooksWorld.Settings with { Loopback = false }).RunAsync();

        world.Receiver.All.ShouldBeEmpty();
        (await world.Portal.ScalarAsync("select error from webhook_deliveries")).ShouldBe("The address is not on the public internet; nothing was sent.");
    }

    internal static Task AddOwnerAsync(TestPortal portal, long tenant, string email, string role = "owner") => portal.ExecuteAsync($"""
        insert into members (tenant_id, id, user_id, email, role, invited_at, joined_at) values ({tenant}, gen_random_uuid(), gen_random_uuid(), '{email}', '{role}', now(), now())
        """);
}
