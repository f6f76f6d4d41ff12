namespace Portal.Web.Components.Shared;

/// <summary>What <see cref="BurndownChart"/> draws.</summary>
/// <param name="Points">The past, oldest first, one per step.</param>
/// <param name="Projection">What is to come, from the step after the last point; empty: none.</param>
/// <param name="Markers">Grants and expiries of the past and of the projection.</param>
public sealed record Burndown(
    IReadOnlyList<BurndownPoint> Points, IReadOnlyList<BurndownProjection> Projection, IReadOnlyList<BurndownMarker> Markers)
{
    /// <summary>Nothing to draw.</summary>
    public static Burndown None { get; } = new([], [], []);
}

/// <summary>One step of the past, as the API's burn-down has it.</summary>
/// <param name="At">The instant at which the step begins.</param>
/// <param name="Granted">Credits that came in.</param>
/// <param name="Used">Credits used, by model; the empty name is shown as "no model".</param>
/// <param name="Expired">Credits that expired.</param>
/// <param name="Closing">The balance at the step's end.</param>
public sealed record BurndownPoint(
    DateTimeOffset At, decimal Granted, IReadOnlyDictionary<string, decimal> Used, decimal Expired, decimal Closing);

/// <summary>One step to come: the balance at its end, and between what it will probably lie.</summary>
/// <param name="At">The instant at which the step begins.</param>
/// <param name="Low">If usage is high.</param>
/// <param name="Likely">The expected.</param>
/// <param name="High">If usage is low.</param>
public sealed record BurndownProjection(DateTimeOffset At, decimal Low, decimal Likely, decimal High);

/// <summary>Credits that came or will go at an instant.</summary>
/// <param name="At">When; drawn at the step that holds it.</param>
/// <param name="Kind">What happens.</param>
/// <param name="Credits">How many credits, above zero.</param>
/// <param name="Label">What it is: "Starter pack".</param>
public sealed record BurndownMarker(DateTimeOffset At, BurndownMarkerKind Kind, decimal Credits, string Label);

/// <summary>What a <see cref="BurndownMarker"/> marks.</summary>
public enum BurndownMarkerKind
{
    /// <summary>Credits arrive.</summary>
    Grant,

    /// <summary>Credits expire.</summary>
    Expiry,
}
