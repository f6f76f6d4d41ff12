using System.Text.RegularExpressions;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Taxes;

/// <summary>Whom a tenant's invoices are made out to, and how they are taxed.</summary>
/// <param name="Country">ISO 3166-1; null: unknown, nothing is taxed.</param>
/// <param name="Region">Such as a state; null for none.</param>
/// <param name="VatId">Tax id of the business; of countries of the EU its VAT id.</param>
/// <param name="Exempt">Nothing is taxed.</param>
/// <param name="Name">On invoices; null: the tenant's name.</param>
/// <param name="Address">Lines, at most 500 characters.</param>
/// <param name="PoNumber">Purchase order that invoices name; a contract's own goes before it.</param>
/// <param name="Emails">Who gets invoices, at most 10; none: those with the role billing.</param>
public sealed partial record TaxProfile(
    string? Country = null, string? Region = null, string? VatId = null, bool Exempt = false, string? Name = null, string Address = "", string? PoNumber = null,
    IReadOnlyList<string>? Emails = null)
{
    private const string Select = "select country::text, region, vat_id, exempt, name, address, po_number, emails, vat_checked_at, vat_valid from tax_profiles where tenant_id = $1";

    // A checked id keeps its answer while it stays the same.
    private const string Upsert = """
        insert into tax_profiles as p (tenant_id, country, region, vat_id, exempt, name, address, po_number, emails) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (tenant_id) do update set country = excluded.country, region = excluded.region, vat_id = excluded.vat_id, exempt = excluded.exempt,
          name = excluded.name, address = excluded.address, po_number = excluded.po_number, emails = excluded.emails,
          vat_checked_at = case when p.vat_id = excluded.vat_id then p.vat_checked_at end, vat_valid = case when p.vat_id = excluded.vat_id then p.vat_valid end,
          vat_answer = case when p.vat_id = excluded.vat_id then p.vat_answer end, vat_due_at = case when p.vat_id = excluded.vat_id then p.vat_due_at else now() end
        """;

    /// <summary>When the VAT id was checked last; null: never, or it is of no country that is asked.</summary>
    public DateTimeOffset? VatCheckedAt { get; init; }

    /// <summary>What the check answered; null: nothing yet.</summary>
    public bool? VatValid { get; init; }

    /// <summary>A tenant's; one with nothing in it when none was set.</summary>
    public static async Task<TaxProfile> ReadAsync(NpgsqlConnection connection, long tenantId, CancellationToken cancellationToken = default) =>
        await connection.FindAsync(Select, Read, cancellationToken, tenantId) ?? new TaxProfile();

    /// <summary>
    /// Puts a tenant's profile. Invoices that are finalised keep what they say. Refuses: <c>invalid_country</c>, <c>missing_country</c> (of a
    /// region or a VAT id), <c>invalid_region</c>, <c>invalid_vat_id</c>, <c>invalid_name</c>, <c>invalid_address</c>, <c>invalid_po_number</c>,
    /// <c>invalid_email</c>.
    /// </summary>
    /// <returns>It as kept; its VAT id is not checked yet unless it was before.</returns>
    public static async Task<Result<TaxProfile>> PutAsync(WalletTransaction wallet, TaxProfile wanted, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(wanted);
        if (wanted.Check() is { } problem) return problem;
        string? vatId = null;
        if (Or(wanted.VatId) is { } written)
        {
            var read = Portal.Domain.Taxes.VatId.Read(written, wanted.Country!);
            if (read.Problem is { } wrong) return wrong;
            vatId = read.Value;
        }

        await wallet.Connection.ExecuteAsync(
            Upsert, cancellationToken, wallet.TenantId, Or(wanted.Country), Or(wanted.Region), vatId, wanted.Exempt, Or(wanted.Name), wanted.Address.Trim(), Or(wanted.PoNumber),
            (wanted.Emails ?? []).Select(email => (string?)email));
        return await ReadAsync(wallet.Connection, wallet.TenantId, cancellationToken);
    }

    internal static bool IsRegion(string? region) => region is not null && Regions().IsMatch(region);

    private Problem? Check()
    {
        var errors = new FieldErrors();
        if (Or(Country) is { } country && !Countries.Exists(country)) errors.Add("country", "invalid_country", "Name a country by its two letters of ISO 3166-1.");
        if (Or(Country) is null && (Or(Region) is not null || Or(VatId) is not null)) errors.Add("country", "missing_country", "A region or a VAT id needs its country.");
        if (Or(Region) is { } region && !IsRegion(region)) errors.Add("region", "invalid_region", "A region has at most 40 capital letters, digits and hyphens.");
        if (Name is { Length: > 200 }) errors.Add("name", "invalid_name", "A name has at most 200 characters.");
        if (Address is null or { Length: > 500 }) errors.Add("address", "invalid_address", "An address has at most 500 characters.");
        if (PoNumber is { Length: > 60 }) errors.Add("po_number", "invalid_po_number", "A purchase order number has at most 60 characters.");
        if (Emails is { Count: > 10 } || Emails?.Any(email => !MailAddresses.IsOne(email)) == true)
            errors.Add("emails", "invalid_email", "Give at most 10 mail addresses.");
        return errors.ToProblem(ProblemKind.Invalid);
    }

    private static string? Or(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    private static TaxProfile Read(NpgsqlDataReader row) => new(
        row.Nullable<string>(0), row.Nullable<string>(1), row.Nullable<string>(2), row.GetBoolean(3), row.Nullable<string>(4), row.GetString(5), row.Nullable<string>(6),
        row.GetFieldValue<string[]>(7))
    {
        VatCheckedAt = row.Nullable<DateTimeOffset?>(8),
        VatValid = row.Nullable<bool?>(9),
    };

    [GeneratedRegex("^[A-Z0-9-]{0,40}$", RegexOptions.None, 1_000)]
    private static partial Regex Regions();
}
