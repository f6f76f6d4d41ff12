using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Portal.Domain;
using Portal.Domain.Data;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Revenue;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Concurrency;

/// <summary>Many writers at once: the books equal the sum of what was answered, and no order of locks ends in a deadlock.</summary>
public sealed class WritersTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private static readonly TimeSpan Seconds = TimeSpan.FromSeconds(4);

    [Fact]
    public async Task Sixteen_writers_on_one_wallet_leave_books_equal_to_the_sum_of_what_was_answered()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var acme = await portal.AddTenantAsync("acme", "UTC", "team");
        await portal.GrantAsync(acme, 1_000_000m, 1_000m);
        var answered = new Answered();
        var end = DateTime.UtcNow + Seconds;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(writer => Task.Run(async () =>
        {
            for (var turn = 0; DateTime.UtcNow < end; turn++) await WriteAsync(portal, acme, writer, turn, answered);
        })));

        // 1,000,000 granted for $1,000, so that a credit is worth $0.001; nothing else ever paid or expired.
        answered.Events.ShouldBeGreaterThan(100);
        var (used, moved) = (answered.Used, answered.ToTeam - answered.FromTeam);
        (await portal.BalanceAsync(acme, "consumed:llm")).ShouldBe(used);
        (await portal.BalanceAsync(acme, "pool:team")).ShouldBe(moved);
        (await portal.BalanceAsync(acme, "pool:shared")).ShouldBe(1_000_000m + answered.Granted - used - moved);
        (await portal.BalanceAsync(acme, "issued")).ShouldBe(-1_000_000m - answered.Granted);
        (await portal.ScalarAsync("select count(*) from events")).ShouldBe((long)answered.Events);
        (await portal.ScalarAsync("select count(*) from ledger_transactions where kind = 'transfer'")).ShouldBe((long)answered.Transfers);
        (await portal.ScalarAsync("select sum(held) from pools")).ShouldBe(0m);
        (await portal.ScalarAsync("select count(*) from holds where state = 'open'")).ShouldBe(0L);
        await portal.Source.ShouldBalanceAsync();
    }

    [Fact]
    public async Task Batches_over_many_tenants_from_many_connections_never_deadlock_and_lose_nothing()
    {
        const int tenants = 24, connections = 16, rounds = 30;
        await using var portal = await TestPortal.StartAsync(postgres);
        var ids = new long[tenants];
        for (var i = 0; i < tenants; i++)
        {
            ids[i] = await portal.AddTenantAsync($"t{i}", "UTC", "team");
            await portal.GrantAsync(ids[i], 1_000m, 10m);
        }

        // Each has a source of its own, as nodes have, so that every batch is a transaction of its own beside the others.
        await Task.WhenAll(Enumerable.Range(0, connections).Select(node => Task.Run(() => SendAsync(portal, node, rounds, ids))));

        // Every node sends 20 events of 0.25 credits a round, to tenants drawn at random: 16 × 30 × 20 × 0.25 in all.
        (await portal.ScalarAsync("select sum(balance) from ledger_accounts where account = 'consumed:llm'")).ShouldBe(2_400m);
        (await portal.ScalarAsync("select count(*) from events")).ShouldBe(9_600L);
        (await portal.ScalarAsync("select sum(balance) from ledger_accounts where account like 'pool:%'")).ShouldBe((tenants * 1_000m) - 2_400m);
        (await portal.ScalarAsync("select deadlocks from pg_stat_database where datname = current_database()")).ShouldBe(0L);
        await portal.Source.ShouldBalanceAsync();
    }

    private static async Task SendAsync(TestPortal portal, int node, int rounds, long[] ids)
    {
        await using var source = PortalDatabase.Open(portal.Database.AppConnectionString);
        await using var services = Node(source);
        var (intake, wallets) = (services.GetRequiredService<UsageIntake>(), services.GetRequiredService<Wallets>());
        await intake.StartAsync(CancellationToken.None);
        for (var round = 0; round < rounds; round++)
        {
            // Tenants in no order at all, in one request.
            var events = Enumerable.Range(0, 20).Select(i => TestPortal.Usage($"t{Random.Shared.Next(ids.Length)}", $"{node}-{round}-{i}", 250));
            var taken = await intake.TakeAsync(System.Text.Encoding.UTF8.GetBytes($"[{string.Join(',', events)}]"), onlyTenant: null, CancellationToken.None);
            taken.Value.ShouldAllBe(usage => usage.Status == EventStatus.Accepted);
            await wallets.RunAsync(ids[Random.Shared.Next(ids.Length)], wallet => PoolTransfers.MoveAsync(wallet, "shared", "team", 0.5m));
        }

        await intake.StopAsync(CancellationToken.None);
    }

    private static ServiceProvider Node(NpgsqlDataSource source) => new ServiceCollection()
        .AddSingleton(source)
        .AddSingleton(typeof(Microsoft.Extensions.Logging.ILogger<>), typeof(NullLogger<>))
        .AddSingleton(TimeProvider.System)
        .AddOptions()
        .AddPortalDomain()
        .BuildServiceProvider();

    private static async Task WriteAsync(TestPortal portal, long tenant, int writer, int turn, Answered answered)
    {
        switch ((writer + turn) % 5)
        {
            case 4:
                var hold = await portal.Wallets.RunAsync(tenant, wallet => Holds.PlaceAsync(wallet, new HoldOrder(3m, Product: "llm")));
                if (turn % 4 == 3)
                {
                    (await portal.Wallets.RunAsync(tenant, wallet => Holds.ReleaseAsync(wallet, hold.Value.Id))).Succeeded.ShouldBeTrue();
                    break;
                }

                // Below, at or above the hold; every writer asks twice, and the second answers the first.
                var captures = portal.Services.GetRequiredService<Captures>();
                var order = new CaptureOrder(default, 2m + (turn % 3));
                var twice = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => portal.Wallets.RunAsync(tenant, wallet => captures.CaptureAsync(wallet, hold.Value.Id, order))));
                twice[1].Value.ShouldBe(twice[0].Value);
                answered.Add(order.Credits!.Value);
                break;
            case 0 or 1:
                var usage = (await portal.SendAsync(TestPortal.Usage("acme", $"{writer}-{turn}", 100 + turn)))[0];
                usage.Status.ShouldBe(EventStatus.Accepted);
                answered.Add(usage.Credits);
                break;
            case 2:
                var (from, to) = turn % 3 == 0 ? ("team", "shared") : ("shared", "team");
                var moved = await portal.Wallets.RunAsync(tenant, wallet => PoolTransfers.MoveAsync(wallet, from, to, 1.25m));
                if (moved.Succeeded) answered.Moved(to == "team", 1.25m);
                break;
            default:
                await portal.GrantAsync(tenant, 0.5m);
                answered.Grant(0.5m);
                break;
        }
    }

    /// <summary>What the writers were told.</summary>
    private sealed class Answered
    {
        private readonly ConcurrentBag<decimal> used = [], toTeam = [], fromTeam = [], granted = [];

        public int Events => used.Count;

        public decimal Used => used.Sum();

        public decimal ToTeam => toTeam.Sum();

        public decimal FromTeam => fromTeam.Sum();

        public decimal Granted => granted.Sum();

        public int Transfers => toTeam.Count + fromTeam.Count;

        public void Add(decimal credits) => used.Add(credits);

        public void Grant(decimal credits) => granted.Add(credits);

        public void Moved(bool team, decimal credits) => (team ? toTeam : fromTeam).Add(credits);
    }
}
