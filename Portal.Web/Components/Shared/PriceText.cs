using System.Globalization;
using Portal.Domain.Pricing.Rates;

namespace Portal.Web.Components.Shared;

/// <summary>Prices in words.</summary>
public static class PriceText
{
    /// <summary>A price in words: <c>0.5 credits per 1,000</c>.</summary>
    public static string Of(PriceDefinition? price, string? unit)
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

    /// <summary>The same of a checked price.</summary>
    public static string Of(Price price, string unit) => Of(PriceDefinition.Of(price), unit);

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
