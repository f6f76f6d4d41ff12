using Portal.Database.Tests.Counters;
using Portal.Domain.Subscriptions;
using Portal.Testing;

namespace Portal.Database.Tests.Templates;

/// <summary>A subscription with included credits and overage.</summary>
public sealed class HybridTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    // $49.00 a month, of which $40.00 are 10,000 credits at 0.004; beyond them 0.006 a credit.
    //   January    900 deep steps × 10 + 2,500 × 1 = 11,500 credits: 1,500 beyond × 0.006 = 9.00
    //   February   4,000 steps = 4,000 credits; 6,000 expire, worth 24.00
    //   invoices   49.00; 49.00 + 9.00 = 58.00; 49.00
    //   revenue    usage 40.00 + 16.00, overage 9.00, breakage 24.00; the fee without the credits 9.00 a month
    //   cost       900 × 0.008 + 2,500 × 0.0008 + 4,000 × 0.0008 = 7.20 + 2.00 + 3.20 = 12.40
    [Fact]
    public async Task The_subscription_covers_its_credits_and_what_exceeds_them_is_billed_in_arrears()
    {
        var start = MeterWorld.At("2030-01-01T00:00:00Z");
        await using var world = await TemplateWorlds.StartAsync(postgres, "hybrid", order: new SubscriptionOrder("hybrid", start, Exhaustion: "overage"));
        await world.ToAsync("2030-01-10T00:00:00Z");
        (await world.TakeAsync("assistant.step", """{"mode":"deep","steps":900}""")).ShouldBe(9000m);
        (await world.TakeAsync("assistant.step", """{"steps":2500}""")).ShouldBe(2500m);
        (await world.BalanceAsync("overage:shared")).ShouldBe(-1500m);
        await world.ToAsync("2030-02-10T00:00:00Z");
        await world.TakeAsync("assistant.step", """{"steps":4000}""");
        await world.ToAsync("2030-03-01T00:30:00Z");
        (await world.BalanceAsync("pool:shared"), await world.BalanceAsync("expired")).ShouldBe((10_000m, 6000m));
        (await world.RevenueAsync("subscription"), await world.RevenueAsync("breakage")).ShouldBe((18.00m, 24.00m));
        await world.ToAsync("2030-03-02T01:00:00Z");

        var invoices = await world.AllInvoicesAsync();
        invoices.Select(invoice => invoice.Total).ShouldBe([49.00m, 58.00m, 49.00m]);
        invoices[1].Lines().ShouldBe([
            "flat Hybrid | 1 × 9 = 9.00", "included_credits Hybrid: included credits | 10000 × 0.004 = 40.00",
            "overage Credits beyond those included | 1500 × 0.006 = 9.00"]);
        (await world.RevenueAsync(), await world.RevenueAsync("overage"), await world.CostAsync("llm")).ShouldBe((56.00m, 9.00m, 12.40m));
        (await world.BalanceAsync("receivable", "USD"), await world.UnbilledAsync(), await world.BalanceAsync("overage:shared")).ShouldBe((156.00m, 0m, 0m));
        await world.Portal.Source.ShouldBalanceAsync();
    }
}
