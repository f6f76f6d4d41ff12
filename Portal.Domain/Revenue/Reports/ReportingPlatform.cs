using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Revenue.Reports;

/// <summary>What reports over all tenants are counted by.</summary>
/// <param name="Zone">The calendar of the platform's periods.</param>
/// <param name="Currency">ISO 4217 code of the platform's reports.</param>
/// <param name="Now">Business time.</param>
public sealed record ReportingPlatform(TimeZoneInfo Zone, string Currency, DateTimeOffset Now)
{
    /// <summary>Reads it.</summary>
    public static async Task<ReportingPlatform> ReadAsync(NpgsqlDataSource source, CancellationToken cancellationToken = default) => (await source.ListAsync(
        "select reporting_zone, reporting_currency, now() + clock_offset from platform",
        row => new ReportingPlatform(TimeZoneInfo.FindSystemTimeZoneById(row.GetString(0)), row.GetString(1), row.GetFieldValue<DateTimeOffset>(2)), cancellationToken)).Single();

    /// <summary>Names of tenants by their keys; what is no tenant is left out.</summary>
    public static async Task<IReadOnlyDictionary<string, string>> NamesAsync(NpgsqlDataSource source, IReadOnlyCollection<string> keys, CancellationToken cancellationToken = default) =>
        (await source.ListAsync("select key, name from tenants where key = any($1)", row => (Key: row.GetString(0), Name: row.GetString(1)), cancellationToken, (object)keys.ToArray()))
            .ToDictionary(tenant => tenant.Key, tenant => tenant.Name, StringComparer.Ordinal);
}
