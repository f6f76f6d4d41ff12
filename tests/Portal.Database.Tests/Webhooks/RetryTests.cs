using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Portal.Domain.Webhooks;
using Portal.Testing;

namespace Portal.Database.Tests.Webhooks;

public sealed class RetryTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Theory]
    [InlineData("120", 120)]      // later than the schedule's 5 seconds
    [InlineData("1", 5)]          // sooner: the schedule's
    [InlineData("864000", 86400)] // ten days: at most one
    [InlineData("soon", 5)]       // no time at all
    public async Task A_receiver_may_ask_for_more_time_up_to_a_day(string asked, int seconds)
    {
        await using var world = await WebhooksWorld.StartAsync(postgres);
        var acme = await world.Portal.AddTenantAsync("acme");
        await world.AddEndpointAsync(acme, "/hooks");
        (world.Receiver.Answers["/hooks"], world.Receiver.RetryAfter["/hooks"]) = (429, asked);
        await world.HappenAsync(acme);

        await world.Sender().RunAsync();

        ((decimal)(await world.Portal.ScalarAsync("select extract(epoch from d.due_at - a.at) from webhook_deliveries d, webhook_attempts a"))!)
            .ShouldBeInRange(seconds - 1m, (seconds * 1.1m) + 1m);
    }

    [Fact]
    public async Task A_process_that_cannot_write_bodies_leaves_them_to_one_that_can()
    {
        await using var world = await WebhooksWorld.StartAsync(postgres);
        var acme = await world.Portal.AddTenantAsync("acme");
        await world.AddEndpointAsync(acme, "/hooks");
        await world.HappenAsync(acme);
        (await world.Sender(writers: new Broken()).RunAsync()).ShouldBe(0);
        (await world.Portal.ScalarAsync("select tries from webhook_events")).ShouldBe(1);

        var alone = new WebhookBodies(world.Portal.Source, [], NullLogger<WebhookBodies>.Instance);
        (await alone.RunAsync()).ShouldBe(0);
        (await world.Sender().RunAsync()).ShouldBe(1);
        (await world.Sender().RunAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task Processes_that_are_killed_while_they_send_lose_nothing()
    {
        const int kills = 5, eachTime = 12;
        await using var world = await WebhooksWorld.StartAsync(postgres);
        var acme = await world.Portal.AddTenantAsync("acme");
        await world.AddEndpointAsync(acme, "/hooks");
        await world.AddEndpointAsync(0, "/platform");
        for (var kill = 0; kill < kills; kill++)
        {
            for (var i = 0; i < eachTime; i++) await world.HappenAsync(acme);
            await world.Portal.ExecuteAsync("update webhook_endpoints set busy_until = null"); // as time does
            using var process = Process.Start(new ProcessStartInfo("dotnet", [typeof(RetryTests).Assembly.Location, "send", world.Portal.Database.AppConnectionString])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
            })!;
            await process.StandardOutput.ReadLineAsync();
            await Task.Delay(Random.Shared.Next(1, 200));
            process.Kill();
            await process.WaitForExitAsync();
        }

        await world.Portal.ExecuteAsync("update webhook_endpoints set busy_until = null");
        await world.MakeDueAsync();
        while (await world.Sender().RunAsync() > 0)
        {
        }

        // 60 grants, to two endpoints: each arrived, and nothing is said to have arrived that did not.
        foreach (var path in new[] { "/hooks", "/platform" })
            world.Receiver.On(path).Select(message => message.Id).Distinct().Count().ShouldBe(kills * eachTime);
        (await world.Portal.ScalarAsync("select count(*) from webhook_deliveries where state = 'delivered'")).ShouldBe(2L * kills * eachTime);
        world.Receiver.All.GroupBy(message => message.Id).ShouldAllBe(same => same.Select(message => message.Body).Distinct().Count() == 1);
    }

    private sealed class Broken : IWebhookBodyWriter
    {
        public Task<string> WriteAsync(WebhookEvent told, CancellationToken cancellationToken) => throw new InvalidOperationException("out of words");
    }
}
