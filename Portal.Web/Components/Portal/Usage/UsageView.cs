using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;
using Portal.Domain.Kernel;
using Portal.Web.Components.Shared;

namespace Portal.Web.Components.TenantPages;

/// <summary>What the Usage page shows, as its address says: <c>?period=last-quarter&amp;by=team,model&amp;pool=shared</c>.</summary>
/// <param name="Period">A preset of <see cref="UsagePeriod"/>, or <c>custom</c>.</param>
/// <param name="From">First day of a custom period.</param>
/// <param name="To">Its last day.</param>
/// <param name="By">One to three of <see cref="Groupings"/>.</param>
/// <param name="Only">Values by dimension; an empty value is none.</param>
/// <param name="Figure">What the chart draws, one of <see cref="ChartFigures"/>.</param>
public sealed record UsageView(string Period, string? From, string? To, IReadOnlyList<string> By, IReadOnlyDictionary<string, string> Only, string Figure)
{
    /// <summary>Most dimensions that groups are made of.</summary>
    public const int Deepest = 3;

    private const string Model = "model";

    /// <summary>What usage is grouped by, and what people call it.</summary>
    public static readonly IReadOnlyList<(string Key, string Text)> Groupings =
    [
        (Model, "Model"), ("product", "Product"), ("team", "Team"), ("pool", "Pool"), ("consumer", "Consumer"), ("token_type", "Token type"), ("tier", "Tier"), ("day", "Day"),
    ];

    /// <summary>What usage is filtered by.</summary>
    public static readonly IReadOnlyList<(string Key, string Text)> Filters = [.. Groupings.Where(grouping => grouping.Key != "day")];

    /// <summary>What the chart can draw.</summary>
    public static readonly IReadOnlyList<(string Key, string Text)> ChartFigures = [("credits", "Credits"), ("events", "Events"), ("quantity", "Quantity"), ("worth", "Worth")];

    /// <summary>Views that everybody has.</summary>
    public static readonly IReadOnlyList<(string Name, string Query)> BuiltIn =
    [
        ("Teams on the shared pool, last quarter", "?period=last-quarter&by=team,model&pool=shared"),
        ("Models this month", "?period=this-month&by=model"),
        ("People this month", "?period=this-month&by=consumer"),
        ("Token types by model, last 30 days", "?by=model,token_type"),
    ];

    /// <summary>Reads an address; whatever makes no sense is left out.</summary>
    public static UsageView Parse(string uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        var mark = uri.IndexOf('?', StringComparison.Ordinal);
        var query = QueryHelpers.ParseQuery(mark < 0 ? "" : uri[mark..].Split('#')[0]);
        string? One(string name) => query.TryGetValue(name, out var value) ? value.ToString() : null;
        string[] by = [.. (One("by") ?? "").Split(',').Where(key => Groupings.Any(g => g.Key == key)).Distinct(StringComparer.Ordinal).Take(Deepest)];
        return new(
            One("period") ?? UsagePeriod.Default, One("from"), One("to"), by.Length == 0 ? [Model] : by,
            Filters.Where(filter => query.ContainsKey(filter.Key)).ToDictionary(filter => filter.Key, filter => One(filter.Key)!, StringComparer.Ordinal),
            ChartFigures.Any(figure => figure.Key == One("show")) ? One("show")! : "credits");
    }

    /// <summary>Whether groups are of days: then nothing is compared with the period before.</summary>
    public bool ByDay => By.Contains("day", StringComparer.Ordinal);

    /// <summary>The view as a query, <c>?…</c>; empty for the page as it opens.</summary>
    public string Query
    {
        get
        {
            var address = Only.OrderBy(filter => filter.Key, StringComparer.Ordinal).ToDictionary(filter => filter.Key, filter => (string?)filter.Value, StringComparer.Ordinal);
            if (Period != UsagePeriod.Default) address["period"] = Period;
            if (Period == UsagePeriod.Custom) (address["from"], address["to"]) = (From, To);
            if (By is not [Model]) address["by"] = string.Join(',', By);
            if (Figure != "credits") address["show"] = Figure;
            return QueryHelpers.AddQueryString("", address.Where(entry => entry.Value is not null));
        }
    }

    /// <summary>With a dimension at a place of the groups; null takes it and what is below away.</summary>
    public UsageView GroupedBy(int place, string? key)
    {
        List<string> by = [.. By.Take(key is null ? place : By.Count)];
        if (key is not null)
        {
            if (place < by.Count) by[place] = key;
            else by.Add(key);
        }

        string[] distinct = [.. by.Distinct(StringComparer.Ordinal).Take(Deepest)];
        return this with { By = distinct.Length == 0 ? [Model] : distinct };
    }

    /// <summary>With a filter; null takes it away.</summary>
    public UsageView Filtered(string name, string? value)
    {
        var only = new Dictionary<string, string>(Only, StringComparer.Ordinal);
        if (value is null) only.Remove(name);
        else only[name] = value;
        return this with { Only = only };
    }

    /// <summary>Another period; a custom one begins with the days now shown.</summary>
    public UsageView During(string key, UsagePeriod? now, TimeZoneInfo zone)
    {
        if (key != UsagePeriod.Custom || now is null) return this with { Period = key };
        return this with { Period = key, From = DayText(zone, now.From), To = DayText(zone, now.To.AddTicks(-1)) };
    }

    private static string DayText(TimeZoneInfo zone, DateTimeOffset at) => zone.DateIn(at).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>The query of the events behind some groups: of the same filters, and of the group's own values.</summary>
    /// <param name="period">The period shown.</param>
    /// <param name="keys">The group's values in the order of <see cref="By"/>; none: of all groups.</param>
    /// <param name="day">The first instant of the group's day, where it is of one.</param>
    /// <param name="zone">The tenant's zone.</param>
    public string EventsQuery(UsagePeriod period, IReadOnlyList<string?> keys, DateTimeOffset? day, TimeZoneInfo zone)
    {
        ArgumentNullException.ThrowIfNull(period);
        ArgumentNullException.ThrowIfNull(keys);
        string At(DateTimeOffset instant) => period.ByHour && day is null ? Domain.Kernel.InstantText.Format(instant) : DayText(zone, instant);
        var only = new Dictionary<string, string>(Only, StringComparer.Ordinal);
        for (var i = 0; i < keys.Count; i++) only[By[i]] = keys[i] ?? "";
        var address = only.Where(filter => EventsData.Filters.Contains(filter.Key, StringComparer.Ordinal))
            .ToDictionary(filter => filter.Key, filter => (string?)(filter.Value.Length == 0 ? EventsData.None : filter.Value), StringComparer.Ordinal);
        (address["from"], address["to"]) = (At(day ?? period.From), At(day ?? (period.ByHour ? period.To : period.To.AddTicks(-1))));
        return QueryHelpers.AddQueryString("", address);
    }

    /// <summary>What people call a dimension.</summary>
    public static string TextOf(string key) => Groupings.FirstOrDefault(grouping => grouping.Key == key).Text ?? key;

    /// <summary>What people read for a value of a dimension.</summary>
    public static string NameOf(string by, string? key) => !string.IsNullOrEmpty(key) ? (by == "token_type" ? key.Replace('_', ' ') : key) : by switch
    {
        "day" => "",
        "product" => "None",
        _ => $"No {TextOf(by).ToLowerInvariant()}",
    };
}
