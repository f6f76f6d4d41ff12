using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering;
using Portal.Domain.Tenants;
using Portal.Web.Access;
using Portal.Web.Components.Shared;

namespace Portal.Web.Components.TenantPages;

/// <summary>What the Usage page shows, read in one snapshot.</summary>
/// <param name="Version">The wallet's version that it shows.</param>
/// <param name="Period">The period.</param>
/// <param name="By">What it is grouped by.</param>
/// <param name="Groups">The groups with the same figures of the period before.</param>
/// <param name="Totals">All groups.</param>
/// <param name="Before">All groups of the period before.</param>
/// <param name="Steps">Instants at which the chart's steps begin.</param>
/// <param name="Series">Credits by step and group.</param>
public sealed record UsageData(
    long Version, UsagePeriod Period, string By, IReadOnlyList<UsageGroup> Groups, UsageFigures Totals, UsageFigures Before,
    IReadOnlyList<DateTimeOffset> Steps, IReadOnlyList<IReadOnlyDictionary<string, decimal>> Series)
{
    /// <summary>What the page groups by, and what people call it.</summary>
    public static readonly IReadOnlyList<(string Key, string Text)> Groupings =
        [("model", "Model"), ("product", "Product"), ("team", "Team"), ("pool", "Pool"), ("consumer", "Consumer"), ("token_type", "Token type"), ("day", "Day")];

    /// <summary>Groups of the page's address; what cannot be grouped by is the model.</summary>
    public static string GroupingOf(string? by) => Groupings.Any(g => g.Key == by) ? by! : "model";

    /// <summary>Reads it for the role that the person has.</summary>
    public static Task<UsageData> ReadAsync(
        TenantReads reads, CurrentTenant tenant, Func<TenantRead, UsagePeriod> periodOf, string by, IReadOnlyDictionary<string, string> only, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reads);
        ArgumentNullException.ThrowIfNull(tenant);
        return reads.RunAsync(tenant.Id, read => ReadAsync(read, tenant, periodOf(read), by, only, cancellationToken), cancellationToken);
    }

    private static async Task<UsageData> ReadAsync(
        TenantRead read, CurrentTenant tenant, UsagePeriod period, string by, IReadOnlyDictionary<string, string> only, CancellationToken cancellationToken)
    {
        var own = tenant.May(MemberRole.Billing) ? null : await OwnUsage.OfAsync(read, tenant.MemberId, cancellationToken);
        async Task<UsageReport> Ask(DateTimeOffset from, DateTimeOffset to, params string[] groupBy) => (await UsageQuery.ReadAsync(
            read, new UsageQuestion(from, to > from ? to : from.AddTicks(1), groupBy) { Only = only, Consumers = own?.Consumers }, cancellationToken)).Value;

        var now = await Ask(period.From, period.To, by);
        var before = await Ask(period.PreviousFrom, period.PreviousTo, by == "day" ? [] : [by]);
        var step = period.ByHour ? "hour" : "day";
        var detail = by == "day" ? await Ask(period.From, period.To, step) : await Ask(period.From, period.To, step, by);
        var steps = CalendarSteps.Begin(read.Zone, period.From, period.To, period.ByHour ? CalendarStep.Hour : CalendarStep.Day);
        var byStep = detail.Rows.ToLookup(row => row.At!.Value);
        var earlier = by == "day" ? [] : before.Rows.ToDictionary(row => row.Keys[0] ?? "", row => row.Figures, StringComparer.Ordinal);
        IEnumerable<UsageRow> rows = by == "day" ? now.Rows.OrderByDescending(row => row.At) : now.Rows;
        return new UsageData(
            read.Version,
            period,
            by,
            [.. rows.Select(row => new UsageGroup(row.Keys[0], row.At, row.Figures, earlier.GetValueOrDefault(row.Keys[0] ?? "")))],
            now.Totals,
            before.Totals,
            steps,
            [.. steps.Select(begin => (IReadOnlyDictionary<string, decimal>)byStep[begin]
                .GroupBy(row => by == "day" ? "Credits" : row.Keys[1] ?? "", StringComparer.Ordinal)
                .ToDictionary(group => group.Key, group => group.Sum(row => row.Figures.Credits), StringComparer.Ordinal))]);
    }

    /// <summary>Change against the period before as a ratio; null when there is nothing to compare with.</summary>
    public decimal? Change => UsageGroup.ChangeOf(Totals, Before);

    /// <summary>The chart: credits per step, stacked by group.</summary>
    public object Chart(TimeZoneInfo zone)
    {
        var labels = BurndownOption.Labels(Steps, zone);
        var (names, hasOther) = ChartOptions.Largest(Series);
        var shown = hasOther ? [.. names, ChartOptions.OtherName] : names;
        var axes = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["grid"] = new { left = 52, right = 12, top = 16, bottom = shown.Count > 1 ? 56 : 28 },
            ["xAxis"] = ChartOptions.CategoryAxis(labels),
            ["yAxis"] = ChartOptions.ValueAxis(),
        };
        var series = shown.Select((name, i) => ChartOptions.Bars(
            NameOf(name), Series.Select(step => (decimal?)ChartOptions.Cell(step, name, names)), ChartOptions.Color(i), "used")).ToArray();
        return ChartOptions.Of(axes, series, shown.Count > 1 ? [.. shown.Select(NameOf)] : null);
    }

    /// <summary>What people read for a group.</summary>
    public string NameOf(string? key) => !string.IsNullOrEmpty(key) ? (By == "token_type" ? key.Replace('_', ' ') : key) : By switch
    {
        "team" => "No team",
        "consumer" => "No consumer",
        "model" => "No model",
        _ => "None",
    };
}

/// <summary>One group of usage.</summary>
/// <param name="Key">Its key; null is none.</param>
/// <param name="At">The day, when grouped by day.</param>
/// <param name="Figures">Its figures.</param>
/// <param name="Before">Its figures in the period before; null when it had none.</param>
public sealed record UsageGroup(string? Key, DateTimeOffset? At, UsageFigures Figures, UsageFigures? Before)
{
    /// <summary>Change against the period before as a ratio; null when there is nothing to compare with.</summary>
    public decimal? Change => ChangeOf(Figures, Before);

    /// <summary>The change of credits; null without credits before, and above tenfold, where a percentage says nothing.</summary>
    public static decimal? ChangeOf(UsageFigures now, UsageFigures? before)
    {
        ArgumentNullException.ThrowIfNull(now);
        if (before is null || before.Credits == 0m || now.Credits > before.Credits * 10m) return null;
        return (now.Credits - before.Credits) / before.Credits;
    }
}
