namespace Portal.Domain.Kernel;

/// <summary>Gathers what is wrong with the fields of a body, so that its sender sees all of it at once.</summary>
public sealed class FieldErrors
{
    private readonly Dictionary<string, List<string>> byField = new(StringComparer.Ordinal);
    private string? code;
    private string? detail;

    /// <summary>True when nothing is wrong so far.</summary>
    public bool None => byField.Count == 0;

    /// <summary>Number of fields at fault.</summary>
    public int Count => byField.Count;

    /// <summary>Notes that a field is wrong. The first one's code and detail become the problem's.</summary>
    public void Add(string field, string errorCode, string errorDetail)
    {
        code ??= errorCode;
        detail ??= $"{field}: {errorDetail}";
        if (!byField.TryGetValue(field, out var messages)) byField[field] = messages = [];
        messages.Add(errorDetail);
    }

    /// <summary>What was gathered as one problem; null when nothing was.</summary>
    public Problem? ToProblem(ProblemKind kind = ProblemKind.Unprocessable) => code is null
        ? null
        : new Problem(kind, code, detail!, byField.ToDictionary(entry => entry.Key, entry => entry.Value.ToArray(), StringComparer.Ordinal));
}
