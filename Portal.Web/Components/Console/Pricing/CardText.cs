using System.Globalization;
using Portal.Domain.Pricing;

namespace Portal.Web.Components.ConsolePages.Pricing;

/// <summary>Cards and prices in words, and where their pages are.</summary>
public static class CardText
{
    /// <summary>The kind of cards that a page's address is about.</summary>
    public static CardKind KindOf(string uri)
    {
        ArgumentNullException.ThrowIfNull(uri);
        return new Uri(uri).AbsolutePath.StartsWith("/console/cost-cards", StringComparison.OrdinalIgnoreCase) ? CardKind.Cost : CardKind.Rate;
    }

    /// <summary>Address of the cards of a kind, of one of them, or of what is below it.</summary>
    public static string Path(this CardKind kind, params object[] parts)
    {
        var list = kind == CardKind.Cost ? "/console/cost-cards" : "/console/rate-cards";
        return parts.Length == 0 ? list : $"{list}/{string.Join('/', parts.Select(part => Uri.EscapeDataString(Convert.ToString(part, CultureInfo.InvariantCulture)!)))}";
    }

    /// <summary><c>Rate cards</c>, <c>Cost cards</c>.</summary>
    public static string Plural(this CardKind kind) => kind == CardKind.Cost ? "Cost cards" : "Rate cards";

    /// <summary><c>rate card</c>, <c>cost card</c>.</summary>
    public static string Noun(this CardKind kind) => kind == CardKind.Cost ? "cost card" : "rate card";

    /// <summary>Whether a version is in force, in words.</summary>
    public static string State(string state) => state switch
    {
        "scheduled" => "Scheduled",
        "in_force" => "In force",
        _ => "Past",
    };

    /// <summary>What a rate is for: <c>model gpt-4o · token_type input</c>; <c>anything</c> without dimensions.</summary>
    public static string Match(IReadOnlyDictionary<string, string>? match) =>
        match is { Count: > 0 } ? string.Join(" · ", match.Where(entry => entry.Value != "*").Select(entry => $"{entry.Key} {entry.Value}")) is { Length: > 0 } text ? text : "anything" : "anything";
}
