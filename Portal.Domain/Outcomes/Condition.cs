using System.Globalization;
using Portal.Domain.Kernel;

namespace Portal.Domain.Outcomes;

/// <summary>A condition over the events of a case. Pure.</summary>
public abstract record Condition
{
    /// <summary>Types of events that it reads, not those of its parts.</summary>
    public virtual IEnumerable<string> Types => [];

    /// <summary>Properties that it reads, not those of its parts.</summary>
    public virtual IEnumerable<string> Properties => [];

    /// <summary>Conditions that it consists of.</summary>
    public virtual IReadOnlyList<Condition> Parts => [];

    /// <summary>True when it holds; the events that make it hold are added to <paramref name="because"/>.</summary>
    public abstract bool Holds(CaseView view, ICollection<Guid> because);

    /// <summary>It and all conditions in it.</summary>
    public IEnumerable<Condition> WithParts() => Parts.SelectMany(part => part.WithParts()).Prepend(this);
}

/// <summary>An event happened.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Where">What its properties are.</param>
/// <param name="After">Only after the last event of that type, which must have happened; null: whenever.</param>
public sealed record EventHappened(string Type, Where Where, string? After) : Condition
{
    /// <inheritdoc />
    public override IEnumerable<string> Types => After is null ? [Type] : [Type, After];

    /// <inheritdoc />
    public override IEnumerable<string> Properties => Where.Names;

    /// <inheritdoc />
    public override bool Holds(CaseView view, ICollection<Guid> because)
    {
        var first = After is null ? -1 : view.LastOf(After);
        if (After is not null && first < 0) return false;
        for (var i = view.Events.Count - 1; i > first; i--)
        {
            if (view.Events[i].Type != Type || !Where.Holds(view.Events[i])) continue;
            because.Add(view.Events[i].Key);
            return true;
        }

        return false;
    }
}

/// <summary>So many events happened.</summary>
/// <param name="Type">Their type.</param>
/// <param name="Where">What their properties are.</param>
/// <param name="AtLeast">Inclusive.</param>
/// <param name="AtMost">Inclusive; null: no limit.</param>
public sealed record EventsCounted(string Type, Where Where, int AtLeast, int? AtMost) : Condition
{
    /// <inheritdoc />
    public override IEnumerable<string> Types => [Type];

    /// <inheritdoc />
    public override IEnumerable<string> Properties => Where.Names;

    /// <inheritdoc />
    public override bool Holds(CaseView view, ICollection<Guid> because)
    {
        var counted = view.Events.Where(one => one.Type == Type && Where.Holds(one)).Select(one => one.Key).ToArray();
        if (counted.Length < AtLeast || counted.Length > (AtMost ?? int.MaxValue)) return false;
        foreach (var key in counted) because.Add(key);
        return true;
    }
}

/// <summary>A property has a value: in the last event that has the property.</summary>
/// <param name="Comparison">What it is compared with.</param>
public sealed record PropertyIs(Comparison Comparison) : Condition
{
    /// <inheritdoc />
    public override IEnumerable<string> Properties => [Comparison.Name];

    /// <inheritdoc />
    public override bool Holds(CaseView view, ICollection<Guid> because)
    {
        var last = view.Events.LastOrDefault(one => one.Data.ContainsKey(Comparison.Name));
        if (last is null || !Comparison.Holds(last)) return false;
        because.Add(last.Key);
        return true;
    }
}

/// <summary>Nothing more has happened for a time.</summary>
/// <param name="Span">How long.</param>
/// <param name="After">The last event must be of that type; null: of any.</param>
public sealed record Silence(CalendarSpan Span, string? After) : Condition
{
    /// <inheritdoc />
    public override IEnumerable<string> Types => After is null ? [] : [After];

    /// <inheritdoc />
    public override bool Holds(CaseView view, ICollection<Guid> because)
    {
        if (view.Events.Count == 0) return false;
        var last = view.Events[^1];
        if ((After is not null && last.Type != After) || Span.AddTo(last.OccurredAt, view.Zone) > view.At) return false;
        because.Add(last.Key);
        return true;
    }
}

/// <summary>All of several conditions hold.</summary>
public sealed record AllOf(IReadOnlyList<Condition> Conditions) : Condition
{
    /// <inheritdoc />
    public override IReadOnlyList<Condition> Parts => Conditions;

    /// <inheritdoc />
    public override bool Holds(CaseView view, ICollection<Guid> because)
    {
        var found = new List<Guid>();
        if (!Conditions.All(condition => condition.Holds(view, found))) return false;
        foreach (var key in found) because.Add(key);
        return true;
    }
}

/// <summary>One of several conditions holds.</summary>
public sealed record AnyOf(IReadOnlyList<Condition> Conditions) : Condition
{
    /// <inheritdoc />
    public override IReadOnlyList<Condition> Parts => Conditions;

    /// <inheritdoc />
    public override bool Holds(CaseView view, ICollection<Guid> because) => Conditions.Any(condition => condition.Holds(view, because));
}

/// <summary>A condition does not hold.</summary>
public sealed record Not(Condition Condition) : Condition
{
    /// <inheritdoc />
    public override IReadOnlyList<Condition> Parts => [Condition];

    /// <inheritdoc />
    public override bool Holds(CaseView view, ICollection<Guid> because) => !Condition.Holds(view, []);
}

/// <summary>What the properties of one event are: all comparisons hold.</summary>
public sealed record Where(IReadOnlyList<Comparison> Comparisons)
{
    /// <summary>Whatever they are.</summary>
    public static readonly Where Any = new([]);

    /// <summary>The properties.</summary>
    public IEnumerable<string> Names => Comparisons.Select(comparison => comparison.Name);

    /// <summary>What tells it from others.</summary>
    public string Key => string.Join('&', Comparisons.Select(comparison => comparison.Key).Order(StringComparer.Ordinal));

    /// <summary>True when the event is like that.</summary>
    public bool Holds(CaseEvent one) => Comparisons.All(comparison => comparison.Holds(one));
}

/// <summary>What a property is compared with. Absent properties compare with nothing.</summary>
/// <param name="Name">The property.</param>
/// <param name="Among">One of these texts; null: any.</param>
/// <param name="NotAmong">None of these.</param>
/// <param name="From">A number not below (or above, when <paramref name="FromExclusive"/>).</param>
/// <param name="FromExclusive">The bound itself is outside.</param>
/// <param name="To">A number not above (or below).</param>
/// <param name="ToExclusive">The bound itself is outside.</param>
public sealed record Comparison(
    string Name, IReadOnlyList<string>? Among, IReadOnlyList<string> NotAmong, decimal? From, bool FromExclusive, decimal? To, bool ToExclusive)
{
    /// <summary>What tells it from others.</summary>
    public string Key => string.Create(
        CultureInfo.InvariantCulture, $"{Name}:{(Among is null ? "*" : string.Join('|', Among))}:{string.Join('|', NotAmong)}:{From}{FromExclusive}:{To}{ToExclusive}");

    /// <summary>True when nothing can be like that.</summary>
    public bool Impossible =>
        From > To || (From is not null && From == To && (FromExclusive || ToExclusive)) || Among?.All(text => !Takes(text)) == true;

    /// <summary>True when the event's property compares.</summary>
    public bool Holds(CaseEvent one)
    {
        ArgumentNullException.ThrowIfNull(one);
        return one.Data.TryGetValue(Name, out var text) && (Among is null || Among.Any(other => Same(other, text))) && Takes(text);
    }

    private bool Takes(string text)
    {
        if (NotAmong.Any(other => Same(other, text))) return false;
        if (From is null && To is null) return true;
        if (!decimal.TryParse(text, DecimalText.Style, CultureInfo.InvariantCulture, out var number)) return false;
        return !(number < From) && !(number > To) && !(FromExclusive && number == From) && !(ToExclusive && number == To);
    }

    // "1.50" and 1.5 are one number.
    private static bool Same(string one, string other) => one == other
        || (decimal.TryParse(one, DecimalText.Style, CultureInfo.InvariantCulture, out var left)
            && decimal.TryParse(other, DecimalText.Style, CultureInfo.InvariantCulture, out var right) && left == right);
}
