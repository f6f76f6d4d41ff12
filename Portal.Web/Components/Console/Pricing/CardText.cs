using System.Globalization;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;
using Portal.Web.Components.Shared;

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

    /// <summary>A price in words: <c>0.5 credits per 1,000</c>.</summary>
    public static string Price(PriceDefinition? price, string? unit)
    {
        if (price is null) return "no price";
        var text = price.Model switch
        {
            "per_unit" => $"{Amount(price.Amount, unit)} {Per(price.Per ?? 1m)}",
            "package" => $"{Amount(price.Amount, unit)} per started {Figures.Count((long)(price.Per ?? 1m))}",
            "graduated" or "volume" or "stairstep" => $"{price.Model}: {string.Join("; ", (price.Tiers ?? []).Select(tier => Tier(tier, unit)))}",
            _ => price.Model ?? "no price",
        };
        return text + Extras(price, unit);
    }

    private static string Amount(decimal? amount, string? unit) => unit is null or Rate.CreditUnit
        ? $"{Number(amount ?? 0m)} {(amount == 1m ? "credit" : "credits")}"
        : $"{Number(amount ?? 0m)} {unit}";

    private static string Per(decimal per) => per switch
    {
        1m => "each",
        1_000_000m => "per million",
        _ => $"per {Number(per)}",
    };

    private static string Tier(PriceTierDefinition tier, string? unit)
    {
        var bound = tier.UpTo is { } upTo ? $"up to {Number(upTo)}" : "beyond";
        var unitPart = tier.UnitAmount is { } each ? $"{Amount(each, unit)} each" : null;
        var flatPart = tier.FlatAmount is { } flat && flat != 0m ? $"{Amount(flat, unit)} flat" : null;
        return $"{bound} {string.Join(" + ", new[] { unitPart, flatPart }.OfType<string>())}";
    }

    private static string Extras(PriceDefinition price, string? unit)
    {
        var parts = new List<string>();
        if (price.FlatFee is { } fee and not 0m) parts.Add($"plus {Amount(fee, unit)}");
        if (price.DiscountPercent is { } discount and not 0m) parts.Add($"less {Number(discount)} %");
        if (price.Minimum is { } minimum) parts.Add($"at least {Amount(minimum, unit)}");
        if (price.Maximum is { } maximum) parts.Add($"at most {Amount(maximum, unit)}");
        if (price.Scope is "event" or "consumer") parts.Add($"per {price.Scope}");
        return parts.Count == 0 ? "" : ", " + string.Join(", ", parts);
    }

    private static string Number(decimal number) => number.ToString("#,##0.############", CultureInfo.CurrentCulture);
}
