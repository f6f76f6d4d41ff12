using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;

namespace Portal.Web.Components.Shared;

/// <summary>
/// What a list shows, as its address says: <c>?after=…&amp;sort=-at&amp;size=50&amp;kind=usage</c>. Everything but the four words of its own is a filter.
/// </summary>
/// <param name="After">Cursor after which the page begins; null: the first page.</param>
/// <param name="Sort">The column's key; null: the list's own order.</param>
/// <param name="Descending">Largest or latest first.</param>
/// <param name="Size">Rows of a page, 10 to 200.</param>
/// <param name="Filters">Values by filter's name; no empty ones.</param>
public sealed record TableQuery(string? After, string? Sort, bool Descending, int Size, IReadOnlyDictionary<string, string> Filters)
{
    /// <summary>Rows of a page where the address does not say.</summary>
    public const int DefaultSize = 25;

    /// <summary>The value of a filter, or null.</summary>
    public string? this[string name] => Filters.GetValueOrDefault(name);

    /// <summary>Reads an address; unknown sizes are brought into the range.</summary>
    public static TableQuery Parse(string uri, int defaultSize = DefaultSize)
    {
        ArgumentNullException.ThrowIfNull(uri);
        var mark = uri.IndexOf('?', StringComparison.Ordinal);
        var hash = uri.IndexOf('#', StringComparison.Ordinal);
        var query = mark < 0 ? "" : hash > mark ? uri[mark..hash] : uri[mark..];
        var filters = new Dictionary<string, string>(StringComparer.Ordinal);
        string? after = null, sort = null;
        var size = defaultSize;
        foreach (var (name, values) in QueryHelpers.ParseQuery(query))
        {
            var value = values.ToString();
            if (value.Length == 0) continue;
            switch (name)
            {
                case "after": after = value; break;
                case "sort": sort = value; break;
                case "size": size = int.TryParse(value, CultureInfo.InvariantCulture, out var number) ? Math.Clamp(number, 10, 200) : defaultSize; break;
                default: filters[name] = value; break;
            }
        }

        var descending = sort?.StartsWith('-') ?? false;
        return new TableQuery(after, descending ? sort![1..] : sort, descending, size, filters);
    }

    /// <summary>The same list from its first page with one filter changed; null or empty takes it away.</summary>
    public TableQuery With(string name, string? value)
    {
        var filters = new Dictionary<string, string>(Filters, StringComparer.Ordinal);
        if (string.IsNullOrWhiteSpace(value)) filters.Remove(name);
        else filters[name] = value.Trim();
        return this with { After = null, Filters = filters };
    }

    /// <summary>The address of this list under a path.</summary>
    public string ToUri(string path)
    {
        var values = new Dictionary<string, string?>(Filters.OrderBy(f => f.Key, StringComparer.Ordinal).ToDictionary(f => f.Key, f => (string?)f.Value, StringComparer.Ordinal), StringComparer.Ordinal);
        if (Sort is not null) values["sort"] = (Descending ? "-" : "") + Sort;
        if (Size != DefaultSize) values["size"] = Size.ToString(CultureInfo.InvariantCulture);
        if (After is not null) values["after"] = After;
        return QueryHelpers.AddQueryString(path, values);
    }
}

/// <summary>One page of a list.</summary>
/// <param name="Items">Its rows.</param>
/// <param name="Next">Cursor after which the next page begins; null: this is the last.</param>
public sealed record Slice<T>(IReadOnlyList<T> Items, string? Next);
