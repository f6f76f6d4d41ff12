using System.Globalization;
using Portal.Testing;

namespace Portal.Database.Tests.Templates;

/// <summary>Packs and team pools: a team draws from its own pool, then from the shared one; beyond both it owes.</summary>
public sealed class CreditWalletTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    // 1,000 credits for $10.00 into team-a, 10,000 for $90.00 into the shared pool.
    //   January    smart, 100,000 in × 10 + 10,000 out × 20 per thousand = 1,200 credits: 1,000 of team-a worth 10.00, 200 shared worth 1.80
    //   February   fast, 10,000,000 in × 1 per thousand = 10,000 credits: 9,800 shared worth 88.20, 200 owed
    //   March      1,000 more for $10.00: 200 settle the debt, worth 2.00; left 800 worth 8.00, which break a year later
    //   cost       100,000 × 1.25 + 10,000 × 10.00 + 10,000,000 × 0.15 per million = 0.125 + 0.10 + 1.50 = 1.725
    [Fact]
    public async Task A_team_draws_its_own_pack_then_the_shared_one_and_the_next_pack_settles_what_is_owed()
    {
        await using var world = await TemplateWorlds.StartAsync(postgres, "credit-wallet", "wallet");
        await world.Portal.ExecuteAsync(string.Create(CultureInfo.InvariantCulture,
            $"insert into pools (tenant_id, pool_id, key, name, kind, overflow) values ({world.Tenant}, 2, 'team-a', 'Team A', 'team', 'shared')"));
        await world.ToAsync("2030-01-10T00:00:00Z");
        await world.BuyAsync("wallet-starter", "team-a");
        await world.BuyAsync("wallet-team");
        (await world.TakeAsync("wallet.completion", """{"model":"smart","input_tokens":100000,"output_tokens":10000,"consumer":"ana","pool":"team-a"}""")).ShouldBe(1200m);
        (await world.BalanceAsync("pool:team-a"), await world.BalanceAsync("pool:shared")).ShouldBe((0m, 9800m));
        (await world.RevenueAsync()).ShouldBe(11.80m);

        await world.ToAsync("2030-02-10T00:00:00Z");
        (await world.TakeAsync("wallet.completion", """{"model":"fast","input_tokens":10000000,"consumer":"bob"}""")).ShouldBe(10_000m);
        (await world.BalanceAsync("pool:shared"), await world.BalanceAsync("debt:shared"), await world.RevenueAsync()).ShouldBe((0m, -200m, 100.00m));
        await world.ToAsync("2030-03-10T00:00:00Z");
        await world.BuyAsync("wallet-starter");
        (await world.BalanceAsync("pool:shared"), await world.BalanceAsync("debt:shared"), await world.RevenueAsync()).ShouldBe((800m, 0m, 102.00m));

        await world.ToAsync("2031-03-11T00:00:00Z");
        (await world.BalanceAsync("expired"), await world.RevenueAsync("breakage"), await world.BalanceAsync("deferred:credits", "USD")).ShouldBe((800m, 8.00m, 0m));
        (await world.CostAsync("llm")).ShouldBe(1.725m);
        (await world.AllInvoicesAsync()).ShouldBeEmpty();
        await world.Portal.Source.ShouldBalanceAsync();
    }
}
