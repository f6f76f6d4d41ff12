namespace Portal.Web.Components.Shared;

/// <summary>The common parts of ECharts options, so that every chart of the portal looks and behaves alike. Colours are CSS variables of the theme.</summary>
public static class ChartOptions
{
    /// <summary>Series that a legend can still tell apart; what is beyond is summed as <see cref="OtherName"/>.</summary>
    public const int MostSeries = 7;

    /// <summary>The name of the sum of what is beyond <see cref="MostSeries"/>.</summary>
    public const string OtherName = "Other";

    private static readonly object TextStyle = new { fontFamily = "Geist, system-ui, sans-serif", color = "var(--mud-palette-text-secondary)" };

    /// <summary>The colour of the series at a position, as a CSS variable.</summary>
    public static string Color(int index) => string.Create(
        System.Globalization.CultureInfo.InvariantCulture, $"var(--chart-{(index % 8) + 1})");

    /// <summary>An option around given axes and series: type, colours, tooltip, legend.</summary>
    /// <param name="axes">Members <c>grid</c>, <c>xAxis</c>, <c>yAxis</c> and any other.</param>
    /// <param name="series">The series.</param>
    /// <param name="legend">Names in the legend; none: no legend.</param>
    public static Dictionary<string, object?> Of(IReadOnlyDictionary<string, object?> axes, IReadOnlyList<object> series, IReadOnlyList<string>? legend = null)
    {
        ArgumentNullException.ThrowIfNull(axes);
        var option = new Dictionary<string, object?>(axes, StringComparer.Ordinal)
        {
            ["textStyle"] = TextStyle,
            ["animationDuration"] = 450,
            ["animationDurationUpdate"] = 250,
            ["aria"] = new { enabled = false }, // the panel names the chart, the table holds its figures
            ["tooltip"] = new
            {
                trigger = "axis",
                confine = true,
                className = "chart-tooltip",
                backgroundColor = "var(--mud-palette-surface)",
                borderColor = "var(--mud-palette-lines-default)",
                textStyle = new { color = "var(--mud-palette-text-primary)", fontSize = 13 },
                axisPointer = new { type = "line", lineStyle = new { color = "var(--mud-palette-text-disabled)", type = "solid" } },
            },
            ["series"] = series,
        };
        if (legend is not null)
        {
            option["legend"] = new
            {
                data = legend,
                type = "scroll",
                bottom = 0,
                left = 0,
                icon = "roundRect",
                itemWidth = 10,
                itemHeight = 10,
                itemGap = 16,
                textStyle = new { color = "var(--mud-palette-text-secondary)", fontSize = 12 },
                pageTextStyle = new { color = "var(--mud-palette-text-secondary)" },
            };
        }

        return option;
    }

    /// <summary>A horizontal axis of named places, such as days.</summary>
    public static object CategoryAxis(IReadOnlyList<string> names, int grid = 0, bool labels = true, bool gapAtEnds = true) => new
    {
        type = "category",
        gridIndex = grid,
        data = names,
        boundaryGap = gapAtEnds,
        axisTick = new { show = false },
        axisLine = new { lineStyle = new { color = "var(--mud-palette-lines-default)" } },
        axisLabel = new { show = labels, color = "var(--mud-palette-text-secondary)", hideOverlap = true, fontSize = 12 },
    };

    /// <summary>A vertical axis of figures, shortened (1.2K) in the reader's format.</summary>
    public static object ValueAxis(int grid = 0, int splits = 4) => new
    {
        type = "value",
        gridIndex = grid,
        splitNumber = splits,
        axisLabel = new { color = "var(--mud-palette-text-secondary)", fontSize = 12 },
        splitLine = new { lineStyle = new { color = "var(--mud-palette-divider-light)" } },
    };

    /// <summary>Bars of one name, stacked with the others of the same <paramref name="stack"/>.</summary>
    public static object Bars(string name, IEnumerable<decimal?> values, string color, string? stack = null, int axis = 0) => new
    {
        type = "bar",
        name,
        stack,
        xAxisIndex = axis,
        yAxisIndex = axis,
        barMaxWidth = 28,
        barCategoryGap = "28%",
        data = values,
        itemStyle = new { color, borderRadius = stack is null ? 3 : 0 },
        emphasis = new { focus = "series" },
    };

    /// <summary>
    /// The largest names by their sum, at most <see cref="MostSeries"/>, largest first; the rest are to be drawn as <see cref="OtherName"/>.
    /// </summary>
    public static (IReadOnlyList<string> Names, bool HasOther) Largest(IEnumerable<IReadOnlyDictionary<string, decimal>> rows)
    {
        var sums = rows.SelectMany(row => row)
            .GroupBy(cell => cell.Key, StringComparer.Ordinal)
            .Select(group => (Name: group.Key, Sum: group.Sum(cell => cell.Value)))
            .OrderByDescending(entry => entry.Sum).ThenBy(entry => entry.Name, StringComparer.Ordinal)
            .Select(entry => entry.Name).ToList();
        return sums.Count <= MostSeries ? (sums, false) : (sums[..(MostSeries - 1)], true);
    }

    /// <summary>The row's figure for a name of <see cref="Largest"/>; for <see cref="OtherName"/>, of all that have none of their own.</summary>
    public static decimal Cell(IReadOnlyDictionary<string, decimal> row, string name, IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(row);
        return row.TryGetValue(name, out var value) && names.Contains(name, StringComparer.Ordinal)
            ? value
            : string.Equals(name, OtherName, StringComparison.Ordinal)
                ? row.Where(cell => !names.Contains(cell.Key, StringComparer.Ordinal)).Sum(cell => cell.Value)
                : 0m;
    }
}
