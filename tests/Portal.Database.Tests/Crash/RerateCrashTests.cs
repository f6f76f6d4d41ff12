using System.Diagnostics;
using Portal.Database.Tests.Rerating;
using Portal.Testing;

namespace Portal.Database.Tests.Crash;

/// <summary>A process that rates a period again is killed (SIGKILL) again and again: who goes on posts what is left, nothing twice.</summary>
public sealed class RerateCrashTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const int Batches = 6, InBatch = 100, MostKills = 5;

    [Fact]
    public async Task Killed_in_the_middle_a_rerating_goes_on_and_comes_to_the_same_books()
    {
        await using var world = await RerateWorld.StartAsync(postgres);
        await world.Portal.GrantAsync(world.Acme, 10_000m, value: 100m);
        for (var batch = 0; batch < Batches; batch++)
            await world.Portal.SendAsync([.. Enumerable.Range(0, InBatch).Select(n => TestPortal.Usage("acme", $"{batch}-{n}", 4_000, at: RerateWorld.Noon))]);
        var version = await world.PublishAsync(RerateWorld.Rate("small", 0.5m));
        await world.Runs.RunDueAsync(); // the late rating that goes with it
        var asked = (await world.TryRerateAsync(version.Version)).Value;

        var interrupted = 0;
        for (var kill = 0; kill < MostKills && !await FinishedAsync(world, asked.Id); kill++)
        {
            await RunAndKillAsync(world);
            await world.Portal.Source.ShouldBalanceAsync();
            // How far it says it is, is how far it got: two rows of ratings for each event looked at.
            var done = await DoneAsync(world);
            (await world.CountAsync("ratings where kind = 'rerate'")).ShouldBe(2 * done);
            interrupted += done is > 0 and < Batches * InBatch ? 1 : 0;
        }

        while (!await FinishedAsync(world, asked.Id)) await world.Runs.RunDueAsync(); // the server may not have noticed yet that the last one is gone
        var summary = await world.DoneAsync(asked);

        interrupted.ShouldBeGreaterThan(0, "it was never killed in the middle");
        (summary.Events, summary.Changed).ShouldBe((600, 600));
        var figures = summary.ByCurrency.Single().Figures;
        (figures.CreditsBefore, figures.CreditsAfter).ShouldBe((2_400m, 1_200m)); // 600 × 4, then × 2
        (await world.BalanceAsync("consumed:llm"), await world.BalanceAsync("pool:shared")).ShouldBe((1_200m, 8_800m));
        (await world.BalanceAsync("revenue:usage", "USD")).ShouldBe(-12m); // 1,200 credits at $0.01
        (await world.CountAsync("ledger_transactions where kind = 'rerate'")).ShouldBe(600);
        (await world.Portal.ScalarAsync("select sum(credits) from usage_hourly")).ShouldBe(1_200m);
    }

    private static async Task<bool> FinishedAsync(RerateWorld world, Guid id) =>
        (bool)(await world.Portal.ScalarAsync($"select finished_at is not null from operations where id = '{id}'"))!;

    private static async Task<long> DoneAsync(RerateWorld world) =>
        (long)(await world.Portal.ScalarAsync("select coalesce(sum(done), 0)::bigint from operation_tenants"))!;

    // Killed after its first chunk, wherever it is by then.
    private static async Task RunAndKillAsync(RerateWorld world)
    {
        var before = await DoneAsync(world);
        using var process = Process.Start(new ProcessStartInfo("dotnet", [typeof(RerateCrashTests).Assembly.Location, "rerate", world.Portal.Database.AppConnectionString])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        })!;
        while (await DoneAsync(world) == before) await Task.Yield();
        process.Kill();
        await process.WaitForExitAsync();
    }
}
