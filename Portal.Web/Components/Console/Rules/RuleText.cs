using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Portal.Domain.Kernel;
using Portal.Domain.Outcomes;

namespace Portal.Web.Components.ConsolePages.Rules;

/// <summary>What is wrong with a rule, and where in its text.</summary>
/// <param name="Place">The line of the text, and the field.</param>
/// <param name="Text">What is wrong.</param>
public sealed record RuleProblem(string Place, string Text);

/// <summary>Rules as operators type them.</summary>
public static class RuleText
{
    private static readonly JsonSerializerOptions Indented = new(PortalJson.Options) { WriteIndented = true };

    /// <summary>What a rule begins with.</summary>
    public const string Example = """
        {
          "product": "support",
          "case": "case",
          "settlement": "P7D",
          "abandon_after": "P30D",
          "rules": [
            {"if": {"event": "conversation.escalated"}, "then": "not_billable", "reason": "escalated"},
            {"if": {"event": "conversation.resolved"}, "then": "billable", "reason": "confirmed"},
            {"if": {"silence": "P1D", "after": "agent.answered"}, "then": "billable", "reason": "assumed"}
          ],
          "else": "pending"
        }
        """;

    /// <summary>A rule as it is edited: what it leaves out is left out.</summary>
    public static string Write(OutcomeRuleDefinition definition)
    {
        var written = JsonSerializer.SerializeToNode(definition, PortalJson.Options)!.AsObject();
        Strip(written);
        foreach (var line in (written["rules"] as JsonArray)?.OfType<JsonObject>() ?? []) Strip(line);
        return written.ToJsonString(Indented);
    }

    /// <summary>The rule that a text is, or <c>malformed_json</c> with the line.</summary>
    public static Result<OutcomeRuleDefinition> Parse(string text)
    {
        try
        {
            if (JsonSerializer.Deserialize<OutcomeRuleDefinition>(text, PortalJson.Options) is { } definition) return definition;
            return Problem.Field("line 1", "malformed_json", "A rule is a JSON object.");
        }
        catch (JsonException malformed)
        {
            var line = (malformed.LineNumber ?? 0) + 1;
            return Problem.Field(string.Create(CultureInfo.InvariantCulture, $"line {line}"), "malformed_json", "This is not a rule: " + malformed.Message.Split(". Path")[0].Split(" Path:")[0]);
        }
    }

    /// <summary>What is wrong, with the line of the text that each field stands on; none for none.</summary>
    public static IReadOnlyList<RuleProblem> Problems(string text, Problem? problem)
    {
        if (problem is null) return [];
        if (problem.Errors is not { Count: > 0 } errors) return [new RuleProblem("The rule", problem.Detail ?? problem.Code)];
        return [.. errors.SelectMany(field => field.Value.Select(said => new RuleProblem(Place(text, field.Key), said)))];
    }

    private static string Place(string text, string field) =>
        LineOf(text, field) is { } line ? string.Create(CultureInfo.InvariantCulture, $"line {line}, {field}") : field;

    /// <summary>The line, from 1, that a field such as <c>settlement</c> or <c>rules[2].if</c> stands on; null when it is not there.</summary>
    public static int? LineOf(string text, string field)
    {
        ArgumentNullException.ThrowIfNull(field);
        var bytes = Encoding.UTF8.GetBytes(text);
        var top = field.Split('.', '[')[0];
        var wanted = field.StartsWith("rules[", StringComparison.Ordinal) && int.TryParse(
            field.AsSpan(6, field.IndexOf(']', StringComparison.Ordinal) - 6), NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? index : -1;
        try
        {
            var reader = new Utf8JsonReader(bytes);
            var (inside, line) = (false, -1);
            while (reader.Read())
            {
                if (reader.CurrentDepth == 1 && reader.TokenType == JsonTokenType.PropertyName) inside = reader.ValueTextEquals(top);
                if (!inside) continue;
                if (wanted < 0 || (reader.CurrentDepth == 2 && reader.TokenType == JsonTokenType.StartObject && ++line == wanted))
                    return bytes.AsSpan(0, (int)reader.TokenStartIndex).Count((byte)'\n') + 1;
            }
        }
        catch (JsonException)
        {
            return null;
        }

        return null;
    }

    private static void Strip(JsonObject json)
    {
        foreach (var name in json.Where(member => member.Value is null).Select(member => member.Key).ToArray()) json.Remove(name);
    }
}
