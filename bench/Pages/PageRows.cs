using System.Diagnostics;
using System.Globalization;
using Portal.Bench.Running;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering;
using Portal.Domain.Wallet;

namespace Portal.Bench.Pages;

/// <summary>
/// What Overview and Usage read, of a tenant with 50 million events and of one with a million in the same half year: 20 consumers, 4 models,
/// input and output, a ledger transaction per hundred events. Rollups and ledger are filled as such usage leaves them.
/// </summary>
internal static class PageRows
{
    private const long Many = 50_000_000, Few = 1_000_000;
    private const int WholeDays = 180, Readings = 7;

    public static async Task<IReadOnlyList<BenchRow>> MeasureAsync(BenchServer server, BenchSettings settings)
    {
        await using var domain = await DomainUnderTest.StartAsync(server, "pages");
        var days = settings.Quick ? 31 : WholeDays; // a page looks at thirty days, so the rest of the half year may be left out
        var few = await FillAsync(domain, "few", Few, days);
        var many = await FillAsync(domain, "many", Many, days);
        await server.ExecuteAsync(domain.Database, "vacuum (analyze) usage_hourly, ledger_entries, ledger_transactions");
        await server.ExecuteAsync(domain.Database, "checkpoint");
        var reads = domain.Get<TenantReads>();
        return
        [
            await CompareAsync("Overview: balance and burn-down", few, many, tenant => reads.RunAsync(tenant, OverviewAsync)),
            await CompareAsync("Overview and Usage: by day and model", few, many, tenant => reads.RunAsync(tenant, read => UsageAsync(read, 30, "day", "model"))),
            await CompareAsync("Usage: by model and consumer", few, many, tenant => reads.RunAsync(tenant, read => UsageAsync(read, Math.Min(days, 90), "model", "consumer"))),
        ];
    }

    private static async Task<BenchRow> CompareAsync(string page, long few, long many, Func<long, Task> read)
    {
        var (atFew, atMany) = (new List<double>(), new List<double>());
        foreach (var tenant in new[] { few, many }) await read(tenant); // statements are prepared, pages come into memory
        for (var i = 0; i < Readings; i++)
        {
            atFew.Add(await TimeAsync(read(few)));
            atMany.Add(await TimeAsync(read(many)));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {page}: {BenchRow.Median(atMany):0.0} ms, {BenchRow.Median(atFew):0.0} ms"));
        return BenchRow.NoMoreThan(1.5, $"{page}, 50 M events", atMany, "the same at 1 M", atFew, "ms");
    }

    private static async Task<bool> OverviewAsync(TenantRead read)
    {
        await Balances.ReadAsync(read);
        var today = read.Zone.DateIn(read.Now);
        return (await BurndownQuery.ReadAsync(read, pool: null, read.Zone.DayStart(today.AddDays(-29)), read.Now, CalendarStep.Day)).Succeeded;
    }

    private static async Task<bool> UsageAsync(TenantRead read, int days, params string[] groupBy) =>
        (await UsageQuery.ReadAsync(read, new UsageQuestion(read.Now.AddDays(-days), read.Now, groupBy))).Succeeded;

    private static async Task<double> TimeAsync(Task reading)
    {
        var started = Stopwatch.GetTimestamp();
        await reading;
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    // An hour of a consumer and a model has no row when none of the events fell into it.
    private static async Task<long> FillAsync(DomainUnderTest domain, string key, long events, int days)
    {
        var tenant = (await domain.AddTenantsAsync(key, 1))[0];
        var perCell = events / (WholeDays * 24 * 80.0);
        var transactions = events / 100 * days / WholeDays;
        await domain.Server.ExecuteAsync(domain.Database, string.Create(CultureInfo.InvariantCulture, $"""
            set session_replication_role = replica; set synchronous_commit = off; select setseed(0.5);
            insert into usage_hourly
            select {tenant}, date_trunc('hour', now()) - interval '1 hour' * h, 0, 1, 1, c, 'llm', 'model-' || m, t, 'standard', 'USD', case t when 'input' then n else 0 end,
              n * 1000, n * 0.4, n * 0.004, n * 0.001, 0
            from generate_series(0, {days} * 24 - 1) h, generate_series(1, 20) c, generate_series(1, 4) m,
              lateral (select greatest(1, round({perCell})) as n where random() + 0 * (h + c + m) < 1 - exp(-{perCell})) cell, (values ('input'), ('output')) tokens(t);
            create temporary table taken as
            select now() - interval '1 second' * ({days} * 86400.0 * n / {transactions}) as at, n from generate_series(1, {transactions}) n;
            alter table taken add column id uuid;
            update taken set id = (left(uuid7_floor(at)::text, 24) || lpad(to_hex(n), 12, '0'))::uuid;
            insert into ledger_transactions (tenant_id, id, kind, occurred_at, posted_at, book_date) select {tenant}, id, 'usage', at, at, at::date from taken;
            insert into ledger_entries (tenant_id, transaction_id, line, account, unit, grant_id, amount)
            select {tenant}, id, line, account, unit, null, amount from taken,
              (values (1, 'pool:shared', 'CREDIT', -80.0), (2, 'consumed:llm', 'CREDIT', 80.0), (3, 'deferred', 'USD', 0.8), (4, 'revenue:llm', 'USD', -0.8)) l(line, account, unit, amount);
            insert into ledger_accounts values ({tenant}, 'pool:shared', 'CREDIT', 1000000);
            drop table taken
            """));
        return tenant;
    }
}
