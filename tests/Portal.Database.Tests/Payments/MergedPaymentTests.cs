using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Payments;

public sealed class MergedPaymentTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    [Fact]
    public async Task A_dispute_after_a_merge_is_owed_by_the_tenant_that_paid()
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await world.AddTenantAsync("group", "USD");
        var payment = await world.BuyAsync(); // 1,000 credits for $10
        await world.UseAsync(600);
        var wallets = world.Services.GetRequiredService<Wallets>();
        (await wallets.RunAsync(world.Acme, wallet => TenantMerge.LeaveAsync(wallet, "group", reason: null))).Value.Credits.ShouldBe(400m);
        (await world.Services.GetRequiredService<TenantMoves>().FinishAsync()).ShouldBe(1);

        (await world.Sandbox.DisputeAsync(payment.ProviderPayment, world.Dollars(null))).Succeeded.ShouldBeTrue();
        await world.DeliverAsync();

        // 600 used here and 400 gone elsewhere: for this tenant all 1,000 are used, and owed; the $10 are a chargeback.
        (await world.BalanceAsync("debt:shared", "CREDIT")).ShouldBe(-1000m);
        (await world.BalanceAsync("chargebacks")).ShouldBe(10m);
        await world.BooksShouldBalanceAsync();
    }
}
