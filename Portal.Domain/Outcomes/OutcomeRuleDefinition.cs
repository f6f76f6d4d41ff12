using System.Text.Json;

namespace Portal.Domain.Outcomes;

/// <summary>A version of a rule as the API's bodies write it and as it is stored. <see cref="OutcomeRule"/> is the checked form.</summary>
public sealed record OutcomeRuleDefinition
{
    /// <summary>Cases that open from then on follow it, may be past; absent for now.</summary>
    public DateTimeOffset? EffectiveAt { get; init; }

    /// <summary>The product that is billed by its outcome; the same in all versions of a rule.</summary>
    public string? Product { get; init; }

    /// <summary>Property of an event's data that names its case; default <c>case</c>.</summary>
    public string? Case { get; init; }

    /// <summary>How long after the decision a case bills, ISO 8601; absent: at once.</summary>
    public string? Settlement { get; init; }

    /// <summary>A case without a decision that has had no event for so long is abandoned, ISO 8601; absent: never.</summary>
    public string? AbandonAfter { get; init; }

    /// <summary>The lines, 1 to 50; the first that matches decides.</summary>
    public IReadOnlyList<OutcomeLineDefinition>? Rules { get; init; }

    /// <summary>What holds when none matches: <c>pending</c> (default), <c>billable</c> or <c>not_billable</c>.</summary>
    public string? Else { get; init; }
}

/// <summary>A line of a rule.</summary>
public sealed record OutcomeLineDefinition
{
    /// <summary>The condition: an object with <c>event</c>, <c>count</c>, <c>property</c>, <c>silence</c>, <c>all</c>, <c>any</c> or <c>not</c>.</summary>
    public JsonElement? If { get; init; }

    /// <summary><c>billable</c>, <c>not_billable</c> or <c>pending</c>.</summary>
    public string? Then { get; init; }

    /// <summary>Why, for people and reports: <c>confirmed</c>, <c>assumed</c>, <c>escalated</c>, …; default what <see cref="Then"/> says.</summary>
    public string? Reason { get; init; }
}
