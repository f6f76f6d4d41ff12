using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Wallet;

namespace Portal.Domain.Taxes;

/// <summary>
/// Asks the register about VAT ids and the engine about rates, away from any wallet's lock. An answer holds for 90 days; without one it asks
/// again after a minute, less and less often up to six hours. Until an id is answered for there is no reverse charge.
/// </summary>
public sealed class TaxChecks(NpgsqlDataSource source, IEnumerable<IVatCheck> registers, IEnumerable<ITaxEngine> engines, ILogger<TaxChecks> log) : IPlatformWork
{
    private const int AtOnce = 20;

    // Taking one puts its next try off, so that no two nodes ask at once.
    private const string Take = """
        update tax_profiles p set vat_tries = p.vat_tries + 1, vat_due_at = now() + least(interval '1 minute' * power(2, least(p.vat_tries, 12)), interval '6 hours')
        from (select tenant_id from tax_profiles where vat_due_at <= now() and ($1::bigint is null or tenant_id = $1) order by vat_due_at limit $2 for update skip locked) due
        where p.tenant_id = due.tenant_id returning p.tenant_id, p.vat_id, p.country::text, coalesce(p.region, '')
        """;

    // Unless the id is another one by now.
    private const string Keep = """
        update tax_profiles set vat_tries = 0, vat_due_at = now() + $5::int * interval '1 day', vat_valid = $3, vat_answer = $4,
          vat_checked_at = case when $3::boolean is not null then (select now() + clock_offset from platform) end
        where tenant_id = $1 and vat_id is not distinct from $2
        """;

    private const int AnswerHoldsDays = 90;

    private sealed record Due(long TenantId, string? VatId, string? Country, string Region);

    /// <inheritdoc />
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (await AskAsync(tenantId: null, cancellationToken) == AtOnce)
        {
        }
    }

    /// <summary>Asks about a tenant's place and VAT id if that is due, as after its profile was put; says nothing of failures.</summary>
    /// <returns>The profile as it stands then.</returns>
    public async Task<TaxProfile> AskNowAsync(long tenantId, CancellationToken cancellationToken = default)
    {
        await AskAsync(tenantId, cancellationToken);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await TaxProfile.ReadAsync(connection, tenantId, cancellationToken);
    }

    private async Task<int> AskAsync(long? tenantId, CancellationToken cancellationToken)
    {
        var due = await source.ListAsync(
            Take, row => new Due(row.GetInt64(0), row.Nullable<string>(1), row.Nullable<string>(2), row.GetString(3)), cancellationToken, tenantId, AtOnce);
        foreach (var profile in due) await AskAsync(profile, cancellationToken);
        return due.Count;
    }

    private async Task AskAsync(Due profile, CancellationToken cancellationToken)
    {
        if (profile.Country is { } country) await FetchRatesAsync(country, profile.Region, cancellationToken);
        VatAnswer? answer = null;
        var asks = profile is { VatId: not null, Country: { } place } && VatId.IsInUnion(place);
        if (asks && registers.LastOrDefault() is { } register) answer = await register.AskAsync(profile.VatId!, cancellationToken);
        if (asks && answer is null)
        {
            log.LogInformation("The register gave no answer about the VAT id of tenant {Tenant}; it is asked again", profile.TenantId);
            return;
        }

        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Keep, cancellationToken, profile.TenantId, profile.VatId, answer?.Valid, answer?.Answer, engines.Any() ? 1 : asks ? AnswerHoldsDays : null);
    }

    private async Task FetchRatesAsync(string country, string region, CancellationToken cancellationToken)
    {
        foreach (var engine in engines)
        {
            try
            {
                var rates = await engine.RatesAsync(country, region, cancellationToken);
                if (rates.Count == 0) continue;
                if (TaxTable.Check(rates) is { } problem) log.LogError("The tax engine's rates of {Country} {Region} are refused: {Why}", country, region, problem.Detail);
                else await KeepAsync(rates, cancellationToken);
            }
            catch (HttpRequestException exception)
            {
                log.LogWarning("The tax engine does not answer about {Country} {Region}: {Reason}", country, region, exception.Message);
            }
        }
    }

    private async Task KeepAsync(IReadOnlyList<TaxTableRow> rates, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await TaxTable.WriteAsync(connection, rates, cancellationToken);
    }

}

/// <summary>Registers what checks VAT ids and fetches rates.</summary>
public static class TaxRegistration
{
    private const string ClientName = "vies";

    /// <summary>The checks, with VIES as the register, or with a made-up one in the sandbox.</summary>
    /// <param name="services">Where to.</param>
    /// <param name="sandbox">No register is called.</param>
    /// <param name="configuration">Settings: <c>Portal:Tax:Vies</c> is another address of VIES than its own; null for none.</param>
    /// <exception cref="CannotStartException">The address is none.</exception>
    public static IServiceCollection AddTaxChecks(this IServiceCollection services, bool sandbox, IConfiguration? configuration = null)
    {
        services.AddSingleton<TaxChecks>().AddSingleton<IPlatformWork>(provider => provider.GetRequiredService<TaxChecks>());
        if (sandbox) return services.AddSingleton<IVatCheck, SandboxVatCheck>();
        var text = configuration?["Portal:Tax:Vies"] is { Length: > 0 } other ? other : ViesVatCheck.Address;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address)) throw new CannotStartException("Portal__Tax__Vies is no address.");
        services.AddHttpClient(ClientName, client => (client.BaseAddress, client.Timeout) = (address, TimeSpan.FromSeconds(10)));
        return services.AddSingleton<IVatCheck>(provider => new ViesVatCheck(provider.GetRequiredService<IHttpClientFactory>().CreateClient(ClientName)));
    }
}
