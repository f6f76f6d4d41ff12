using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Taxes;

/// <summary>Where a customer is, for tax.</summary>
/// <param name="Country">ISO 3166-1; null: unknown, nothing is taxed.</param>
/// <param name="Region">Such as a state; null for none.</param>
/// <param name="VatId">As given.</param>
/// <param name="VatValid">What a check answered; null: never checked.</param>
/// <param name="Exempt">Nothing is taxed.</param>
public sealed record TaxPlace(string? Country, string? Region, string? VatId, bool? VatValid, bool Exempt);

/// <summary>A tax rate as a line has it.</summary>
/// <param name="Name">Of the tax; why none is charged, when none is.</param>
/// <param name="Percent">0 to 100.</param>
public sealed record TaxRate(string Name, decimal Percent);

/// <summary>A row of the dated table of rates.</summary>
/// <param name="Country">ISO 3166-1.</param>
/// <param name="Region">"" for the whole country.</param>
/// <param name="ValidFrom">The first day.</param>
/// <param name="Name">Such as VAT.</param>
/// <param name="Percent">0 to 100.</param>
public sealed record TaxTableRow(string Country, string Region, DateOnly ValidFrom, string Name, decimal Percent);

/// <summary>
/// Which tax a sale bears (domain.md §9): the rate of the customer's place on a day; none between countries of the EU to a business whose VAT
/// id was checked (reverse charge), and none to whom is exempt. Pure.
/// </summary>
/// <param name="customer">Where the customer is.</param>
/// <param name="sellerCountry">ISO 3166-1 code of who sells.</param>
/// <param name="table">Rates of the customer's country, the oldest first.</param>
public sealed class Taxation(TaxPlace customer, string sellerCountry, IReadOnlyList<TaxTableRow> table)
{
    /// <summary>Nothing is taxed: no place is known.</summary>
    public static readonly TaxRate None = new("Tax", 0m);

    /// <summary>The rate of a day.</summary>
    public TaxRate On(DateOnly day)
    {
        if (customer.Country is not { } country) return None;
        if (customer.Exempt) return new TaxRate("Tax exempt", 0m);
        if (country != sellerCountry && VatId.IsInUnion(country) && VatId.IsInUnion(sellerCountry) && customer is { VatId: not null, VatValid: true })
            return new TaxRate("Reverse charge: the recipient accounts for VAT", 0m);
        var row = In(customer.Region ?? "", country, day) ?? In("", country, day);
        return row is null ? None : new TaxRate(row.Name, row.Percent);
    }

    /// <summary>Reads what decides for a tenant.</summary>
    public static async Task<Taxation> ReadAsync(NpgsqlConnection connection, long tenantId, string sellerCountry, CancellationToken cancellationToken = default)
    {
        var place = await connection.FindAsync(
            "select country::text, region, vat_id, vat_valid, exempt from tax_profiles where tenant_id = $1",
            row => new TaxPlace(row.Nullable<string>(0), row.Nullable<string>(1), row.Nullable<string>(2), row.Nullable<bool?>(3), row.GetBoolean(4)),
            cancellationToken, tenantId) ?? new TaxPlace(null, null, null, null, false);
        var table = place.Country is null ? [] : await connection.ListAsync(
            "select country::text, region, valid_from, name, percent from tax_rates where country = $1 order by valid_from", TaxTable.ReadRow, cancellationToken, place.Country);
        return new Taxation(place, sellerCountry, table);
    }

    /// <summary>Reads what decides for a tenant that the default legal entity sells to.</summary>
    public static async Task<Taxation> OfTenantAsync(NpgsqlConnection connection, long tenantId, CancellationToken cancellationToken = default)
    {
        var seller = await connection.ListAsync("select country::text from legal_entities where is_default", row => row.Nullable<string>(0), cancellationToken);
        return await ReadAsync(connection, tenantId, seller.FirstOrDefault() ?? "", cancellationToken);
    }

    /// <summary>The rate of what is sold to a tenant now, on its own calendar.</summary>
    /// <param name="connection">The database.</param>
    /// <param name="tenantId">The tenant.</param>
    /// <param name="zone">Its zone.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<TaxRate> OfSaleAsync(NpgsqlConnection connection, long tenantId, TimeZoneInfo zone, CancellationToken cancellationToken = default)
    {
        const string sale = "select (select country::text from legal_entities where is_default), now() + clock_offset from platform";
        var (seller, now) = (await connection.ListAsync(sale, row => (row.Nullable<string>(0), row.GetFieldValue<DateTimeOffset>(1)), cancellationToken)).Single();
        return (await ReadAsync(connection, tenantId, seller ?? "", cancellationToken)).On(zone.DateIn(now));
    }

    private TaxTableRow? In(string region, string country, DateOnly day) =>
        table.LastOrDefault(row => row.Country == country && row.Region == region && row.ValidFrom <= day);
}
