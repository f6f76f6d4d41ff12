using System.Globalization;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Metering;

/// <summary>What usage is asked for.</summary>
/// <param name="From">First instant; taken to the hour of the tenant's clocks in which it lies.</param>
/// <param name="To">First instant after it.</param>
/// <param name="GroupBy">Any of <see cref="UsageQuery.Dimensions"/>, each once; none: totals alone.</param>
public sealed record UsageQuestion(DateTimeOffset From, DateTimeOffset To, IReadOnlyList<string> GroupBy)
{
    /// <summary>Only rows of these values by dimension (all but <c>day</c> and <c>hour</c>); an empty value is none.</summary>
    public IReadOnlyDictionary<string, string> Only { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Only usage of these consumers' numbers; null is of all.</summary>
    public IReadOnlyList<int>? Consumers { get; init; }
}

/// <summary>Figures of usage, in the tenant's currency.</summary>
/// <param name="Events">Events; each counts once.</param>
/// <param name="Quantity">Measured quantity, such as tokens.</param>
/// <param name="Credits">Credits used.</param>
/// <param name="Revenue">Value of the credits drawn, and money accrued.</param>
/// <param name="Cost">What the platform paid; null when any of it is unknown, or in a currency
/// that has no exchange rate of the day.</param>
public sealed record UsageFigures(long Events, decimal Quantity, decimal Credits, decimal Revenue, decimal? Cost)
{
    /// <summary>No usage.</summary>
    public static UsageFigures None { get; } = new(0, 0m, 0m, 0m, 0m);

    /// <summary>Revenue per credit at nine places; null without credits.</summary>
    public decimal? BlendedPrice => Credits == 0m ? null : Math.Round(Revenue / Credits, 9, MidpointRounding.ToEven);

    /// <summary>Cost per credit at nine places; null without credits, or when the cost is unknown.</summary>
    public decimal? BlendedCost => Credits == 0m || Cost is null ? null : Math.Round(Cost.Value / Credits, 9, MidpointRounding.ToEven);

    /// <summary>Revenue − cost; null when the cost is unknown.</summary>
    public decimal? Margin => Revenue - Cost;

    /// <summary>Both together.</summary>
    public static UsageFigures operator +(UsageFigures left, UsageFigures right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return new(left.Events + right.Events, left.Quantity + right.Quantity, left.Credits + right.Credits, left.Revenue + right.Revenue, left.Cost + right.Cost);
    }

    /// <summary>Both together.</summary>
    public static UsageFigures Add(UsageFigures left, UsageFigures right) => left + right;
}

/// <summary>One group of usage.</summary>
/// <param name="Keys">Its values in the order of the question's dimensions: keys of pools, teams and consumers, names of the others,
/// instants (RFC 3339) for <c>day</c> and <c>hour</c>; null is none.</param>
/// <param name="At">The instant at which its day or hour begins; null when it was not grouped by time.</param>
/// <param name="Figures">Its figures.</param>
public sealed record UsageRow(IReadOnlyList<string?> Keys, DateTimeOffset? At, UsageFigures Figures);

/// <summary>An answer to a question: the largest use of credits first, then in the order of the keys.</summary>
/// <param name="Question">What was asked.</param>
/// <param name="Rows">The groups.</param>
/// <param name="Totals">All rows together.</param>
public sealed record UsageReport(UsageQuestion Question, IReadOnlyList<UsageRow> Rows, UsageFigures Totals);

/// <summary>Reads usage by hour from the rollups, by when it happened.</summary>
public static class UsageQuery
{
    /// <summary>Most rows that one answer holds.</summary>
    public const int MostRows = 100_000;

    private const string Day = "day", Hour = "hour";

    // Dimension → column of usage_hourly, and the table whose key names it.
    private static readonly Dictionary<string, (string Column, string? Table, string? Id)> Columns = new(StringComparer.Ordinal)
    {
        ["model"] = ("model", null, null),
        ["product"] = ("product", null, null),
        ["team"] = ("team_id", "teams", "team_id"),
        ["pool"] = ("pool_id", "pools", "pool_id"),
        ["pool_named"] = ("pool_named_id", "pools", "pool_id"),
        ["consumer"] = ("consumer_id", "consumers", "consumer_id"),
        ["token_type"] = ("token_type", null, null),
        ["tier"] = ("tier", null, null),
        [Day] = ("hour", null, null),
        [Hour] = ("hour", null, null),
    };

    /// <summary>What usage can be grouped by. <c>pool</c> is the pool drawn, <c>pool_named</c> the one that the usage named.</summary>
    public static readonly IReadOnlyList<string> Dimensions = [.. Columns.Keys];

    /// <summary>Usage of a period, grouped; one round trip. Refuses <c>invalid_period</c>, <c>invalid_group_by</c>, <c>invalid_filter</c>, <c>too_many_rows</c>.</summary>
    public static async Task<Result<UsageReport>> ReadAsync(TenantRead read, UsageQuestion question, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        ArgumentNullException.ThrowIfNull(question);
        if (Check(read, question) is { } problem) return problem;
        var from = read.Zone.HourStart(question.From);
        var days = question.GroupBy.Contains(Day, StringComparer.Ordinal) ? CalendarSteps.Begin(read.Zone, DayOf(read.Zone, from), question.To, CalendarStep.Day) : [];
        var filters = question.Only.OrderBy(filter => filter.Key, StringComparer.Ordinal).ToArray();
        object?[] parameters =
        [
            read.TenantId, from, question.To.ToUniversalTime(), read.Currency, days.ToArray(), question.Consumers?.ToArray() ?? [], ZoneOf(read),
            .. filters.Select(filter => (object?)filter.Value),
        ];
        var rows = await read.Connection.ListAsync(Sql(question, filters.Select(filter => filter.Key)), row => Read(row, question.GroupBy, days), cancellationToken, parameters);
        if (rows.Count > MostRows) return Problem.Unprocessable("too_many_rows", $"That are more than {MostRows} rows. Ask for a shorter period or fewer dimensions.");
        return new UsageReport(question, rows, rows.Aggregate(UsageFigures.None, (sum, row) => sum + row.Figures));
    }

    private static Problem? Check(TenantRead read, UsageQuestion question)
    {
        if (question.To <= question.From) return Problem.Field("to", "invalid_period", "The period must end after it begins.");
        if (question.GroupBy.FirstOrDefault(name => !Columns.ContainsKey(name)) is { } unknown)
            return Problem.Field("group_by", "invalid_group_by", $"Usage cannot be grouped by '{unknown}', only by {string.Join(", ", Dimensions)}.");
        if (question.GroupBy.Distinct(StringComparer.Ordinal).Count() != question.GroupBy.Count)
            return Problem.Field("group_by", "invalid_group_by", "Name each dimension once.");
        if (question.Only.Keys.FirstOrDefault(name => !Columns.ContainsKey(name) || name is Day or Hour) is { } filter)
            return Problem.Field(filter, "invalid_filter", $"Usage cannot be filtered by '{filter}'.");
        return question.GroupBy.Contains(Day, StringComparer.Ordinal) && (question.To - question.From).TotalDays > CalendarSteps.Most
            ? Problem.Field("from", "invalid_period", $"That are more than {CalendarSteps.Most} days.")
            : null;
    }

    // Rows of a day are converted by that day's rate on the tenant's calendar.
    private static string ZoneOf(TenantRead read) => read.Zone.HasIanaId ? read.Zone.Id : "UTC";

    private static DateTimeOffset DayOf(TimeZoneInfo zone, DateTimeOffset instant) => zone.DayStart(zone.DateIn(instant));

    // Composed of the constants above; values travel as parameters.
    private static string Sql(UsageQuestion question, IEnumerable<string> filters)
    {
        var keys = question.GroupBy.Select((name, i) => (Name: name, Column: Columns[name], Alias: string.Create(CultureInfo.InvariantCulture, $"k{i}"))).ToArray();
        var grouped = keys.Select(key => (key.Name == Day ? "width_bucket(u.hour, $5::timestamptz[])" : "u." + key.Column.Column) + " as " + key.Alias);
        var names = keys.Select(key => key.Column.Table is { } table
            ? $"(select n.key from {table} n where n.tenant_id = $1 and n.{key.Column.Id} = g.{key.Alias})"
            : key.Column.Column == "hour" ? "g." + key.Alias : $"nullif(g.{key.Alias}, '')");
        var only = filters.Select((name, i) => Columns[name] is { Table: { } table } column
            ? string.Create(CultureInfo.InvariantCulture, $" and u.{column.Column} = coalesce((select n.{column.Id} from {table} n where n.tenant_id = $1 and n.key = ${i + 8}), case ${i + 8} when '' then 0 else -1 end)")
            : string.Create(CultureInfo.InvariantCulture, $" and u.{Columns[name].Column} = ${i + 8}"));
        return $"""
            with g as (
              select {string.Concat(grouped.Select(column => column + ", "))}sum(u.events)::bigint as events, sum(u.quantity) as quantity, sum(u.credits) as credits,
                sum(u.revenue) as revenue, sum(case when u.cost_currency in ('', $4) then u.cost else round(u.cost * x.rate, 9) end) as cost,
                bool_or(u.cost_unknown > 0 or u.cost_currency = '' and u.quantity <> 0 or u.cost_currency not in ('', $4) and u.quantity <> 0 and x.rate is null)
                  as unknown, cardinality($5::timestamptz[]) as days
              from usage_hourly u
              cross join lateral (select case when u.cost_currency not in ('', $4) then fx_rate(u.cost_currency, $4, (u.hour at time zone $7)::date) end as rate) x
              where u.tenant_id = $1 and u.hour >= $2 and u.hour < $3{(question.Consumers is null ? " and cardinality($6::int[]) = 0" : " and u.consumer_id = any($6::int[])")}{string.Concat(only)}
              {(keys.Length == 0 ? "" : "group by " + string.Join(", ", keys.Select(key => key.Alias)))}
            )
            select events, quantity, credits, revenue, cost, unknown{string.Concat(names.Select(name => ", " + name))}
            from g where events is not null order by credits desc{string.Concat(keys.Select(key => ", " + key.Alias + (key.Column.Table is null && key.Column.Column != "hour" ? " collate \"C\"" : "")))}
            limit {MostRows + 1}
            """;
    }

    private static UsageRow Read(NpgsqlDataReader row, IReadOnlyList<string> groupBy, List<DateTimeOffset> days)
    {
        var figures = new UsageFigures(
            row.GetInt64(0), row.GetDecimal(1), row.GetDecimal(2), row.GetDecimal(3), row.GetBoolean(5) ? null : row.Nullable<decimal?>(4) ?? 0m);
        DateTimeOffset? at = null;
        var keys = new string?[groupBy.Count];
        for (var i = 0; i < keys.Length; i++)
        {
            if (groupBy[i] is not (Day or Hour))
            {
                keys[i] = row.Nullable<string>(6 + i);
                continue;
            }

            var begins = groupBy[i] == Day ? days[row.GetInt32(6 + i) - 1] : row.GetFieldValue<DateTimeOffset>(6 + i);
            if (at is null || begins > at) at = begins;
            keys[i] = InstantText.Format(begins);
        }

        return new UsageRow(keys, at, figures);
    }
}
