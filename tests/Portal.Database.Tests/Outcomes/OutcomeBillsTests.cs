using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Metering.Corrections;
using Portal.Testing;

namespace Portal.Database.Tests.Outcomes;

/// <summary>Bills in money, corrected work, many cases and senders at once, and what comes late.</summary>
public sealed class OutcomeBillsTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    // Bills of 0.99 USD for the first in a calendar period and 0.49 for each after it; two in January, the second taken back in March.
    [Fact]
    public async Task Priced_in_money_by_tiers_it_reverses_across_closed_periods()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres);
        await world.Portal.ExecuteAsync("""
            insert into rate_card_versions (card, version, effective_at, catalogue_version, published_at, rates) values ('default', 3, '2020-01-03', 1, now(), '[
              {"meter":"resolutions","match":{},"unit":"USD","price":{"model":"graduated","tiers":[{"up_to":"1","unit_amount":"0.99"},{"unit_amount":"0.49"}]}}]');
            update platform set catalogue_version = catalogue_version + 1
            """);
        await world.ToAsync("2030-01-10T10:10:00Z");
        await world.SendAsync(world.Event("conversation.resolved", "2030-01-09T10:00:00Z"), world.Event("conversation.resolved", "2030-01-10T10:00:00Z", "c2"));
        await world.ToAsync("2030-03-10T00:00:00Z");
        (await world.LeftAsync()).ShouldBe(1000m);
        (await world.Portal.BalanceAsync(world.Tenant, "unbilled", "USD")).ShouldBe(1.48m);
        (await world.CaseAsync("c2")).Revenue.ShouldBe(0.49m);

        await world.SendAsync(world.Event("conversation.reopened", "2030-03-09T10:00:00Z", "c2"));
        (await world.LeftAsync()).ShouldBe(1000m);
        (await world.Portal.BalanceAsync(world.Tenant, "unbilled", "USD")).ShouldBe(0.99m);
        (await world.CaseAsync("c2")).Case.State.ShouldBe("pending");
    }

    [Fact]
    public async Task The_work_of_a_case_stays_without_credits_when_it_is_amended()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres);
        await world.ToAsync("2030-01-10T10:10:00Z");
        await world.SendAsync(world.Tokens("2030-01-10T10:00:00Z"));
        var id = (string)(await world.Portal.ScalarAsync("select event_id from events where type = 'llm.completion'"))!;
        using var data = JsonDocument.Parse("""{"case":"c1","model":"small","input_tokens":3000}""");
        var amended = await world.Portal.Wallets.RunAsync(world.Tenant, wallet => world.Portal.Services
            .GetRequiredService<UsageCorrections>().AmendAsync(wallet, "llm", id, data.RootElement, "Counted wrong."));
        amended.Value.Credits.ShouldBe(0m);
        (await world.LeftAsync()).ShouldBe(1000m);
        (await world.Portal.ScalarAsync("select cost from ratings where kind = 'amend' and events = 1")).ShouldBe(0.003m);
    }

    // More events than are written row by row, of forty cases, some of them twice in the batch.
    [Fact]
    public async Task A_large_batch_holds_many_cases()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres);
        await world.ToAsync("2030-01-10T10:10:00Z");
        var events = Enumerable.Range(0, 40).SelectMany(i => new[]
        {
            world.Event("conversation.started", "2030-01-10T09:00:00Z", $"c{i}"), world.Tokens("2030-01-10T09:30:00Z", $"c{i}"),
            world.Event("conversation.resolved", "2030-01-10T10:00:00Z", $"c{i}", id: $"r{i}"), world.Event("conversation.resolved", "2030-01-10T10:00:00Z", $"c{i}", id: $"r{i}"),
        }).ToArray();
        await world.SendAsync(events);
        await world.ToAsync("2030-01-18T00:00:00Z");
        (await world.LeftAsync()).ShouldBe(1000m - (40m * 10m));
        (await world.BillsAsync()).Count.ShouldBe(40);
    }

    // Ten senders at once report the same resolution, each under an id of its own.
    [Fact]
    public async Task Reported_by_many_at_once_it_bills_once()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres);
        await world.ToAsync("2030-01-10T10:10:00Z");
        var events = Enumerable.Range(0, 10).Select(i => world.Event("conversation.resolved", "2030-01-10T10:00:00Z")).ToArray();
        await Task.WhenAll(events.Select(one => world.SendAsync(one)));
        (await world.CaseAsync()).Case.Events.ShouldBe(10);
        await world.ToAsync("2030-01-18T00:00:00Z");
        (await world.LeftAsync()).ShouldBe(990m);
    }

    // Decided long ago, reported late: it settles when it is known, and one reopened meanwhile never bills.
    [Fact]
    public async Task What_is_reported_late_settles_when_it_is_known()
    {
        await using var world = await OutcomeWorld.StartAsync(postgres);
        await world.ToAsync("2030-01-20T10:00:00Z");
        await world.SendAsync(world.Event("conversation.resolved", "2030-01-05T10:00:00Z"));
        (await world.LeftAsync()).ShouldBe(990m);
        (await world.CaseAsync()).Case.State.ShouldBe("billed");
        await world.SendAsync(world.Event("conversation.reopened", "2030-01-06T10:00:00Z"));
        (await world.LeftAsync()).ShouldBe(1000m);
    }
}
