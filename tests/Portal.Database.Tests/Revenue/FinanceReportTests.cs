using Portal.Database.Tests.Counters;
using Portal.Domain.Revenue;
using Portal.Domain.Revenue.Reports;
using Portal.Domain.Subscriptions;
using Portal.Testing;

namespace Portal.Database.Tests.Revenue;

/// <summary>Reports by book date with figures worked out by hand. The clock begins at 2030-01-01T00:00Z; chat costs a credit each.</summary>
public sealed class FinanceReportTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private static readonly BookMonth January = new(new DateOnly(2030, 1, 1));

    private MeterWorld world = null!;

    public async Task InitializeAsync()
    {
        world = await MeterWorld.StartAsync(postgres);
        await world.MeterAsync("chat", """ "aggregation":"sum","quantities":[{"property":"n"}] """);
        await world.RateAsync("chat", """{"model":"per_unit","amount":"1"}""");
    }

    public async Task DisposeAsync() => await world.DisposeAsync();

    [Fact]
    public async Task Deferred_credits_have_an_age_and_break_when_they_expire()
    {
        await world.Portal.GrantAsync(world.Tenant, 100m, value: 10m, expiresAt: MeterWorld.At("2030-02-15T00:00:00Z")); // $0.10 each
        await world.Portal.GrantAsync(world.Tenant, 200m, value: 40m, expiresAt: MeterWorld.At("2030-06-01T00:00:00Z")); // $0.20 each
        await world.ToAsync("2030-01-10T12:00:00Z");
        await world.UseAsync("chat", 30m); // of the first: $3.00
        await world.ToAsync("2030-02-10T12:00:00Z"); // both are 40 days old
        await world.Portal.GrantAsync(world.Tenant, 50m, value: 5m); // new, never expires
        await world.Portal.GrantAsync(world.Tenant, 1000m); // promotional: nobody paid, nothing is owed

        var before = await DeferredReport.ReadAsync(world.Portal.Source);
        before.Ages.ShouldBe([new DeferredAge("USD", 0, 50m, 5m), new DeferredAge("USD", 31, 270m, 47m)]);
        before.Breaks.ShouldBe(
        [
            new ComingBreakage(January.Plus(1), "USD", 70m, 7m), new ComingBreakage(January.Plus(5), "USD", 200m, 40m), new ComingBreakage(null, "USD", 50m, 5m),
        ]);
        (await world.BalanceAsync("deferred:credits", "USD")).ShouldBe(-52m); // 5 + 47

        await world.ToAsync("2030-03-01T00:00:00Z");
        (await DeferredReport.ReadAsync(world.Portal.Source)).Breaks.Select(row => row.Value).ShouldBe([40m, 5m]);
        (await FinanceReports.RevenueAsync(world.Portal.Source, January, January.Plus(2))).ShouldBe(
        [
            new RecognisedRevenue(January, "usage", "USD", 3m), new RecognisedRevenue(January.Plus(1), "breakage", "USD", 7m),
        ]);
        (await FinanceReports.ClosingAsync(world.Portal.Source, January, January.Plus(1))).ShouldBe(
        [
            new ClosingBalance(January, "deferred:credits", "USD", 47m), new ClosingBalance(January.Plus(1), "deferred:credits", "USD", 45m), // 7 + 40; 40 + 5
        ]);
        (await FinanceReports.ClosingAsync(world.Portal.Source, January.Plus(1), January.Plus(1))).ShouldBe([new ClosingBalance(January.Plus(1), "deferred:credits", "USD", 45m)]);
    }

    [Fact]
    public async Task The_trial_balance_of_a_day_balances()
    {
        await world.Portal.GrantAsync(world.Tenant, 100m, value: 10m);
        await world.ToAsync("2030-01-10T00:00:00Z");
        await world.UseAsync("chat", 30m);
        var balances = await FinanceReports.TrialBalanceAsync(world.Portal.Source, new DateOnly(2030, 1, 10));
        foreach (var unit in balances.GroupBy(row => row.Unit)) unit.Sum(row => row.Amount).ShouldBe(0m);
        balances.Where(row => row.Unit == "USD").Select(row => (row.Account, row.Debit, row.Credit)).ShouldBe(
            [("deferred:credits", 0m, 7m), ("external:api", 10m, 0m), ("revenue:usage", 0m, 3m)]);
        (await FinanceReports.TrialBalanceAsync(world.Portal.Source, new DateOnly(2030, 1, 2))).Where(row => row.Unit == "USD").Select(row => (row.Account, row.Amount))
            .ShouldBe([("deferred:credits", -10m), ("external:api", 10m)]); // before the usage
    }

    [Fact]
    public async Task What_is_receivable_grows_old()
    {
        await world.PlanAsync(""" "items":[{"key":"base","type":"flat","amount":"29.00"}] """);
        await world.Portal.SellAsync();
        await world.SubscribeAsync(new SubscriptionOrder("pro", MeterWorld.At("2030-01-01T00:00:00Z")));
        await world.ToAsync("2030-01-01T02:00:00Z");
        var first = (await ReceivableAge.ReadAsync(world.Portal.Source)).ShouldHaveSingleItem();
        (first.Tenant, first.Currency, first.Invoices, first.Total).ShouldBe(("acme", "USD", 1, 29m));
        (await world.BalanceAsync("receivable", "USD")).ShouldBe(29m);
        await world.Portal.ExecuteAsOwnerAsync("alter table invoice_documents disable trigger user; update invoice_documents set due_at = '2030-01-01T02:00Z'; alter table invoice_documents enable trigger user");

        foreach (var (at, age) in new[] { ("2030-01-01T20:00:00Z", 0), ("2030-01-02T00:00:00Z", 1), ("2030-01-31T23:00:00Z", 1) }) await ShouldBeOldAsync(at, age, 1, 29m);
        await ShouldBeOldAsync("2030-02-01T00:30:00Z", 2, 1, 29m); // 31 days
    }

    private async Task ShouldBeOldAsync(string at, int age, long invoices, decimal due)
    {
        await world.ToAsync(at);
        var row = (await ReceivableAge.ReadAsync(world.Portal.Source)).ShouldHaveSingleItem();
        row.Invoices.ShouldBe(invoices);
        new[] { row.Current, row.Days30, row.Days60, row.Days90, row.Older }.ShouldBe(Enumerable.Range(0, 5).Select(i => i == age ? due : 0m));
    }

    [Fact]
    public async Task The_journal_of_a_month_is_what_the_trial_balance_moved_by()
    {
        await world.Portal.GrantAsync(world.Tenant, 100m, value: 10m);
        await world.UseAsync("chat", 25m);
        await world.ToAsync("2030-02-05T00:00:00Z");
        await world.UseAsync("chat", 40m);
        var lines = new List<JournalLine>();
        await foreach (var line in Journal.ReadAsync(world.Portal.Source, January.Next)) lines.Add(line);
        lines.Select(line => (line.Date, line.Tenant, line.Account, line.Amount, line.Unit)).Order().ShouldBe(
        [
            (new DateOnly(2030, 2, 5), "acme", "consumed:chat", 40m, "CREDIT"), (new DateOnly(2030, 2, 5), "acme", "deferred:credits", 4m, "USD"),
            (new DateOnly(2030, 2, 5), "acme", "pool:shared", -40m, "CREDIT"), (new DateOnly(2030, 2, 5), "acme", "revenue:usage", -4m, "USD"),
        ], ignoreOrder: true);
        var (before, after) = (await At("2030-01-31"), await At("2030-02-28"));
        foreach (var account in after.Keys) (after[account] - before.GetValueOrDefault(account)).ShouldBe(lines.Where(line => (line.Account, line.Unit) == account).Sum(line => line.Amount));

        async Task<Dictionary<(string, string), decimal>> At(string day) =>
            (await FinanceReports.TrialBalanceAsync(world.Portal.Source, DateOnly.Parse(day, System.Globalization.CultureInfo.InvariantCulture))).ToDictionary(row => (row.Account, row.Unit), row => row.Amount);
    }
}
