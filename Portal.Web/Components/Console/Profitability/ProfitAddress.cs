using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;

namespace Portal.Web.Components.ConsolePages.Profitability;

/// <summary>What the Profitability page shows, as its address says; whatever makes no sense is the default.</summary>
/// <param name="View">One of <see cref="Views"/>.</param>
/// <param name="Period">A key of <see cref="ProfitPeriod"/>.</param>
/// <param name="From">First date of a period between two dates.</param>
/// <param name="To">Last date of it.</param>
/// <param name="Search">Part of a name; null: all rows.</param>
/// <param name="Sort">A column; null: what loses money first.</param>
/// <param name="Descending">Largest first.</param>
/// <param name="Open">The tenant whose models are shown beneath it.</param>
/// <param name="Page">From 1 on.</param>
public sealed record ProfitAddress(string View, string Period, string? From, string? To, string? Search, string? Sort, bool Descending, string? Open, int Page)
{
    /// <summary>The page.</summary>
    public const string Path = "/console/profitability";

    /// <summary>What it answers as a file.</summary>
    public const string CsvPath = "/console/profitability.csv";

    /// <summary>Rows of a page.</summary>
    public const int PageSize = 50;

    /// <summary>Margin by tenant.</summary>
    public const string Tenants = "tenant";

    /// <summary>Margin by product and model.</summary>
    public const string Models = "model";

    /// <summary>What packs' credits earned and cost.</summary>
    public const string Packs = "pack";

    /// <summary>Packs burned wholly on each model.</summary>
    public const string Matrix = "matrix";

    /// <summary>The views and what people call them.</summary>
    public static readonly IReadOnlyList<(string Key, string Text)> Views = [(Tenants, "By tenant"), (Models, "By model"), (Packs, "By pack"), (Matrix, "Pack × model")];

    private static readonly string[] Columns = ["name", "events", "revenue", "cost", "margin", "share"];

    /// <summary>Reads an address.</summary>
    public static ProfitAddress Parse(string uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        var mark = uri.IndexOf('?', StringComparison.Ordinal);
        var query = QueryHelpers.ParseQuery(mark < 0 ? "" : uri[mark..]);
        string? One(string name) => query.TryGetValue(name, out var value) && value.ToString().Trim() is { Length: > 0 } text ? text : null;
        var sort = One("sort");
        var descending = sort?.StartsWith('-') ?? false;
        if (descending) sort = sort![1..];
        return new ProfitAddress(
            Views.Any(view => view.Key == One("by")) ? One("by")! : Tenants, One("period") ?? ProfitPeriod.Default, One("from"), One("to"), One("q"),
            Columns.Contains(sort, StringComparer.Ordinal) ? sort : null, descending, One("open"),
            int.TryParse(One("page"), NumberStyles.None, CultureInfo.InvariantCulture, out var page) ? Math.Clamp(page, 1, 1_000_000) : 1);
    }

    /// <summary>The page at this address.</summary>
    public string Uri => ToUri(Path);

    /// <summary>The same as a file; all pages of it.</summary>
    public string CsvUri => (this with { Page = 1 }).ToUri(CsvPath);

    /// <summary>Ordered by a column, or the other way round where it is already.</summary>
    public ProfitAddress SortedBy(string column) => this with
    {
        Sort = column,
        Descending = string.Equals(Sort, column, StringComparison.Ordinal) ? !Descending : column != "name",
        Page = 1,
    };

    /// <summary>Rows in the address's direction; what is unknown comes last in either.</summary>
    public IReadOnlyList<T> Order<T, TKey>(IEnumerable<T> rows, Func<T, TKey?> key)
    {
        var known = rows.OrderBy(row => key(row) is null);
        var comparer = typeof(TKey) == typeof(string) ? (IComparer<TKey?>)StringComparer.CurrentCultureIgnoreCase : Comparer<TKey?>.Default;
        return [.. Descending ? known.ThenByDescending(key, comparer) : known.ThenBy(key, comparer)];
    }

    private string ToUri(string path)
    {
        var values = new Dictionary<string, string?>(StringComparer.Ordinal);
        if (View != Tenants) values["by"] = View;
        if (Period != ProfitPeriod.Default) values["period"] = Period;
        if (Period == ProfitPeriod.Custom) (values["from"], values["to"]) = (From, To);
        values["q"] = Search;
        if (Sort is not null) values["sort"] = (Descending ? "-" : "") + Sort;
        values["open"] = Open;
        if (Page > 1) values["page"] = Page.ToString(CultureInfo.InvariantCulture);
        return QueryHelpers.AddQueryString(path, values.Where(value => value.Value is not null));
    }
}
