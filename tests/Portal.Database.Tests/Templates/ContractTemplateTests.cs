using System.Text.Json;
using Portal.Database.Tests.Counters;
using Portal.Domain.Kernel;
using Portal.Domain.Subscriptions;
using Portal.Domain.Subscriptions.Contracts;
using Portal.Testing;

namespace Portal.Database.Tests.Templates;

/// <summary>Price lists that are agreed by contract: a commit, a volume discount, a true-up each quarter.</summary>
public sealed class ContractTemplateTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const string Annual = """
        {"term_months":12,"commit":{"amount":"23750.00","per":"quarter"},"discounts":[{"up_to":"3.00","percent":"0"},{"up_to":null,"percent":"10"}]%}
        """;

    // $95,000 a year: $23,750 a quarter; 10 % off what is beyond 3.00 in the term. Five conversations in January end, four of them resolved, one
    // escalated; two in March end and are resolved.
    //   per resolution                                        per conversation
    //   1 February   4 × 1.00 − 0.10            =      3.90   5 × 0.50 = 2.50
    //   1 April      2 × 1.00 − 0.20 + true-up  = 23,746.10   2 × 0.50 − 0.05 (of 3.50) + true-up = 23,747.50
    // Both: 23,750.00 over the quarter. Work of seven: 7 × (1,000 × 0.40 + 500 × 1.60 per million) = 0.0084.
    [Theory]
    [InlineData("", new[] { 3.90, 23746.10 }, "usage Decagon conversations | 4 × 1 = 4.00", -0.30, 23744.30)]
    [InlineData(",\"rate_card\":\"decagon-conversations\",\"outcomes\":{\"decagon\":\"decagon-conversation\"}", new[] { 2.50, 23747.50 },
        "usage Decagon conversations | 5 × 0.5 = 2.50", -0.05, 23746.55)]
    public async Task Decagon_bills_per_resolution_or_per_conversation_and_trues_up_each_quarter(
        string mode, double[] totals, string line, double discount, double trueUp)
    {
        await using var world = await StartAsync("decagon", new SubscriptionOrder("decagon"), Annual.Replace("%", mode, StringComparison.Ordinal));
        await world.ToAsync("2030-01-10T10:10:00Z");
        foreach (var name in new[] { "c1", "c2", "c3", "c4", "c5" }) await TalkAsync(world, name, "2030-01-10T10:0", name == "c2" ? "escalated" : "resolved");
        await world.ToAsync("2030-03-10T10:10:00Z");
        foreach (var name in new[] { "d1", "d2" }) await TalkAsync(world, name, "2030-03-10T10:0", "resolved");
        await world.ToAsync("2030-04-03T00:00:00Z");

        var invoices = await world.AllInvoicesAsync();
        invoices.Select(invoice => invoice.Total).ShouldBe(totals.Select(total => (decimal)total));
        invoices[0].Lines().ShouldContain(line);
        invoices.SelectMany(invoice => invoice.Lines).Where(one => one.Kind == "discount").Sum(one => one.Amount).ShouldBe((decimal)discount);
        invoices[1].Lines.Single(one => one.Kind == "true_up").Amount.ShouldBe((decimal)trueUp);
        (await world.BalanceAsync("receivable", "USD"), await world.UnbilledAsync(), await world.CostAsync("llm")).ShouldBe((23_750m, 0m, 0.0084m));
        await world.Portal.Source.ShouldBalanceAsync();
    }

    // 2,500 + 10 seats × 30 = 2,800 a month in advance; 100,000 credits included, which expire with the month.
    //   January    120,000 credits (60 M input, 20 M output tokens): 20,000 × 0.02 = 400 beyond
    //   February    50,000        March 100,000
    // Off the term's charges beyond 5,000: 10 %.
    //   1 January   2,800
    //   1 February  2,800 + 400                                    = 3,200   (3,200 so far: nothing off)
    //   1 March     2,800 − 100                                    = 2,700   (6,000: 100 off)
    //   1 April     2,800 − 280 + true-up 15,000 − 8,420 = 6,580   = 9,100   (8,800: 380 off, 8,420 spent)
    // Without April's advance 15,000 for the quarter.
    [Fact]
    public async Task An_enterprise_contract_bills_fee_seats_overage_discount_and_true_up_on_one_ledger()
    {
        var order = new SubscriptionOrder("enterprise", Exhaustion: "overage") { Quantities = new Dictionary<string, decimal> { ["seats"] = 10m } };
        await using var world = await StartAsync("enterprise", order,
            """{"term_months":12,"commit":{"amount":"15000","per":"quarter"},"discounts":[{"up_to":"5000","percent":"0"},{"up_to":null,"percent":"10"}],"net_days":30,"po_number":"PO-2030"}""");
        await UseAsync(world, "2030-01-10T00:00:00Z", 60_000_000, 20_000_000);
        await UseAsync(world, "2030-02-10T00:00:00Z", 50_000_000, 0);
        await UseAsync(world, "2030-03-10T00:00:00Z", 100_000_000, 0);
        await world.ToAsync("2030-04-03T00:00:00Z");

        var invoices = await world.AllInvoicesAsync();
        invoices.Select(invoice => invoice.Total).ShouldBe([2_800m, 3_200m, 2_700m, 9_100m]);
        invoices[3].Lines().ShouldBe([
            "flat Enterprise | 1 × 1500 = 1500.00", "seat Enterprise: seats | 10 × 30 = 300.00", "included_credits Enterprise: included credits | 100000 × 0.01 = 1000.00",
            "discount Contract discount | 1 × -280 = -280.00", "true_up Rest to the committed spend | 1 × 6580 = 6580.00"]);
        invoices.ShouldAllBe(invoice => invoice.PoNumber == "PO-2030" && invoice.DueAt == invoice.IssuedAt!.Value.AddDays(30));
        // 250,000 included credits used at 0.01, 50,000 of February's expired; 210 M input and 20 M output tokens cost 420 + 160.
        (await world.RevenueAsync(), await world.RevenueAsync("overage"), await world.RevenueAsync("breakage"), await world.CostAsync("llm")).ShouldBe((2_500m, 400m, 500m, 580m));
        await world.Portal.Source.ShouldBalanceAsync();
    }

    private async Task<MeterWorld> StartAsync(string template, SubscriptionOrder order, string contract) => await TemplateWorlds.StartAsync(
        postgres, template,
        order: order with { StartsAt = MeterWorld.At("2030-01-01T00:00:00Z"), Contract = JsonSerializer.Deserialize<ContractDefinition>(contract, PortalJson.Options) });

    private static async Task UseAsync(MeterWorld world, string at, long input, long output)
    {
        await world.ToAsync(at);
        await world.TakeAsync("enterprise.completion", FormattableString.Invariant($$"""{"input_tokens":{{input}},"output_tokens":{{output}}}"""));
    }

    private static async Task TalkAsync(MeterWorld world, string name, string minutes, string end)
    {
        await world.TakeAsync("conversation.started", $$"""{"case":"{{name}}"}""", minutes + "0:00Z");
        await world.TakeAsync("decagon.completion", $$"""{"case":"{{name}}","input_tokens":1000,"output_tokens":500}""", minutes + "0:30Z");
        await world.TakeAsync($"conversation.{end}", $$"""{"case":"{{name}}"}""", minutes + "1:00Z");
        await world.TakeAsync("conversation.ended", $$"""{"case":"{{name}}"}""", minutes + "2:00Z");
    }
}
