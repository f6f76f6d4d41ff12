using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering;
using Portal.Domain.Tenants;
using Portal.Web.Access;
using Portal.Web.Components.Shared;

namespace Portal.Web.Components.TenantPages;

/// <summary>What the Usage page shows, read in one snapshot.</summary>
/// <param name="Version">The wallet's version that it shows.</param>
/// <param name="View">What was asked for.</param>
/// <param name="Period">The period.</param>
/// <param name="Groups">The groups with the same figures of the period before.</param>
/// <param name="Totals">All groups.</param>
/// <param name="Before">All groups of the period before.</param>
/// <param name="Steps">Instants at which the chart's steps begin.</param>
/// <param name="Series">The chart's figure by step and group.</param>
public sealed record UsageData(
    long Version, UsageView View, UsagePeriod Period, IReadOnlyList<UsageGroup> Groups, UsageFigures Totals, UsageFigures Before,
    IReadOnlyList<DateTimeOffset> Steps, IReadOnlyList<IReadOnlyDictionary<string, decimal>> Series)
{
    /// <summary>Reads it for the role that the person has.</summary>
    public static Task<UsageData> ReadAsync(TenantReads reads, CurrentTenant tenant, UsageView view, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reads);
        ArgumentNullException.ThrowIfNull(tenant);
        ArgumentNullException.ThrowIfNull(view);
        return reads.RunAsync(tenant.Id, read => ReadAsync(read, tenant, view, cancellationToken), cancellationToken);
    }

    /// <summary>Values that usage of the view's period has in a dimension, the most used first.</summary>
    public static Task<IReadOnlyList<string>> ValuesAsync(TenantReads reads, CurrentTenant tenant, UsageView view, string dimension, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reads);
        ArgumentNullException.ThrowIfNull(tenant);
        ArgumentNullException.ThrowIfNull(view);
        return reads.RunAsync<IReadOnlyList<string>>(tenant.Id, async read =>
        {
            var period = UsagePeriod.Of(view.Period, view.From, view.To, read.Zone, read.Now);
            var report = await AskAsync(read, tenant, view with { Only = view.Filtered(dimension, value: null).Only }, period.From, period.To, [dimension], cancellationToken);
            return [.. report.Rows.Select(row => row.Keys[0] ?? "")];
        }, cancellationToken);
    }

    private static async Task<UsageReport> AskAsync(
        TenantRead read, CurrentTenant tenant, UsageView view, DateTimeOffset from, DateTimeOffset to, IReadOnlyList<string> groupBy, CancellationToken cancellationToken)
    {
        var own = tenant.May(MemberRole.Billing) ? null : await OwnUsage.OfAsync(read, tenant.MemberId, cancellationToken);
        var question = new UsageQuestion(from, to > from ? to : from.AddTicks(1), groupBy) { Only = view.Only, Consumers = own?.Consumers };
        return (await UsageQuery.ReadAsync(read, question, cancellationToken)).Value;
    }

    private static async Task<UsageData> ReadAsync(TenantRead read, CurrentTenant tenant, UsageView view, CancellationToken cancellationToken)
    {
        var period = UsagePeriod.Of(view.Period, view.From, view.To, read.Zone, read.Now);
        Task<UsageReport> Ask(DateTimeOffset from, DateTimeOffset to, params IReadOnlyList<string> groupBy) => AskAsync(read, tenant, view, from, to, groupBy, cancellationToken);

        var now = await Ask(period.From, period.To, view.By);
        var before = await Ask(period.PreviousFrom, period.PreviousTo, view.ByDay ? [] : view.By);
        var step = period.ByHour ? "hour" : "day";
        string[] timeless = [.. view.By.Where(key => key != "day")];
        var detail = await Ask(period.From, period.To, [step, .. timeless]);
        var steps = CalendarSteps.Begin(read.Zone, period.From, period.To, period.ByHour ? CalendarStep.Hour : CalendarStep.Day);
        var byStep = detail.Rows.ToLookup(row => row.At!.Value);
        var earlier = view.ByDay ? [] : before.Rows.ToDictionary(row => Key(row.Keys), row => row.Figures, StringComparer.Ordinal);
        IEnumerable<UsageRow> rows = view.ByDay ? now.Rows.OrderByDescending(row => row.At).ThenByDescending(row => row.Figures.Credits) : now.Rows;
        return new UsageData(
            read.Version,
            view,
            period,
            [.. rows.Select(row => new UsageGroup(row.Keys, row.At, row.Figures, earlier.GetValueOrDefault(Key(row.Keys))))],
            now.Totals,
            before.Totals,
            steps,
            [.. steps.Select(begin => (IReadOnlyDictionary<string, decimal>)byStep[begin]
                .GroupBy(row => timeless.Length == 0 ? TotalName(view) : Name(timeless, row.Keys.Skip(1)), StringComparer.Ordinal)
                .ToDictionary(group => group.Key, group => group.Sum(row => Drawn(view.Figure, row.Figures)), StringComparer.Ordinal))]);
    }

    private static string Key(IEnumerable<string?> keys) => string.Join('\n', keys.Select(key => key ?? "\0"));

    private static string Name(string[] by, IEnumerable<string?> keys) => string.Join(" · ", keys.Select((key, i) => UsageView.NameOf(by[i], key)));

    private static string TotalName(UsageView view) => UsageView.ChartFigures.First(figure => figure.Key == view.Figure).Text;

    private static decimal Drawn(string figure, UsageFigures figures) => figure switch
    {
        "events" => figures.Events,
        "quantity" => figures.Quantity,
        "worth" => figures.Revenue,
        _ => figures.Credits,
    };

    /// <summary>Change against the period before as a ratio; null when there is nothing to compare with.</summary>
    public decimal? Change => UsageGroup.ChangeOf(Totals, Before);

    /// <summary>The chart: its figure per step, stacked by group.</summary>
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
            name, Series.Select(step => (decimal?)ChartOptions.Cell(step, name, names)), ChartOptions.Color(i), "used")).ToArray();
        return ChartOptions.Of(axes, series, shown.Count > 1 ? shown : null);
    }
}

/// <summary>One group of usage.</summary>
/// <param name="Keys">Its values in the order of the view's dimensions; null is none.</param>
/// <param name="At">The day, when grouped by day.</param>
/// <param name="Figures">Its figures.</param>
/// <param name="Before">Its figures in the period before; null when it had none.</param>
public sealed record UsageGroup(IReadOnlyList<string?> Keys, DateTimeOffset? At, UsageFigures Figures, UsageFigures? Before)
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
