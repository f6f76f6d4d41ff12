using System.Globalization;
using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Invoicing;

/// <summary>Who sells.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Name">As invoices say it.</param>
/// <param name="Address">Lines.</param>
/// <param name="Country">ISO 3166-1.</param>
/// <param name="TaxIds">Its tax ids.</param>
/// <param name="Email">Where customers ask.</param>
/// <param name="PaymentDetails">How to pay by bank transfer.</param>
/// <param name="Series">Prefix of its invoices' numbers.</param>
public sealed record LegalEntity(
    string Key, string Name, string Address, string Country, IReadOnlyList<string> TaxIds, string? Email, string? PaymentDetails, string Series)
{
    private const string Select = "select e.key, e.name, e.address, e.country::text, e.tax_ids, e.email, e.payment_details, e.series from legal_entities e";

    /// <summary>It as a party of an invoice.</summary>
    public InvoiceParty Party => new(Name, Address, Country, TaxIds, Email, PaymentDetails);

    /// <summary>The one that sells to tenants; null when there is none.</summary>
    public static Task<LegalEntity?> OfTenantAsync(NpgsqlConnection connection, CancellationToken cancellationToken = default) =>
        connection.FindAsync(Select + " where e.is_default", Read, cancellationToken);

    /// <summary>The one that an invoice is from, as it is now; null when there is no such invoice.</summary>
    public static Task<LegalEntity?> OfInvoiceAsync(NpgsqlConnection connection, long tenantId, Guid invoice, CancellationToken cancellationToken = default) =>
        connection.FindAsync(
            Select + " join invoice_documents d on d.legal_entity = e.key where d.tenant_id = $1 and d.invoice_id = $2", Read, cancellationToken, tenantId, invoice);

    /// <summary>Reserves the next number of the series for an invoice, or answers the one that it has: on a connection of its own, so that it commits whatever becomes of the tenant's transaction.</summary>
    internal async Task<string> ReserveAsync(NpgsqlDataSource numbers, long tenantId, Guid invoice, CancellationToken cancellationToken)
    {
        var number = (await numbers.ListAsync(
            "select reserve_invoice_number($1, $2, $3, $4)", row => row.GetInt64(0), cancellationToken, Key, Series, tenantId, invoice)).Single();
        return string.Create(CultureInfo.InvariantCulture, $"{Series}-{number:000000}");
    }

    private static LegalEntity Read(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetFieldValue<string[]>(4), row.Nullable<string>(5), row.Nullable<string>(6), row.GetString(7));
}
