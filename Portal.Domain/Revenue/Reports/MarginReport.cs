using System.Globalization;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Revenue.Reports;

/// <summary>What a margin is asked by and over which usage.</summary>
/// <param name="From">First instant of usage.</param>
/// <param name="To">First instant after it.</param>
/// <param name="GroupBy">Any of <see cref="MarginReports.Dimensions"/>, each once; none: the total alone.</param>
public sealed record MarginQuestion(DateTimeOffset From, DateTimeOffset To, IReadOnlyList<string> GroupBy)
{
    /// <summary>Only this tenant; null: all.</summary>
    public string? Tenant { get; init; }

    /// <summary>The report's currency; null: the platform's.</summary>
    public string? Currency { get; init; }
}

/// <summary>Revenue and cost of some usage, in the report's currency.</summary>
/// <param name="Keys">Values of the dimensions asked for, in their order; null is none.</param>
/// <param name="Events">Events; each counts once.</param>
/// <param name="Credits">Credits used.</param>
/// <param name="Revenue">Value of the credits drawn and money accrued; null when part of it has no exchange rate.</param>
/// <param name="Cost">What the platform paid; null when any of it is unknown, or has no exchange rate.</param>
/// <param name="Unknown">Events whose cost is unknown.</param>
public sealed record MarginRow(IReadOnlyList<string?> Keys, long Events, decimal Credits, decimal? Revenue, decimal? Cost, long Unknown)
{
    /// <summary>Revenue − cost; null when one of them is unknown.</summary>
    public decimal? Margin => Revenue - Cost;

    /// <summary>The part of the cost that is known; <see cref="Cost"/> when all of it is.</summary>
    public decimal KnownCost { get; init; }

    /// <summary>What the margin is at most: revenue − what is known of the cost; null when the revenue is unknown.</summary>
    public decimal? MarginAtMost => Revenue - KnownCost;

    /// <summary>True when it loses money whatever the unknown part of its cost comes to.</summary>
    public bool Loses => MarginAtMost < 0m;

    /// <summary>Margin ÷ revenue at four places; null when unknown, or without revenue.</summary>
    public decimal? Share => Margin is { } margin && Revenue is { } revenue and not 0m ? Math.Round(margin / revenue, 4, MidpointRounding.ToEven) : null;

    /// <summary>Both together.</summary>
    public MarginRow With(MarginRow other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new(Keys, Events + other.Events, Credits + other.Credits, Revenue + other.Revenue, Cost + other.Cost, Unknown + other.Unknown)
        {
            KnownCost = KnownCost + other.KnownCost,
        };
    }
}

/// <summary>An answer: what loses money first, then the smallest margin, what is unknown last.</summary>
/// <param name="Question">What was asked.</param>
/// <param name="Currency">The currency of its money.</param>
/// <param name="Rows">The groups.</param>
/// <param name="Totals">All of them.</param>
public sealed record MarginReport(MarginQuestion Question, string Currency, IReadOnlyList<MarginRow> Rows, MarginRow Totals);

/// <summary>Margin over all tenants, from the hours, by when usage happened; money is converted by the rate of its day on the tenant's calendar.</summary>
public static class MarginReports
{
    /// <summary>Most rows of an answer.</summary>
    public const int MostRows = 10_000;

    private static readonly Dictionary<string, string> Columns = new(StringComparer.Ordinal)
    {
        ["tenant"] = "t.key",
        ["model"] = "nullif(u.model, '')",
        ["product"] = "u.product",
        ["pool"] = "(select p.key from pools p where p.tenant_id = u.tenant_id and p.pool_id = u.pool_id)",
        ["token_type"] = "nullif(u.token_type, '')",
        ["tier"] = "nullif(u.tier, '')",
        ["day"] = "to_char(u.hour at time zone t.time_zone, 'YYYY-MM-DD')",
        ["month"] = "to_char(u.hour at time zone t.time_zone, 'YYYY-MM')",
    };

    /// <summary>What margin can be asked by; <c>pool</c> is the pool drawn, <c>day</c> and <c>month</c> are the tenant's.</summary>
    public static readonly IReadOnlyList<string> Dimensions = [.. Columns.Keys];

    /// <summary>Refuses <c>invalid_period</c>, <c>invalid_group_by</c>, <c>invalid_currency</c>, <c>too_many_rows</c>.</summary>
    public static async Task<Result<MarginReport>> ReadAsync(NpgsqlDataSource source, MarginQuestion question, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(question);
        if (Check(question) is { } problem) return problem;
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var currency = question.Currency
            ?? (await connection.ListAsync("select reporting_currency from platform", row => row.GetString(0), cancellationToken)).Single();
        var rows = await connection.ListAsync(
            Sql(question.GroupBy), row => Read(row, question.GroupBy.Count), cancellationToken, question.From.ToUniversalTime(), question.To.ToUniversalTime(), currency, question.Tenant);
        if (rows.Count > MostRows) return Problem.Unprocessable("too_many_rows", $"That are more than {MostRows} rows. Ask for fewer dimensions or one tenant.");
        var none = new MarginRow([], 0, 0m, 0m, 0m, 0);
        return new MarginReport(question, currency, [.. rows.OrderBy(row => row.Loses ? 0 : row.Margin is null ? 2 : 1).ThenBy(row => row.Margin ?? row.MarginAtMost)], rows.Aggregate(none, (sum, row) => sum.With(row)));
    }

    private static Problem? Check(MarginQuestion question)
    {
        if (question.To <= question.From) return Problem.Field("to", "invalid_period", "The period must end after it begins.");
        if (question.GroupBy.FirstOrDefault(name => !Columns.ContainsKey(name)) is { } unknown)
            return Problem.Field("group_by", "invalid_group_by", $"Margin cannot be grouped by '{unknown}', only by {string.Join(", ", Dimensions)}.");
        if (question.GroupBy.Distinct(StringComparer.Ordinal).Count() != question.GroupBy.Count)
            return Problem.Field("group_by", "invalid_group_by", "Name each dimension once.");
        return question.Currency is { } code && Currency.Find(code) is null ? Problem.Field("currency", "invalid_currency", "Name an ISO 4217 currency.") : null;
    }

    // Composed of the constants above; values travel as parameters. Money is summed by day and currency first, so that a rate is looked up once.
    private static string Sql(IReadOnlyList<string> groupBy)
    {
        var keys = groupBy.Select((name, i) => (Column: Columns[name], Alias: string.Create(CultureInfo.InvariantCulture, $"k{i}"))).ToArray();
        var aliases = string.Concat(keys.Select(key => $"{key.Alias}, "));
        return $"""
            with days as (
              select {string.Concat(keys.Select(key => $"{key.Column} as {key.Alias}, "))}(u.hour at time zone t.time_zone)::date as day, t.currency::text as currency, u.cost_currency,
                sum(u.events)::bigint as events, sum(u.quantity) as quantity, sum(u.credits) as credits, sum(u.revenue) as revenue, sum(u.cost) as cost,
                sum(u.cost_unknown)::bigint as unknown, coalesce(bool_or(u.cost_currency = '' and u.quantity <> 0), false) as costless
              from usage_hourly u join tenants t on t.tenant_id = u.tenant_id
              where u.hour >= $1 and u.hour < $2 and ($4::text is null or t.key = $4)
              group by {aliases}day, t.currency, u.cost_currency
            ), money as (
              select d.*, case when d.revenue = 0 then 1 else fx_rate(d.currency, $3, d.day) end as revenue_rate,
                case when d.cost_currency = '' or d.cost = 0 then 1 else fx_rate(d.cost_currency, $3, d.day) end as cost_rate
              from days d
            )
            select sum(events)::bigint, sum(credits), case when bool_or(revenue_rate is null) then null else sum(round(revenue * revenue_rate, 9)) end,
              case when bool_or(costless or unknown > 0 or cost_rate is null) then null else sum(round(cost * cost_rate, 9)) end, sum(unknown)::bigint,
              coalesce(sum(round(cost * cost_rate, 9)), 0){string.Concat(keys.Select(key => ", " + key.Alias))}
            from money {(keys.Length == 0 ? "having count(*) > 0" : "group by " + string.Join(", ", keys.Select(key => key.Alias)))}
            limit {MostRows + 1}
            """;
    }

    private static MarginRow Read(NpgsqlDataReader row, int keys)
    {
        var values = new string?[keys];
        for (var i = 0; i < keys; i++) values[i] = row.Nullable<string>(6 + i);
        return new MarginRow(values, row.GetInt64(0), row.GetDecimal(1), row.Nullable<decimal?>(2), row.Nullable<decimal?>(3), row.GetInt64(4)) { KnownCost = row.GetDecimal(5) };
    }
}
