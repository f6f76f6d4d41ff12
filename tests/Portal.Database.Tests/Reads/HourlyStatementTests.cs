using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Data;
using Portal.Domain.Ledger;
using Portal.Domain.Tenants;
using Portal.Testing;

namespace Portal.Database.Tests.Reads;

public sealed class HourlyStatementTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task Usage_is_one_line_an_hour_and_product_and_every_line_carries_the_balance_after_it()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await BusyTenantAsync(portal);

        var (lines, next) = await ReadAsync(portal, tenant, new StatementFilter([]), cursor: null, 50);

        next.ShouldBeNull();
        lines.Select(Text).ShouldBe(
        [
            "usage llm -4 = 97",       // 12 h: two bookings of 1 and 3
            "usage images -2 = 101",   // 11 h: in each hour usage stands last, so first here
            "usage llm -3 = 103",
            "transfer 0 = 106",
            "grant 6 = 106",
            "usage llm -5 = 100",      // 10 h: 2 of team-a, 3 of shared
            "grant 5 = 105",
            "purchase 100 = 100",
        ], ignoreOrder: false);
        lines[0].Usage!.Bookings.ShouldBe(2);
        lines[5].Changes.ShouldBe(new Dictionary<string, decimal> { ["shared"] = -3m, ["team-a"] = -2m }, ignoreOrder: true);
        lines[3].Changes.ShouldBe(new Dictionary<string, decimal> { ["shared"] = -4m, ["team-a"] = 4m }, ignoreOrder: true);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Pages_of_any_length_say_the_same_as_one(int size)
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await BusyTenantAsync(portal);
        foreach (var filter in new[] { new StatementFilter([]), new StatementFilter([], "team-a"), new StatementFilter(["usage"]), new StatementFilter(["usage", "grant"]) })
        {
            var (whole, _) = await ReadAsync(portal, tenant, filter, cursor: null, 50);
            var (pages, cursor) = (new List<StatementLine>(), (string?)null);
            do
            {
                (var page, cursor) = await ReadAsync(portal, tenant, filter, cursor, size);
                pages.AddRange(page);
            }
            while (cursor is not null && pages.Count < 50);
            pages.Select(Text).ShouldBe(whole.Select(Text));
        }
    }

    [Fact]
    public async Task Filters_leave_the_rest_out()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await BusyTenantAsync(portal);

        var (team, _) = await ReadAsync(portal, tenant, new StatementFilter([], "team-a"), cursor: null, 50);
        team.Select(Text).ShouldBe(["transfer 4 = 7", "usage llm -2 = 3", "grant 5 = 5"]);
        var (transfers, _) = await ReadAsync(portal, tenant, new StatementFilter(["transfer", "expiry"]), cursor: null, 50);
        transfers.Select(Text).ShouldBe(["transfer 0 = "]);
        var from = (await portal.Services.GetRequiredService<TenantReads>().RunAsync(tenant, read => Task.FromResult(read.Now)));
        var hour = new DateTimeOffset(from.Ticks / TimeSpan.TicksPerHour * TimeSpan.TicksPerHour, TimeSpan.Zero);
        var (today, _) = await ReadAsync(portal, tenant, new StatementFilter([], From: hour), cursor: null, 50);
        today.Select(Text).ShouldBe(["usage llm -4 = 97"]);
        var (earlier, _) = await ReadAsync(portal, tenant, new StatementFilter([], To: hour), cursor: null, 1);
        earlier.Select(Text).ShouldBe(["usage images -2 = 101", "usage llm -3 = 103"]); // an hour's usage is never torn apart
        var bookings = await portal.Services.GetRequiredService<TenantReads>().RunAsync(tenant, read => HourlyStatement.BookingsAsync(read, hour, "llm", 10));
        bookings.Select(booking => booking.Credits).ShouldBe([3m, 1m]);
        (await ReadAsync(portal, tenant, new StatementFilter([]), "no cursor", 50)).Lines.Count.ShouldBe(8);
    }

    // Business time begins at five past ten, tomorrow.
    private static async Task<long> BusyTenantAsync(TestPortal portal)
    {
        await portal.ExecuteAsync("update platform set clock_offset = date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' + interval '1 day 10 hours 5 minutes' - now()");
        await portal.ExecuteAsync("""
            insert into products (key, name) values ('images', 'Images') on conflict do nothing;
            insert into meters (key, event_type, product, definition) values ('images', 'image', 'images', '{"event_type":"image","product":"images",
              "aggregation":"sum","dimensions":[],"quantities":[{"property":"n"}]}');
            insert into rate_card_versions (card, version, effective_at, catalogue_version, published_at, rates)
              select 'default', 2, '2020-01-02', 2, now(), (rates::jsonb || '[{"meter":"images","match":{},"unit":"CREDIT","price":{"model":"per_unit","amount":"1"}}]')::json from rate_card_versions where card = 'default';
            update platform set catalogue_version = catalogue_version + 1;
            """);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team-a");
        await portal.GrantAsync(tenant, 100m, value: 10m);
        await portal.GrantAsync(tenant, 5m, pool: "team-a", priority: 10);
        await portal.ExecuteAsync("update pools set overflow = 'deny'");
        await portal.SendAsync(TestPortal.Usage("acme", "1", 2000, at: await NowAsync(portal), pool: "team-a"), TestPortal.Usage("acme", "2", 3000, at: await NowAsync(portal)));

        await portal.AdvanceAsync(TimeSpan.FromHours(1));
        await portal.GrantAsync(tenant, 6m);
        await portal.Wallets.RunAsync(tenant, wallet => PoolTransfers.MoveAsync(wallet, "shared", "team-a", 4m));
        await portal.SendAsync(TestPortal.Usage("acme", "3", 3000, at: await NowAsync(portal)), Image("4", 2, await NowAsync(portal)));

        await portal.AdvanceAsync(TimeSpan.FromHours(1));
        await portal.SendAsync(TestPortal.Usage("acme", "5", 1000, at: await NowAsync(portal)));
        await portal.SendAsync(TestPortal.Usage("acme", "6", 3000, at: await NowAsync(portal)));
        return tenant;
    }

    private static string Image(string id, int count, DateTimeOffset at) =>
        $$$"""{"specversion":"1.0","type":"image","source":"test","id":"{{{id}}}","subject":"acme","time":"{{{at.UtcDateTime:O}}}","data":{"n":{{{count}}}}}""";

    private static async Task<DateTimeOffset> NowAsync(TestPortal portal) => new((DateTime)(await portal.ScalarAsync("select now() + clock_offset from platform"))!);

    private static Task<(IReadOnlyList<StatementLine> Lines, string? Next)> ReadAsync(TestPortal portal, long tenant, StatementFilter filter, string? cursor, int limit) =>
        portal.Services.GetRequiredService<TenantReads>().RunAsync(tenant, read => HourlyStatement.ReadAsync(read, filter, cursor, limit));

    private static string Text(StatementLine line) =>
        FormattableString.Invariant($"{(line.Usage is { } hour ? $"usage {hour.Product}" : line.Movement!.Kind)} {line.Credits / 1.000000000m:0.###} = {line.Balance:0.###}");
}
