using System.Diagnostics;
using System.Globalization;
using System.Text;
using Portal.Domain.Revenue;
using Portal.Testing;

namespace Portal.Database.Tests.Crash;

/// <summary>
/// A process that draws, captures, transfers and lets grants expire is killed (SIGKILL) at random moments, fifty times in all: what it had
/// answered is there, and nothing is half done.
/// </summary>
public sealed class CrashTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const int Kills = 50, AtOnce = 2;

    [Fact]
    public Task Killed_fifty_times_it_loses_nothing_it_answered_and_leaves_nothing_half_done() =>
        Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => KillAsync(Kills / AtOnce)));

    private async Task KillAsync(int kills)
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        var tenant = await portal.AddTenantAsync("acme", "UTC", "team", "solo");
        await portal.GrantAsync(tenant, 100_000m, 1_000m);
        await portal.GrantAsync(tenant, 50m, 5m, "team");
        var answered = 0;
        for (var kill = 0; kill < kills; kill++)
        {
            var said = await RunAndKillAsync(portal, tenant, milliseconds: Random.Shared.Next(1, 300));
            answered += said.Count;
            await NothingIsLostAsync(portal, said);
            await NothingIsHalfDoneAsync(portal, tenant);
        }

        answered.ShouldBeGreaterThan(10 * kills, "it was killed before it had done much");
    }

    /// <summary>Everything that it said until it was killed.</summary>
    private static async Task<IReadOnlyList<string[]>> RunAndKillAsync(TestPortal portal, long tenant, int milliseconds)
    {
        using var process = Process.Start(new ProcessStartInfo(
            "dotnet", [typeof(CrashTests).Assembly.Location, "crash", portal.Database.AppConnectionString, tenant.ToString(CultureInfo.InvariantCulture)])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        })!;
        var first = new StringBuilder();
        while (await process.StandardOutput.ReadLineAsync() is { } line && line != "ready") first.Append(line).Append('\n');
        var rest = process.StandardOutput.ReadToEndAsync();
        await Task.Delay(milliseconds);
        process.Kill();
        await process.WaitForExitAsync();
        var text = first + await rest;
        var whole = text[..(text.LastIndexOf('\n') + 1)]; // a line cut off was not said
        return [.. whole.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))];
    }

    private static async Task NothingIsLostAsync(TestPortal portal, IReadOnlyList<string[]> said)
    {
        (await MissingAsync(portal, said, "event", "ledger_transactions where kind = 'usage' and")).ShouldBe(0);
        (await MissingAsync(portal, said, "transfer", "ledger_transactions where kind = 'transfer' and")).ShouldBe(0);
        (await MissingAsync(portal, said, "hold", "holds where")).ShouldBe(0);
        (await MissingAsync(portal, said, "captured", "holds where state = 'captured' and")).ShouldBe(0);
        (await MissingAsync(portal, said, "grant", "grants where")).ShouldBe(0);
        (await MissingAsync(portal, said, "expired", "grants where remaining = 0 and not open and")).ShouldBe(0);
    }

    private static async Task<int> MissingAsync(TestPortal portal, IReadOnlyList<string[]> said, string what, string where)
    {
        var ids = said.Where(line => line[0] == what).Select(line => line[1]).Distinct().ToArray();
        var found = ids.Length == 0 ? 0L : (long)(await portal.ScalarAsync($"select count(*) from {where} id in ('{string.Join("','", ids)}')"))!;
        return ids.Length - (int)found;
    }

    /// <summary>What the reconciliation does not look at: holds and their captures, and an expiry for each expired grant and no other.</summary>
    private static async Task NothingIsHalfDoneAsync(TestPortal portal, long tenant)
    {
        (await portal.ScalarAsync($"""
            select string_agg(p.key, ',') from pools p where tenant_id = {tenant}
              and held <> (select coalesce(sum(amount), 0) from holds h where h.tenant_id = p.tenant_id and h.pool_id = p.pool_id and state = 'open')
            """)).ShouldBeNull();
        // A hold is captured if and only if its event is there.
        (await portal.ScalarAsync($"""
            select string_agg(h.id::text, ',') from holds h where tenant_id = {tenant}
              and (state = 'captured') <> exists (select 1 from event_identities e where e.tenant_id = h.tenant_id and e.event_key = h.capture_key)
            """)).ShouldBeNull();
        (await portal.ScalarAsync($"select (select count(*) from events where tenant_id = {tenant} and source = 'holds') - (select count(*) from holds where tenant_id = {tenant} and state = 'captured')"))
            .ShouldBe(0L);
        (await portal.ScalarAsync($"""
            select string_agg(g.id::text, ',') from grants g where tenant_id = {tenant} and expires_at is not null
              and (remaining = 0) <> exists (select 1 from ledger_transactions t where t.tenant_id = g.tenant_id and idempotency_key = 'expiry:' || replace(g.id::text, '-', ''))
            """)).ShouldBeNull();
        await portal.Source.ShouldBalanceAsync();
    }
}
