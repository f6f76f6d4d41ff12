using System.Globalization;

namespace Portal.Database.Tests.Properties;

/// <summary>What credits beyond the grants cost: so much each, tier after tier.</summary>
internal sealed record PlainPrice(params (decimal? UpTo, decimal Each)[] Tiers)
{
    private const decimal Least = 0.000000001m;

    /// <summary>Of all that was sold in a period.</summary>
    public decimal Of(decimal credits) => Math.Round(Exactly(credits), 9, MidpointRounding.ToEven);

    /// <summary>How many of the credits wanted can be had for some money, after so many were sold.</summary>
    public decimal Affordable(decimal sold, decimal wanted, decimal money)
    {
        bool Fits(decimal credits) => Math.Max(Of(sold + credits) - Of(sold), Exactly(sold + credits) - Exactly(sold)) <= money;
        if (Fits(wanted)) return wanted;
        var (left, reached) = (money, sold);
        foreach (var (upTo, each) in Tiers.Where(tier => !(tier.UpTo <= sold)))
        {
            var part = Math.Min(left / each, (upTo ?? decimal.MaxValue) - reached);
            left -= part * each;
            reached += part;
            if (reached < upTo) break;
        }

        var most = Math.Max(0m, Math.Floor((reached - sold) / Least) * Least);
        while (most > 0m && !Fits(most)) most -= Least;
        while (Fits(most + Least)) most += Least;
        return most;
    }

    private decimal Exactly(decimal credits)
    {
        var (sum, from) = (0m, 0m);
        foreach (var (upTo, each) in Tiers)
        {
            var to = Math.Max(from, Math.Min(credits, upTo ?? credits));
            sum += (to - from) * each;
            from = to;
        }

        return sum;
    }

    public string Json => Tiers.Length == 1
        ? string.Create(CultureInfo.InvariantCulture, $$"""{"model":"per_unit","amount":"{{Tiers[0].Each}}"}""")
        : $"{{\"model\":\"graduated\",\"tiers\":[{string.Join(',', Tiers.Select(TierJson))}]}}";

    private static string TierJson((decimal? UpTo, decimal Each) tier) => string.Create(
        CultureInfo.InvariantCulture, $"{{{(tier.UpTo is { } bound ? string.Create(CultureInfo.InvariantCulture, $"\"up_to\":\"{bound}\",") : "")}\"unit_amount\":\"{tier.Each}\"}}");
}

/// <summary>What rolls over at renewal; null for no such limit.</summary>
internal sealed record PlainRollover(decimal Min = 0m, decimal? Max = null, decimal? MaxShare = null, int? MaxRolls = null)
{
    /// <summary>How many credits go on when so many are left.</summary>
    public decimal Of(decimal left, decimal included)
    {
        var most = Math.Min(Max ?? decimal.MaxValue, MaxShare is { } share ? share * included : decimal.MaxValue);
        return Math.Min(most, Math.Max(left, Min));
    }

    public string Json
    {
        get
        {
            string?[] parts =
            [
                Text("min", Min), Max is { } max ? Text("max", max) : null, MaxShare is { } share ? Text("max_share", share) : null,
                MaxRolls is { } rolls ? string.Create(CultureInfo.InvariantCulture, $"\"max_rolls\":{rolls}") : null,
            ];
            return $"{{{string.Join(',', parts.Where(part => part is not null))}}}";
        }
    }

    private static string Text(string name, decimal value) => string.Create(CultureInfo.InvariantCulture, $"\"{name}\":\"{value}\"");
}

/// <summary>A plan of the sequences: what it includes each time, what of the period's fee pays for that, what rolls, what more credits cost.</summary>
internal sealed record PlainPlan(string Key, decimal Credits, decimal Share, PlainRollover? Rollover = null, PlainPrice? Overage = null, int Months = 1)
{
    public static readonly PlainPlan[] All =
    [
        new("plain", 40m, 12.34m),
        new("rolling", 30m, 10m, new PlainRollover(Min: 5m, Max: 20m, MaxRolls: 2), new PlainPrice((null, 0.37m))),
        new("tiered", 25m, 7.77m, new PlainRollover(MaxShare: 0.5m), new PlainPrice((10m, 1m), (null, 0.5m))),
        new("quarter", 20m, 33.33m, new PlainRollover(Min: 2m, Max: 35m), new PlainPrice((null, 0.05m)), Months: 3),
    ];

    /// <summary>How often credits are granted in a period: every month.</summary>
    public int Steps => Months;

    public string Json => string.Create(CultureInfo.InvariantCulture, $$"""
        {"name":"{{Key}}","currency":"USD","period":"{{(Months == 1 ? "month" : "quarter")}}","items":[{"key":"base","type":"flat","amount":"1000.00"},
        {"key":"credits","type":"included_credits","credits":"{{Credits}}","revenue_share":"{{Share}}","every":"month"{{(Rollover is null ? "" : $",\"rollover\":{Rollover.Json}")}}}
        {{(Overage is null ? "" : $",{{\"key\":\"overage\",\"type\":\"overage\",\"price\":{Overage.Json}}}")}}]}
        """);
}
