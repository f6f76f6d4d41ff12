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
            "Default the last 30 days. A row names the dimensions asked for, `null` is none. `cost`, `blended_cost` and `margin` only with a platform key; null where the cost is unknown.");

    private static async Task<IResult> UsageAsync(
        [AsParameters] PeriodQuery query,
        [Description("Any of `model`, `product`, `team`, `pool` (drawn), `pool_named`, `consumer`, `token_type`, `tier`, `day`, `hour`, with commas between.")] string? group_by,
        PathTenant tenant, ApiCaller caller, TenantReads reads, CancellationToken cancellationToken)
    {
        var period = query.Read();
        if (period.Problem is { } problem) return new ProblemAnswer(problem);
        var groups = (group_by ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var report = await reads.RunAsync(
            tenant.Id,
            read =>
            {
                var to = period.Value.To ?? read.Now;
                return UsageQuery.ReadAsync(read, new UsageQuestion(period.Value.From ?? to - DefaultPeriod, to, groups), cancellationToken);
            },
            cancellationToken);
        return report.ToAnswer(found => Answer.Ok(UsageDocument.Of(found, caller.IsPlatform)));
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
    public static UsageDocument Of(UsageReport report, bool withCost)
    {
        ArgumentNullException.ThrowIfNull(report);
        var question = report.Question;
        var rows = report.Rows.Select(row =>
        {
            var document = new Dictionary<string, object?>(StringComparer.Ordinal);
            for (var i = 0; i < row.Keys.Count; i++) document[question.GroupBy[i]] = row.Keys[i];
            return Add(document, row.Figures, withCost);
        });
        return new(question.From, question.To, question.GroupBy, rows.ToList(), Add(new(StringComparer.Ordinal), report.Totals, withCost));
    }

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
