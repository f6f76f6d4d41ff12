using Portal.Database.Tests.Counters;
using Portal.Domain.Subscriptions;
using Portal.Testing;

namespace Portal.Database.Tests.Templates;

/// <summary>Seats that come and go in mid-cycle; AI that costs and is not charged.</summary>
public sealed class SlackTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    // Slack Pro, $7.25 a seat. January has 31 days.
    //   1 January    10 seats                                72.50
    //   6 January    5 more, 26 days left: 36.25 × 26/31     30.403226 → 30.40
    //   21 January   3 fewer, 11 days left: 21.75 × 11/31    −7.717742 → −7.72 on February's invoice
    //   1 February   12 seats                                87.00, AI 0.00, less 7.72: 79.28
    // The test takes some seconds; the cents change only after minutes.
    // AI in January: 2,000,000 × 0.15 + 500,000 × 0.60 per million = 0.60 of cost and no revenue.
    [Fact]
    public async Task Seats_are_charged_by_the_time_they_are_had_and_AI_costs_the_platform_alone()
    {
        var start = MeterWorld.At("2030-01-01T00:00:00Z");
        await using var world = await TemplateWorlds.StartAsync(postgres, "slack");
        var subscription = await world.SubscribeAsync(new SubscriptionOrder("slack-pro", start) { Quantities = Seats(10m) });
        await world.ToAsync("2030-01-06T00:00:00Z");
        await world.ChangeAsync(subscription, new SubscriptionChange { Quantities = Seats(15m) });
        await world.ToAsync("2030-01-15T00:00:00Z");
        await world.TakeAsync("slack.ai", """{"input_tokens":2000000,"output_tokens":500000,"consumer":"ana"}""");
        await world.ToAsync("2030-01-21T00:00:00Z");
        await world.ChangeAsync(subscription, new SubscriptionChange { Quantities = Seats(12m) });
        await world.ToAsync("2030-02-02T01:00:00Z");

        var invoices = await world.AllInvoicesAsync();
        invoices.Select(invoice => invoice.Total).ShouldBe([72.50m, 30.40m, 79.28m]);
        invoices[0].Lines().ShouldBe(["seat Slack Pro: seats | 10 × 7.25 = 72.50"]);
        invoices[1].Lines.Select(line => (line.Kind, line.Quantity, line.Amount)).ShouldBe([("proration", 5m, 30.40m)]);
        invoices[2].Lines.Select(line => (line.Kind, line.Quantity, line.Amount)).ShouldBe([("seat", 12m, 87.00m), ("proration", -3m, -7.72m), ("usage", 2_500_000m, 0m)]);
        invoices[2].Lines[2].Description.ShouldBe("AI in Slack");
        (await world.BalanceAsync("receivable", "USD"), await world.UnbilledAsync()).ShouldBe((182.18m, 0m));
        (await world.RevenueAsync(), await world.CostAsync("llm")).ShouldBe((0m, 0.60m));
        await world.Portal.Source.ShouldBalanceAsync();
    }

    private static Dictionary<string, decimal> Seats(decimal seats) => new(StringComparer.Ordinal) { ["seats"] = seats };
}
