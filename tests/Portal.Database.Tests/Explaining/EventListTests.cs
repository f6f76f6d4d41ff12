using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Data;
using Portal.Domain.Metering;
using Portal.Domain.Metering.Corrections;
using Portal.Testing;

namespace Portal.Database.Tests.Explaining;

/// <summary>A thousand input tokens of <c>small</c> are 1 credit, of <c>large</c> 10.</summary>
public sealed class EventListTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UtcNow.AddMinutes(-30);

    private TestPortal portal = null!;
    private long acme;

    // Pool team-a has 2 credits: event 1 takes the first; 2 takes the second and 2 of the shared pool; 3 takes 1 of the shared pool.
    public async Task InitializeAsync()
    {
        portal = await TestPortal.StartAsync(postgres);
        acme = await portal.AddTenantAsync("acme", "UTC", "team-a");
        await portal.AddTenantAsync("other");
        await portal.GrantAsync(acme, 2m, pool: "team-a");
        await portal.GrantAsync(acme, 100m, value: 10m);
        await portal.SendAsync(
            TestPortal.Usage("acme", "1", 1000, at: Start, pool: "team-a", consumer: "ana"),
            TestPortal.Usage("acme", "2", 3000, at: Start.AddMinutes(1), pool: "team-a", consumer: "ben"),
            TestPortal.Usage("acme", "3", 1000, at: Start.AddMinutes(2), pool: "team-a"),
            TestPortal.Usage("acme", "4", 1000, model: "large", at: Start.AddMinutes(3)),
            TestPortal.Usage("acme", "5", 1000, model: "unheard-of", at: Start.AddMinutes(4)),
            TestPortal.Usage("other", "6", 1000, at: Start));
    }

    public async Task DisposeAsync() => await portal.DisposeAsync();

    [Theory]
    [InlineData(null, null, "5 4 3 2 1")]
    [InlineData("Pool", "team-a", "2 1")]
    [InlineData("Pool", "shared", "5 4 3 2")] // 5 drew nothing and named it
    [InlineData("PoolNamed", "team-a", "3 2 1")]
    [InlineData("Model", "large", "4")]
    [InlineData("Consumer", "ana", "1")]
    [InlineData("Consumer", "", "5 4 3")]
    [InlineData("Team", "", "5 4 3 2 1")]
    [InlineData("Team", "nobody", "")]
    [InlineData("Tier", "", "5 4 3 2 1")]
    [InlineData("Product", "llm", "5 4 3 2 1")]
    [InlineData("Status", "unrated", "5")]
    [InlineData("Status", "accepted", "4 3 2 1")]
    [InlineData("Status", "voided", "")]
    [InlineData("Type", "llm.completion", "5 4 3 2 1")]
    [InlineData("Type", "other", "")]
    public async Task Events_are_found_by_what_they_are(string? name, string? value, string ids)
    {
        var filter = new EventFilter();
        filter = name switch
        {
            "Pool" => filter with { Pool = value },
            "PoolNamed" => filter with { PoolNamed = value },
            "Model" => filter with { Model = value },
            "Consumer" => filter with { Consumer = value },
            "Team" => filter with { Team = value },
            "Tier" => filter with { Tier = value },
            "Product" => filter with { Product = value },
            "Status" => filter with { Status = value },
            "Type" => filter with { Type = value },
            _ => filter,
        };
        (await IdsAsync(filter)).ShouldBe(ids);
    }

    [Fact]
    public async Task Periods_are_half_open_and_consumers_bound_what_a_member_sees()
    {
        (await IdsAsync(new EventFilter(From: Start.AddMinutes(1), To: Start.AddMinutes(3)))).ShouldBe("3 2");
        var ana = (int)(await portal.ScalarAsync($"select consumer_id from consumers where tenant_id = {acme} and key = 'ana'"))!;
        (await IdsAsync(new EventFilter { Consumers = [ana] })).ShouldBe("1");
        (await IdsAsync(new EventFilter { Consumers = [] })).ShouldBe("");
    }

    [Fact]
    public async Task What_became_of_an_event_is_in_its_row()
    {
        var corrections = portal.Services.GetRequiredService<UsageCorrections>();
        (await portal.Wallets.RunAsync(acme, wallet => corrections.VoidAsync(wallet, "test", "4", "Wrong"))).Succeeded.ShouldBeTrue();

        var voided = (await portal.ListEventsAsync(acme, new EventFilter(Status: "voided"))).ShouldHaveSingleItem();
        // 10 credits of 100 that were worth $10: $1, all of it back.
        (voided.Event.Id, voided.Event.Credits, voided.Credits, voided.Event.Revenue, voided.Revenue).ShouldBe(("4", 10m, 0m, 1m, 0m));
        (await IdsAsync(new EventFilter(Status: "accepted"))).ShouldBe("3 2 1");
    }

    [Fact]
    public async Task A_page_goes_on_where_the_last_one_ended()
    {
        var reads = new TenantReads(portal.Source);
        Task<List<ListedEvent>> Page(string after) => reads.RunAsync(acme, read =>
        {
            EventList.TryReadPlace(after, out var place).ShouldBeTrue();
            return EventList.ReadAsync(read.Connection, acme, new EventFilter(), place, 2, page: true, CancellationToken.None);
        });
        var (seen, after) = (new List<string>(), "");
        for (var page = await Page(after); page.Count > 0; page = await Page(after))
        {
            seen.AddRange(page.Select(listed => listed.Event.Id));
            after = EventList.PlaceOf(page[^1].Event);
        }

        seen.ShouldBe(["5", "4", "3", "2", "1"]);
        EventList.TryReadPlace("nonsense", out _).ShouldBeFalse();
        EventList.TryReadPlace("00000000000000000000000000000000.x", out _).ShouldBeFalse();
    }

    private async Task<string> IdsAsync(EventFilter filter) => string.Join(' ', (await portal.ListEventsAsync(acme, filter)).Select(listed => listed.Event.Id));
}
