using System.Globalization;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Tenants;

/// <summary>A new customer: the tenant, its wallet and shared pool, and the person who signed up as its owner.</summary>
public sealed class Onboarding(IDbContextFactory<PortalDbContext> contexts, TimeProvider time)
{
    /// <summary>Makes a tenant named <paramref name="companyName"/> with the user as owner; the value is the tenant's key.</summary>
    public async Task<Result<string>> CreateTenantAsync(Guid userId, string companyName, string email, CancellationToken cancellationToken = default)
    {
        var name = companyName.Trim();
        if (name.Length is 0 or > 200) return Problem.Field("name", "invalid_name", "The company's name has 1 to 200 characters.");
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var stem = KeyOf(name);
        for (var attempt = 1; attempt <= 50; attempt++)
        {
            var key = attempt == 1 ? stem : string.Create(CultureInfo.InvariantCulture, $"{stem}-{attempt}");
            var made = await db.Database.SqlQuery<long>(
                $"insert into tenants (key, name) values ({key}, {name}) on conflict (key) do nothing returning tenant_id as \"Value\"")
                .ToListAsync(cancellationToken);
            if (made is not [var tenantId]) continue;
            await db.Database.ExecuteSqlAsync($"insert into wallets (tenant_id) values ({tenantId})", cancellationToken);
            await db.Database.ExecuteSqlAsync(
                $"insert into pools (tenant_id, pool_id, key, name, kind) values ({tenantId}, 1, 'shared', 'Shared', 'shared')", cancellationToken);
            var now = time.GetUtcNow();
            await db.Database.ExecuteSqlAsync($"""
                insert into members (tenant_id, id, user_id, email, role, invited_at, joined_at)
                values ({tenantId}, {Guid.CreateVersion7()}, {userId}, {email}, 'owner', {now}, {now})
                """, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return key;
        }

        return Problem.Conflict("tenant_exists", "Too many companies have that name; add a word.");
    }

    private static string KeyOf(string name)
    {
        var key = new StringBuilder();
        foreach (var letter in name.Normalize(NormalizationForm.FormD).ToLowerInvariant())
        {
            if (char.IsAsciiLetterOrDigit(letter)) key.Append(letter);
            else if (key.Length > 0 && key[^1] != '-' && char.GetUnicodeCategory(letter) != UnicodeCategory.NonSpacingMark) key.Append('-');
        }

        var stem = key.ToString().Trim('-');
        return stem.Length == 0 ? "company" : stem[..Math.Min(stem.Length, 50)].TrimEnd('-');
    }
}
