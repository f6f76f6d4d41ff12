using Portal.Domain.Kernel;

namespace Portal.Domain.Outcomes;

/// <summary>What a rule says of a case.</summary>
public enum Verdict
{
    /// <summary>Nothing yet.</summary>
    Pending,

    /// <summary>It bills once it settles.</summary>
    Billable,

    /// <summary>It does not bill.</summary>
    NotBillable,
}

/// <summary>A line of a rule: what it says when its condition holds.</summary>
/// <param name="If">The condition.</param>
/// <param name="Then">What it says.</param>
/// <param name="Reason">Why.</param>
public sealed record OutcomeLine(Condition If, Verdict Then, string Reason);

/// <summary>A version of a rule, checked. Immutable and pure.</summary>
public sealed record OutcomeRule
{
    /// <summary>The outcome product.</summary>
    public required string Product { get; init; }

    /// <summary>Property that names the case.</summary>
    public required string Case { get; init; }

    /// <summary>From decision to billing; null: at once.</summary>
    public CalendarSpan? Settlement { get; init; }

    /// <summary>From the last event to abandonment; null: never.</summary>
    public CalendarSpan? AbandonAfter { get; init; }

    /// <summary>The first that matches decides.</summary>
    public required IReadOnlyList<OutcomeLine> Lines { get; init; }

    /// <summary>What holds when none matches.</summary>
    public required Verdict Else { get; init; }

    /// <summary>Every condition in it, parts of conditions too.</summary>
    public IEnumerable<Condition> Conditions => Lines.SelectMany(line => line.If.WithParts());

    /// <summary>Types of events that it reads.</summary>
    public IReadOnlySet<string> Types => types ??= Conditions.SelectMany(condition => condition.Types).ToHashSet(StringComparer.Ordinal);

    /// <summary>Properties of events that it reads.</summary>
    public IReadOnlySet<string> Properties => properties ??= Conditions.SelectMany(condition => condition.Properties).ToHashSet(StringComparer.Ordinal);

    /// <summary>True for events that it reads although a meter measures them.</summary>
    public bool Reads(string type) => Types.Contains(type) || Reopens(type) is not null;

    /// <summary>
    /// What an event of type <c>x.reopened</c> reopens, <c>x</c>: no <c>x.resolved</c> or <c>x.closed</c> before it counts any more. Null for other
    /// types, and for those that the rule names, which mean what it says.
    /// </summary>
    public string? Reopens(string type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return type.EndsWith(Reopened, StringComparison.Ordinal) && !Types.Contains(type) ? type[..^Reopened.Length] : null;
    }

    private const string Reopened = ".reopened";
    private IReadOnlySet<string>? types;
    private IReadOnlySet<string>? properties;
}

/// <summary>An event of a case as its rule reads it.</summary>
/// <param name="Key">Its identity.</param>
/// <param name="Type">Its type.</param>
/// <param name="OccurredAt">When it happened.</param>
/// <param name="Data">The properties that the rule reads.</param>
public sealed record CaseEvent(Guid Key, string Type, DateTimeOffset OccurredAt, IReadOnlyDictionary<string, string> Data);

/// <summary>A case as it was at an instant.</summary>
/// <param name="Events">Those that had happened, in order; those at one instant in order of their keys.</param>
/// <param name="At">The instant.</param>
/// <param name="Zone">The tenant's: spans of days are days of its calendar.</param>
public sealed record CaseView(IReadOnlyList<CaseEvent> Events, DateTimeOffset At, TimeZoneInfo Zone)
{
    /// <summary>The last event of a type; null without one.</summary>
    public int LastOf(string type)
    {
        for (var i = Events.Count - 1; i >= 0; i--)
        {
            if (Events[i].Type == type) return i;
        }

        return -1;
    }
}
