using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Npgsql;
using Portal.Domain.Catalog;
using Portal.Domain.Catalog.Coupons;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Payments.TopUps;
using Portal.Domain.Taxes;
using Portal.Domain.Wallet;

namespace Portal.Domain.Payments;

/// <summary>What somebody wants to buy.</summary>
/// <param name="TenantId">For whom.</param>
/// <param name="Pack">Key of the pack.</param>
/// <param name="Portal">Address of this portal.</param>
/// <param name="Credits">How many, for a pack that sells a custom amount.</param>
/// <param name="Pool">Key of the pool that gets the credits; default the shared one.</param>
/// <param name="Provider">Key of the payment provider; default the portal's.</param>
/// <param name="Coupon">Key of a coupon; null for none.</param>
/// <param name="ReturnUrl">Where to go after paying; default the tenant's page for buying.</param>
/// <param name="Actor">Who asks: <c>member:…</c>, <c>key:…</c>.</param>
public sealed record CheckoutOrder(
    long TenantId, string Pack, Uri Portal, decimal? Credits = null, string? Pool = null, string? Provider = null, string? Coupon = null,
    string? ReturnUrl = null, string? Actor = null);

/// <summary>Purchases of packs on a provider's hosted page, from the start to the answer.</summary>
public sealed class Checkouts(
    Wallets wallets, WalletDirectories directories, PaymentProviders providers, IncomingMoney money, NpgsqlDataSource source,
    IDbContextFactory<PortalDbContext> contexts, TimeProvider time, ILogger<Checkouts> log)
{
    /// <summary>
    /// Starts a purchase and answers it with the address at which the customer pays. Refuses: <c>unknown_tenant</c>, <c>tenant_suspended</c>,
    /// <c>unknown_pack</c> (also one no longer sold), <c>credits_fixed</c>, <c>credits_out_of_range</c>, <c>nothing_to_pay</c>,
    /// <c>currency_mismatch</c>, <c>unknown_pool</c>, <c>pool_closed</c>, <c>unknown_provider</c>, what coupons refuse,
    /// <c>no_provider</c>, <c>currency_not_supported</c>, <c>amount_not_supported</c> (by the provider), <c>invalid_return_url</c>,
    /// <c>return_url_not_registered</c>, <c>provider_refused</c>, <c>provider_unavailable</c>.
    /// </summary>
    public async Task<Result<Checkout>> StartAsync(CheckoutOrder order, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(order);
        if (order.Provider is { } named && providers.Find(named) is null) return Problem.Field("provider", "unknown_provider", $"There is no payment provider '{named}'.");
        if (await directories.RecentAsync(order.TenantId, cancellationToken) is not { } tenant) return Problem.NotFound("unknown_tenant", "There is no such tenant.");
        var target = await ReturnUrls.CheckAsync(source, order.Portal, tenant.TenantKey, order.ReturnUrl, cancellationToken);
        if (target.Problem is { } badUrl) return badUrl;
        if (await Packs.FindAsync(source, order.Pack, cancellationToken) is not { Active: true } pack)
            return Problem.Field("pack", "unknown_pack", $"There is no pack '{order.Pack}' for sale.");
        var rate = await TaxRateAsync(order.TenantId, tenant, cancellationToken);
        var coupon = await FindCouponAsync(order.Coupon, pack, cancellationToken);
        if (coupon.Problem is { } refused) return refused;
        if (Price(pack, rate, order.Credits, coupon.Value) is var price && price.Problem is { } unpriced) return unpriced;
        var own = await PaymentPreference.FindAsync(source, order.TenantId, cancellationToken);
        var provider = providers.Choose(order.Provider, own, new Money(price.Value.Total, pack.Currency));
        if (provider.Problem is { } nobody) return nobody;

        var begun = await wallets.RunAsync(
            order.TenantId, wallet => BeginAsync(wallet, order, pack, new Offer(price.Value, rate, coupon.Value), provider.Value.Key, cancellationToken), cancellationToken);
        return begun.Problem is { } problem
            ? problem
            : await SendAsync(begun.Value.Checkout, begun.Value.Attempt, provider.Value, order.Portal, target.Value, cancellationToken);
    }

    /// <summary>What a pack costs. Refuses: <c>credits_fixed</c>, <c>credits_out_of_range</c>, <c>nothing_to_pay</c>.</summary>
    /// <param name="pack">What is sold.</param>
    /// <param name="rate">The tax on it.</param>
    /// <param name="credits">How many, for a pack that sells a custom amount.</param>
    /// <param name="coupon">What takes something off it; null for none.</param>
    public static Result<TaxedPrice> Price(Pack pack, TaxRate rate, decimal? credits = null, Coupon? coupon = null)
    {
        ArgumentNullException.ThrowIfNull(rate);
        ArgumentNullException.ThrowIfNull(pack);
        if (credits is { } custom && (custom <= 0m || custom > Credits.Limit || !Credits.HasAtMostNinePlaces(custom)))
            return Problem.Field("credits", "invalid_credits", "Credits must be above 0, with at most nine decimal places.");
        var listed = pack.PriceOf(credits is { } asked ? new Credits(asked) : null);
        if (listed.Problem is { } problem) return problem;
        var amount = coupon is null ? listed.Value.Amount : listed.Value.Amount - pack.Currency.RoundToMinor(coupon.Off([listed.Value.Amount])[0]);
        var price = TaxedPrice.Of(amount, pack.TaxInclusive, rate.Percent, pack.Currency);
        return price.Total > 0m ? price : Problem.Unprocessable("nothing_to_pay", coupon is null ? "The price of so few credits rounds to nothing." : "The coupon takes off all of the price.");
    }

    /// <summary>The checkout of that id, or null.</summary>
    public async Task<Checkout?> FindAsync(long tenantId, Guid id, CancellationToken cancellationToken = default)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Set<Checkout>().SingleOrDefaultAsync(checkout => checkout.TenantId == tenantId && checkout.Id == id, cancellationToken);
    }

    /// <summary>
    /// The checkout as it stands after asking the provider: for the moment at which the customer comes back, when the webhook may be late.
    /// What the provider says is booked. Null: no such checkout.
    /// </summary>
    public async Task<Checkout?> RefreshAsync(long tenantId, Guid id, CancellationToken cancellationToken = default)
    {
        var checkout = await FindAsync(tenantId, id, cancellationToken);
        if (checkout is null or { State: CheckoutStatus.Paid } || providers.Find(checkout.Provider) is not { } provider) return checkout;
        foreach (var attempt in await AttemptsAsync(checkout, cancellationToken))
        {
            // A success counts whatever was refused before or after it; of refusals the last one stands.
            foreach (var report in (await provider.LookUpAsync(new Sought(attempt.Reference, attempt.ProviderObject), cancellationToken)).OrderByDescending(report => report.Captured))
                await money.TakeAsync(provider.Key, report, cancellationToken);
        }

        return await FindAsync(tenantId, id, cancellationToken);
    }

    /// <summary>
    /// Asks providers about checkouts that nobody came back from and no webhook told of, less and less often for a day. Answers how many.
    /// Safe to run at any time, on several nodes, twice.
    /// </summary>
    public async Task<int> RefreshDueAsync(CancellationToken cancellationToken = default)
    {
        const string take = """
            update payment_attempts a set tries = a.tries + 1, due_at = now() + least(interval '1 minute' * power(2, a.tries), interval '6 hours')
            from (select tenant_id, id from payment_attempts where state in ('started', 'waiting') and checkout_id is not null and due_at <= now() and tries < 12
                  order by due_at limit 50 for update skip locked) due
            where a.tenant_id = due.tenant_id and a.id = due.id returning a.tenant_id, a.checkout_id
            """;
        var due = await source.ListAsync(take, row => (Tenant: row.GetInt64(0), Checkout: row.GetGuid(1)), cancellationToken);
        foreach (var (tenant, checkout) in due)
        {
            try
            {
                await RefreshAsync(tenant, checkout, cancellationToken);
            }
            catch (Exception exception) when (exception is HttpRequestException or TimeoutException)
            {
                log.LogWarning("Nobody could say what became of checkout {Checkout}: {Reason}", PublicId.Format(PublicId.Checkout, tenant, checkout), exception.Message);
            }
        }

        return due.Count;
    }

    /// <summary>One of <see cref="CheckoutStatus"/> now.</summary>
    public string StatusOf(Checkout checkout)
    {
        ArgumentNullException.ThrowIfNull(checkout);
        return checkout.StatusAt(time.GetUtcNow());
    }

    /// <summary>The attempts of a checkout, oldest first.</summary>
    public async Task<IReadOnlyList<PaymentAttempt>> AttemptsAsync(Checkout checkout, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(checkout);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Set<PaymentAttempt>()
            .Where(attempt => attempt.TenantId == checkout.TenantId && attempt.CheckoutId == checkout.Id)
            .OrderBy(attempt => attempt.Id).ToListAsync(cancellationToken);
    }

    private sealed record Offer(TaxedPrice Price, TaxRate Rate, Coupon? Coupon);

    /// <summary>A coupon, if it can be had for a pack now; null for none. Refuses what <see cref="CouponCatalogue.ForAsync"/> does.</summary>
    public async Task<Result<Coupon?>> FindCouponAsync(string? key, Pack pack, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(pack);
        if (key is null) return (Coupon?)null;
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var now = (await connection.ListAsync("select clock_timestamp() + clock_offset from platform", row => row.GetFieldValue<DateTimeOffset>(0), cancellationToken))[0];
        var coupon = await CouponCatalogue.ForAsync(connection, key, pack.Key, pack.Currency.Code, now, cancellationToken);
        return coupon.Problem is { } problem ? problem : (Coupon?)coupon.Value;
    }

    private async Task<TaxRate> TaxRateAsync(long tenantId, WalletDirectory tenant, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await Taxation.OfSaleAsync(connection, tenantId, tenant.Zone, cancellationToken);
    }

    // Everything is written before the provider hears of it, so that whatever comes back finds its tenant.
    private static async Task<Result<(Checkout Checkout, PaymentAttempt Attempt)>> BeginAsync(
        WalletTransaction wallet, CheckoutOrder order, Pack pack, Offer offer, string provider, CancellationToken cancellationToken)
    {
        if (wallet.Directory.Suspended) return Problem.Forbidden("tenant_suspended", "The tenant is suspended and cannot buy credits.");
        if (pack.Currency.Code != wallet.Directory.Currency)
            return Problem.Field("pack", "currency_mismatch", $"The pack is sold in {pack.Currency}; the tenant's currency is {wallet.Directory.Currency}.");
        var poolKey = order.Pool ?? Pool.SharedKey;
        if (!wallet.Directory.Pools.TryGetValue(poolKey, out var pool)) return Problem.Field("pool", "unknown_pool", $"There is no pool '{poolKey}'.");
        if (pool.Closed) return Problem.Field("pool", "pool_closed", $"The pool '{poolKey}' is closed.");

        var sold = new SoldPacks(1m, pack.Credits?.Amount ?? order.Credits!.Value, pack.BonusCredits.Amount, offer.Price);
        var checkout = New(wallet, pack, pool.Id, sold, offer.Rate, provider, order.Actor);
        var attempt = new PaymentAttempt
        {
            TenantId = wallet.TenantId,
            Id = Uuid7.At(wallet.Now),
            Provider = provider,
            CheckoutId = checkout.Id,
            Currency = checkout.Currency,
            Amount = checkout.Total,
            StartedAt = wallet.Now,
        };
        if (offer.Coupon is { } coupon
            && await CouponCatalogue.RedeemAsync(wallet.Connection, coupon, new CouponRedemption(wallet.TenantId, wallet.Now, Checkout: checkout.Id), cancellationToken) is { } exhausted) return exhausted;
        wallet.Db.AddRange(checkout, attempt);
        await ProviderObjects.AddAsync(wallet.Connection, wallet.TenantId, provider, attempt.Reference, cancellationToken);
        return (checkout, attempt);
    }

    /// <summary>A purchase on the terms of now.</summary>
    /// <param name="wallet">The tenant's wallet.</param>
    /// <param name="pack">What is sold.</param>
    /// <param name="pool">The pool that gets the credits.</param>
    /// <param name="sold">How much of it, at what price.</param>
    /// <param name="rate">The tax on it.</param>
    /// <param name="provider">Who takes the payment; of an automatic one the payment method's.</param>
    /// <param name="actor">Who buys.</param>
    /// <param name="automatic">Paid by the saved payment method.</param>
    internal static Checkout New(
        WalletTransaction wallet, Pack pack, int pool, SoldPacks sold, TaxRate rate, string provider, string? actor, bool automatic = false) => new()
        {
            TenantId = wallet.TenantId,
            Id = Uuid7.At(wallet.Now),
            Pack = pack.Key,
            PackName = pack.Name,
            Quantity = sold.Quantity,
            Automatic = automatic,
            PoolId = pool,
            Credits = sold.Credits,
            BonusCredits = sold.BonusCredits,
            Priority = pack.Priority,
            Products = pack.Products?.ToArray(),
            ExpiresAfter = pack.Definition.ExpiresAfter,
            Currency = pack.Currency.Code,
            Net = sold.Price.Net,
            Tax = sold.Price.Tax,
            TaxName = rate.Name,
            TaxPercent = rate.Percent,
            Provider = provider,
            CreatedAt = wallet.Now,
            CreatedBy = actor,
            ExpiresAt = wallet.Now + Checkout.Lifetime,
        };

    private async Task<Result<Checkout>> SendAsync(
        Checkout checkout, PaymentAttempt attempt, IPaymentProvider provider, Uri portal, Uri target, CancellationToken cancellationToken)
    {
        var back = ReturnUrls.With(target, "checkout", checkout.PublicId);
        var amount = new Money(checkout.Total, Currency.Of(checkout.Currency));
        Result<HostedPage> page;
        try
        {
            page = await provider.CreateCheckoutAsync(
                new CheckoutRequest(attempt.Reference, amount, checkout.PackName, back, back, checkout.ExpiresAt, portal), cancellationToken);
        }
        catch (Exception exception) when (exception is HttpRequestException or TimeoutException or NpgsqlException)
        {
            log.LogWarning(exception, "Payment provider {Provider} did not answer for {Attempt}", provider.Key, attempt.Reference);
            return new Problem(ProblemKind.Busy, "provider_unavailable", "The payment provider does not answer. Nothing was charged; try again in a moment.");
        }

        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        db.Attach(checkout);
        db.Attach(attempt);
        if (page.Problem is { } problem)
        {
            (checkout.State, checkout.Failure) = (CheckoutStatus.Failed, problem.Code);
            (attempt.State, attempt.Failure, attempt.SettledAt) = (AttemptState.Failed, problem.Code, time.GetUtcNow());
            await db.SaveChangesAsync(cancellationToken);
            return problem;
        }

        checkout.Url = page.Value.Url.AbsoluteUri;
        (attempt.State, attempt.ProviderObject) = (AttemptState.Waiting, page.Value.ProviderObject);
        await db.SaveChangesAsync(cancellationToken);
        return checkout;
    }
}
