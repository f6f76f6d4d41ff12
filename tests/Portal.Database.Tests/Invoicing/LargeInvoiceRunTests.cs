using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Portal.Database.Tests.Counters;
using Portal.Domain.Subscriptions;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Invoicing;

/// <summary>A thousand tenants whose first invoice of $29.00 is due at once. The clock begins at 2030-01-01T00:00Z; invoices are finalised an hour later.</summary>
public sealed class LargeInvoiceRunTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const int Tenants = 1000;
    private const string Numbers = "select count(*) from invoice_numbers";

    [Fact]
    public async Task A_thousand_tenants_due_at_once_each_get_one_invoice_though_the_run_is_killed_midway()
    {
        await using var world = await MeterWorld.StartAsync(postgres);
        await world.PlanAsync(""" "items":[{"key":"base","type":"flat","amount":"29.00"}] """);
        await world.Portal.SellAsync();
        await SubscribeAllAsync(world);
        (await CountAsync(world, "invoice_documents")).ShouldBe(0);
        await world.Portal.AdvanceAsync(TimeSpan.FromHours(2)); // due now, and done by nobody yet

        var due = world.Portal.Services.GetRequiredService<DueWallets>();
        await RunUntilCutOffAsync(world, due);
        (await CountAsync(world, "invoice_documents")).ShouldBeInRange(1, Tenants - 1);
        await RunUntilKilledAsync(world);
        (await CountAsync(world, "invoice_documents")).ShouldBeInRange(Tenants / 2, Tenants - 1);
        var run = (await DueRun.ListAsync(world.Portal.Source, before: null, 2)).ShouldHaveSingleItem(); // however often it was cut off
        (run.FinishedAt, run.Wallets, run.Failed + run.Done < Tenants).ShouldBe((null, Tenants, true));
        ((long)run.Invoices).ShouldBe(await CountAsync(world, "invoice_documents")); // what it says it did, it did

        await due.SettleAsync();
        await due.SettleAsync(); // and once more changes nothing
        (await CountAsync(world, "due_runs where finished_at is null")).ShouldBe(0);
        (await world.Portal.ScalarAsync("select sum(invoices) from due_runs")).ShouldBe((long)Tenants);
        (await CountAsync(world, "due_run_tenants where state <> 'failed'")).ShouldBe(0); // done ones are forgotten
        (await CountAsync(world, "invoice_documents")).ShouldBe(Tenants);
        (await CountAsync(world, "(select distinct tenant_id from invoice_documents) t")).ShouldBe(Tenants);
        (await CountAsync(world, "invoices where state = 'open' and total = 29")).ShouldBe(Tenants);
        (await world.Portal.ScalarAsync("select min(number) || ' ' || max(number) || ' ' || count(distinct number) from invoice_documents"))
            .ShouldBe("INV-000001 INV-001000 1000"); // no gap
        (await world.Portal.ScalarAsync("select max(number) || ' ' || count(*) from invoice_numbers")).ShouldBe("1000 1000");
        (await world.Portal.ScalarAsync("select sum(balance) from ledger_accounts where account = 'receivable'")).ShouldBe(29_000m); // 1,000 × 29.00
    }

    private static async Task SubscribeAllAsync(MeterWorld world)
    {
        var at = MeterWorld.At("2030-01-01T00:00:00Z");
        await world.Portal.ExecuteAsync($"""
            with added as (insert into tenants (key, name, currency, time_zone) select 'due-' || n, 'Due ' || n, 'USD', 'UTC' from generate_series(2, {Tenants}) n returning tenant_id),
              pooled as (insert into pools (tenant_id, pool_id, key, name, kind) select tenant_id, 1, 'shared', 'Shared', 'shared' from added)
            insert into wallets (tenant_id) select tenant_id from added
            """);
        var all = new List<long>();
        await using (var command = world.Portal.Source.CreateCommand("select tenant_id from tenants order by tenant_id"))
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync()) all.Add(reader.GetInt64(0));
        }

        all.Count.ShouldBe(Tenants);
        await Parallel.ForEachAsync(all, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (tenant, cancellation) =>
            (await world.Portal.Wallets.RunAsync(tenant, wallet => Subscribing.StartAsync(wallet, new SubscriptionOrder("pro", at)), cancellation)).Succeeded.ShouldBeTrue());
    }

    // The run stops where it stands, between a reserved number and its invoice or in the middle of either, and its connections are gone.
    private static async Task RunUntilCutOffAsync(MeterWorld world, DueWallets due)
    {
        using var dead = new CancellationTokenSource();
        var run = Task.Run(() => due.SettleAsync(dead.Token));
        await using var watch = await WatchAsync(world);
        while (await NumberAsync(watch, Numbers) < Tenants / 4) run.IsCompleted.ShouldBeFalse();
        var app = new NpgsqlConnectionStringBuilder(world.Portal.Database.AppConnectionString).Username;
        await using (var kill = world.Portal.Source.CreateCommand(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = $1 and datname = current_database() and pid <> pg_backend_pid()"))
        {
            kill.Parameters.AddWithValue(app!);
            await kill.ExecuteNonQueryAsync();
        }

        await dead.CancelAsync();
        await Should.ThrowAsync<Exception>(run);
        world.Portal.Source.Clear(); // connections that were cut off while nobody used them
    }

    // Two servers share the rest of the run; both are killed (SIGKILL) in the middle of it, one after the other.
    private static async Task RunUntilKilledAsync(MeterWorld world)
    {
        await using var watch = await WatchAsync(world);
        using var one = Start(world);
        using var other = Start(world);
        foreach (var (process, until) in new[] { (one, Tenants / 2), (other, Tenants * 3 / 4) })
        {
            while (await NumberAsync(watch, Numbers) < until) process.HasExited.ShouldBeFalse();
            process.Kill();
            await process.WaitForExitAsync();
        }

        const string busy = "pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and usename = current_user and state <> 'idle'";
        while (await CountAsync(world, busy) > 0) await Task.Yield(); // the server may not have noticed yet that they are gone
    }

    private static Process Start(MeterWorld world) => Process.Start(
        new ProcessStartInfo("dotnet", [typeof(LargeInvoiceRunTests).Assembly.Location, "due", world.Portal.Database.AppConnectionString]) { UseShellExecute = false })!;

    private static async Task<NpgsqlConnection> WatchAsync(MeterWorld world)
    {
        var connection = new NpgsqlConnection(world.Portal.Database.OwnerConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    private static async Task<long> NumberAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private static async Task<long> CountAsync(MeterWorld world, string rows) => (long)(await world.Portal.ScalarAsync("select count(*) from " + rows))!;
}
