using Portal.Database.Tests.Counters;
using Portal.Testing;

namespace Portal.Database.Tests.Templates;

/// <summary>A base and a price for each resolution: confirmed, assumed, escalated, reopened before and after it was billed.</summary>
public sealed class FinTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    // $29.00 a month in advance, $0.99 a resolution in arrears. Conversations of 10 January:
    //   c1 confirmed   c2 assumed after a day of silence   c3 escalated   c4 resolved and reopened   c5 confirmed, reopened on 10 February
    //   1 January     29.00
    //   1 February    29.00 + c1, c2, c5: 3 × 0.99 = 2.97    → 31.97
    //   1 March       29.00 − c5: 0.99                       → 28.01
    // Work of each: 1,000 × 0.40 + 500 × 1.60 per million = 0.0012; of five 0.006.
    [Fact]
    public async Task Only_resolutions_bill_and_all_work_costs()
    {
        await using var world = await TemplateWorlds.StartAsync(postgres, "fin", "fin");
        await world.ToAsync("2030-01-10T10:10:00Z");
        foreach (var name in new[] { "c1", "c2", "c3", "c4", "c5" })
        {
            await SayAsync(world, "conversation.started", name, "10:00:00");
            await world.TakeAsync("fin.completion", $$"""{"case":"{{name}}","input_tokens":1000,"output_tokens":500}""", "2030-01-10T10:00:30Z");
        }

        await SayAsync(world, "conversation.resolved", "c1", "10:01:00");
        await SayAsync(world, "agent.answered", "c2", "10:01:00");
        await SayAsync(world, "conversation.escalated", "c3", "10:02:00");
        await SayAsync(world, "conversation.resolved", "c4", "10:01:00");
        await SayAsync(world, "conversation.reopened", "c4", "10:05:00");
        await SayAsync(world, "conversation.resolved", "c5", "10:01:00");
        await world.ToAsync("2030-02-10T10:10:00Z");
        await world.TakeAsync("conversation.reopened", """{"case":"c5"}""", "2030-02-10T10:05:00Z");
        await world.ToAsync("2030-03-02T01:00:00Z");

        var invoices = await world.AllInvoicesAsync();
        invoices.Select(invoice => invoice.Total).ShouldBe([29.00m, 31.97m, 28.01m]);
        invoices[1].Lines().ShouldContain("usage Fin resolutions | 3 × 0.99 = 2.97");
        invoices[2].Lines.Where(line => line.Item.StartsWith("fin-resolutions", StringComparison.Ordinal)).Sum(line => line.Amount).ShouldBe(-0.99m);
        (await world.BalanceAsync("receivable", "USD"), await world.UnbilledAsync()).ShouldBe((88.98m, 0m));
        (await world.RevenueAsync(), await world.CostAsync("llm")).ShouldBe((1.98m, 0.006m));
        await world.Portal.Source.ShouldBalanceAsync();
    }

    private static Task<decimal> SayAsync(MeterWorld world, string type, string name, string time) =>
        world.TakeAsync(type, $$"""{"case":"{{name}}"}""", $"2030-01-10T{time}Z");
}
