using Portal.Domain.Kernel;

namespace Portal.Domain.Pricing.Rates;

/// <summary>Turns rates as written into checked ones, or says which field of which rate keeps them from being so.</summary>
public static class RateChecks
{
    /// <summary>Greatest number of rates in a version.</summary>
    public const int MostRates = 50_000;

    // Errors are gathered up to here; nobody reads more.
    private const int MostErrors = 100;

    /// <summary>The checked rates of a version of that card; errors name the rate's index and field.</summary>
    public static IReadOnlyList<Rate> Check(CardKind kind, string card, IReadOnlyList<RateDefinition>? rates, FieldErrors errors)
    {
        if (rates is not { Count: > 0 and <= MostRates })
        {
            errors.Add("rates", "required", $"A version has between 1 and {MostRates} rates.");
            return [];
        }

        var checkedRates = new List<Rate>(rates.Count);
        for (var i = 0; i < rates.Count && errors.Count < MostErrors; i++)
        {
            if (CheckOne(kind, card, i, rates[i], errors) is { } rate) checkedRates.Add(rate);
        }

        return checkedRates;
    }

    /// <summary>
    /// What a card must not hold besides malformed rates: unknown meters or dimensions, prices of single events for meters that look at a
    /// whole period, several currencies for one meter, overlapping rates.
    /// </summary>
    /// <param name="rates">Checked rates of one version.</param>
    /// <param name="meters">What pricing has to know of each meter.</param>
    /// <param name="errors">Where problems go.</param>
    public static void CheckTogether(
        IReadOnlyList<Rate> rates, IReadOnlyDictionary<string, MeterShape> meters, FieldErrors errors)
    {
        var currencies = new Dictionary<string, Rate>(StringComparer.Ordinal);
        foreach (var rate in rates)
        {
            CheckMeter(rate, meters, errors);
            if (!rate.InCredits && !currencies.TryAdd(rate.Meter, rate) && currencies[rate.Meter].Unit != rate.Unit && rate.Vendor is null)
            {
                errors.Add($"rates[{rate.Index}].unit", "mixed_currencies",
                    $"An event accrues one currency: {currencies[rate.Meter]} is in {currencies[rate.Meter].Unit}, this one in {rate.Unit}.");
            }

            if (errors.Count >= MostErrors) return;
        }

        foreach (var (first, second) in RateOverlaps.Find(rates))
        {
            errors.Add($"rates[{second.Index}].match", "rate_overlap", first.Match.Equals(second.Match)
                ? $"{first} and {second} match the same. Leave one out."
                : $"{first} and {second} overlap with equal specificity. Add a rate that matches {first.Match.Intersect(second.Match)}, or make one more specific.");
        }
    }

    private static Rate? CheckOne(CardKind kind, string card, int index, RateDefinition? rate, FieldErrors errors)
    {
        var at = $"rates[{index}]";
        if (rate is null)
        {
            errors.Add(at, "required", "A rate is needed.");
            return null;
        }

        var before = errors.Count;
        if (string.IsNullOrEmpty(rate.Meter)) errors.Add($"{at}.meter", "required", "A rate names its meter.");
        CheckMatch(at, rate.Match, errors);
        CheckUnit(kind, at, rate.Unit, errors);
        if (kind == CardKind.Rate && rate.Vendor is not null) errors.Add($"{at}.vendor", "invalid_vendor", "Only a cost card's rates name a vendor.");
        if (rate.Vendor is { Length: 0 or > 100 }) errors.Add($"{at}.vendor", "invalid_vendor", "A vendor is 1 to 100 characters.");
        var price = PriceChecks.Check($"{at}.price", rate.Price, errors);
        if (errors.Count > before || price is null) return null;
        return new Rate
        {
            Index = index,
            Meter = rate.Meter!,
            Match = MatchOf(rate),
            Unit = rate.Unit!,
            Price = price,
            Vendor = kind == CardKind.Cost ? rate.Vendor ?? card : null,
        };
    }

    private static DimensionSet MatchOf(RateDefinition rate) => rate.Match is { Count: > 0 } match
        ? DimensionSet.Of(match.Where(entry => entry.Value != "*"))
        : DimensionSet.Empty;

    private static void CheckMatch(string at, IReadOnlyDictionary<string, string>? match, FieldErrors errors)
    {
        foreach (var (name, value) in match ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            if (string.IsNullOrEmpty(value) || value.Length > 200)
            {
                errors.Add($"{at}.match.{name}", "invalid_match", "A dimension's value is 1 to 200 characters, or \"*\" for any.");
            }
        }
    }

    private static void CheckUnit(CardKind kind, string at, string? unit, FieldErrors errors)
    {
        if (kind == CardKind.Rate && unit == Rate.CreditUnit) return;
        if (Currency.Find(unit) is not null) return;
        errors.Add($"{at}.unit", unit is null ? "required" : "invalid_unit", kind == CardKind.Rate
            ? "The unit is CREDIT or an ISO 4217 currency such as USD."
            : "The unit of a cost is an ISO 4217 currency such as USD.");
    }

    private static void CheckMeter(Rate rate, IReadOnlyDictionary<string, MeterShape> meters, FieldErrors errors)
    {
        if (!meters.TryGetValue(rate.Meter, out var meter))
        {
            errors.Add($"rates[{rate.Index}].meter", "unknown_meter", $"There is no meter {rate.Meter}.");
            return;
        }

        foreach (var (name, _) in rate.Match.Items)
        {
            if (meter.Dimensions.Contains(name)) continue;
            errors.Add($"rates[{rate.Index}].match.{name}", "unknown_dimension",
                $"The meter {rate.Meter} has no dimension {name}; it has {string.Join(", ", meter.Dimensions.Order(StringComparer.Ordinal))}.");
        }

        CheckScope(rate, meter.Accumulation, errors);
    }

    private static void CheckScope(Rate rate, Accumulation accumulation, FieldErrors errors)
    {
        var at = $"rates[{rate.Index}].price";
        if (accumulation != Accumulation.Sum && rate.Price.Scope == PriceScope.Event)
        {
            errors.Add($"{at}.scope", "scope_not_allowed", $"The meter {rate.Meter} looks at a whole period: its price cannot be for each event alone.");
        }

        if (rate.Vendor is not null && !rate.Price.IsLinear && accumulation is Accumulation.Greatest or Accumulation.Distinct)
        {
            errors.Add(at, "invalid_price", $"A cost of the meter {rate.Meter} is per_unit, without flat fee, minimum and maximum.");
        }

        if (rate.Vendor is not null && rate.Price.Scope != PriceScope.Event && rate.Price.Minimum is not null)
        {
            errors.Add($"{at}.minimum", "invalid_price", "A cost that accumulates has no minimum.");
        }
    }
}
