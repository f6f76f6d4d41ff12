using System.Text.RegularExpressions;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Taxes;

namespace Portal.Domain.Invoicing;

/// <summary>A legal entity, and whether it is the one that sells.</summary>
/// <param name="Entity">The entity.</param>
/// <param name="IsDefault">It sells.</param>
public sealed record LegalEntityRow(LegalEntity Entity, bool IsDefault);

/// <summary>Who sells: put by operators, named by invoices as they are finalised.</summary>
public static partial class LegalEntities
{
    private const string Columns = "key, name, address, country::text, tax_ids, email, payment_details, series, is_default";

    private const string Upsert = """
        insert into legal_entities (key, name, address, country, tax_ids, email, payment_details, series, is_default) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        on conflict (key) do update set name = excluded.name, address = excluded.address, country = excluded.country, tax_ids = excluded.tax_ids, email = excluded.email,
          payment_details = excluded.payment_details, series = excluded.series, is_default = excluded.is_default
        """;

    /// <summary>They by key.</summary>
    public static async Task<IReadOnlyList<LegalEntityRow>> ListAsync(NpgsqlDataSource source, string after, int limit, CancellationToken cancellationToken = default) =>
        await source.ListAsync($"select {Columns} from legal_entities where key > $1 order by key limit $2", Read, cancellationToken, after, limit);

    /// <summary>
    /// Puts one. Refuses: <c>invalid_key</c>, <c>invalid_name</c>, <c>invalid_country</c>, <c>invalid_address</c>, <c>invalid_tax_id</c>,
    /// <c>invalid_email</c>, <c>invalid_payment_details</c>, <c>invalid_series</c>, <c>series_taken</c>, <c>series_in_use</c> (another one, once
    /// numbers were given), <c>default_needed</c> (of the one that sells).
    /// </summary>
    /// <returns>True when it is new, and it.</returns>
    public static async Task<Result<(bool Created, LegalEntityRow Row)>> PutAsync(
        PlatformTransaction platform, LegalEntity wanted, bool isDefault, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(platform);
        ArgumentNullException.ThrowIfNull(wanted);
        if (Check(wanted) is { } problem) return problem;
        await platform.Connection.ExecuteAsync("lock table legal_entities in share row exclusive mode", cancellationToken);
        var others = await platform.Connection.ListAsync($"select {Columns} from legal_entities", Read, cancellationToken);
        var known = others.Find(row => row.Entity.Key == wanted.Key);
        if (others.Exists(row => row.Entity.Key != wanted.Key && row.Entity.Series == wanted.Series))
            return Problem.Conflict("series_taken", $"Another legal entity gives numbers of the series {wanted.Series}.");
        if (known is { IsDefault: true } && !isDefault) return Problem.Conflict("default_needed", "It is the one that sells: make another the default instead.");
        if (known is not null && known.Entity.Series != wanted.Series && await HasNumbersAsync(platform, wanted.Key, cancellationToken))
            return Problem.Conflict("series_in_use", $"Invoices were numbered in the series {known.Entity.Series}; it stays.");
        if (isDefault) await platform.Connection.ExecuteAsync("update legal_entities set is_default = false where is_default and key <> $1", cancellationToken, wanted.Key);
        await platform.Connection.ExecuteAsync(
            Upsert, cancellationToken, wanted.Key, wanted.Name, wanted.Address, wanted.Country, wanted.TaxIds.Select(id => (string?)id), wanted.Email, wanted.PaymentDetails,
            wanted.Series, isDefault);
        return (known is null, new LegalEntityRow(wanted, isDefault));
    }

    private static async Task<bool> HasNumbersAsync(PlatformTransaction platform, string key, CancellationToken cancellationToken) =>
        (await platform.Connection.ListAsync("select 1 from number_series where legal_entity = $1 and last > 0", row => row.GetInt32(0), cancellationToken, key)).Count > 0;

    private static Problem? Check(LegalEntity wanted)
    {
        var errors = new FieldErrors();
        if (Slug.Check("entity", wanted.Key) is { } key) errors.Add("entity", key.Code, key.Detail);
        if (wanted.Name is not { Length: >= 1 and <= 200 }) errors.Add("name", "invalid_name", "A name has 1 to 200 characters.");
        if (!Countries.Exists(wanted.Country)) errors.Add("country", "invalid_country", "Name a country by its two letters of ISO 3166-1.");
        if (wanted.Address is not { Length: <= 500 }) errors.Add("address", "invalid_address", "An address has at most 500 characters.");
        if (wanted.TaxIds.Count > 10 || wanted.TaxIds.Any(id => id is not { Length: >= 1 and <= 40 })) errors.Add("tax_ids", "invalid_tax_id", "Give at most 10 tax ids of up to 40 characters.");
        if (wanted.Email is not null && !MailAddresses.IsOne(wanted.Email)) errors.Add("email", "invalid_email", "Give one mail address, such as billing@example.com.");
        if (wanted.PaymentDetails is { Length: > 500 }) errors.Add("payment_details", "invalid_payment_details", "Payment details have at most 500 characters.");
        if (!SeriesNames().IsMatch(wanted.Series)) errors.Add("series", "invalid_series", "A series has 1 to 20 capital letters, digits and hyphens.");
        return errors.ToProblem(ProblemKind.Invalid);
    }

    private static LegalEntityRow Read(NpgsqlDataReader row) => new(
        new LegalEntity(
            row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetFieldValue<string[]>(4), row.Nullable<string>(5), row.Nullable<string>(6), row.GetString(7)),
        row.GetBoolean(8));

    [GeneratedRegex("^[A-Z0-9-]{1,20}$", RegexOptions.None, 1_000)]
    private static partial Regex SeriesNames();
}
