using Portal.Domain.Metering.Intake;
using Portal.Testing;

namespace Portal.Database.Tests.Intake;

/// <summary>Batches whose identities the index decides, without a look at first.</summary>
public sealed class LargeBatchTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Known_identities_among_many_new_ones_are_told_apart_and_change_nothing()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var acme = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(acme, 1000m, value: 100m);
        var at = DateTimeOffset.UtcNow.AddHours(-1);
        string Event(int i, int tokens = 1000) => TestPortal.Usage("acme", $"e{i}", tokens, at: at, consumer: $"c{i % 7}");

        (await portal.SendAsync([.. Enumerable.Range(0, 150).Select(i => Event(i))])).ShouldAllBe(usage => usage.Status == EventStatus.Accepted);
        var again = await portal.SendAsync([.. Enumerable.Range(100, 150).Select(i => Event(i)), Event(249), Event(0, tokens: 2000)]);

        again.Take(50).ShouldAllBe(usage => usage.Status == EventStatus.Duplicate && usage.Credits == 1m);
        again.Skip(50).Take(100).ShouldAllBe(usage => usage.Status == EventStatus.Accepted);
        again[150].Status.ShouldBe(EventStatus.Duplicate, "twins of one batch");
        again[151].Status.ShouldBe(EventStatus.Conflict);
        (await portal.BalanceAsync(acme, "consumed:llm")).ShouldBe(250m);
        (await portal.ScalarAsync("select count(*) from events")).ShouldBe(250L);
        (await portal.ScalarAsync("select count(*) from event_identities")).ShouldBe(250L);
        await portal.Source.ShouldBalanceAsync();
    }

    [Fact]
    public async Task Senders_that_retry_large_batches_at_once_are_counted_once()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var acme = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(acme, 1000m);
        var at = DateTimeOffset.UtcNow.AddHours(-1);
        var batches = Enumerable.Range(0, 4).Select(b => Enumerable.Range(b * 50, 120).Select(i => TestPortal.Usage("acme", $"e{i}", 1000, at: at)).ToArray()).ToArray();
        await Task.WhenAll(Enumerable.Range(0, 12).Select(sender => portal.SendAsync(batches[sender % 4])));
        (await portal.BalanceAsync(acme, "consumed:llm")).ShouldBe(270m); // 0 to 269
        (await portal.ScalarAsync("select count(*) from events")).ShouldBe(270L);
        await portal.Source.ShouldBalanceAsync();
    }
}
