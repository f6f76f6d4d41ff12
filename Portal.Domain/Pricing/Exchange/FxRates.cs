using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Pricing.Exchange;

/// <summary>What a currency was worth in another on a day.</summary>
/// <param name="Base">ISO 4217 code of the currency that is valued.</param>
/// <param name="Quote">ISO 4217 code of the currency it is valued in.</param>
/// <param name="Date">The day, on the calendar of whose usage is converted.</param>
/// <param name="Rate">How much <paramref name="Quote"/> one <paramref name="Base"/> is; above 0, nine places.</param>
public sealed record FxRate(string Base, string Quote, DateOnly Date, decimal Rate);

/// <summary>Where a list of rates goes on: after this pair and day.</summary>
/// <param name="Base">Its base.</param>
/// <param name="Quote">Its quote.</param>
/// <param name="Date">Its day.</param>
public sealed record FxPlace(string Base, string Quote, DateOnly Date);

/// <summary>
/// The platform's table of exchange rates. Margins are converted by the rate of the day of <c>occurred_at</c>: by the pair, else by the
/// inverse of the opposite pair, never by another day's rate.
/// </summary>
public static class FxRates
{
    /// <summary>Most rates of one request.</summary>
    public const int Most = 10_000;

    private const decimal Greatest = 1_000_000_000_000m;

    private const string Upsert = """
        insert into fx_rates (base, quote, day, rate) select * from unnest($1::text[], $2::text[], $3::date[], $4::numeric[])
        on conflict (base, quote, day) do update set rate = excluded.rate
        """;

    private const string Page = """
        select base::text, quote::text, day, rate from fx_rates
        where ($1::text is null or base = $1) and ($2::text is null or quote = $2) and ($3::date is null or day >= $3) and ($4::date is null or day < $4)
          and ($5::text is null or (base, quote, day) > ($5, $6, $7))
        order by base, quote, day limit $8
        """;

    /// <summary>
    /// Puts rates, in place of those of the same pair and day. Refuses, changing nothing, <c>no_rates</c>, <c>too_many_rates</c>,
    /// <c>invalid_currency</c>, <c>same_currency</c>, <c>invalid_rate</c> and <c>duplicate_rate</c>.
    /// </summary>
    public static async Task<Result<IReadOnlyList<FxRate>>> PutAsync(PlatformTransaction platform, IReadOnlyList<FxRate> rates, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(platform);
        ArgumentNullException.ThrowIfNull(rates);
        if (Check(rates) is { } problem) return problem;
        await platform.Connection.ExecuteAsync(
            Upsert, cancellationToken, rates.Select(rate => (string?)rate.Base), rates.Select(rate => (string?)rate.Quote), rates.Select(rate => rate.Date),
            rates.Select(rate => rate.Rate));
        return Result.Of(rates);
    }

    /// <summary>Rates by base, quote and day.</summary>
    /// <param name="source">The database.</param>
    /// <param name="baseCurrency">Only of this one; null: any.</param>
    /// <param name="quote">Only in this one; null: any.</param>
    /// <param name="from">First day; null: from the first.</param>
    /// <param name="to">First day after; null: to the last.</param>
    /// <param name="after">The last one of the page before; null: the first page.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<IReadOnlyList<FxRate>> ListAsync(
        NpgsqlDataSource source, string? baseCurrency, string? quote, DateOnly? from, DateOnly? to, FxPlace? after, int limit, CancellationToken cancellationToken) =>
        await source.ListAsync(
            Page, row => new FxRate(row.GetString(0), row.GetString(1), row.GetFieldValue<DateOnly>(2), row.GetDecimal(3)), cancellationToken,
            baseCurrency, quote, from, to, after?.Base, after?.Quote, after?.Date, limit);

    private static Problem? Check(IReadOnlyList<FxRate> rates)
    {
        if (rates.Count == 0) return Problem.Field("rates", "no_rates", "Send at least one rate.");
        if (rates.Count > Most) return Problem.Field("rates", "too_many_rates", $"Send at most {Most} rates at once.");
        var errors = new FieldErrors();
        var seen = new HashSet<(string, string, DateOnly)>();
        for (var i = 0; i < rates.Count; i++)
        {
            var (rate, at) = (rates[i], rates.Count == 1 ? "" : $"rates[{i}].");
            if (Currency.Find(rate.Base) is null) errors.Add(at + "base", "invalid_currency", "Name an ISO 4217 currency.");
            if (Currency.Find(rate.Quote) is null) errors.Add(at + "quote", "invalid_currency", "Name an ISO 4217 currency.");
            if (rate.Base == rate.Quote) errors.Add(at + "quote", "same_currency", "A currency is worth one of itself.");
            if (rate.Rate <= 0m || rate.Rate > Greatest || decimal.Round(rate.Rate, 9) != rate.Rate)
                errors.Add(at + "rate", "invalid_rate", $"A rate is above 0, at most {Greatest}, with at most nine places.");
            if (!seen.Add((rate.Base, rate.Quote, rate.Date))) errors.Add(at + "date", "duplicate_rate", "This pair and day stand here twice.");
        }

        return errors.ToProblem(ProblemKind.Invalid);
    }
}
