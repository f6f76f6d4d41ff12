using System.Globalization;
using Portal.Domain.Metering;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;

namespace Portal.Web.Components.Shared;

/// <summary>What people read about events.</summary>
public static class EventText
{
    /// <summary>Filter of lists: what became of an event.</summary>
    public static readonly IReadOnlyList<(string Value, string Text)> Statuses = [.. EventList.Statuses.Select(status => (status, Status(status)))];

    /// <summary>What became of it.</summary>
    public static string Status(string status) => status switch
    {
        "accepted" => "Priced",
        "unrated" => "Not priced yet",
        "amended" => "Corrected",
        "voided" => "Taken back",
        _ => status,
    };

    /// <summary>The class of its badge.</summary>
    public static string Badge(string status) => status switch
    {
        "accepted" => "badge-good",
        "unrated" => "badge-warning",
        _ => "badge-plain",
    };

    /// <summary><c>input of gpt-4o, batch</c>; the meter's key without dimensions.</summary>
    public static string Dimensions(DimensionSet dimensions, string? meter)
    {
        ArgumentNullException.ThrowIfNull(dimensions);
        var others = dimensions.Items.Where(item => item.Key is not ("model" or "token_type")).Select(item => item.Key == "tier" ? item.Value : $"{item.Key} {item.Value}");
        var first = (dimensions.TokenType, dimensions.Model) switch
        {
            ({ Length: > 0 } token, { Length: > 0 } model) => $"{token.Replace('_', ' ')} of {model}",
            ({ Length: > 0 } token, _) => token.Replace('_', ' '),
            (_, { Length: > 0 } model) => $"of {model}",
            _ => null,
        };
        var text = string.Join(", ", others.Prepend(first).OfType<string>());
        return text.Length > 0 ? text : meter ?? "";
    }

    /// <summary>Where a rate stands: <c>card default, version 3</c>; a plan's item prices under the plan's name.</summary>
    public static string Card(Rate rate)
    {
        ArgumentNullException.ThrowIfNull(rate);
        return rate.Version is not { } version ? ""
            : version.Card.StartsWith("plan ", StringComparison.Ordinal)
                ? string.Create(CultureInfo.InvariantCulture, $"{version.Card}, version {version.Version}")
                : string.Create(CultureInfo.InvariantCulture, $"card {version.Card}, version {version.Version}");
    }

    /// <summary>Where credits came from.</summary>
    public static string Piece(StoredPiece piece)
    {
        ArgumentNullException.ThrowIfNull(piece);
        return piece.Kind switch
        {
            "debt" => $"Debt of pool {piece.Pool}, still open",
            "overage" => $"Overage of pool {piece.Pool}",
            _ => $"Pool {piece.Pool}",
        };
    }

    /// <summary>A later rating.</summary>
    public static string Later(string kind) => kind switch
    {
        "late_rating" => "Priced, once a rate covered it",
        "settlement" => "What it owed was settled by a later grant",
        "void" => "Taken back",
        "amend" => "Corrected",
        "rerate" => "Priced again under another version",
        "reprice" => "Credits given back: other usage made the period cheaper",
        _ => kind,
    };
}
