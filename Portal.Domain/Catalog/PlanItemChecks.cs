using Portal.Domain.Kernel;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Catalog;

/// <summary>Checks the items of one plan, one after the other.</summary>
internal sealed class PlanItemChecks(Currency? currency, int? planMonths, FieldErrors errors)
{
    private static readonly Dictionary<string, string[]> FieldsOf = new(StringComparer.Ordinal)
    {
        ["flat"] = ["amount"],
        ["seat"] = ["amount", "included"],
        ["included_credits"] = ["credits", "revenue_share", "every", "rollover"],
        ["usage"] = ["meter", "price", "rate_card"],
        ["overage"] = ["price", "meter"],
        ["minimum"] = ["amount"],
    };

    private readonly HashSet<string> keys = new(StringComparer.Ordinal);
    private readonly HashSet<string> once = new(StringComparer.Ordinal);
    private readonly List<IncludedCredits> included = [];
    private readonly Dictionary<string, Price> overageMeters = new(StringComparer.Ordinal);

    /// <summary>Credits included so far.</summary>
    public IReadOnlyList<IncludedCredits> Included => included;

    /// <summary>The overage items, when there was one.</summary>
    public PlanOverage? Overage { get; private set; }

    /// <summary>Sum of the shares so far.</summary>
    public decimal Shares { get; private set; }

    /// <summary>Flat fees so far.</summary>
    public List<FlatFee> Flat { get; } = [];

    /// <summary>Fees for seats so far.</summary>
    public List<SeatFee> Seats { get; } = [];

    /// <summary>The minimum, when there was one.</summary>
    public decimal? Minimum { get; private set; }

    /// <summary>Checks an item; <paramref name="at"/> is its place, such as <c>items[0]</c>.</summary>
    public void Check(string at, PlanItemDefinition item)
    {
        if (!Slug.IsValid(item.Key)) errors.Add($"{at}.key", item.Key is null ? "required" : "invalid_key", "A key of a-z, 0-9, '.', '_' and '-' is needed.");
        else if (!keys.Add(item.Key!)) errors.Add($"{at}.key", "duplicate_item", $"Two items have the key {item.Key}.");
        if (item.Type is null || !FieldsOf.TryGetValue(item.Type, out var fields))
        {
            errors.Add($"{at}.type", item.Type is null ? "required" : "invalid_item_type", $"The type is one of {string.Join(", ", FieldsOf.Keys)}.");
            return;
        }

        foreach (var (field, given) in Given(item))
        {
            if (given && !fields.Contains(field, StringComparer.Ordinal))
                errors.Add($"{at}.{field}", "field_not_allowed", $"An item of type {item.Type} has no {field}.");
        }

        switch (item.Type)
        {
            case "flat":
                Money($"{at}.amount", item.Amount, required: true);
                Flat.Add(new FlatFee(item.Key ?? "", item.Amount is >= 0m and <= PriceChecks.GreatestAmount ? item.Amount.Value : 0m));
                break;
            case "seat":
                Money($"{at}.amount", item.Amount, required: true);
                if (item.Included is < 0m or > 1_000_000m || (item.Included is { } seats && seats != decimal.Truncate(seats)))
                    errors.Add($"{at}.included", "invalid_amount", "Included seats are a whole number from 0 to 1000000.");
                Seats.Add(new SeatFee(item.Key ?? "", item.Amount ?? 0m, item.Included ?? 0m));
                break;
            case "minimum":
                Once($"{at}.type", "minimum");
                Minimum = item.Amount;
                Money($"{at}.amount", item.Amount, required: true);
                break;
            case "included_credits": CheckIncluded(at, item); break;
            case "usage": CheckUsage(at, item); break;
            case "overage": CheckOverage(at, item); break;
            default: throw new InvalidOperationException($"Unknown type {item.Type}.");
        }
    }

    private void CheckIncluded(string at, PlanItemDefinition item)
    {
        if (item.Credits is not (> 0m and <= PriceChecks.GreatestAmount) || !Credits.HasAtMostNinePlaces(item.Credits.Value))
            errors.Add($"{at}.credits", item.Credits is null ? "required" : "invalid_credits", "Credits are above 0, with at most nine decimal places.");
        Money($"{at}.revenue_share", item.RevenueShare, required: false);
        Shares += item.RevenueShare is > 0m and <= PriceChecks.GreatestAmount ? item.RevenueShare.Value : 0m;
        var months = item.Every is null ? planMonths : PlanChecks.Months(item.Every);
        if (months is null && item.Every is not null) errors.Add($"{at}.every", "invalid_every", "Credits are granted every month, quarter or year.");
        else if (planMonths is { } period && months is { } every && period % every != 0)
            errors.Add($"{at}.every", "every_does_not_divide", $"A {item.Every} does not divide the plan's period.");
        var rollover = item.Rollover is null ? null : CheckRollover($"{at}.rollover", item.Rollover);
        if (errors.None) included.Add(new IncludedCredits(item.Key!, item.Credits!.Value, item.RevenueShare ?? 0m, months!.Value, rollover));
    }

    private Rollover CheckRollover(string at, RolloverDefinition rollover)
    {
        foreach (var (field, credits) in new[] { ("min", rollover.Min), ("max", rollover.Max) })
        {
            if (credits is < 0m or > PriceChecks.GreatestAmount || (credits is { } some && !Credits.HasAtMostNinePlaces(some)))
                errors.Add($"{at}.{field}", "invalid_credits", "Credits are 0 or more, with at most nine decimal places.");
        }

        if (rollover.Min > rollover.Max) errors.Add($"{at}.max", "invalid_rollover", "The maximum is below the minimum.");
        if (rollover.MaxShare is < 0m or > 1000m) errors.Add($"{at}.max_share", "invalid_max_share", "The share is 0 to 1000; 1 is all included credits.");
        if (rollover.MaxRolls is < 1 or > 1000) errors.Add($"{at}.max_rolls", "invalid_max_rolls", "Credits roll 1 to 1000 times, or without limit when absent.");
        var expiry = CalendarSpan.Parse(rollover.ExpiresAfter);
        if (rollover.ExpiresAfter is not null && expiry is null)
            errors.Add($"{at}.expires_after", "invalid_period", "A period in ISO 8601 is expected, such as P1M or P30D.");
        return new Rollover(rollover.Min ?? 0m, rollover.Max, rollover.MaxShare, rollover.MaxRolls, expiry);
    }

    private void CheckUsage(string at, PlanItemDefinition item)
    {
        if (!Slug.IsValid(item.Meter)) errors.Add($"{at}.meter", item.Meter is null ? "required" : "unknown_meter", "The key of a meter is needed.");
        else Once($"{at}.meter", "usage of " + item.Meter);
        if ((item.Price is null) == (item.RateCard is null))
            errors.Add($"{at}.price", item.Price is null ? "required" : "invalid_price", "Usage has a price or a rate card, one of both.");
        if (item.Price is not null) PriceChecks.Check($"{at}.price", item.Price, errors);
        if (item.RateCard is not null && !Slug.IsValid(item.RateCard)) errors.Add($"{at}.rate_card", "unknown_rate_card", "There is no such rate card.");
    }

    private void CheckOverage(string at, PlanItemDefinition item)
    {
        Once($"{at}.type", item.Meter is null ? "overage" : "overage of " + item.Meter);
        if (item.Meter is not null && !Slug.IsValid(item.Meter)) errors.Add($"{at}.meter", "unknown_meter", "There is no such meter.");
        if (item.Price?.Scope is not (null or "tenant")) errors.Add($"{at}.price.scope", "invalid_price_scope", "Overage is priced over all that a tenant uses.");
        var price = PriceChecks.Check($"{at}.price", item.Price, errors);
        if (price is null) return;
        if (item.Meter is not null) overageMeters[item.Meter] = price;
        Overage = new PlanOverage(item.Meter is null ? price : Overage?.Price, overageMeters);
    }

    private void Once(string at, string what)
    {
        if (!once.Add(what)) errors.Add(at, "duplicate_item", $"A plan has one item for {what}.");
    }

    private void Money(string at, decimal? amount, bool required)
    {
        if (amount is null && required) errors.Add(at, "required", "An amount is needed.");
        else if (amount is < 0m or > PriceChecks.GreatestAmount) errors.Add(at, "invalid_amount", $"The amount is 0 to {PriceChecks.GreatestAmount}.");
        else if (amount is { } some && currency is not null && currency.RoundToMinor(some) != some)
            errors.Add(at, "invalid_amount", $"{currency} has {currency.MinorPlaces} decimal places.");
    }

    private static IEnumerable<(string Field, bool Given)> Given(PlanItemDefinition item) =>
    [
        ("amount", item.Amount is not null), ("included", item.Included is not null), ("credits", item.Credits is not null),
        ("revenue_share", item.RevenueShare is not null), ("every", item.Every is not null), ("rollover", item.Rollover is not null),
        ("meter", item.Meter is not null), ("price", item.Price is not null), ("rate_card", item.RateCard is not null),
    ];
}
