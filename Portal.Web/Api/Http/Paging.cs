using System.Buffers.Text;
using System.ComponentModel;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Mvc;
using Portal.Domain.Kernel;

namespace Portal.Web.Api.Http;

/// <summary>One page of a list.</summary>
/// <param name="Items">At most <c>limit</c> of them.</param>
/// <param name="NextCursor">What <c>cursor</c> must be for the next page; null on the last.</param>
public sealed record Listing<T>(IReadOnlyList<T> Items, string? NextCursor);

/// <summary>How a list is paged.</summary>
/// <param name="Limit">The query's <c>limit</c>.</param>
/// <param name="Cursor">The query's <c>cursor</c>.</param>
public sealed record PageQuery(
    [property: FromQuery(Name = "limit"), Description("How many at most, 1 to 500; default 50.")] string? Limit,
    [property: FromQuery(Name = "cursor"), Description("`next_cursor` of the page before.")] string? Cursor)
{
    private const int DefaultLimit = 50, LargestLimit = 500;

    /// <summary>Checks it: <c>invalid_limit</c>, <c>invalid_cursor</c>.</summary>
    public Result<Page> Read()
    {
        var limit = DefaultLimit;
        if (Limit is not null && (!int.TryParse(Limit, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > LargestLimit))
            return Problem.Field("limit", "invalid_limit", $"The limit is 1 to {LargestLimit}.");
        if (string.IsNullOrEmpty(Cursor)) return new Page(limit, "");
        return Decode(Cursor) is { } after ? new Page(limit, after) : InvalidCursor;
    }

    /// <summary>The cursor is none of ours.</summary>
    public static Problem InvalidCursor => Problem.Field("cursor", "invalid_cursor", "The cursor must be the next_cursor of a page of this list.");

    private static string? Decode(string cursor)
    {
        try
        {
            var text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Base64Url.DecodeFromChars(cursor));
            return text.Length is > 0 and <= 400 && !text.Contains('\0', StringComparison.Ordinal) ? text : null;
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            return null;
        }
    }
}

/// <summary>A page that is asked for.</summary>
/// <param name="Limit">1 to 500.</param>
/// <param name="After">The key of the last item before it; empty for the first page.</param>
public sealed record Page(int Limit, string After)
{
    /// <summary>One more than the page holds, so that it is seen whether another follows.</summary>
    public int Fetch => Limit + 1;

    /// <summary><see cref="After"/> where keys are UUIDs; null on the first page.</summary>
    public Result<Guid?> AfterId()
    {
        if (After.Length == 0) return (Guid?)null;
        return Guid.TryParseExact(After, "N", out var id) ? (Guid?)id : PageQuery.InvalidCursor;
    }

    /// <summary>The answer of what was fetched.</summary>
    /// <param name="fetched">At most <see cref="Fetch"/> items, in order.</param>
    /// <param name="key">What tells where an item stands in the order.</param>
    /// <param name="item">The item as the API shows it.</param>
    public Answer Answer<TRow, TItem>(IReadOnlyList<TRow> fetched, Func<TRow, string> key, Func<TRow, TItem> item)
    {
        ArgumentNullException.ThrowIfNull(fetched);
        ArgumentNullException.ThrowIfNull(key);
        var more = fetched.Count > Limit;
        var items = (more ? fetched.Take(Limit) : fetched).Select(item).ToList();
        var next = more ? Base64Url.EncodeToString(Encoding.UTF8.GetBytes(key(fetched[Limit - 1]))) : null;
        return Http.Answer.Ok(new Listing<TItem>(items, next));
    }
}
