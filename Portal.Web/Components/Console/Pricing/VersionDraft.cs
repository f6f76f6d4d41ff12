using System.Globalization;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing.Rates;

namespace Portal.Web.Components.ConsolePages.Pricing;

/// <summary>A version as it is typed: rows, or JSON, and from when.</summary>
public sealed class VersionDraft
{
    /// <summary>JSON longer than this comes as a file: what is typed travels as one message.</summary>
    public const int LongestText = 24_000;

    /// <summary>The rows; what does not fit a row is one that only shows it.</summary>
    public List<RateRow> Rows { get; } = [];

    /// <summary>True while JSON is edited instead of rows.</summary>
    public bool AsJson { get; private set; }

    /// <summary>The JSON.</summary>
    public string Json { get; set; } = "";

    /// <summary>True when the JSON is too long to be typed.</summary>
    public bool TooLong { get; private set; }

    /// <summary>From when, as it is typed, in UTC; null for at once.</summary>
    public DateTime? From { get; set; }

    /// <summary>From when; null for at once.</summary>
    public DateTimeOffset? EffectiveAt => From is { } at ? new DateTimeOffset(DateTime.SpecifyKind(at, DateTimeKind.Utc)) : null;

    /// <summary>Begins with these rates.</summary>
    public void Take(IReadOnlyList<RateDefinition> rates)
    {
        ArgumentNullException.ThrowIfNull(rates);
        Rows.Clear();
        Rows.AddRange(rates.Select(RateRow.Of));
        if (AsJson) ToJson();
    }

    /// <summary>The rates as they stand; refused with the line at fault when the JSON is none.</summary>
    public Result<IReadOnlyList<RateDefinition>> Read() =>
        AsJson && !TooLong ? RatesJson.Read(Json) : Result.Of<IReadOnlyList<RateDefinition>>([.. Rows.Select(row => row.ToRate())]);

    /// <summary>Edits JSON from now on.</summary>
    public void ToJson()
    {
        Json = RatesJson.Write([.. Rows.Select(row => row.ToRate())]);
        (AsJson, TooLong) = (true, Json.Length > LongestText);
    }

    /// <summary>Edits rows from now on; refused, and JSON as before, when the JSON cannot be read.</summary>
    public Problem? ToRows()
    {
        var read = Read();
        if (read.Problem is { } problem) return problem;
        AsJson = false;
        Take(read.Value);
        return null;
    }

    /// <summary>Where a field of the checks stands: the row's number, or the line of the JSON.</summary>
    public string Place(string field)
    {
        ArgumentNullException.ThrowIfNull(field);
        if (!field.StartsWith("rates[", StringComparison.Ordinal)
            || !int.TryParse(field.AsSpan(6, Math.Max(0, field.IndexOf(']', StringComparison.Ordinal) - 6)), CultureInfo.InvariantCulture, out var index)) return field;
        return AsJson && !TooLong ? $"Line {RatesJson.LineOf(Json, index)}, {field}" : $"Rate {index + 1}, {field[(field.IndexOf(']', StringComparison.Ordinal) + 1)..].TrimStart('.')}";
    }
}
