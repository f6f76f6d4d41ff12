using Portal.Database.Tests.Counters;
using Portal.Domain.Invoicing;
using Portal.Domain.Subscriptions;
using Portal.Testing;

namespace Portal.Database.Tests.Invoicing;

/// <summary>Other plans and seats while a period runs: by the time that is left of it. January 2030 has 31 days.</summary>
public sealed class PlanChangeTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private static readonly DateTimeOffset January = MeterWorld.At("2030-01-01T00:00:00Z"), February = MeterWorld.At("2030-02-01T00:00:00Z");

    private MeterWorld world = null!;

    public async Task InitializeAsync()
    {
        world = await MeterWorld.StartAsync(postgres);
        await world.MeterAsync("gpu", """ "aggregation":"sum","quantities":[{"property":"n"}] """);
        await world.RateAsync("gpu", """{"model":"per_unit","amount":"1"}""");
        await world.PlanAsync("""
            "items":[{"key":"base","type":"flat","amount":"29.00"},{"key":"seats","type":"seat","amount":"15.50","included":"1"},
              {"key":"credits","type":"included_credits","credits":"100","revenue_share":"20.00"}]
            """);
        await world.PlanAsync("""
            "items":[{"key":"base","type":"flat","amount":"99.00"},{"key":"seats","type":"seat","amount":"12.00","included":"1"},
              {"key":"credits","type":"included_credits","credits":"500","revenue_share":"80.00"},
              {"key":"gpu","type":"usage","meter":"gpu","price":{"model":"per_unit","amount":"0.10"}}]
            """, "business");
        await world.PlanAsync(""" "items":[{"key":"base","type":"flat","amount":"365.00"},{"key":"credits","type":"included_credits","credits":"1200","revenue_share":"240.00","every":"month"}] """,
            "yearly", "year");
        await world.Portal.SellAsync();
    }

    public async Task DisposeAsync() => await world.DisposeAsync();

    [Fact]
    public async Task An_upgrade_credits_and_charges_fees_by_the_time_left_and_sells_the_difference_of_credits()
    {
        var subscription = await StartAsync();
        await world.ToAsync("2030-01-16T12:00:00Z");
        var change = new SubscriptionChange { Plan = "business" };
        var preview = await PreviewAsync(subscription, change);
        (await world.UnbilledAsync()).ShouldBe(0m); // the preview booked nothing
        await world.ChangeAsync(subscription, change);
        var draft = (await world.InvoicesAsync("draft")).MaxBy(invoice => invoice.BillAt)!;
        var f = Left(draft.BillAt, January, February);
        f.ShouldBeInRange(0.4999m, 0.5m);
        var lines = (await world.InvoiceAsync(draft)).Lines;
        lines.Select(line => $"{line.Kind} {line.Item}").ShouldBe(["included_credits credits", "proration base@pro", "proration base"], ignoreOrder: true);
        lines.Sum(line => line.Amount).ShouldBe(Cents(60m * f) - Cents(9m * f) + Cents(19m * f));
        preview.Total.ShouldBeInRange(draft.Total - 0.01m, (await world.InvoiceAsync(draft)).Total + 0.01m);

        (await world.BalanceAsync("pool:shared")).ShouldBe(100m + Math.Round(400m * f, 9));
        (await world.BalanceAsync("deferred:credits", "USD")).ShouldBe(-20m - Math.Round(60m * f, 9));
        await world.UseAsync("gpu", 10m); // business prices it in money
        (await world.BalanceAsync("pool:shared")).ShouldBe(100m + Math.Round(400m * f, 9));
        await world.ToAsync("2030-02-01T00:10:00Z");
        (await world.BalanceAsync("revenue:subscription", "USD")).ShouldBe(-9m - Math.Round(19m * f, 9) + Math.Round(9m * f, 9), 0.000000002m);
        (await world.BalanceAsync("pool:shared")).ShouldBe(500m);
        await world.ToAsync("2030-02-02T01:00:00Z");
        (await world.InvoicesAsync())[0].Total.ShouldBe(100.00m); // 99 and January's usage of 1.00
    }

    [Fact]
    public async Task Case_39_a_downgrade_waits_for_the_periods_end_and_can_be_taken_back()
    {
        var subscription = await StartAsync("business");
        await world.ToAsync("2030-01-16T12:00:00Z");
        await world.ChangeAsync(subscription, new SubscriptionChange { Plan = "pro" });
        (await CurrentAsync()).Plan.ShouldBe("business");
        (await UpcomingAsync()).Lines.Sum(line => line.Amount).ShouldBe(29.00m);
        await world.ChangeAsync(subscription, new SubscriptionChange { Plan = "business" });
        (await UpcomingAsync()).Lines.Sum(line => line.Amount).ShouldBe(99.00m);
        await world.ChangeAsync(subscription, new SubscriptionChange { Plan = "pro" });
        await world.UseAsync("gpu", 10m); // still in money
        await world.ToAsync("2030-02-01T00:10:00Z");
        (await CurrentAsync()).Plan.ShouldBe("pro");
        (await world.BalanceAsync("pool:shared")).ShouldBe(100m);
        (await world.UseAsync("gpu", 10m)).ShouldBe(10m); // in credits again
        await world.ToAsync("2030-02-02T01:00:00Z");
        (await world.InvoicesAsync())[0].Total.ShouldBe(30.00m); // 29 and January's 1.00
    }

    [Fact]
    public async Task A_plan_of_another_length_begins_a_period_at_once()
    {
        var subscription = await StartAsync();
        await world.ToAsync("2030-01-11T00:00:00Z");
        await world.ChangeAsync(subscription, new SubscriptionChange { Plan = "yearly" });
        var at = (await CurrentAsync()).Period!.StartsAt;
        var unearned = Math.Round(9m * Left(at, January, February), 9);
        (await world.UnbilledAsync()).ShouldBe(365.00m - unearned, 0.000000001m);
        (await world.BalanceAsync("pool:shared")).ShouldBe(1300m); // credits are never taken back
        (await CurrentAsync()).Period!.EndsAt.ShouldBe(at.AddYears(1));
        await world.ToAsync("2030-02-11T01:00:00Z");
        (await world.BalanceAsync("pool:shared")).ShouldBe(1200m); // those of the second month
        await world.ToAsync("2031-01-12T00:00:00Z");
        (await CurrentAsync()).Period!.StartsAt.ShouldBe(at.AddYears(1));
    }

    [Fact]
    public async Task Seats_are_charged_and_credited_for_the_time_left()
    {
        var subscription = await StartAsync(seats: 3m); // two are paid for
        await world.ToAsync("2030-01-11T00:00:00Z");
        await world.ChangeAsync(subscription, new SubscriptionChange { Quantities = new Dictionary<string, decimal> { ["seats"] = 5m } });
        var more = await world.InvoiceAsync((await world.InvoicesAsync("draft")).MaxBy(invoice => invoice.BillAt)!);
        var line = more.Lines.ShouldHaveSingleItem();
        (line.Kind, line.Quantity, line.Amount).ShouldBe(("proration", 2m, Cents(31m * Left(more.BillAt, January, February)))); // 2 × 15.50

        await world.ToAsync("2030-01-21T00:00:00Z");
        await world.ChangeAsync(subscription, new SubscriptionChange { Quantities = new Dictionary<string, decimal> { ["seats"] = 1m } });
        (await world.InvoicesAsync("draft")).ShouldBeEmpty(); // what is given back waits for the next invoice
        var unearned = -await world.UnbilledAsync();
        unearned.ShouldBeInRange(21.99m, 22.00m); // 4 × 15.50 × 11/31
        await world.ToAsync("2030-02-01T02:00:00Z");
        var february = await world.InvoiceAsync((await world.InvoicesAsync())[0]);
        (february.Lines.Sum(l => l.Amount), february.Lines.Count(l => l.Kind == "seat")).ShouldBe((29.00m - Cents(unearned), 0));
        (await world.BalanceAsync("deferred:fees", "USD")).ShouldBe(-9m); // February's
    }

    [Theory]
    [InlineData("none", null, "unknown_plan")]
    [InlineData("pro", null, "plan_unchanged")]
    [InlineData(null, -1, "invalid_quantity")]
    [InlineData("business", -1, "invalid_quantity")]
    public async Task A_change_that_cannot_be_changes_nothing(string? plan, int? seats, string code)
    {
        var subscription = await StartAsync();
        var change = new SubscriptionChange { Plan = plan, Quantities = seats is { } n ? new Dictionary<string, decimal> { ["seats"] = n } : null };
        var refused = await world.Portal.Wallets.RunAsync(world.Tenant, wallet => SubscriptionChange.MakeAsync(wallet, subscription.Id, change));
        refused.Problem!.Code.ShouldBe(code);
        (await CurrentAsync()).Plan.ShouldBe("pro");
    }

    private async Task<Subscription> StartAsync(string plan = "pro", decimal seats = 0m)
    {
        var made = await world.SubscribeAsync(new SubscriptionOrder(plan, January) { Quantities = new Dictionary<string, decimal> { ["seats"] = seats } });
        await world.ToAsync("2030-01-02T12:00:00Z");
        return made;
    }

    private static decimal Left(DateTimeOffset at, DateTimeOffset start, DateTimeOffset end) => (end - at).Ticks / (decimal)(end - start).Ticks;

    private static decimal Cents(decimal amount) => Math.Round(amount, 2, MidpointRounding.AwayFromZero);

    private async Task<Invoice> PreviewAsync(Subscription subscription, SubscriptionChange change) => (await world.Portal.Wallets.PreviewAsync<Invoice>(world.Tenant, async wallet =>
    {
        (await SubscriptionChange.MakeAsync(wallet, subscription.Id, change)).Succeeded.ShouldBeTrue();
        return (await InvoiceQuery.AfterChangeAsync(wallet))!;
    })).Value;

    private async Task<Subscription> CurrentAsync()
    {
        await using var connection = await world.Portal.Source.OpenConnectionAsync();
        return (await SubscriptionQuery.CurrentAsync(connection, world.Tenant))!;
    }

    private async Task<Invoice> UpcomingAsync() =>
        (await new Domain.Data.TenantReads(world.Portal.Source).RunAsync(world.Tenant, read => InvoiceQuery.UpcomingAsync(read)))!;
}
