using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Tenants;

/// <summary>One customer organisation.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Key">The slug that the platform chose.</param>
/// <param name="Name">1 to 200 characters.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="CurrencyLocked">True once money was posted: the currency stays.</param>
/// <param name="TimeZone">IANA id; days, hours and periods are its.</param>
/// <param name="State"><c>active</c> or <c>suspended</c>.</param>
/// <param name="Keep">Properties of events that are kept besides those that meters read.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed partial record Tenant(
    long Id, string Key, string Name, string Currency, bool CurrencyLocked, string TimeZone, string State, IReadOnlyList<string> Keep,
    DateTimeOffset CreatedAt)
{
    /// <summary>The states of a tenant.</summary>
    public const string Active = "active", Suspended = "suspended";

    private const string IdPrefix = "ten_";
    private const string Columns = "tenant_id, key, name, currency, currency_locked, time_zone, state, keep, created_at";

    /// <summary>The id as the API shows it; no key can look like it.</summary>
    public string PublicId => FormatId(Id);

    /// <summary>The id as the API shows it.</summary>
    public static string FormatId(long tenantId) => string.Create(CultureInfo.InvariantCulture, $"{IdPrefix}{tenantId:x}");

    /// <summary>Reads what <see cref="FormatId"/> made.</summary>
    public static bool TryParseId(string? text, out long tenantId)
    {
        tenantId = 0;
        return text is not null && text.StartsWith(IdPrefix, StringComparison.Ordinal)
            && long.TryParse(text.AsSpan(IdPrefix.Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out tenantId)
            && tenantId > 0;
    }

    /// <summary>1 to 64 small letters, digits and inner hyphens.</summary>
    public static bool IsKey(string? text) => text is not null && KeyPattern().IsMatch(text);

    /// <summary>The tenant of a key or public id, or null.</summary>
    public static async Task<Tenant?> FindAsync(NpgsqlDataSource source, string keyOrId, CancellationToken cancellationToken)
    {
        if (TryParseId(keyOrId, out var id)) return await source.FindAsync($"select {Columns} from tenants where tenant_id = $1", Read, cancellationToken, id);
        return IsKey(keyOrId) ? await source.FindAsync($"select {Columns} from tenants where key = $1", Read, cancellationToken, keyOrId) : null;
    }

    /// <summary>The tenant of a number on a connection, within its transaction; null when there is none.</summary>
    public static Task<Tenant?> FindAsync(NpgsqlConnection connection, long tenantId, CancellationToken cancellationToken) =>
        connection.FindAsync($"select {Columns} from tenants where tenant_id = $1", Read, cancellationToken, tenantId);

    /// <summary>All tenants by key, from after <paramref name="afterKey"/> on; only <paramref name="onlyId"/> when given.</summary>
    public static Task<List<Tenant>> ListAsync(NpgsqlDataSource source, long? onlyId, int limit, string afterKey, CancellationToken cancellationToken) =>
        source.ListAsync(
            $"select {Columns} from tenants where key > $1 and ($2 = 0 or tenant_id = $2) order by key limit $3",
            Read,
            cancellationToken,
            afterKey,
            onlyId ?? 0L,
            limit);

    internal static Tenant Read(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetBoolean(4), row.GetString(5), row.GetString(6),
        row.GetFieldValue<string[]>(7), row.GetFieldValue<DateTimeOffset>(8));

    [GeneratedRegex(@"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 100)]
    private static partial Regex KeyPattern();
}
