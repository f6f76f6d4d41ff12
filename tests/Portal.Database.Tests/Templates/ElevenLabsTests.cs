using Portal.Database.Tests.Counters;
using Portal.Domain.Subscriptions;
using Portal.Testing;

namespace Portal.Database.Tests.Templates;

/// <summary>Included characters that roll over, and minutes of audio beyond them.</summary>
public sealed class ElevenLabsTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    // Creator: $22.00 a month for 100,000 credits (0.00022 each), a character a credit; beyond them $0.15 a minute of 1,000 characters.
    //   month      had        used                     left, and what becomes of it
    //   January    100,000    60,000                   40,000 roll
    //   February   140,000    130,000 + 13,000 + 2,000 of 13 minutes 10 are covered, 3 × 0.15 = 0.45; of 2 none, 2 × 0.15 = 0.30
    //   March      100,000    20,000                   80,000 roll
    //   April      180,000    0                        80,000 roll for the second time, 100,000 for the first
    //   May        280,000    0                        80,000 expire, worth 17.60; 100,000 + 100,000 roll
    //   June       300,000
    //   invoices   22.00, 22.00, 22.00 + 0.75 = 22.75, 22.00, 22.00, 22.00: 132.75
    //   revenue    usage (60,000 + 140,000 + 20,000) × 0.00022 = 48.40, overage 0.75, breakage 17.60
    //   deferred   300,000 × 0.00022 = 66.00; 48.40 + 17.60 + 66.00 = 6 × 22.00
    //   cost       60 + 130 + 13 + 2 + 20 = 225 minutes × 0.02 = 4.50
    [Fact]
    public async Task Characters_are_covered_and_roll_over_and_what_exceeds_them_is_billed_by_the_minute()
    {
        var start = MeterWorld.At("2030-01-01T00:00:00Z");
        await using var world = await TemplateWorlds.StartAsync(
            postgres, "elevenlabs", order: new SubscriptionOrder("elevenlabs-creator", start, Exhaustion: "overage"));
        await world.ToAsync("2030-01-10T00:00:00Z");
        (await world.TakeAsync("elevenlabs.speech", """{"characters":60000}""")).ShouldBe(60_000m);
        await world.ToAsync("2030-02-10T00:00:00Z");
        (await world.BalanceAsync("pool:shared")).ShouldBe(140_000m);
        (await world.TakeAsync("elevenlabs.speech", """{"characters":130000}""")).ShouldBe(130_000m);
        (await world.TakeAsync("elevenlabs.speech", """{"characters":13000}""")).ShouldBe(13_000m);
        (await world.TakeAsync("elevenlabs.speech", """{"characters":2000}""")).ShouldBe(2000m);
        (await world.BalanceAsync("overage:shared"), await world.BalanceAsync("debt:shared"), await world.RevenueAsync("overage")).ShouldBe((-5000m, 0m, 0.75m));
        await world.ToAsync("2030-03-10T00:00:00Z");
        (await world.TakeAsync("elevenlabs.speech", """{"characters":20000}""")).ShouldBe(20_000m);
        await world.ToAsync("2030-05-10T00:00:00Z");
        (await world.BalanceAsync("pool:shared"), await world.BalanceAsync("expired")).ShouldBe((280_000m, 0m));
        await world.ToAsync("2030-06-02T01:00:00Z");

        var invoices = await world.AllInvoicesAsync();
        invoices.Select(invoice => invoice.Total).ShouldBe([22.00m, 22.00m, 22.75m, 22.00m, 22.00m, 22.00m]);
        invoices[2].Lines().ShouldBe([
            "included_credits Creator: included credits | 100000 × 0.00022 = 22.00", "overage ElevenLabs speech beyond the included credits | 5 × 0.15 = 0.75"]);
        invoices[3].Lines().ShouldBe(["included_credits Creator: included credits | 100000 × 0.00022 = 22.00"]);
        (await world.BalanceAsync("pool:shared"), await world.BalanceAsync("expired"), await world.BalanceAsync("overage:shared")).ShouldBe((300_000m, 80_000m, 0m));
        (await world.RevenueAsync(), await world.RevenueAsync("overage"), await world.RevenueAsync("breakage")).ShouldBe((48.40m, 0.75m, 17.60m));
        (await world.BalanceAsync("deferred:credits", "USD"), await world.CostAsync()).ShouldBe((-66.00m, 4.50m));
        (await world.BalanceAsync("receivable", "USD"), await world.UnbilledAsync()).ShouldBe((132.75m, 0m));
        await world.Portal.Source.ShouldBalanceAsync();
    }

    // Business: $1,320.00 for 11,000,000 credits; 11,000,500 characters are 11,000.5 minutes, of which half a minute is beyond: 0.5 × 0.06 = 0.03.
    [Fact]
    public async Task The_dearest_tier_pays_least_for_a_minute()
    {
        var start = MeterWorld.At("2030-01-01T00:00:00Z");
        await using var world = await TemplateWorlds.StartAsync(
            postgres, "elevenlabs", order: new SubscriptionOrder("elevenlabs-business", start, Exhaustion: "overage"));
        (await world.TakeAsync("elevenlabs.speech", """{"characters":11000500}""")).ShouldBe(11_000_500m);
        (await world.BalanceAsync("overage:shared"), await world.RevenueAsync("overage"), await world.RevenueAsync()).ShouldBe((-500m, 0.03m, 1320.00m));
    }
}
