using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Payments.Saved;

/// <summary>A payment method that somebody wants to leave.</summary>
/// <param name="TenantId">For whom.</param>
/// <param name="Portal">Address of this portal.</param>
/// <param name="Provider">Key of the provider; default the tenant's, else its currency's.</param>
/// <param name="ReturnUrl">Where to go afterwards; default the tenant's page of payment methods.</param>
/// <param name="Actor">Who asks.</param>
public sealed record MethodOrder(long TenantId, Uri Portal, string? Provider = null, string? ReturnUrl = null, string? Actor = null);

/// <summary>Payment methods that tenants leave on providers' pages, from the start to the end.</summary>
public sealed class PaymentMethods(
    Wallets wallets, WalletDirectories directories, PaymentProviders providers, NpgsqlDataSource source, IDbContextFactory<PortalDbContext> contexts,
    ILogger<PaymentMethods> log)
{
    private static readonly TimeSpan PageLifetime = TimeSpan.FromHours(24);

    /// <summary>
    /// Starts leaving a method and answers it with the address of the page. Refuses: <c>unknown_tenant</c>, <c>unknown_provider</c>,
    /// <c>no_provider</c>, <c>currency_not_supported</c>, <c>invalid_return_url</c>, <c>return_url_not_registered</c>, <c>provider_refused</c>,
    /// <c>provider_unavailable</c>.
    /// </summary>
    public async Task<Result<PaymentMethod>> StartAsync(MethodOrder order, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(order);
        if (await directories.RecentAsync(order.TenantId, cancellationToken) is not { } tenant) return Problem.NotFound("unknown_tenant", "There is no such tenant.");
        var target = await ReturnUrls.CheckAsync(source, order.Portal, tenant.TenantKey, order.ReturnUrl, cancellationToken, "payment-methods");
        if (target.Problem is { } badUrl) return badUrl;
        var currency = Currency.Of(tenant.Currency);
        var own = await PaymentPreference.FindAsync(source, order.TenantId, cancellationToken);
        var provider = providers.Choose(order.Provider, own, new Money(0m, currency));
        if (provider.Problem is { } nobody) return nobody;

        var begun = await wallets.RunAsync<PaymentMethod>(order.TenantId, async wallet =>
        {
            var method = new PaymentMethod { TenantId = wallet.TenantId, Id = Uuid7.At(wallet.Now), Provider = provider.Value.Key, CreatedAt = wallet.Now, CreatedBy = order.Actor };
            wallet.Db.Add(method);
            await ProviderObjects.AddAsync(wallet.Connection, wallet.TenantId, method.Provider, method.PublicId, cancellationToken);
            return method;
        }, cancellationToken);
        return begun.Problem is { } problem ? problem : await SendAsync(begun.Value, provider.Value, currency, order.Portal, target.Value, cancellationToken);
    }

    /// <summary>
    /// The method as it stands after asking the provider whether it was left meanwhile. The first one that a tenant leaves is its default.
    /// Null: no such method.
    /// </summary>
    public async Task<PaymentMethod?> RefreshAsync(long tenantId, Guid id, CancellationToken cancellationToken = default)
    {
        var method = await FindAsync(tenantId, id, cancellationToken);
        if (method is not { State: MethodState.Pending } || providers.Find(method.Provider) is not { } provider) return method;
        if (await provider.FindMethodAsync(new Sought(method.PublicId, method.Page), cancellationToken) is not { } left) return method;
        await wallets.RunAsync<Done>(tenantId, async wallet =>
        {
            var rows = await wallet.Db.Set<PaymentMethod>().AsTracking()
                .Where(row => row.TenantId == tenantId && (row.Id == id || row.State == MethodState.Saved)).ToListAsync(cancellationToken);
            var row = rows.Single(candidate => candidate.Id == id);
            if (row.State != MethodState.Pending) return default(Done); // told twice
            var known = rows.Find(other => other.Provider == row.Provider && other.Token == left.Method);
            (row.Token, row.Label, row.ExpiresOn, row.SavedAt) = (left.Method, left.Label, left.ExpiresOn, wallet.Now);
            row.State = known is null ? MethodState.Saved : MethodState.Removed; // the same one once more: it stays what it is
            row.IsDefault = known is null && !rows.Exists(other => other.IsDefault);
            if (known is not null) row.RemovedAt = wallet.Now;
            return default(Done);
        }, cancellationToken);
        return await FindAsync(tenantId, id, cancellationToken);
    }

    /// <summary>What a provider told of a page of ours; a reference of nobody here changes nothing.</summary>
    /// <returns>The tenant; null when nobody here asked for the page.</returns>
    public async Task<long?> TakeAsync(string provider, string reference, CancellationToken cancellationToken = default) =>
        PublicId.TryParse(PublicId.PaymentMethod, reference, out var tenantId, out var id)
        && await FindAsync(tenantId, id, cancellationToken) is { } method && method.Provider == provider
        && await RefreshAsync(tenantId, id, cancellationToken) is not null
            ? tenantId
            : null;

    /// <summary>The method of that id, or null.</summary>
    public async Task<PaymentMethod?> FindAsync(long tenantId, Guid id, CancellationToken cancellationToken = default)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Set<PaymentMethod>().SingleOrDefaultAsync(method => method.TenantId == tenantId && method.Id == id, cancellationToken);
    }

    /// <summary>A tenant's saved methods, the default first, then the newest.</summary>
    public async Task<IReadOnlyList<PaymentMethod>> ListAsync(long tenantId, CancellationToken cancellationToken = default)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Set<PaymentMethod>().Where(method => method.TenantId == tenantId && method.State == MethodState.Saved)
            .OrderByDescending(method => method.IsDefault).ThenByDescending(method => method.Id).ToListAsync(cancellationToken);
    }

    /// <summary>Makes a method the one that is charged. Refuses: <c>unknown_payment_method</c>.</summary>
    public static async Task<Result<PaymentMethod>> MakeDefaultAsync(WalletTransaction wallet, Guid id, CancellationToken cancellationToken = default)
    {
        var saved = await SavedAsync(wallet, cancellationToken);
        if (saved.Find(method => method.Id == id) is not { } chosen) return Unknown;
        await SetDefaultAsync(wallet, saved, chosen, cancellationToken);
        return chosen;
    }

    /// <summary>
    /// Takes a method away; the newest of the others becomes the default if it was that. The provider lets go of it afterwards
    /// (<see cref="ForgetAsync"/>). Refuses: <c>unknown_payment_method</c>.
    /// </summary>
    public static async Task<Result<Done>> RemoveAsync(WalletTransaction wallet, Guid id, CancellationToken cancellationToken = default)
    {
        var saved = await SavedAsync(wallet, cancellationToken);
        if (saved.Find(method => method.Id == id) is not { } gone) return Unknown;
        var wasDefault = gone.IsDefault;
        (gone.State, gone.RemovedAt, gone.IsDefault) = (MethodState.Removed, wallet.Now, false);
        saved.Remove(gone);
        if (wasDefault) await SetDefaultAsync(wallet, saved, saved.FirstOrDefault(), cancellationToken);
        return default(Done);
    }

    /// <summary>Has providers let go of what was removed; what fails is tried again next time. Answers how many.</summary>
    public async Task<int> ForgetAsync(CancellationToken cancellationToken = default)
    {
        const string removed = """
            select m.tenant_id, m.id, m.provider, m.token from payment_methods m where m.state = 'removed' and not m.forgotten and m.token is not null
              and not exists (select 1 from payment_methods o where o.tenant_id = m.tenant_id and o.provider = m.provider and o.token = m.token and o.state = 'saved')
              and not exists (select 1 from payment_attempts a where a.tenant_id = m.tenant_id and a.method_id = m.id and a.state = 'started')
            limit 100
            """;
        var forgotten = 0;
        var rows = await source.ListAsync(removed, row => (Tenant: row.GetInt64(0), Id: row.GetGuid(1), Provider: row.GetString(2), Token: row.GetString(3)), cancellationToken);
        foreach (var row in rows)
        {
            if (providers.Find(row.Provider) is not { } provider) continue;
            try
            {
                await provider.ForgetMethodAsync(row.Token, cancellationToken);
            }
            catch (ProviderSilenceException silence)
            {
                log.LogWarning("{Provider} could not be told to let go of a payment method: {Reason}", row.Provider, silence.Message);
                continue;
            }

            await using var command = source.CreateCommand("update payment_methods set forgotten = true where tenant_id = $1 and id = $2");
            command.Parameters.AddWithValue(row.Tenant);
            command.Parameters.AddWithValue(row.Id);
            forgotten += await command.ExecuteNonQueryAsync(cancellationToken);
        }

        return forgotten;
    }

    private static Problem Unknown => Problem.NotFound("unknown_payment_method", "There is no such payment method.");

    private static Task<List<PaymentMethod>> SavedAsync(WalletTransaction wallet, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        return wallet.Db.Set<PaymentMethod>().AsTracking().Where(method => method.TenantId == wallet.TenantId && method.State == MethodState.Saved)
            .OrderByDescending(method => method.Id).ToListAsync(cancellationToken);
    }

    // The old one first: there is never a second default, not even between two statements.
    private static async Task SetDefaultAsync(WalletTransaction wallet, List<PaymentMethod> saved, PaymentMethod? chosen, CancellationToken cancellationToken)
    {
        foreach (var method in saved) method.IsDefault = false;
        await wallet.WriteAsync(cancellationToken);
        if (chosen is not null) chosen.IsDefault = true;
    }

    private async Task<Result<PaymentMethod>> SendAsync(
        PaymentMethod method, IPaymentProvider provider, Currency currency, Uri portal, Uri target, CancellationToken cancellationToken)
    {
        var back = ReturnUrls.With(target, "method", method.PublicId);
        Result<HostedPage> page;
        try
        {
            page = await provider.SaveMethodAsync(
                new SaveMethodRequest(method.PublicId, currency, "Payment method for invoices and top-ups", back, back, method.CreatedAt + PageLifetime, portal), cancellationToken);
        }
        catch (Exception exception) when (exception is HttpRequestException or TimeoutException or NpgsqlException)
        {
            log.LogWarning(exception, "Payment provider {Provider} did not answer for {Method}", provider.Key, method.PublicId);
            return new Problem(ProblemKind.Busy, "provider_unavailable", "The payment provider does not answer. Try again in a moment.");
        }

        if (page.Problem is { } problem) return problem;
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        db.Attach(method);
        (method.Page, method.Url) = (page.Value.ProviderObject, page.Value.Url.AbsoluteUri);
        await db.SaveChangesAsync(cancellationToken);
        return method;
    }
}
