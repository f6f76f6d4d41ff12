using System.Text.Json;
using Portal.Domain.Pricing;

namespace Portal.Domain.Metering;

/// <summary>Where the counters of an event's lines stood, as it is stored: <c>[[12,15],null]</c>, a place for each line in the meter's order.</summary>
internal static class StoredCounters
{
    /// <summary>The JSON of some lines; null when none has a counter.</summary>
    public static string? Write(IReadOnlyList<RatedLine> lines) =>
        lines.Any(line => line.Counter is not null)
            ? JsonSerializer.Serialize(lines.Select(line => line.Counter is { } span ? new[] { span.Before, span.After } : null))
            : null;

    /// <summary>Reads it; none for null.</summary>
    public static IReadOnlyList<CounterSpan?> Read(string? json) =>
        json is null ? [] : [.. JsonSerializer.Deserialize<decimal[]?[]>(json)!.Select(span => span is [var before, var after] ? new CounterSpan(before, after) : null)];
}
