using System.Globalization;
using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Tenants;

/// <summary>A key of the HTTP API, without its secret.</summary>
/// <param name="TenantId">Whose it is; 0 is the platform.</param>
/// <param name="Id">UUIDv7.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Hint">The last characters of its text.</param>
/// <param name="Scopes">Of <see cref="Scope.All"/>.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="CreatedBy">Who made it.</param>
/// <param name="LastUsedAt">When it was last used, to the minute.</param>
/// <param name="RevokedAt">From when on it is refused.</param>
public sealed record ApiKey(
    long TenantId, Guid Id, string Name, string Hint, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, string? CreatedBy,
    DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt)
{
    internal const string Columns = "tenant_id, id, name, hint, scopes, created_at, created_by, last_used_at, revoked_at";

    /// <summary>The id as the API shows it.</summary>
    public string PublicId => FormatId(TenantId, Id);

    /// <summary>The id of a key as the API shows it: <c>key_1a_0199…</c>; <c>key_0_…</c> for the platform's.</summary>
    public static string FormatId(long tenantId, Guid id) => Kernel.PublicId.Format(Kernel.PublicId.ApiKey, tenantId, id);

    /// <summary>Reads what <see cref="FormatId"/> made for that tenant.</summary>
    public static bool TryParseId(long tenantId, string? text, out Guid id)
    {
        var prefix = string.Create(CultureInfo.InvariantCulture, $"{Kernel.PublicId.ApiKey}_{tenantId:x}_");
        id = default;
        return text is not null && text.StartsWith(prefix, StringComparison.Ordinal) && Guid.TryParseExact(text[prefix.Length..], "N", out id);
    }

    internal static ApiKey Read(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetGuid(1), row.GetString(2), row.GetString(3), row.GetFieldValue<string[]>(4),
        row.GetFieldValue<DateTimeOffset>(5), row.Nullable<string>(6), row.Nullable<DateTimeOffset?>(7), row.Nullable<DateTimeOffset?>(8));
}
