using System.Globalization;
using System.Text.Json;
using Portal.Domain.Kernel;

namespace Portal.Domain.Outcomes;

/// <summary>Reads conditions from JSON; what is wrong is noted with its place, such as <c>rules[1].if.all[0].count</c>.</summary>
internal sealed class ConditionReader(FieldErrors errors)
{
    private const int Deepest = 8, MostParts = 20, LongestText = 200;

    private static readonly Dictionary<string, string[]> Forms = new(StringComparer.Ordinal)
    {
        ["event"] = ["where", "after"],
        ["count"] = ["at_least", "at_most"],
        ["property"] = ["eq", "ne", "in", "gt", "gte", "lt", "lte"],
        ["silence"] = ["after"],
        ["all"] = [],
        ["any"] = [],
        ["not"] = [],
    };

    /// <summary>The condition; null when something is wrong with it.</summary>
    public Condition? Read(JsonElement? json, string at, int depth = 0)
    {
        if (json is not { ValueKind: JsonValueKind.Object } form) return Wrong(at, "invalid_condition", "A condition is an object.");
        if (depth > Deepest) return Wrong(at, "condition_too_deep", $"Conditions nest at most {Deepest} deep.");
        var kinds = form.EnumerateObject().Where(member => Forms.ContainsKey(member.Name)).ToArray();
        if (kinds.Length != 1)
            return Wrong(at, "invalid_condition", $"A condition has exactly one of {string.Join(", ", Forms.Keys)}.");
        var kind = kinds[0].Name;
        foreach (var other in form.EnumerateObject())
        {
            if (other.Name != kind && !Forms[kind].Contains(other.Name, StringComparer.Ordinal))
                return Wrong($"{at}.{other.Name}", "unknown_condition", $"A condition on {kind} has no {other.Name}.");
        }

        return kind switch
        {
            "event" => Event(form, at),
            "count" => Count(form, at),
            "property" => Property(form, at),
            "silence" => OfSilence(form, at),
            "not" => Read(kinds[0].Value, $"{at}.not", depth + 1) is { } negated ? new Not(negated) : null,
            _ => Several(kinds[0].Value, kind, $"{at}.{kind}", depth),
        };
    }

    private Condition? Several(JsonElement json, string kind, string at, int depth)
    {
        if (json.ValueKind != JsonValueKind.Array || json.GetArrayLength() is 0 or > MostParts)
            return Wrong(at, "invalid_condition", $"It lists 1 to {MostParts} conditions.");
        var parts = json.EnumerateArray().Select((part, i) => Read(part, At(at, i), depth + 1)).ToArray();
        if (parts.Contains(null)) return null;
        return kind == "all" ? new AllOf(parts!) : new AnyOf(parts!);
    }

    private EventHappened? Event(JsonElement form, string at)
    {
        var type = Text(form, "event", at, required: true);
        var where = ReadWhere(form, at);
        var after = Text(form, "after", at, required: false);
        return type is null || where is null || (after is null && form.TryGetProperty("after", out _)) ? null : new EventHappened(type, where, after);
    }

    private Condition? Count(JsonElement form, string at)
    {
        var counted = form.GetProperty("count");
        if (counted.ValueKind != JsonValueKind.Object) return Wrong($"{at}.count", "invalid_condition", "What is counted is an object with event and where.");
        foreach (var other in counted.EnumerateObject())
        {
            if (other.Name is not ("event" or "where")) return Wrong($"{at}.count.{other.Name}", "unknown_condition", $"What is counted has no {other.Name}.");
        }

        var type = Text(counted, "event", $"{at}.count", required: true);
        var where = ReadWhere(counted, $"{at}.count");
        var (least, most) = (Whole(form, "at_least", at), Whole(form, "at_most", at));
        if (type is null || where is null || least < 0 || most < 0) return null;
        if (least is null && most is null) return Wrong(at, "invalid_condition", "A count is compared by at_least, at_most or both.");
        if (least > most) return Wrong($"{at}.at_most", "contradictory_condition", "No count is at least more than it is at most.");
        return new EventsCounted(type, where, least ?? 0, most);
    }

    private PropertyIs? Property(JsonElement form, string at) =>
        Text(form, "property", at, required: true) is { } name && Compare(name, form, at, skip: "property") is { } comparison ? new PropertyIs(comparison) : null;

    private Condition? OfSilence(JsonElement form, string at)
    {
        var json = form.GetProperty("silence");
        var span = json.ValueKind == JsonValueKind.String ? CalendarSpan.Parse(json.GetString()) : null;
        if (span is null) return Wrong($"{at}.silence", "invalid_span", "Silence is a span such as P1D or PT12H.");
        var after = Text(form, "after", at, required: false);
        return after is null && form.TryGetProperty("after", out _) ? null : new Silence(span, after);
    }

    private Where? ReadWhere(JsonElement form, string at)
    {
        if (!form.TryGetProperty("where", out var where)) return Where.Any;
        if (where.ValueKind != JsonValueKind.Object || where.EnumerateObject().Count() is 0 or > MostParts)
        {
            Wrong($"{at}.where", "invalid_condition", $"Where names 1 to {MostParts} properties.");
            return null;
        }

        var comparisons = where.EnumerateObject().Select(member => member.Value.ValueKind == JsonValueKind.Object
            ? Compare(member.Name, member.Value, $"{at}.where.{member.Name}", skip: null)
            : Among(member.Value, $"{at}.where.{member.Name}") is { } among ? new Comparison(member.Name, among, [], null, false, null, false) : null).ToArray();
        return comparisons.Contains(null) ? null : new Where(comparisons!);
    }

    private Comparison? Compare(string name, JsonElement form, string at, string? skip)
    {
        var comparison = new Comparison(name, null, [], null, false, null, false);
        var count = 0;
        foreach (var member in form.EnumerateObject())
        {
            if (member.Name == skip) continue;
            count++;
            var place = $"{at}.{member.Name}";
            Comparison? next;
            if (member.Name is "eq" or "in" or "ne")
            {
                var among = Among(member.Value, place);
                if (among is null) return null;
                if (member.Name == "eq" && member.Value.ValueKind == JsonValueKind.Array) return NoComparison(place, "invalid_condition", "eq takes one value; in takes several.");
                next = member.Name == "ne" ? comparison with { NotAmong = among }
                    : comparison.Among is null ? comparison with { Among = among }
                    : comparison with { Among = [.. comparison.Among.Intersect(among, StringComparer.Ordinal)] };
            }
            else if (member.Name is "gt" or "gte" or "lt" or "lte")
            {
                if (Number(member.Value) is not { } bound) return NoComparison(place, "invalid_condition", "A bound is a decimal such as \"0.8\".");
                next = member.Name[0] == 'g'
                    ? comparison.From is null ? comparison with { From = bound, FromExclusive = member.Name == "gt" } : null
                    : comparison.To is null ? comparison with { To = bound, ToExclusive = member.Name == "lt" } : null;
                if (next is null) return NoComparison(place, "contradictory_condition", "Give one bound for each side.");
            }
            else
            {
                return NoComparison(place, "unknown_condition", $"There is no comparison {member.Name}.");
            }

            comparison = next;
        }

        if (count == 0) return NoComparison(at, "invalid_condition", "A comparison is needed: eq, ne, in, gt, gte, lt or lte.");
        return comparison.Impossible ? NoComparison(at, "contradictory_condition", "No value is like that.") : comparison;
    }

    private string[]? Among(JsonElement json, string at)
    {
        JsonElement[] values = json.ValueKind == JsonValueKind.Array ? [.. json.EnumerateArray()] : [json];
        var texts = values.Select(CaseData.TextOf).ToArray();
        if (texts.Length is > 0 and <= 100 && Array.TrueForAll(texts, text => text is { Length: <= LongestText })) return texts!;
        Wrong(at, "invalid_condition", "A text, a number, true or false is expected, or a list of 1 to 100 of them.");
        return null;
    }

    private static decimal? Number(JsonElement json) =>
        CaseData.TextOf(json) is { } text && decimal.TryParse(text, DecimalText.Style, CultureInfo.InvariantCulture, out var number) ? number : null;

    private string? Text(JsonElement form, string name, string at, bool required)
    {
        if (!form.TryGetProperty(name, out var json)) return required ? Missing(name, at) : null;
        if (json.ValueKind == JsonValueKind.String && json.GetString() is { Length: > 0 and <= LongestText } text && !text.Contains('\0', StringComparison.Ordinal)) return text;
        return Missing(name, at);
    }

    private string? Missing(string name, string at)
    {
        Wrong($"{at}.{name}", "invalid_condition", $"A text of 1 to {LongestText} characters is needed.");
        return null;
    }

    // Below 0 when it is none.
    private int? Whole(JsonElement form, string name, string at)
    {
        if (!form.TryGetProperty(name, out var json)) return null;
        if (Number(json) is { } number and >= 0m and <= 1_000_000m && decimal.Truncate(number) == number) return (int)number;
        Wrong($"{at}.{name}", "invalid_condition", "A whole number from 0 to 1,000,000 is needed.");
        return -1;
    }

    private Condition? Wrong(string at, string code, string detail)
    {
        errors.Add(at, code, detail);
        return null;
    }

    private Comparison? NoComparison(string at, string code, string detail)
    {
        errors.Add(at, code, detail);
        return null;
    }

    private static string At(string list, int index) => string.Create(CultureInfo.InvariantCulture, $"{list}[{index}]");
}
