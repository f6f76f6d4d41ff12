using System.Globalization;
using System.Text;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Tenants;

/// <summary>Opens tenants: by the platform under a key that it chooses, or by a person who signs up.</summary>
public sealed class Onboarding(NpgsqlDataSource source)
{
    private const int LongestSlug = 40;

    /// <summary>A new tenant whose first member and owner is the person; its key is made from the company's name.</summary>
    /// <param name="userId">The person's user.</param>
    /// <param name="companyName">1 to 200 characters.</param>
    /// <param name="email">The person's address.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <returns>The tenant's key, or <c>invalid_name</c>.</returns>
    public Task<Result<string>> CreateTenantAsync(Guid userId, string companyName, string email, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(companyName);
        var definition = new TenantDefinition(companyName.Trim());
        if (definition.Check() is { } problem) return Task.FromResult<Result<string>>(problem);
        return PlatformTransaction.RunAsync<string>(
            source,
            async platform =>
            {
                platform.Actor = $"user:{userId:N}";
                var slug = Slug(companyName);
                for (var attempt = 1; ; attempt++)
                {
                    var key = attempt == 1 ? slug : string.Create(CultureInfo.InvariantCulture, $"{slug}-{attempt}");
                    if (await OpenAsync(platform, key, definition, cancellationToken) is not { } tenant) continue;
                    await Members.AddAsync(platform, tenant.Id, userId, email, MemberRole.Owner, cancellationToken);
                    return tenant.Key;
                }
            },
            cancellationToken);
    }

    /// <summary>A new tenant with its wallet and shared pool; null when the key is taken. The definition must have been checked.</summary>
    public static async Task<Tenant?> OpenAsync(
        PlatformTransaction platform, string key, TenantDefinition definition, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(platform);
        ArgumentNullException.ThrowIfNull(definition);
        const string sql = """
            insert into tenants (key, name, currency, time_zone, keep, created_at)
            select $1, $2, coalesce(nullif($3, ''), reporting_currency), $4, $5, $6 from platform
            on conflict (key) do nothing
            returning tenant_id, key, name, currency, currency_locked, time_zone, state, keep, created_at
            """;
        var tenant = await platform.Connection.FindAsync(
            sql,
            Tenant.Read,
            cancellationToken,
            key,
            definition.Name,
            definition.Currency ?? "",
            definition.TimeZone ?? "UTC",
            (definition.Keep ?? []).Distinct(StringComparer.Ordinal).ToArray(),
            platform.Now);
        if (tenant is null) return null;
        await platform.Connection.ExecuteAsync("insert into wallets (tenant_id) values ($1)", cancellationToken, tenant.Id);
        await platform.Connection.ExecuteAsync(
            "insert into pools (tenant_id, pool_id, key, name, kind, created_at) values ($1, $2, $3, 'Shared', 'shared', $4)",
            cancellationToken,
            tenant.Id,
            Pool.SharedId,
            Pool.SharedKey,
            platform.Now);
        await Audit.WriteAsync(
            platform.Connection, tenant.Id, platform.Now, platform.Actor, "tenant.created", tenant.PublicId, new { tenant.Key, tenant.Currency }, cancellationToken);
        return tenant;
    }

    /// <summary>Small letters, digits and hyphens of a name, accents dropped, at most 40 characters; <c>company</c> when nothing is left.</summary>
    public static string Slug(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var slug = new StringBuilder();
        foreach (var character in name.Normalize(NormalizationForm.FormD).ToLowerInvariant())
        {
            if (char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character)) slug.Append(character);
            else if (CharUnicodeInfo.GetUnicodeCategory(character) is UnicodeCategory.NonSpacingMark || character is '\'' or '’') continue;
            else if (slug.Length > 0 && slug[^1] != '-') slug.Append('-');
            if (slug.Length == LongestSlug) break;
        }

        var text = slug.ToString().Trim('-');
        return text.Length == 0 ? "company" : text;
    }
}
