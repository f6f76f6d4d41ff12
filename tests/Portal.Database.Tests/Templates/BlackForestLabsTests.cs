using Portal.Database.Tests.Counters;
using Portal.Testing;

namespace Portal.Database.Tests.Templates;

/// <summary>Images in prepaid credits, by width × height ÷ 1,000,000 of each request.</summary>
public sealed class BlackForestLabsTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    // 1,000 credits for $10.00. Credits a megapixel: pro 3, flex 5, max 7.
    //   pro   1024 × 1024   1.048576 × 3 =  3.145728
    //   pro    512 ×  512   0.262144 × 3 =  0.786432
    //   pro      1 ×    1   0.000001 × 3 =  0.000003
    //   flex  1920 × 1080   2.0736   × 5 = 10.368
    //   max   4000 × 2500  10        × 7 = 70
    //   drawn 84.300163, worth 0.84300163; left 915.699837. Cost, 40 % of the price: 0.337200652.
    [Fact]
    public async Task The_quantity_is_computed_from_width_and_height_of_each_request()
    {
        await using var world = await TemplateWorlds.StartAsync(postgres, "black-forest-labs", "flux");
        await world.ToAsync("2030-01-10T00:00:00Z");
        await world.BuyAsync("flux-10");
        (await DrawAsync(world, "flux-2-pro", 1024, 1024)).ShouldBe(3.145728m);
        (await DrawAsync(world, "flux-2-pro", 512, 512)).ShouldBe(0.786432m);
        (await DrawAsync(world, "flux-2-pro", 1, 1)).ShouldBe(0.000003m);
        await world.ToAsync("2030-02-10T00:00:00Z");
        (await DrawAsync(world, "flux-2-flex", 1920, 1080)).ShouldBe(10.368m);
        await world.ToAsync("2030-04-10T00:00:00Z");
        (await DrawAsync(world, "flux-2-max", 4000, 2500)).ShouldBe(70m);

        await world.ToAsync("2031-04-10T00:00:00Z"); // these credits do not expire
        (await world.BalanceAsync("pool:shared"), await world.ConsumedAsync("flux")).ShouldBe((915.699837m, 84.300163m));
        (await world.RevenueAsync(), await world.BalanceAsync("deferred:credits", "USD")).ShouldBe((0.84300163m, -9.15699837m));
        (await world.CostAsync()).ShouldBe(0.337200652m);
        (await world.AllInvoicesAsync()).ShouldBeEmpty();
        await world.Portal.Source.ShouldBalanceAsync();
    }

    private static Task<decimal> DrawAsync(MeterWorld world, string model, int width, int height) =>
        world.TakeAsync("flux.image", FormattableString.Invariant($$"""{"model":"{{model}}","width":{{width}},"height":{{height}}}"""));
}
