using System.Globalization;
using Portal.Domain.Kernel;

namespace Portal.Domain.Outcomes;

/// <summary>Turns a rule as written into a checked one, or says which lines keep it from being one.</summary>
public static class OutcomeRuleChecks
{
    private const int MostLines = 50, LongestReason = 100;

    /// <summary>
    /// The checked rule, or every field at fault: <c>invalid_condition</c>, <c>unknown_condition</c>, <c>contradictory_condition</c>,
    /// <c>unreachable_rule</c>, <c>rule_never_decides</c>, <c>invalid_span</c>, <c>invalid_then</c>, …
    /// </summary>
    public static Result<OutcomeRule> Check(OutcomeRuleDefinition definition)
    {
        ArgumentNullException.ThrowIfNull(definition);
        var errors = new FieldErrors();
        if (definition.Product is null || !Slug.IsValid(definition.Product)) errors.Add("product", "invalid_product", "The product is a slug such as support.");
        var name = definition.Case ?? "case";
        if (name.Length is 0 or > 100 || name is "consumer" or "team" or "pool") errors.Add("case", "invalid_case", "The case is named by a property of 1 to 100 characters.");
        var settlement = Span(definition.Settlement, "settlement", errors);
        var abandon = Span(definition.AbandonAfter, "abandon_after", errors);
        var otherwise = definition.Else is null ? Verdict.Pending : Read(definition.Else);
        if (otherwise is null) errors.Add("else", "invalid_then", "Else is pending, billable or not_billable.");
        var lines = Lines(definition.Rules, errors);
        if (errors.ToProblem() is { } problem) return problem;
        var rule = new OutcomeRule
        {
            Product = definition.Product!,
            Case = name,
            Settlement = settlement,
            AbandonAfter = abandon,
            Lines = lines,
            Else = otherwise!.Value,
        };
        Decidability.Check(rule, errors);
        return errors.ToProblem() is { } undecidable ? undecidable : rule;
    }

    /// <summary>The verdict as bodies write it; null for anything else.</summary>
    public static Verdict? Read(string? text) => text switch
    {
        "pending" => Verdict.Pending,
        "billable" => Verdict.Billable,
        "not_billable" => Verdict.NotBillable,
        _ => null,
    };

    private static CalendarSpan? Span(string? text, string field, FieldErrors errors)
    {
        if (text is null) return null;
        var span = CalendarSpan.Parse(text);
        if (span is null) errors.Add(field, "invalid_span", "A span such as P7D or PT12H is needed.");
        return span;
    }

    private static List<OutcomeLine> Lines(IReadOnlyList<OutcomeLineDefinition>? definitions, FieldErrors errors)
    {
        var lines = new List<OutcomeLine>();
        if (definitions is not { Count: > 0 and <= MostLines })
        {
            errors.Add("rules", definitions is { Count: > MostLines } ? "too_many_rules" : "required", $"A rule has 1 to {MostLines} lines.");
            return lines;
        }

        var reader = new ConditionReader(errors);
        for (var i = 0; i < definitions.Count; i++)
        {
            var at = string.Create(CultureInfo.InvariantCulture, $"rules[{i}]");
            if (definitions[i] is not { } line)
            {
                errors.Add(at, "required", "A line is needed.");
                continue;
            }

            var condition = reader.Read(line.If, $"{at}.if");
            var then = Read(line.Then);
            if (then is null) errors.Add($"{at}.then", "invalid_then", "Then is billable, not_billable or pending.");
            if (line.Reason is { Length: 0 or > LongestReason }) errors.Add($"{at}.reason", "invalid_reason", $"A reason has 1 to {LongestReason} characters.");
            if (condition is not null && then is not null) lines.Add(new OutcomeLine(condition, then.Value, line.Reason ?? line.Then!));
        }

        return lines;
    }
}
