using System.Globalization;
using System.Text.Json;

namespace Portal.Domain.Outcomes;

/// <summary>The scalar properties of an event's data, as rules compare them.</summary>
internal static class CaseData
{
    /// <summary>A text, a number in its shortest decimal form, <c>true</c> or <c>false</c>; null for anything else.</summary>
    public static string? TextOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.TryGetDecimal(out var number)
            ? number.ToString("0.############################", CultureInfo.InvariantCulture)
            : value.GetRawText(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        _ => null,
    };

    /// <summary>The properties among <paramref name="names"/> that are scalars; of one that is there twice the last.</summary>
    public static Dictionary<string, string> Read(ReadOnlyMemory<byte> data, IReadOnlySet<string> names)
    {
        var read = new Dictionary<string, string>(StringComparer.Ordinal);
        using var document = JsonDocument.Parse(data);
        foreach (var member in document.RootElement.EnumerateObject())
        {
            if (names.Contains(member.Name) && TextOf(member.Value) is { } text) read[member.Name] = text;
        }

        return read;
    }

    /// <summary>What was stored, with the scalars of amended data in place of it.</summary>
    public static IReadOnlyDictionary<string, string> Amend(IReadOnlyDictionary<string, string> stored, string? amended)
    {
        if (amended is null) return stored;
        var read = new Dictionary<string, string>(stored, StringComparer.Ordinal);
        using var document = JsonDocument.Parse(amended);
        foreach (var member in document.RootElement.EnumerateObject())
        {
            if (TextOf(member.Value) is { } text) read[member.Name] = text;
        }

        return read;
    }

    /// <summary>As it is stored; null for none.</summary>
    public static string? Write(IReadOnlyDictionary<string, string> data) => data.Count == 0 ? null : JsonSerializer.Serialize(data);

    /// <summary>As it was stored.</summary>
    public static IReadOnlyDictionary<string, string> Parse(string? json) =>
        json is null ? Nothing : JsonSerializer.Deserialize<Dictionary<string, string>>(json)!;

    private static readonly Dictionary<string, string> Nothing = [];
}
