using System.Text;
using System.Text.Json;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing.Rates;

namespace Portal.Web.Components.ConsolePages.Pricing;

/// <summary>Rates as JSON, for people: the list itself, or a body of the API that holds it.</summary>
public static class RatesJson
{
    /// <summary>The list, a rate a line.</summary>
    public static string Write(IReadOnlyList<RateDefinition> rates)
    {
        ArgumentNullException.ThrowIfNull(rates);
        return $"[\n{string.Join(",\n", rates.Select(rate => "  " + JsonSerializer.Serialize(rate, PortalJson.Options)))}\n]";
    }

    /// <summary>Reads a list or a body; <c>malformed_json</c> names the line at fault.</summary>
    public static Result<IReadOnlyList<RateDefinition>> Read(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("rates", out var within)) root = within;
            if (root.ValueKind != JsonValueKind.Array) return Problem.Field("rates", "malformed_json", "Line 1: a list of rates is expected.");
            return Result.Of<IReadOnlyList<RateDefinition>>(root.Deserialize<List<RateDefinition>>(PortalJson.Options)!);
        }
        catch (JsonException exception)
        {
            var line = exception.Path is { Length: > 1 } path && path.StartsWith("$[", StringComparison.Ordinal) && int.TryParse(path[2..].Split(']')[0], System.Globalization.CultureInfo.InvariantCulture, out var index)
                ? LineOf(json, index)
                : (exception.LineNumber ?? 0) + 1;
            return Problem.Field("rates", "malformed_json", $"Line {line}: {Sentence(exception)}");
        }
    }

    /// <summary>The line on which a rate begins, from 1; 0 when there is no such rate.</summary>
    public static long LineOf(string json, int rate)
    {
        ArgumentNullException.ThrowIfNull(json);
        var bytes = Encoding.UTF8.GetBytes(json);
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = 32 });
        try
        {
            var (index, depth) = (-1, -1);
            while (reader.Read())
            {
                if (depth < 0 && reader.TokenType == JsonTokenType.StartArray) depth = reader.CurrentDepth;
                else if (depth >= 0 && reader.CurrentDepth == depth + 1 && reader.TokenType is JsonTokenType.StartObject && ++index == rate)
                    return bytes.AsSpan(0, (int)reader.TokenStartIndex).Count((byte)'\n') + 1;
            }
        }
        catch (JsonException)
        {
            return 0;
        }

        return 0;
    }

    private static string Sentence(JsonException exception)
    {
        var cut = exception.Message.IndexOf(" Path:", StringComparison.Ordinal);
        return cut < 0 ? exception.Message : exception.Message[..cut];
    }
}
