using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Metering.Corrections;
using Portal.Testing;

namespace Portal.Database.Tests.Payments;

/// <summary>How much of a pack counts as used when it is disputed, after credits have come back to it or to others.</summary>
public sealed class DisputedUsageTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task What_settled_a_chargeback_came_back_and_expired_was_not_used()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        var starter = await world.BuyAsync();
        await world.UseAsync(400);
        await DisputeAsync(world, starter.ProviderPayment); // 600 unused, 400 owed
        var growth = await world.BuyAsync("growth"); // 5,250 for a year; 400 of them settle it
        await world.AdvanceAsync(TimeSpan.FromDays(366)); // 4,850 expire
        (await world.Sandbox.DecideDisputeAsync(starter.ProviderPayment, won: true)).Succeeded.ShouldBeTrue();
        await world.DeliverAsync(); // 400 come back to the second pack and expire, 600 to the first
        (await world.BalanceAsync("expired", "CREDIT")).ShouldBe(5250m);

        await DisputeAsync(world, growth.ProviderPayment);

        (await world.BalanceAsync("debt:shared", "CREDIT")).ShouldBe(0m);
        (await world.BalanceAsync("pool:shared", "CREDIT")).ShouldBe(600m);
        (await world.BalanceAsync("chargebacks")).ShouldBe(45m);
    }

    [Fact]
    public async Task What_a_void_gave_back_to_a_living_pack_is_not_taken_for_expired_because_another_was()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await world.BuyAsync("growth"); // 5,250 for a year, drawn first
        var starter = await world.BuyAsync(); // 1,000 for ever
        await world.UseAsync(5350); // 5,250 and 100
        var voided = (string)(await world.Database.ScalarAsync("select event_id from events"))!;
        await world.UseAsync(50);
        await world.AdvanceAsync(TimeSpan.FromDays(366));
        var corrections = world.Services.GetRequiredService<UsageCorrections>();
        (await world.Wallets().RunAsync(world.Acme, wallet => corrections.VoidAsync(wallet, "test", voided, "wrong", happened: true))).Succeeded.ShouldBeTrue();
        (await world.BalanceAsync("expired", "CREDIT")).ShouldBe(5250m);
        (await world.BalanceAsync("pool:shared", "CREDIT")).ShouldBe(950m);

        await DisputeAsync(world, starter.ProviderPayment);

        // 950 were unused, 50 used.
        (await world.BalanceAsync("debt:shared", "CREDIT")).ShouldBe(-50m);
        (await world.BalanceAsync("clawed_back", "CREDIT")).ShouldBe(1000m);
    }

    private static async Task DisputeAsync(PaymentsWorld world, string payment)
    {
        (await world.Sandbox.DisputeAsync(payment)).Succeeded.ShouldBeTrue();
        await world.DeliverAsync();
        await world.BooksShouldBalanceAsync();
    }
}
