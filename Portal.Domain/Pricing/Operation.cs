using System.Globalization;

namespace Portal.Domain.Pricing;

/// <summary>Work that takes longer than a request.</summary>
/// <param name="Id">UUIDv7.</param>
/// <param name="Kind"><c>late_rating</c>, <c>rerate</c>, <c>rerate_preview</c> or <c>version_preview</c>.</param>
/// <param name="State"><c>queued</c>, <c>running</c>, <c>succeeded</c> or <c>failed</c>.</param>
/// <param name="Done">Events looked at so far.</param>
/// <param name="Total">Events to look at, as counted before it began; null until they were.</param>
/// <param name="Parameters">What it is to do, as JSON.</param>
/// <param name="Result">What it came to, as JSON; null before it succeeded.</param>
/// <param name="Error">Why it failed, as JSON with a code and a sentence; null unless it did.</param>
/// <param name="Actor">Who asked for it.</param>
/// <param name="CreatedAt">When it was asked for (business time, UTC).</param>
/// <param name="StartedAt">When it began; null while it is queued.</param>
/// <param name="FinishedAt">When it succeeded or failed.</param>
public sealed record Operation(
    Guid Id, string Kind, string State, long Done, long? Total, string Parameters, string? Result, string? Error, string Actor,
    DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt)
{
    private const string Prefix = "op_";

    /// <summary>The id as the API shows it.</summary>
    public string PublicId => Format(Id);

    /// <summary>True once it has succeeded or failed.</summary>
    public bool Finished => FinishedAt is not null;

    /// <summary>The API's form of an id: <c>op_0199…</c>.</summary>
    public static string Format(Guid id) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{id:N}");

    /// <summary>Reads a text made by <see cref="Format"/>; false for anything else.</summary>
    public static bool TryParse(string? text, out Guid id)
    {
        id = default;
        return text is not null && text.StartsWith(Prefix, StringComparison.Ordinal) && Guid.TryParseExact(text.AsSpan(Prefix.Length), "N", out id);
    }
}

/// <summary>Kinds of operations.</summary>
public static class OperationKind
{
    /// <summary>Rates what came before its meter or rate did; begins by itself when a card or a meter is published.</summary>
    public const string LateRating = "late_rating";

    /// <summary>Rates a period again under a named version and posts the differences.</summary>
    public const string Rerate = "rerate";

    /// <summary>Shows what a re-rating would post; books nothing.</summary>
    public const string ReratePreview = "rerate_preview";

    /// <summary>Shows what a period would have come to under a version that is not published; books nothing.</summary>
    public const string VersionPreview = "version_preview";
}
