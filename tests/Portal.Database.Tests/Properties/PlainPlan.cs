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

/// <summary>What rolls over at renewal; null for no such limit. Rolled credits last so many months and days, or to the next renewal.</summary>
internal sealed record PlainRollover(decimal Min = 0m, decimal? Max = null, decimal? MaxShare = null, int? MaxRolls = null, (int Months, int Days)? Lasts = null)
{
    /// <summary>How many credits go on when so many are left.</summary>
    public decimal Of(decimal left, decimal included)
    {
        var most = Math.Min(Max ?? decimal.MaxValue, MaxShare is { } share ? Math.Round(share * included, 9, MidpointRounding.ToEven) : decimal.MaxValue);
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
                Lasts is var (months, days) ? $"\"expires_after\":\"P{(months > 0 ? $"{months}M" : "")}{(days > 0 ? $"{days}D" : "")}\"" : null,
            ];
            return $"{{{string.Join(',', parts.Where(part => part is not null))}}}";
        }
    }

    private static string Text(string name, decimal value) => string.Create(CultureInfo.InvariantCulture, $"\"{name}\":\"{value}\"");
}

/// <summary>Credits that a plan includes every so many months, and what of the period's fee pays for them.</summary>
internal sealed record PlainItem(string Key, decimal Credits, decimal Share, PlainRollover? Rollover = null, int Every = 1)
{
    public string Json => string.Create(CultureInfo.InvariantCulture, $$"""
        {"key":"{{Key}}","type":"included_credits","credits":"{{Credits}}","revenue_share":"{{Share}}","every":"{{PlainPlan.NameOf(Every)}}"{{(Rollover is null ? "" : $",\"rollover\":{Rollover.Json}")}}}
        """);
}

/// <summary>A plan of the sequences: what it includes, what more credits cost.</summary>
internal sealed record PlainPlan(string Key, int Months, PlainPrice? Overage, params PlainItem[] Items)
{
    public static readonly PlainPlan[] All =
    [
        new("plain", Months: 1, Overage: null, new PlainItem("credits", 40m, 12.34m)),
        new("rolling", Months: 1, new PlainPrice((null, 0.37m)), new PlainItem("credits", 30m, 10m, new PlainRollover(Min: 5m, Max: 20m, MaxRolls: 2))),
        new("tiered", Months: 1, new PlainPrice((10m, 1m), (null, 0.5m)), new PlainItem("credits", 25m, 7.77m, new PlainRollover(MaxShare: 0.5m))),
        new("quarter", Months: 3, new PlainPrice((null, 0.05m)), new PlainItem("credits", 20m, 33.33m, new PlainRollover(Min: 2m, Max: 35m))),
        new("double", Months: 1, new PlainPrice((null, 0.2m)),
            new PlainItem("long", 18m, 5.55m, new PlainRollover(Max: 30m, Lasts: (3, 0))), new PlainItem("short", 7m, 0m, new PlainRollover(Min: 1.5m, MaxRolls: 1, Lasts: (0, 10)))),
        new("yearly", Months: 12, Overage: null,
            new PlainItem("monthly", 15m, 77.77m, new PlainRollover(MaxShare: 1.25m, Lasts: (2, 15))), new PlainItem("quarterly", 9m, 10m, Every: 3), new PlainItem("once", 4m, 1m, Every: 12)),
    ];

    public string Json => $$"""
        {"name":"{{Key}}","currency":"USD","period":"{{NameOf(Months)}}","items":[{"key":"base","type":"flat","amount":"{{Items.Sum(item => item.Share).ToString(System.Globalization.CultureInfo.InvariantCulture)}}"},
        {{string.Join(',', Items.Select(item => item.Json))}}{{(Overage is null ? "" : $",{{\"key\":\"overage\",\"type\":\"overage\",\"price\":{Overage.Json}}}")}}]}
        """;

    public static string NameOf(int months) => months switch { 1 => "month", 3 => "quarter", _ => "year" };
}
