using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Tenants;

/// <summary>What a tenant is to be. Absent: keep nothing more; currency and time zone stay, for a new tenant the platform's and UTC.</summary>
/// <param name="Name">1 to 200 characters.</param>
/// <param name="Currency">ISO 4217; fixed by the first money posting.</param>
/// <param name="TimeZone">IANA id.</param>
/// <param name="Keep">At most 50 names of event properties.</param>
public sealed record TenantDefinition(string Name, string? Currency = null, string? TimeZone = null, IReadOnlyList<string>? Keep = null)
{
    /// <summary>What is wrong with it, or null: <c>invalid_name</c>, <c>unknown_currency</c>, <c>unknown_time_zone</c>, <c>invalid_keep</c>.</summary>
    public Problem? Check()
    {
        if (!Texts.IsName(Name)) return Problem.Field("name", "invalid_name", "The name must be 1 to 200 characters, without control characters.");
        if (Currency is not null && Kernel.Currency.Find(Currency) is null)
            return Problem.Field("currency", "unknown_currency", $"'{Currency}' is no ISO 4217 currency code.");
        if (TimeZone is not null && Instants.FindZone(TimeZone) is null)
            return Problem.Field("time_zone", "unknown_time_zone", $"'{TimeZone}' is no IANA time zone, such as Europe/Berlin.");
        return Keep is not null && (Keep.Count > 50 || Keep.Any(property => !Texts.IsName(property)))
            ? Problem.Field("keep", "invalid_keep", "Name at most 50 properties of events, each of 1 to 200 characters.")
            : null;
    }
}

/// <summary>Commands that change a tenant that exists.</summary>
public static class TenantSettings
{
    /// <summary>Replaces what is defined. Refuses <c>currency_locked</c> and what <see cref="TenantDefinition.Check"/> finds.</summary>
    public static async Task<Result<Tenant>> ReplaceAsync(WalletTransaction wallet, TenantDefinition definition, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(definition);
        if (definition.Check() is { } problem) return problem;
        var currency = definition.Currency ?? wallet.Directory.Currency;
        if (wallet.Directory.CurrencyLocked && currency != wallet.Directory.Currency)
        {
            return new Problem(
                ProblemKind.Conflict,
                "currency_locked",
                $"Money has been posted in {wallet.Directory.Currency}; the currency stays.",
                new Dictionary<string, string[]>(StringComparer.Ordinal) { ["currency"] = [$"The currency is {wallet.Directory.Currency}."] });
        }

        await wallet.ExecuteAsync(
            "update tenants set name = $2, currency = $3, time_zone = $4, keep = $5 where tenant_id = $1",
            cancellationToken,
            wallet.TenantId,
            definition.Name,
            currency,
            definition.TimeZone ?? wallet.Directory.Zone.Id,
            (definition.Keep ?? []).Distinct(StringComparer.Ordinal).ToArray());
        return await ChangedAsync(wallet, "tenant.changed", cancellationToken);
    }

    /// <summary>Refuses holds and purchases from now on; facts are still recorded. Does nothing when suspended already.</summary>
    public static Task<Result<Tenant>> SuspendAsync(WalletTransaction wallet, CancellationToken cancellationToken) =>
        MoveAsync(wallet, Tenant.Suspended, "tenant.suspended", cancellationToken);

    /// <summary>Ends a suspension. Does nothing when active already.</summary>
    public static Task<Result<Tenant>> RestoreAsync(WalletTransaction wallet, CancellationToken cancellationToken) =>
        MoveAsync(wallet, Tenant.Active, "tenant.restored", cancellationToken);

    private static async Task<Result<Tenant>> MoveAsync(WalletTransaction wallet, string state, string action, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        var moved = await wallet.ExecuteAsync(
            "update tenants set state = $2 where tenant_id = $1 and state <> $2", cancellationToken, wallet.TenantId, state);
        if (moved > 0) return await ChangedAsync(wallet, action, cancellationToken);
        return (await Tenant.FindAsync(wallet.Connection, wallet.TenantId, cancellationToken))!;
    }

    private static async Task<Result<Tenant>> ChangedAsync(WalletTransaction wallet, string action, CancellationToken cancellationToken)
    {
        wallet.ConfigurationChanged();
        var tenant = (await Tenant.FindAsync(wallet.Connection, wallet.TenantId, cancellationToken))!;
        await wallet.AuditAsync(action, tenant.PublicId, new { tenant.Currency, tenant.TimeZone, tenant.State }, cancellationToken);
        return tenant;
    }
}
