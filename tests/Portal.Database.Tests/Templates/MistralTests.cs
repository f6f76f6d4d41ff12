using Portal.Database.Tests.Counters;
using Portal.Domain.Metering.Intake;
using Portal.Testing;

namespace Portal.Database.Tests.Templates;

/// <summary>Tokens in prepaid credits, 2 to 200 credits a million: a hundredfold spread, and prices too small for cents.</summary>
public sealed class MistralTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    // 1,000 credits for $10.00. Credits per million tokens:
    //   nemo    input   1,000 events of one token ×   2 =   0.002
    //   small   input               3             ×  10 =   0.00003
    //   large   input       1,234,567             ×  50 =  61.72835
    //   large   output         89,012             × 150 =  13.3518
    //   medium  input         250,000             ×  40 =  10
    //   medium  output      1,000,000             × 200 = 200
    //   drawn 285.08218 of 1,000, worth 2.8508218; left 714.91782, worth 7.1491782, which break a year after the purchase.
    // Cost, 40 % of the price in dollars: 0.4 × 2.8508218 = 1.14032872.
    [Fact]
    public async Task Credits_map_per_model_and_no_price_rounds_away()
    {
        await using var world = await TemplateWorlds.StartAsync(postgres, "mistral", "mistral");
        await world.ToAsync("2030-01-10T00:00:00Z");
        (await world.BuyAsync("mistral-10")).Amount.ShouldBe(1000m);
        var at = await world.Clock.NowAsync();
        var tiny = Enumerable.Range(0, 1000).Select(i => MeterWorld.Event("mistral.completion", """{"model":"mistral-nemo","input_tokens":1}""", at, $"tiny{i}"));
        (await world.Portal.SendAsync([.. tiny])).ShouldAllBe(usage => usage.Status == EventStatus.Accepted && usage.Credits == 0.000002m);
        (await UseAsync(world, "mistral-small", 3, 0)).ShouldBe(0.00003m);
        (await UseAsync(world, "mistral-large", 1_234_567, 89_012)).ShouldBe(75.08015m);
        await world.ToAsync("2030-02-10T00:00:00Z");
        (await UseAsync(world, "mistral-medium", 250_000, 1_000_000)).ShouldBe(210m);

        (await world.BalanceAsync("pool:shared")).ShouldBe(714.91782m);
        (await world.ConsumedAsync("mistral")).ShouldBe(285.08218m);
        (await world.RevenueAsync(), await world.BalanceAsync("deferred:credits", "USD")).ShouldBe((2.8508218m, -7.1491782m));
        (await world.CostAsync()).ShouldBe(1.14032872m);
        await world.Portal.Source.ShouldBalanceAsync();

        await world.ToAsync("2031-01-11T00:00:00Z"); // a year and a day after the purchase
        (await world.BalanceAsync("pool:shared"), await world.BalanceAsync("expired")).ShouldBe((0m, 714.91782m));
        (await world.RevenueAsync("breakage"), await world.BalanceAsync("deferred:credits", "USD")).ShouldBe((7.1491782m, 0m));
        (await world.AllInvoicesAsync()).ShouldBeEmpty(); // prepaid: nothing is left to ask for
        await world.Portal.Source.ShouldBalanceAsync();
    }

    private static Task<decimal> UseAsync(MeterWorld world, string model, long input, long output) =>
        world.TakeAsync("mistral.completion", FormattableString.Invariant($$"""{"model":"{{model}}","input_tokens":{{input}},"output_tokens":{{output}}}"""));
}
