using System.Globalization;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Payments;
using Portal.Domain.Payments.GivenBack;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Payments;

/// <summary>What tests of refunds and disputes do in a world of payments.</summary>
internal static class GivingBack
{
    public static Wallets Wallets(this PaymentsWorld world) => world.Services.GetRequiredService<Wallets>();

    public static Money? Dollars(this PaymentsWorld world, decimal? amount) =>
        world is not null && amount is { } given ? new Money(given, Currency.Of("USD")) : null;

    public static RefundSender Sender(this PaymentsWorld world) => world.Services.GetRequiredService<RefundSender>();

    /// <summary>Buys a pack and pays it, with that tax on top of its price; the payment.</summary>
    public static async Task<Payment> BuyAsync(this PaymentsWorld world, string pack = "starter", decimal tax = 0m, long? tenant = null, string? pool = null)
    {
        var (checkout, session) = await world.StartAsync(pack, tenant, pool);
        var minor = MinorUnits.Of(new Money(tax, Currency.Of(checkout.Currency)));
        await world.ExecuteAsync("update checkouts set tax = $2 where id = $1", checkout.Id, tax);
        await world.ExecuteAsync("update sandbox_sessions set amount = amount + $2 where id = $1", session, minor);
        (await world.Sandbox.PayAsync(session, PaymentsWorld.Accepted)).Value.IsDone.ShouldBeTrue();
        await world.DeliverAsync();
        var paid = await world.ReadAsync(checkout);
        return await world.PaymentAsync(checkout.TenantId, paid.PaymentId!.Value);
    }

    public static async Task<Payment> PaymentAsync(this PaymentsWorld world, long tenant, Guid id) =>
        (await new TenantReads(world.Database.DataSource).RunAsync(tenant, read => PaymentQuery.FindAsync(read, id)))!;

    public static Task<Result<Refund>> AskAsync(
        this PaymentsWorld world, Payment payment, decimal? credits = null, decimal? amount = null) =>
        world.AskAsync(payment.TenantId, new RefundOrder(payment.PublicId, null, credits, amount, "Asked"));

    public static Task<Result<Refund>> AskAsync(this PaymentsWorld world, long tenant, RefundOrder order) =>
        world.Wallets().RunAsync(tenant, wallet => Refunds.AskAsync(wallet, order));

    public static async Task<IReadOnlyList<Refund>> RefundsAsync(this PaymentsWorld world, long tenant) =>
        await new TenantReads(world.Database.DataSource).RunAsync(tenant, read => Refunds.ListAsync(read, null, 100));

    /// <summary>Uses whole credits of acme's, as events of usage.</summary>
    public static async Task UseAsync(this PaymentsWorld world, int credits, string? pool = null, string tenant = "acme")
    {
        var intake = world.Services.GetRequiredService<UsageIntake>();
        if ((long)(await world.Database.ScalarAsync("select count(*) from meters"))! == 0)
        {
            await world.ExecuteAsync(TestPortal.Catalogue);
            await intake.StartAsync(CancellationToken.None);
        }

        var body = $"[{TestPortal.Usage(tenant, Guid.NewGuid().ToString("N"), credits * 1000L, pool: pool)}]";
        var taken = (await intake.TakeAsync(Encoding.UTF8.GetBytes(body), onlyTenant: null, CancellationToken.None)).Value;
        taken.Count.ShouldBe(1);
    }

    /// <summary>Leaves a card of the sandbox, which is the default from then on: <c>accepted</c> or <c>declined</c>.</summary>
    public static Task SaveCardAsync(this PaymentsWorld world, string card, long? tenant = null) => world.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"""
        update payment_methods set is_default = false where tenant_id = {tenant ?? world.Acme};
        insert into sandbox_methods (id, reference, card, last4) values ('pm_{card}', 'ref_{card}', '{card}', '4242') on conflict do nothing;
        insert into payment_methods (tenant_id, id, provider, state, token, label, is_default, created_at, saved_at)
        values ({tenant ?? world.Acme}, gen_random_uuid(), 'sandbox', 'saved', 'pm_{card}', '{card}', true, now(), now())
        """));

    public static async Task OpenPoolAsync(this PaymentsWorld world, string key, string overflow = "deny") =>
        (await world.Wallets().RunAsync(world.Acme, wallet => PoolSettings.OpenAsync(wallet, key, key, "team", overflow, CancellationToken.None))).Succeeded.ShouldBeTrue();

    public static async Task<Transfer> TransferAsync(this PaymentsWorld world, string from, string to, decimal credits) =>
        (await world.Wallets().RunAsync(world.Acme, wallet => Transfers.MoveAsync(wallet, wallet.Directory.Pools[from], wallet.Directory.Pools[to], credits))).Value;

    public static async Task<Grant> GrantAsync(this PaymentsWorld world, decimal credits, decimal value = 0m, string? pool = null) =>
        (await world.Wallets().RunAsync(world.Acme, wallet => Grants.CreateAsync(
            wallet, new GrantOrder(credits, pool, value > 0m ? GrantSource.Purchase : GrantSource.Promotion, value, null, null)))).Value;

    /// <summary>A hold on acme's shared pool, straight into its rows.</summary>
    public static Task HoldAsync(this PaymentsWorld world, decimal credits) => world.ExecuteAsync(
        """
        with h as (insert into holds (tenant_id, id, pool_id, amount, created_at, expires_at) values ($1, gen_random_uuid(), 1, $2, now(), now() + interval '1 hour'))
        update pools set held = held + $2 where tenant_id = $1 and pool_id = 1
        """, world.Acme, credits);

    public static Task AdvanceAsync(this PaymentsWorld world, TimeSpan by) =>
        world.ExecuteAsync("update platform set clock_offset = clock_offset + $1", by);

    public static async Task<decimal> BalanceAsync(this PaymentsWorld world, string account, string unit = "USD", long? tenant = null) =>
        (decimal?)await world.Database.ScalarAsync(string.Create(CultureInfo.InvariantCulture,
            $"select balance from ledger_accounts where tenant_id = {tenant ?? world.Acme} and account = '{account}' and unit = '{unit}'")) ?? 0m;

    /// <summary>Balances of a tenant's accounts that are not zero, <c>account amount</c>, credits before money; costs left out.</summary>
    public static async Task<string> BalancesAsync(this PaymentsWorld world, long tenant) => (string)(await world.Database.ScalarAsync(string.Create(
        CultureInfo.InvariantCulture, $"""
        select coalesce(string_agg(account || ' ' || trim_scale(balance), E'\n' order by unit <> 'CREDIT', account), '') from ledger_accounts
        where tenant_id = {tenant} and balance <> 0 and account not like 'cogs:%' and account not like 'accrued_cost:%'
        """)))!;
}
