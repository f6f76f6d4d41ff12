using System.Globalization;

namespace Portal.Web.Components.Shared;

/// <summary>The burn-down as an ECharts option: the balance with its projection above, what each model used per step below.</summary>
internal static class BurndownOption
{
    private const string Balance = "Balance", Expected = "Expected";
    private const int MostLabelledMarkers = 6;

    /// <summary>How many labels find room beside each other on a phone.</summary>
    private const int LabelsAbreast = 6;

    public static object Of(Burndown data, TimeZoneInfo zone)
    {
        var steps = data.Points.Select(point => point.At).Concat(data.Projection.Select(point => point.At)).ToList();
        var names = Labels(steps, zone);
        var used = data.Points.Select(point => point.Used).ToList();
        var (models, hasOther) = ChartOptions.Largest(used);
        var series = new List<object> { BalanceLine(data, steps) };
        if (data.Projection.Count > 0) series.AddRange(ProjectionLines(data));
        var shown = hasOther ? [.. models, ChartOptions.OtherName] : models;
        series.AddRange(shown.Select((model, index) => ChartOptions.Bars(
            ModelName(model), used.Select(row => (decimal?)ChartOptions.Cell(row, model, models)), ChartOptions.Color(index + 1), "used", axis: 1)));

        var axes = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["grid"] = new object[]
            {
                new { left = 52, right = 12, top = 28, bottom = "44%" },
                new { left = 52, right = 12, top = "64%", bottom = 56 },
            },
            ["xAxis"] = new[] { ChartOptions.CategoryAxis(names, 0, labels: false), ChartOptions.CategoryAxis(names, 1) },
            ["yAxis"] = new[] { ChartOptions.ValueAxis(0), ChartOptions.ValueAxis(1, 2) },
            ["axisPointer"] = new { link = new[] { new { xAxisIndex = "all" } } },
            ["dataZoom"] = new[] { new { type = "inside", xAxisIndex = new[] { 0, 1 }, zoomOnMouseWheel = "shift", moveOnMouseWheel = false } },
        };
        string[] lines = data.Projection.Count > 0 ? [Balance, Expected] : [Balance];
        return ChartOptions.Of(axes, series, [.. lines, .. shown.Select(ModelName)]);
    }

    /// <summary>Each step's day, or day and time when steps are shorter than a day.</summary>
    public static IReadOnlyList<string> Labels(IReadOnlyList<DateTimeOffset> steps, TimeZoneInfo zone)
    {
        var hourly = steps.Count > 1 && steps[1] - steps[0] < TimeSpan.FromHours(20);
        return [.. steps.Select(step => TimeZoneInfo.ConvertTime(step, zone).ToString(hourly ? "d MMM HH:mm" : "d MMM", CultureInfo.CurrentCulture))];
    }

    public static string ModelName(string model) => model.Length == 0 ? "No model" : model;

    private static object BalanceLine(Burndown data, List<DateTimeOffset> steps) => new
    {
        type = "line",
        name = Balance,
        step = false,
        symbol = "none",
        z = 5,
        data = data.Points.Select(point => point.Closing),
        lineStyle = new { width = 2.5m, color = "var(--chart-1)" },
        itemStyle = new { color = "var(--chart-1)" },
        areaStyle = new { color = "var(--chart-1)", opacity = 0.08m },
        markLine = new
        {
            symbol = "none",
            silent = true,
            animation = false,
            data = Markers(data.Markers, steps),
        },
    };

    // Where two stand close together the second's label goes a line higher, so that both can be read on a phone.
    private static IEnumerable<object> Markers(IReadOnlyList<BurndownMarker> markers, List<DateTimeOffset> steps)
    {
        var labelled = markers.Count <= MostLabelledMarkers;
        var (before, raised) = ((int?)null, false);
        foreach (var marker in markers.OrderBy(marker => marker.At))
        {
            var at = Math.Max(0, steps.FindLastIndex(step => step <= marker.At));
            raised = !raised && before is { } last && (at - last) * LabelsAbreast < steps.Count;
            before = at;
            yield return Marker(marker, at, steps, labelled, raised ? 17 : 5);
        }
    }

    private static object Marker(BurndownMarker marker, int at, List<DateTimeOffset> steps, bool labelled, int distance)
    {
        var grant = marker.Kind == BurndownMarkerKind.Grant;
        var color = grant ? "var(--mud-palette-success)" : "var(--mud-palette-warning)";
        return new
        {
            name = marker.Label,
            xAxis = at,
            lineStyle = new { color, type = grant ? "solid" : "dashed", width = 1 },
            label = new { show = labelled, formatter = (grant ? "+" : "\u2212") + Figures.Credits(marker.Credits), color, fontSize = 11, position = "end", distance, align = steps.Count > 0 && marker.At < steps[0].AddDays(1) ? "left" : "center" },
        };
    }

    // The band is two stacked lines: an invisible one at the low end, and the height up to the high end filled.
    private static object[] ProjectionLines(Burndown data)
    {
        var gap = Enumerable.Repeat((decimal?)null, Math.Max(0, data.Points.Count - 1)).ToList();
        var last = data.Points.Count > 0 ? data.Points[^1].Closing : (decimal?)null;
        IEnumerable<decimal?> From(Func<BurndownProjection, decimal> pick, decimal? first) =>
            data.Points.Count > 0 ? [.. gap, first, .. data.Projection.Select(p => (decimal?)pick(p))] : data.Projection.Select(p => (decimal?)pick(p));

        object Edge(string name, IEnumerable<decimal?> values, decimal opacity) => new
        {
            type = "line",
            name,
            stack = "band",
            symbol = "none",
            silent = true,
            data = values,
            lineStyle = new { opacity = 0 },
            itemStyle = new { color = "var(--chart-1)" },
            areaStyle = new { color = "var(--chart-1)", opacity },
        };

        return
        [
            Edge("· low", From(p => p.Low, last), 0m),
            Edge("· band", From(p => p.High - p.Low, 0m), 0.14m),
            new
            {
                type = "line",
                name = Expected,
                symbol = "none",
                z = 4,
                data = From(p => p.Likely, last),
                lineStyle = new { width = 2, type = "dashed", color = "var(--chart-1)" },
                itemStyle = new { color = "var(--chart-1)" },
            },
        ];
    }
}
