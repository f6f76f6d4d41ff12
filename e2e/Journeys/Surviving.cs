using System.Collections.Concurrent;
using System.Globalization;
using Npgsql;
using Portal.E2E.Running;

namespace Portal.E2E.Journeys;

/// <summary>No browser: a replay whose portal is killed in the middle.</summary>
public sealed class Surviving
{
    private const string Tenant = "survivor";
    private const int Events = 3000, BatchSize = 40, AtOnce = 4;

    [Fact]
    public async Task A_kill_in_the_middle_of_a_replay_loses_and_doubles_nothing()
    {
        await using var portal = await PortalApp.StartAsync("demo");
        await portal.Api.PutAsync($"v1/tenants/{Tenant}", new { name = "Survivor", currency = "USD" });
        for (var i = 0; i < 3; i++) await portal.Api.GrantAsync(Tenant, 2500m); // draws cross from grant to grant
        var trace = Trace(DateTimeOffset.UtcNow);
        var acknowledged = new ConcurrentDictionary<string, decimal>(StringComparer.Ordinal);

        await SendUntilKilledAsync(portal, trace, acknowledged);
        acknowledged.Count.ShouldBeInRange(1, Events - 1, "The kill came in the middle.");
        var before = acknowledged.ToDictionary(StringComparer.Ordinal);
        await portal.StartAsync();

        // What was not acknowledged is sent again, some of which was taken before the kill without anybody being told; then all of it.
        foreach (var batch in trace.Where(e => !before.ContainsKey(e.Id)).Chunk(BatchSize))
        {
            foreach (var answer in await portal.Api.SendAsync(batch))
            {
                answer.Status.ShouldBeOneOf("accepted", "duplicate");
                acknowledged[answer.Id] = answer.Credits;
            }
        }

        var again = new List<EventAnswer>();
        foreach (var batch in trace.Chunk(500)) again.AddRange(await portal.Api.SendAsync(batch));
        again.ShouldAllBe(answer => answer.Status == "duplicate");
        again.ShouldAllBe(answer => answer.Credits == acknowledged[answer.Id]);
        before.ShouldAllBe(told => acknowledged[told.Key] == told.Value);

        await ShouldHoldExactlyAsync(portal, trace);
        await portal.Api.BooksShouldBalanceAsync();
        (await portal.StopAsync()).ShouldBe(0, portal.Output);
    }

    private static async Task SendUntilKilledAsync(PortalApp portal, UsageEvent[] trace, ConcurrentDictionary<string, decimal> acknowledged)
    {
        var half = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var batches = new ConcurrentQueue<UsageEvent[]>(trace.Chunk(BatchSize));
        var senders = Enumerable.Range(0, AtOnce).Select(async _ =>
        {
            while (batches.TryDequeue(out var batch))
            {
                try
                {
                    foreach (var answer in await portal.Api.SendAsync(batch))
                    {
                        answer.Status.ShouldBe("accepted", answer.Whole);
                        acknowledged[answer.Id] = answer.Credits;
                    }
                }
                catch (HttpRequestException)
                {
                    return; // the portal is gone
                }

                if (acknowledged.Count >= Events / 2) half.TrySetResult();
            }
        }).ToArray();
        await Task.WhenAny(half.Task, Task.WhenAll(senders));
        await portal.KillAsync();
        await Task.WhenAll(senders);
    }

    private static async Task ShouldHoldExactlyAsync(PortalApp portal, UsageEvent[] trace)
    {
        var credits = trace.Sum(e => e.Credits);
        (await portal.Api.BalanceAsync(Tenant)).ShouldBe(7500m - credits);
        var (from, to) = (trace.Min(e => e.At).AddHours(-2), trace.Max(e => e.At).AddHours(2));
        string Hour(DateTimeOffset at) => at.ToString("yyyy-MM-dd'T'HH':00:00Z'", CultureInfo.InvariantCulture);
        var totals = (await portal.Api.GetAsync($"v1/tenants/{Tenant}/usage?from={Hour(from)}&to={Hour(to)}&group_by=model"))["totals"]!;
        totals["events"]!.GetValue<int>().ShouldBe(Events);
        Figure.Of(totals["credits"]).ShouldBe(credits);
        Figure.Of(totals["cost"]).ShouldBe(trace.Sum(e => e.Cost));
        Figure.Of(totals["revenue"]).ShouldBe(credits * 0.01m);

        await using var server = await portal.JoinDatabaseAsync();
        await using var connection = new NpgsqlConnection(server.OwnerConnectionString);
        await connection.OpenAsync();
        const string sql = """
            with mine as (select e.* from events e join tenants t using (tenant_id) where t.key = $1)
            select count(*), count(distinct event_id), sum(credits) from mine
            """;
        await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = Tenant } } };
        await using var row = await command.ExecuteReaderAsync();
        (await row.ReadAsync()).ShouldBeTrue();
        (row.GetInt64(0), row.GetInt64(1), row.GetDecimal(2)).ShouldBe((Events, Events, credits));
    }

    // Sizes like those of a coding service, the same at every run.
    private static UsageEvent[] Trace(DateTimeOffset end)
    {
        var random = new Random(20_260_501);
        return [.. Enumerable.Range(0, Events).Select(i => new UsageEvent(
            $"survivor-{i.ToString("00000", CultureInfo.InvariantCulture)}", Tenant, i % 3 == 0 ? "gpt-4o-mini" : "gpt-4o", random.Next(3, 7000), random.Next(1, 900),
            end.AddMilliseconds(-40 * (Events - i))))];
    }
}
