using CsCheck;
using Portal.Database.Tests.Payments;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Payments.GivenBack;
using Portal.Testing;

namespace Portal.Database.Tests.Properties;

/// <summary>Whatever the order of usage, refunds, disputes and their ends, told twice and late: the books balance and a finished pack leaves nothing.</summary>
public sealed class GivingBackProperties(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const int Sequences = 12, Length = 25;

    private static readonly Gen<(int What, int Share)> Step = Gen.Select(Gen.Int[0, 10], Gen.Int[1, 100]);

    [Fact]
    public async Task Any_order_of_giving_back_balances_and_a_finished_pack_leaves_no_deferred_value()
    {
        var random = Environment.GetEnvironmentVariable("Portal__PropertySeed") is { } seed ? PCG.Parse(seed) : new PCG((uint)Environment.ProcessId, (ulong)Environment.TickCount64);
        for (var sequence = 0; sequence < Sequences; sequence++)
        {
            var start = random.ToString();
            var steps = Enumerable.Range(0, Length).Select(number => Step.Generate(random, null, out _)).ToArray();
            try
            {
                await RunAsync(steps);
            }
            catch (Exception exception) when (exception is ShouldAssertException or InvalidOperationException)
            {
                throw new InvalidOperationException($"Portal__PropertySeed={start} {string.Join(' ', steps)}", exception);
            }
        }
    }

    private async Task RunAsync(IReadOnlyList<(int What, int Share)> steps)
    {
        await using var world = await PaymentsWorld.CreateAsync(postgres);
        await world.AddPackAsync("odd", """{"name":"Odd","credits":"777","bonus_credits":"77","price":"33.33","currency":"USD"}""");
        await world.OpenPoolAsync("team");
        var payments = new[] { await world.BuyAsync("odd", tax: 6.33m), await world.BuyAsync("starter") };
        foreach (var (what, share) in steps)
        {
            await StepAsync(world, payments[share % 2], what, share);
            await world.BooksShouldBalanceAsync();
        }

        await FinishAsync(world, payments);
    }

    private static async Task StepAsync(PaymentsWorld world, Payment payment, int what, int share)
    {
        var now = await world.PaymentAsync(payment.TenantId, payment.Id);
        var part = Math.Round(now.Left * share / 100m, 2);
        switch (what)
        {
            case 0 or 1: await world.UseAsync(share * 3, pool: share % 3 == 0 ? "team" : null); break;
            case 2: await world.AskAsync(payment, credits: Math.Round(share * 7m / 3m, 9)); break;
            case 3 when part > 0m: await world.AskAsync(payment, amount: part); break;
            case 4: await world.AskAsync(payment); break;
            case 5: await world.Sender().SendDueAsync(); break;
            case 6 when part > 0m: await world.Sandbox.RefundOnOwnPagesAsync(payment.ProviderPayment, world.Dollars(part)); break;
            case 7 when part > 0m: await world.Sandbox.DisputeAsync(payment.ProviderPayment, world.Dollars(part)); break;
            case 8: await world.Sandbox.DecideDisputeAsync(payment.ProviderPayment, won: true, share % 2 == 0 ? null : world.Dollars(0.01m * share)); break;
            case 9: await world.DeliverAsync(); break;
            case 10:
                await world.Wallets().RunAsync(world.Acme, wallet => Domain.Wallet.Transfers.MoveAsync(
                    wallet, wallet.Directory.Pools[share % 2 == 0 ? "shared" : "team"], wallet.Directory.Pools[share % 2 == 0 ? "team" : "shared"], share));
                break;
            default: break;
        }
    }

    private static async Task FinishAsync(PaymentsWorld world, IReadOnlyList<Payment> payments)
    {
        // Nothing is on its way any more; then all that is left is used.
        for (var i = 0; i < 3; i++)
        {
            await world.ExecuteAsync("update refunds set due_at = now() where state = 'pending'");
            await world.Sender().SendDueAsync();
            await world.DeliverAsync();
        }

        (await world.BalanceAsync("refunds_pending")).ShouldBe(0m);
        foreach (var payment in payments)
        {
            var told = await world.PaymentAsync(payment.TenantId, payment.Id);
            told.Left.ShouldBe((decimal)(long)(await world.Database.ScalarAsync($"select captured - refunded - disputed + reinstated from sandbox_payments where id = '{payment.ProviderPayment}'"))! / 100m);
            told.Left.ShouldBeGreaterThanOrEqualTo(0m);
        }

        await world.UseAsync(2000);
        await world.UseAsync(2000, pool: "team");
        (await world.BalanceAsync("pool:shared", "CREDIT")).ShouldBe(0m);
        (await world.BalanceAsync("pool:team", "CREDIT")).ShouldBe(0m);
        (await world.BalanceAsync("deferred:credits")).ShouldBe(0m);
        (await world.BalanceAsync("tax_payable")).ShouldBeLessThanOrEqualTo(0m);
        await world.BooksShouldBalanceAsync();
    }
}
