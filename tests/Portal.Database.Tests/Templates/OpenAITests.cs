using Portal.Database.Tests.Counters;
using Portal.Testing;

namespace Portal.Database.Tests.Templates;

/// <summary>Tokens in money, several models and token types on one invoice, batches at half price.</summary>
public sealed class OpenAITests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    // January, US dollars per million tokens:
    //   gpt-4o-mini standard  input    10,000,000 ×  0.15   =  1.50
    //                         output    1,000,000 ×  0.60   =  0.60
    //   gpt-5-mini  standard  input             7 ×  0.25   =  0.00000175   →  0.00
    //   gpt-5.2     batch     cached      400,000 ×  0.0875 =  0.035        →  0.04
    //                         input     3,000,000 ×  0.875  =  2.625        →  2.63
    //                         output    1,000,000 ×  7.00   =  7.00
    //   gpt-5.2     standard  cached    2,000,000 ×  0.175  =  0.35
    //                         input     1,234,567 ×  1.75   =  2.16049225   →  2.16
    //                         output      345,678 × 14.00   =  4.839492     →  4.84
    //   sum                                                   19.109986     → 19.12, lines rounded up by 0.010014
    // February: gpt-4.1 input 1,000,000 × 2.00 = 2.00.
    // Cost, 40 % of the list price in either tier: January 4,234,567 × 0.70 + 2,400,000 × 0.07 + 1,345,678 × 5.60 + 10,000,000 × 0.06 + 1,000,000 × 0.24
    // + 7 × 0.10 = 2.9641969 + 0.168 + 7.5357968 + 0.60 + 0.24 + 0.0000007 = 11.5079944; February 0.80.
    [Fact]
    public async Task Each_model_token_type_and_tier_is_a_line_of_its_own_and_batches_cost_half()
    {
        await using var world = await TemplateWorlds.StartAsync(postgres, "openai", "openai");
        await world.ToAsync("2030-01-10T00:00:00Z");
        await UseAsync(world, "gpt-5.2", 1_000_000, 500_000, 300_000);
        await UseAsync(world, "gpt-5.2", 3_000_000, 400_000, 1_000_000, "batch");
        await UseAsync(world, "gpt-4o-mini", 10_000_000, 0, 1_000_000, "standard");
        await UseAsync(world, "gpt-5-mini", 7, 0, 0);
        await world.ToAsync("2030-02-01T00:05:00Z");
        await UseAsync(world, "gpt-5.2", 234_567, 1_500_000, 45_678, at: "2030-01-31T23:59:59.999Z"); // the last of January
        await UseAsync(world, "gpt-4.1", 1_000_000, 0, 0, at: "2030-02-01T00:00:00Z"); // the first of February
        (await world.UnbilledAsync()).ShouldBe(21.109986m);

        await world.ToAsync("2030-03-02T01:00:00Z");
        var invoices = await world.AllInvoicesAsync();
        invoices.Select(invoice => invoice.Total).ShouldBe([19.12m, 2.00m]);
        invoices[0].Lines().ShouldBe([
            "usage OpenAI API: gpt-4o-mini, standard, input | 10000000 × 0.00000015 = 1.50",
            "usage OpenAI API: gpt-4o-mini, standard, output | 1000000 × 0.0000006 = 0.60",
            "usage OpenAI API: gpt-5-mini, standard, input | 7 × 0.00000025 = 0.00",
            "usage OpenAI API: gpt-5.2, batch, cached input | 400000 × 0.0000000875 = 0.04",
            "usage OpenAI API: gpt-5.2, batch, input | 3000000 × 0.000000875 = 2.63",
            "usage OpenAI API: gpt-5.2, batch, output | 1000000 × 0.000007 = 7.00",
            "usage OpenAI API: gpt-5.2, standard, cached input | 2000000 × 0.000000175 = 0.35",
            "usage OpenAI API: gpt-5.2, standard, input | 1234567 × 0.00000175 = 2.16",
            "usage OpenAI API: gpt-5.2, standard, output | 345678 × 0.000014 = 4.84",
        ]);
        invoices[1].Lines().ShouldBe(["usage OpenAI API: gpt-4.1, standard, input | 1000000 × 0.000002 = 2.00"]);
        (await world.UnbilledAsync(), await world.BalanceAsync("receivable", "USD"), await world.BalanceAsync("rounding", "USD")).ShouldBe((0m, 21.12m, -0.010014m));
        (await world.RevenueAsync(), await world.CostAsync()).ShouldBe((21.109986m, 12.3079944m));
        await world.Portal.Source.ShouldBalanceAsync();
    }

    [Fact]
    public async Task A_model_or_tier_without_a_price_stays_unrated()
    {
        await using var world = await TemplateWorlds.StartAsync(postgres, "openai", "openai");
        await world.ToAsync("2030-01-10T00:00:00Z");
        foreach (var data in new[] { """{"model":"gpt-9","input_tokens":1}""", """{"model":"gpt-5.2","tier":"priority","input_tokens":1}""" })
            (await world.SendAsync("openai.completion", data)).Status.ShouldBe(Domain.Metering.Intake.EventStatus.Unrated);
        (await world.UnbilledAsync()).ShouldBe(0m);
    }

    private static Task<decimal> UseAsync(MeterWorld world, string model, long input, long cached, long output, string? tier = null, string? at = null) => world.TakeAsync(
        "openai.completion",
        FormattableString.Invariant($$"""{"model":"{{model}}","input_tokens":{{input}},"cached_input_tokens":{{cached}},"output_tokens":{{output}}{{(tier is null ? "" : $",\"tier\":\"{tier}\"")}}}"""), at);
}
