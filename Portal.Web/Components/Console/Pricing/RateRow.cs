using System.Globalization;
using Portal.Domain.Pricing.Rates;

namespace Portal.Web.Components.ConsolePages.Pricing;

/// <summary>A rate as it is typed: a plain price per so many units, or one that only JSON can say.</summary>
public sealed class RateRow
{
    private readonly RateDefinition? other;

    /// <summary>An empty row.</summary>
    public RateRow()
    {
    }

    private RateRow(RateDefinition rate)
    {
        Meter = rate.Meter ?? "";
        Match = string.Join(", ", (rate.Match ?? new Dictionary<string, string>(StringComparer.Ordinal)).Select(entry => $"{entry.Key}={entry.Value}"));
        Unit = rate.Unit ?? Rate.CreditUnit;
        Vendor = rate.Vendor ?? "";
        Amount = Text(rate.Price?.Amount);
        Per = Text(rate.Price?.Per ?? 1m);
        if (!IsPlain(rate.Price)) other = rate;
    }

    /// <summary>Key of the meter.</summary>
    public string Meter { get; set; } = "";

    /// <summary>Dimensions: <c>model=gpt-4o, token_type=input</c>; empty for anything.</summary>
    public string Match { get; set; } = "";

    /// <summary><c>CREDIT</c> or a currency.</summary>
    public string Unit { get; set; } = Rate.CreditUnit;

    /// <summary>What <see cref="Per"/> units cost.</summary>
    public string Amount { get; set; } = "";

    /// <summary>How many units.</summary>
    public string Per { get; set; } = "1000";

    /// <summary>Cost rates: who is paid; empty for the card's key.</summary>
    public string Vendor { get; set; } = "";

    /// <summary>A price that has no row: tiers, packages, fees. It is kept as it is.</summary>
    public RateDefinition? Other => other;

    /// <summary>The row of a rate.</summary>
    public static RateRow Of(RateDefinition rate)
    {
        ArgumentNullException.ThrowIfNull(rate);
        return new RateRow(rate);
    }

    /// <summary>True when all words of a search are in the row.</summary>
    public bool Has(IEnumerable<string> words) => words.All(word => $"{Meter} {Match} {Vendor} {Unit}".Contains(word, StringComparison.OrdinalIgnoreCase));

    /// <summary>The rate; what is no number is left out, so that the checks name its field.</summary>
    public RateDefinition ToRate() => other ?? new RateDefinition
    {
        Meter = Meter.Trim(),
        Match = Dimensions(),
        Unit = Unit.Trim(),
        Vendor = Vendor.Trim().Length == 0 ? null : Vendor.Trim(),
        Price = new PriceDefinition { Model = "per_unit", Amount = Number(Amount), Per = Number(Per) ?? 0m },
    };

    private Dictionary<string, string> Dimensions()
    {
        var match = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in Match.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var split = part.IndexOf('=', StringComparison.Ordinal);
            match[split < 0 ? part : part[..split].Trim()] = split < 0 ? "" : part[(split + 1)..].Trim();
        }

        return match;
    }

    private static bool IsPlain(PriceDefinition? price) =>
        price is { Model: "per_unit", Tiers: null, Scope: null, FlatFee: null, DiscountPercent: null, Minimum: null, Maximum: null, ChargeAtZero: null };

    private static string Text(decimal? number) => number?.ToString("0.############################", CultureInfo.InvariantCulture) ?? "";

    private static decimal? Number(string text) =>
        decimal.TryParse(text.Trim(), NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number) ? number : null;
}
