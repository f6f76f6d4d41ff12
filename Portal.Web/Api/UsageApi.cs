using System.ComponentModel;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Usage, grouped.</summary>
public static class UsageApi
{
    private static readonly TimeSpan DefaultPeriod = TimeSpan.FromDays(30);

    /// <summary>Maps the endpoint.</summary>
    public static void Map(RouteGroupBuilder tenant) =>
        tenant.MapGet("/usage", UsageAsync).WithTags("Usage").RequireScope(Scope.Read).Answers<UsageDocument>().Says(
            "Get usage by any dimensions",
            "Default the last 30 days; JSON, or `Accept: text/csv`. Any dimension but `day` and `hour` may be given as a filter, such as `team=research&pool=shared`; an empty value is none. "
            + "With `compare=previous` rows and totals carry `before`, their figures in the period of the same length before. A row names the dimensions asked for, `null` is none. `cost`, `blended_cost` and `margin` only with a platform key; null where the cost is unknown.");

    private static async Task<IResult> UsageAsync(
        [AsParameters] PeriodQuery query,
        [Description("Any of `model`, `product`, `team`, `pool` (drawn), `pool_named`, `consumer`, `token_type`, `tier`, `day`, `hour`, with commas between.")] string? group_by,
        [Description("`previous`: with the figures of the period before.")] string? compare,
        PathTenant tenant, ApiCaller caller, HttpContext http, TenantReads reads, CancellationToken cancellationToken)
    {
        if (compare is not (null or "previous")) return new ProblemAnswer(Problem.Field("compare", "invalid_compare", "Compare with `previous`, or leave it out."));
        var period = query.Read();
        if (period.Problem is { } problem) return new ProblemAnswer(problem);
        var groups = (group_by ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var only = UsageQuery.Dimensions.Where(http.Request.Query.ContainsKey).ToDictionary(name => name, name => http.Request.Query[name].ToString(), StringComparer.Ordinal);
        var report = await reads.RunAsync(
            tenant.Id,
            async read =>
            {
                var to = period.Value.To ?? read.Now;
                var question = new UsageQuestion(period.Value.From ?? to - DefaultPeriod, to, groups) { Only = only };
                var found = await UsageQuery.ReadAsync(read, question, cancellationToken);
                if (!found.Succeeded || compare is null) return found.Map(now => (Now: now, Before: (UsageReport?)null));
                // Days and hours have no twin in the period before: only their totals are compared.
                var timeless = !groups.Contains("day", StringComparer.Ordinal) && !groups.Contains("hour", StringComparer.Ordinal);
                var before = await UsageQuery.ReadAsync(
                    read, question with { From = question.From - (question.To - question.From), To = question.From, GroupBy = timeless ? groups : [] }, cancellationToken);
                return before.Map(earlier => (Now: found.Value, Before: (UsageReport?)earlier));
            },
            cancellationToken);
        return report.Match<IResult>(
            found => CsvAnswer.IsWanted(http) ? Csv(found.Now, caller.IsPlatform) : Answer.Ok(UsageDocument.Of(found.Now, caller.IsPlatform, found.Before)),
            failure => new ProblemAnswer(failure));
    }

    private static CsvAnswer Csv(UsageReport report, bool withCost)
    {
        var columns = report.Question.GroupBy
            .Concat(["events", "quantity", "credits", "revenue", "blended_price"]).Concat(withCost ? ["cost", "blended_cost", "margin"] : Array.Empty<string>()).ToArray();
        return new CsvAnswer(columns, UsageDocument.Of(report, withCost).Rows.Select(row => columns.Select(column => row[column]).ToArray()));
    }
}

/// <summary>Usage of a period.</summary>
/// <param name="From">First instant.</param>
/// <param name="To">First instant after it.</param>
/// <param name="GroupBy">The dimensions asked for.</param>
/// <param name="Rows">A row per group: its dimensions, then its figures.</param>
/// <param name="Totals">A row's figures over all.</param>
public sealed record UsageDocument(
    DateTimeOffset From, DateTimeOffset To, IReadOnlyList<string> GroupBy, IReadOnlyList<Dictionary<string, object?>> Rows, Dictionary<string, object?> Totals)
{
    /// <summary>The document of a report.</summary>
    /// <param name="report">The report.</param>
    /// <param name="withCost">Whether to show cost and margin.</param>
    /// <param name="before">The period before, to compare with; null is none.</param>
    public static UsageDocument Of(UsageReport report, bool withCost, UsageReport? before = null)
    {
        ArgumentNullException.ThrowIfNull(report);
        var question = report.Question;
        var earlier = before is { Question.GroupBy: var groupBy } && groupBy.SequenceEqual(question.GroupBy, StringComparer.Ordinal)
            ? before.Rows.ToDictionary(row => KeyOf(row.Keys), row => row.Figures, StringComparer.Ordinal)
            : null;
        var rows = report.Rows.Select(row =>
        {
            var document = new Dictionary<string, object?>(StringComparer.Ordinal);
            for (var i = 0; i < row.Keys.Count; i++) document[question.GroupBy[i]] = row.Keys[i];
            Add(document, row.Figures, withCost);
            if (earlier is not null) document["before"] = Add(new(StringComparer.Ordinal), earlier.GetValueOrDefault(KeyOf(row.Keys)) ?? UsageFigures.None, withCost);
            return document;
        });
        var totals = Add(new(StringComparer.Ordinal), report.Totals, withCost);
        if (before is not null) totals["before"] = Add(new(StringComparer.Ordinal), before.Totals, withCost);
        return new(question.From, question.To, question.GroupBy, rows.ToList(), totals);
    }

    private static string KeyOf(IReadOnlyList<string?> keys) => string.Join('\n', keys.Select(key => key ?? "\0"));

    private static Dictionary<string, object?> Add(Dictionary<string, object?> document, UsageFigures figures, bool withCost)
    {
        document["events"] = figures.Events;
        document["quantity"] = figures.Quantity;
        document["credits"] = figures.Credits;
        document["revenue"] = figures.Revenue;
        document["blended_price"] = figures.BlendedPrice;
        if (!withCost) return document;
        document["cost"] = figures.Cost;
        document["blended_cost"] = figures.BlendedCost;
        document["margin"] = figures.Margin;
        return document;
    }
}
