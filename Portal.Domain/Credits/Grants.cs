using Portal.Domain.Kernel;
using Portal.Domain.Ledger;

namespace Portal.Domain.Wallet;

/// <summary>What a new grant is to be.</summary>
/// <param name="Credits">Above 0, at most nine decimal places.</param>
/// <param name="Pool">Key of the pool; default the shared one.</param>
/// <param name="Source">One of <see cref="Grants.GrantableSources"/>.</param>
/// <param name="Value">Money paid, net; or null when <paramref name="CostBasis"/> says it, or nothing was paid.</param>
/// <param name="CostBasis">Value per credit, instead of <paramref name="Value"/>.</param>
/// <param name="Currency">Currency of the value; default the tenant's.</param>
/// <param name="Priority">0 to 255, drawn first to last.</param>
/// <param name="EffectiveAt">Drawn from then on; default now.</param>
/// <param name="ExpiresAt">Not spendable from then on; default never.</param>
/// <param name="Products">Products it may be drawn for; null is any.</param>
/// <param name="Reason">A sentence for people.</param>
public sealed record GrantOrder(
    decimal Credits, string? Pool, string Source, decimal? Value, decimal? CostBasis, string? Currency, int Priority = 50,
    DateTimeOffset? EffectiveAt = null, DateTimeOffset? ExpiresAt = null, IReadOnlyList<string>? Products = null, string? Reason = null);

/// <summary>A pack that was paid for, with the terms it was sold on.</summary>
/// <param name="Pool">Key of the pool that gets the credits.</param>
/// <param name="Credits">Credits sold, above 0.</param>
/// <param name="BonusCredits">Credits on top; the price is spread over both.</param>
/// <param name="Net">Price without tax, in the currency's minor unit.</param>
/// <param name="Tax">Tax on it.</param>
/// <param name="Currency">The tenant's currency.</param>
/// <param name="Provider">Payment provider that captured the money.</param>
/// <param name="Reference">Public id of the checkout; makes the purchase happen once.</param>
/// <param name="Priority">0 to 255.</param>
/// <param name="ExpiresAt">When both grants expire; null is never.</param>
/// <param name="Products">Products they may be drawn for; null is any.</param>
/// <param name="PackName">For the statement.</param>
public sealed record PackPurchase(
    string Pool, decimal Credits, decimal BonusCredits, decimal Net, decimal Tax, string Currency, string Provider, string Reference,
    int Priority, DateTimeOffset? ExpiresAt, IReadOnlyList<string>? Products, string PackName);

/// <summary>Commands that grant credits.</summary>
public static class Grants
{
    /// <summary>Sources that an operator may grant from; the others are made by the engine.</summary>
    public static readonly IReadOnlyList<string> GrantableSources = [GrantSource.Purchase, GrantSource.Promotion, GrantSource.Adjustment];

    /// <summary>
    /// Grants credits: sold outside (<c>purchase</c>, whose value is posted against <c>external:api</c>), promotional or an adjustment.
    /// Refuses: <c>invalid_credits</c>, <c>unknown_pool</c>, <c>pool_closed</c>, <c>invalid_source</c>, <c>value_not_allowed</c>, <c>invalid_value</c>,
    /// <c>currency_mismatch</c>, <c>invalid_priority</c>, <c>invalid_validity</c>, <c>invalid_products</c>.
    /// </summary>
    public static async Task<Result<Grant>> CreateAsync(WalletTransaction wallet, GrantOrder order, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(order);
        if (Check(wallet, order) is { } problem) return problem;
        var value = order.Value ?? Math.Round((order.CostBasis ?? 0m) * order.Credits, 9, MidpointRounding.ToEven);
        var pool = wallet.Directory.Pools[order.Pool ?? Pool.SharedKey];
        var grant = NewGrant(wallet, pool, order.Source, order.Credits, value, order);
        var posting = wallet.Begin(order.Source == GrantSource.Purchase ? "purchase" : "grant",
            reference: PublicId.Format(PublicId.Grant, wallet.TenantId, grant.Id), reason: order.Reason);
        Issue(wallet, posting, pool, grant);
        posting.Book(Account.External("api"), Account.DeferredCredits, value, grant.Currency);
        if (value > 0m) await LockCurrencyAsync(wallet, cancellationToken);
        wallet.SettleDebts();
        return grant;
    }

    /// <summary>
    /// Grants a pack whose payment was captured: one transaction for money and credits. Asked twice with one reference it answers
    /// the first purchase's grants and changes nothing.
    /// </summary>
    /// <returns>The grant, and the bonus grant if the pack has one.</returns>
    public static async Task<Result<IReadOnlyList<Grant>>> BuyPackAsync(WalletTransaction wallet, PackPurchase purchase, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(purchase);
        if (purchase.Currency != wallet.Directory.Currency) return CurrencyMismatch(wallet, purchase.Currency);
        if (!wallet.Directory.Pools.TryGetValue(purchase.Pool, out var pool)) return UnknownPool(purchase.Pool);
        if (pool.Closed) pool = wallet.Directory.PoolsById[Pool.SharedId]; // closed while the money was on its way
        var key = "purchase:" + purchase.Reference;
        await using (var known = wallet.Command("select 1 from ledger_transactions where tenant_id = $1 and idempotency_key = $2", wallet.TenantId, key))
        {
            if (await known.ExecuteScalarAsync(cancellationToken) is not null)
                return Problem.Conflict("already_granted", "The credits of this payment have been granted already.");
        }

        var order = new GrantOrder(purchase.Credits, purchase.Pool, GrantSource.Purchase, null, null, purchase.Currency, purchase.Priority, null,
            purchase.ExpiresAt, purchase.Products, purchase.PackName);
        var bonusValue = Math.Round(purchase.Net * purchase.BonusCredits / (purchase.Credits + purchase.BonusCredits), 9, MidpointRounding.ToEven);
        var grants = new List<Grant> { NewGrant(wallet, pool, GrantSource.Purchase, purchase.Credits, purchase.Net - bonusValue, order, purchase.Reference) };
        if (purchase.BonusCredits > 0m)
            grants.Add(NewGrant(wallet, pool, GrantSource.Purchase, purchase.BonusCredits, bonusValue, order, purchase.Reference, parent: grants[0].Id));

        var posting = wallet.Begin("purchase", key: key, reference: purchase.Reference, reason: purchase.PackName);
        foreach (var grant in grants) Issue(wallet, posting, pool, grant);
        posting.Book(Account.Receivable, Account.DeferredCredits, purchase.Net, purchase.Currency);
        posting.Book(Account.Receivable, Account.TaxPayable, purchase.Tax, purchase.Currency);
        posting.Book(Account.Cash(purchase.Provider), Account.Receivable, purchase.Net + purchase.Tax, purchase.Currency);
        await LockCurrencyAsync(wallet, cancellationToken);
        wallet.SettleDebts();
        return grants;
    }

    private static Problem? Check(WalletTransaction wallet, GrantOrder order)
    {
        if (order.Credits <= 0m || order.Credits > Credits.Limit || !Credits.HasAtMostNinePlaces(order.Credits))
            return Problem.Field("credits", "invalid_credits", "Credits must be above 0, with at most nine decimal places.");
        var key = order.Pool ?? Pool.SharedKey;
        if (!wallet.Directory.Pools.TryGetValue(key, out var pool)) return UnknownPool(key);
        if (pool.Closed) return Problem.Field("pool", "pool_closed", $"The pool '{key}' is closed.");
        if (!GrantableSources.Contains(order.Source, StringComparer.Ordinal))
            return Problem.Field("source", "invalid_source", $"The source must be one of {string.Join(", ", GrantableSources)}.");
        if (CheckValue(wallet, order) is { } problem) return problem;
        if (order.Priority is < 0 or > 255) return Problem.Field("priority", "invalid_priority", "The priority must be 0 to 255.");
        if (order.ExpiresAt <= (order.EffectiveAt ?? wallet.Now) || order.ExpiresAt <= wallet.Now)
            return Problem.Field("expires_at", "invalid_validity", "A grant must expire after it takes effect, and in the future.");
        return order.Products is { } products && (products.Count == 0 || products.Any(p => string.IsNullOrEmpty(p) || p.Contains(',', StringComparison.Ordinal)))
            ? Problem.Field("products", "invalid_products", "Name at least one product, or none at all for any.")
            : null;
    }

    private static Problem? CheckValue(WalletTransaction wallet, GrantOrder order)
    {
        if (order.Value is not null && order.CostBasis is not null)
            return Problem.Field("cost_basis", "invalid_value", "Give the value or the cost basis, not both.");
        var value = order.Value ?? order.CostBasis ?? 0m;
        if (value < 0m || value > 1_000_000_000_000m || (order.Value is { } money && !Credits.HasAtMostNinePlaces(money)))
            return Problem.Field("value", "invalid_value", "The value must be 0 or more, with at most nine decimal places.");
        if (value > 0m && GrantSource.IsWithoutValue(order.Source))
            return Problem.Field("value", "value_not_allowed", $"Credits of source {order.Source} were not paid for and carry no value.");
        return order.Currency is { } currency && currency != wallet.Directory.Currency ? CurrencyMismatch(wallet, currency) : null;
    }

    private static Problem UnknownPool(string key) => Problem.Field("pool", "unknown_pool", $"There is no pool '{key}'.");

    private static Problem CurrencyMismatch(WalletTransaction wallet, string currency) =>
        Problem.Field("currency", "currency_mismatch", $"The tenant's currency is {wallet.Directory.Currency}, not {currency}.");

    private static void Issue(WalletTransaction wallet, LedgerTransaction posting, Pool pool, Grant grant)
    {
        wallet.Wallet.Add(grant);
        posting.MoveCredits(Account.Issued, fromGrant: null, Account.Pool(pool.Key), grant.Id, grant.Amount);
    }

    private static Grant NewGrant(
        WalletTransaction wallet, Pool pool, string source, decimal credits, decimal value, GrantOrder order, string? reference = null, Guid? parent = null) => new()
        {
            TenantId = wallet.TenantId,
            Id = Uuid7.At(wallet.Now),
            PoolId = pool.Id,
            Source = source,
            Amount = credits,
            Remaining = credits,
            Value = value,
            Currency = wallet.Directory.Currency,
            Priority = (short)order.Priority,
            Products = order.Products?.ToArray(),
            EffectiveAt = order.EffectiveAt?.ToUniversalTime() ?? wallet.Now,
            ExpiresAt = order.ExpiresAt?.ToUniversalTime(),
            ParentId = parent,
            Lineage = parent is null ? null : "bonus",
            Reference = reference,
            Reason = order.Reason,
            CreatedAt = wallet.Now,
        };

    // The first money posting fixes the tenant's currency (domain.md §2).
    internal static async Task LockCurrencyAsync(WalletTransaction wallet, CancellationToken cancellationToken)
    {
        if (wallet.Directory.CurrencyLocked) return;
        await wallet.ExecuteAsync("update tenants set currency_locked = true where tenant_id = $1", cancellationToken, wallet.TenantId);
        wallet.ConfigurationChanged();
    }
}
