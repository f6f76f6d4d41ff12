using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Taxes;

/// <summary>The dated table of tax rates by country and region: what operators put there, and what a tax engine answered.</summary>
public static class TaxTable
{
    /// <summary>Most rates of one request.</summary>
    public const int Most = 10_000;

    private const string Upsert = """
        insert into tax_rates (country, region, valid_from, name, percent) select * from unnest($1::text[], $2::text[], $3::date[], $4::text[], $5::numeric[])
        on conflict (country, region, valid_from) do update set name = excluded.name, percent = excluded.percent
        """;

    private const string Page = """
        select country::text, region, valid_from, name, percent from tax_rates
        where ($1::text is null or country = $1) and ($2::text is null or (country, region, valid_from) > ($2, $3, $4))
        order by country, region, valid_from limit $5
        """;

    /// <summary>
    /// Puts rates, in place of those of the same place and day; finalised invoices keep what they say. Refuses, changing nothing:
    /// <c>no_rates</c>, <c>too_many_rates</c>, <c>invalid_country</c>, <c>invalid_region</c>, <c>invalid_name</c>, <c>invalid_rate</c>,
    /// <c>duplicate_rate</c>.
    /// </summary>
    public static async Task<Result<IReadOnlyList<TaxTableRow>>> PutAsync(
        PlatformTransaction platform, IReadOnlyList<TaxTableRow> rates, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(platform);
        ArgumentNullException.ThrowIfNull(rates);
        if (Check(rates) is { } problem) return problem;
        await WriteAsync(platform.Connection, rates, cancellationToken);
        return Result.Of(rates);
    }

    internal static Task WriteAsync(NpgsqlConnection connection, IReadOnlyList<TaxTableRow> rates, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(
            Upsert, cancellationToken, rates.Select(rate => (string?)rate.Country), rates.Select(rate => (string?)rate.Region), rates.Select(rate => rate.ValidFrom),
            rates.Select(rate => (string?)rate.Name), rates.Select(rate => rate.Percent));

    /// <summary>Takes a rate away; what was before it holds again. False: there is none.</summary>
    public static async Task<bool> RemoveAsync(PlatformTransaction platform, string country, string region, DateOnly validFrom, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(platform);
        const string sql = "delete from tax_rates where country = $1 and region = $2 and valid_from = $3 returning 1";
        return (await platform.Connection.ListAsync(sql, row => row.GetInt32(0), cancellationToken, country, region, validFrom)).Count > 0;
    }

    /// <summary>Rates by country, region and day.</summary>
    /// <param name="source">The database.</param>
    /// <param name="country">Only of this one; null: any.</param>
    /// <param name="after">The last of the page before; null: the first page.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<IReadOnlyList<TaxTableRow>> ListAsync(
        NpgsqlDataSource source, string? country, TaxTableRow? after, int limit, CancellationToken cancellationToken) =>
        await source.ListAsync(Page, ReadRow, cancellationToken, country, after?.Country, after?.Region, after?.ValidFrom, limit);

    internal static TaxTableRow ReadRow(NpgsqlDataReader row) =>
        new(row.GetString(0), row.GetString(1), row.GetFieldValue<DateOnly>(2), row.GetString(3), row.GetDecimal(4));

    internal static Problem? Check(IReadOnlyList<TaxTableRow> rates)
    {
        if (rates.Count == 0) return Problem.Field("rates", "no_rates", "Send at least one rate.");
        if (rates.Count > Most) return Problem.Field("rates", "too_many_rates", $"Send at most {Most} rates at once.");
        var errors = new FieldErrors();
        var seen = new HashSet<(string, string, DateOnly)>();
        for (var i = 0; i < rates.Count; i++)
        {
            var (rate, at) = (rates[i], rates.Count == 1 ? "" : $"rates[{i}].");
            if (!Countries.Exists(rate.Country)) errors.Add(at + "country", "invalid_country", "Name a country by its two letters of ISO 3166-1.");
            if (!TaxProfile.IsRegion(rate.Region)) errors.Add(at + "region", "invalid_region", "A region has at most 40 capital letters, digits and hyphens.");
            if (rate.Name is not { Length: >= 1 and <= 60 }) errors.Add(at + "name", "invalid_name", "Name the tax with 1 to 60 characters, such as VAT.");
            if (rate.Percent is < 0m or > 100m || decimal.Round(rate.Percent, 6) != rate.Percent)
                errors.Add(at + "percent", "invalid_rate", "A rate is 0 to 100 percent, with at most six places.");
            if (!seen.Add((rate.Country, rate.Region, rate.ValidFrom))) errors.Add(at + "valid_from", "duplicate_rate", "This place and day stand here twice.");
        }

        return errors.ToProblem(ProblemKind.Invalid);
    }
}
