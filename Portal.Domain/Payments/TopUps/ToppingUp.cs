using Microsoft.Extensions.Logging;
using Npgsql;
using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Payments.Charges;
using Portal.Domain.Wallet;

namespace Portal.Domain.Payments.TopUps;

/// <summary>
/// Buys packs for pools that fell below their threshold (domain.md §9). What is bought is a checkout that the saved payment method pays: a row
/// before it is a call, decided under the wallet's lock, so that two nodes at once buy once.
/// </summary>
public sealed class ToppingUp(NpgsqlDataSource source, Wallets wallets, OffSession charges, ILogger<ToppingUp> log) : IPlatformWork
{
    private const int AtOnce = 200;

    // Spendable credits less debt, and what is being bought.
    private const string Have = """
        coalesce((select sum(g.remaining) from grants g where g.tenant_id = a.tenant_id and g.pool_id = a.pool_id and g.open and g.effective_at <= p.at
          and (g.expires_at is null or g.expires_at > p.at)), 0)
        - coalesce((select sum(d.to_credits - d.from_credits) from debts d where d.tenant_id = a.tenant_id and d.pool_id = a.pool_id and d.to_credits > d.from_credits), 0)
        + coalesce((select sum(c.credits + c.bonus_credits) from checkouts c where c.tenant_id = a.tenant_id and c.pool_id = a.pool_id and c.automatic and c.state = 'open'), 0)
        """;

    private const string Low = $"""
        select a.tenant_id, a.pool_id from auto_top_ups a cross join (select clock_timestamp() + clock_offset as at from platform) p
        where a.off_at is null and (a.waits_until is null or a.waits_until <= p.at) and (a.tenant_id, a.pool_id) > ($1, $2) and a.threshold > {Have}
        order by a.tenant_id, a.pool_id limit $3
        """;

    // Decided by a process that died before it charged.
    private const string Unsent = """
        select c.tenant_id, c.id from checkouts c, platform p
        where c.automatic and c.state = 'open' and c.created_at < clock_timestamp() + p.clock_offset - interval '1 minute'
          and not exists (select 1 from payment_attempts t where t.tenant_id = c.tenant_id and t.pays_for = public_id('checkout', c.tenant_id, c.id))
        """;

    /// <summary>Buys what is due. Safe to run twice and at once.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        foreach (var (tenant, checkout) in await source.ListAsync(Unsent, row => (row.GetInt64(0), row.GetGuid(1)), cancellationToken))
            await TryAsync(tenant, () => ChargeAsync(tenant, checkout, cancellationToken));
        for (var (tenant, pool) = (0L, 0); ;)
        {
            var low = await source.ListAsync(Low, row => (Tenant: row.GetInt64(0), Pool: row.GetInt32(1)), cancellationToken, tenant, pool, AtOnce);
            foreach (var (owner, id) in low) await TryAsync(owner, () => BuyAsync(owner, id, cancellationToken));
            if (low.Count < AtOnce) return;
            (tenant, pool) = low[^1];
        }
    }

    private async Task TryAsync(long tenant, Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            log.LogError(exception, "A pool of tenant {Tenant} could not be topped up", tenant);
        }
    }

    private async Task BuyAsync(long tenant, int pool, CancellationToken cancellationToken)
    {
        var decided = await wallets.RunAsync<Guid?>(tenant, async wallet => await DecideAsync(wallet, pool, cancellationToken), cancellationToken);
        if (decided is { Succeeded: true, Value: { } checkout }) await ChargeAsync(tenant, checkout, cancellationToken);
    }

    private async Task<Guid?> DecideAsync(WalletTransaction wallet, int pool, CancellationToken cancellationToken)
    {
        await wallet.WriteAsync(cancellationToken);
        if (wallet.Directory.Suspended || wallet.Directory.PoolsById[pool].Closed) return null;
        const string have = $"select {Have} from auto_top_ups a cross join (select $3::timestamptz as at) p where a.tenant_id = $1 and a.pool_id = $2";
        var setting = await AutoTopUps.FindAsync(wallet.Connection, wallet.TenantId, pool, wallet.Directory.Zone, wallet.Now, cancellationToken);
        if (setting is null || setting.StatusAt(wallet.Now) != AutoTopUpStatus.On) return null;
        if (await Packs.FindAsync(wallet.Connection, setting.Definition.Pack, cancellationToken) is not { Active: true } pack || pack.Currency.Code != wallet.Directory.Currency)
        {
            log.LogWarning("Pool {Pool} of tenant {Tenant} is to be topped up with pack {Pack}, which is not sold", pool, wallet.TenantId, setting.Definition.Pack);
            return null;
        }

        var balance = (await wallet.Connection.ListAsync(have, row => row.GetDecimal(0), cancellationToken, wallet.TenantId, pool, wallet.Now)).Single();
        var rate = await Taxes.Taxation.OfSaleAsync(wallet.Connection, wallet.TenantId, wallet.Directory.Zone, cancellationToken);
        if (setting.SizeOf(pack, rate, balance) is not { } size) return null;
        var checkout = Checkouts.New(wallet, pack, pool, size, rate, provider: "saved", actor: "job", automatic: true);
        wallet.Db.Add(checkout);
        return checkout.Id;
    }

    private async Task ChargeAsync(long tenant, Guid id, CancellationToken cancellationToken)
    {
        var name = PublicId.Format(PublicId.Checkout, tenant, id);
        var (amount, currency, pack) = (await source.ListAsync(
            "select net + tax, currency::text, pack_name from checkouts where tenant_id = $1 and id = $2", row => (row.GetDecimal(0), row.GetString(1), row.GetString(2)),
            cancellationToken, tenant, id)).Single();
        var charged = await charges.ChargeAsync(
            new ChargeOrder(tenant, name, new Money(amount, Currency.Of(currency)), "Top-up: " + pack, Actor: "job"), cancellationToken);
        if (charged.Problem is not { Code: not IPaymentPurpose.NothingDue } problem) return; // paid, refused or under way: whatever it was has been booked
        await wallets.RunAsync<Done>(tenant, async wallet =>
        {
            await AutoTopUps.RefusedAsync(wallet, id, problem.Code, cancellationToken);
            return default(Done);
        }, cancellationToken);
    }
}

/// <summary>What charges of top-ups do when they are refused; the money of those that are not is the checkout's.</summary>
public sealed class TopUpPurpose : IPaymentPurpose
{
    /// <inheritdoc />
    public string Prefix => PublicId.Checkout;

    /// <inheritdoc />
    public async Task<Problem?> RefusesAsync(WalletTransaction wallet, string paysFor, Money amount, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        if (!PublicId.TryParse(PublicId.Checkout, paysFor, out _, out var id)) return null;
        const string open = "select 1 from checkouts where tenant_id = $1 and id = $2 and automatic and state = 'open'";
        return (await wallet.Connection.ListAsync(open, row => row.GetInt32(0), cancellationToken, wallet.TenantId, id)).Count > 0
            ? null
            : Problem.Conflict(IPaymentPurpose.NothingDue, "It was paid or given up meanwhile.");
    }

    /// <inheritdoc />
    public Task<Result<decimal>> PayAsync(WalletTransaction wallet, ArrivedMoney money, CancellationToken cancellationToken) => Task.FromResult<Result<decimal>>(0m);

    /// <inheritdoc />
    public async Task DeclinedAsync(WalletTransaction wallet, PaymentAttempt attempt, DeclineKind kind, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(attempt);
        if (PublicId.TryParse(PublicId.Checkout, attempt.PaysFor, out _, out var id))
            await AutoTopUps.RefusedAsync(wallet, id, attempt.Failure ?? Declines.Declined, cancellationToken);
    }
}
