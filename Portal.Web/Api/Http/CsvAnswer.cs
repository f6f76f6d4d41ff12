using System.Globalization;
using System.Text;
using Portal.Domain.Kernel;

namespace Portal.Web.Api.Http;

/// <summary>A table as CSV, written row by row: exact numbers, instants in UTC, names that no spreadsheet takes for formulas.</summary>
/// <param name="columns">Names of the columns.</param>
/// <param name="rows">Values by row: numbers, texts, instants; null is an empty field.</param>
/// <param name="fileName">Under which name it is saved; null is none.</param>
public sealed class CsvAnswer(IReadOnlyList<string> columns, IAsyncEnumerable<IReadOnlyList<object?>> rows, string? fileName = null) : IResult
{
    /// <summary>A table that is there already.</summary>
    /// <param name="columns">Names of the columns.</param>
    /// <param name="rows">Values by row.</param>
    /// <param name="fileName">Under which name it is saved; null is none.</param>
    public CsvAnswer(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<object?>> rows, string? fileName = null) : this(columns, rows.ToAsyncEnumerable(), fileName)
    {
    }

    private const int FlushEvery = 500;

    /// <summary>True when the caller would rather have CSV.</summary>
    public static bool IsWanted(HttpContext http)
    {
        ArgumentNullException.ThrowIfNull(http);
        return http.Request.GetTypedHeaders().Accept.OrderByDescending(accept => accept.Quality ?? 1d).FirstOrDefault()?.MediaType.Value is "text/csv";
    }

    /// <inheritdoc />
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        httpContext.Response.ContentType = "text/csv; charset=utf-8";
        httpContext.Response.Headers.CacheControl = "no-store";
        if (fileName is not null) httpContext.Response.Headers.ContentDisposition = $"attachment; filename=\"{fileName}\"";
        await using var writer = new StreamWriter(httpContext.Response.Body, new UTF8Encoding(encoderShouldEmitUTF8Identifier: fileName is not null), 16 * 1024, leaveOpen: true);
        await writer.WriteAsync(string.Join(',', columns) + "\r\n");
        var written = 0;
        await foreach (var row in rows.WithCancellation(httpContext.RequestAborted))
        {
            await writer.WriteAsync(string.Join(',', row.Select(Field)) + "\r\n");
            if (++written % FlushEvery == 0) await writer.FlushAsync(httpContext.RequestAborted);
        }

        await writer.FlushAsync(httpContext.RequestAborted);
    }

    private static string Field(object? value) => value switch
    {
        null => "",
        decimal number => number.ToString(CultureInfo.InvariantCulture),
        long number => number.ToString(CultureInfo.InvariantCulture),
        DateTimeOffset instant => InstantText.Format(instant),
        DateOnly day => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        _ => Text(value.ToString() ?? ""),
    };

    private static string Text(string text)
    {
        var safe = text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r' ? "'" + text : text;
        return safe.AsSpan().IndexOfAny(",\"\r\n") < 0 ? safe : "\"" + safe.Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";
    }
}
