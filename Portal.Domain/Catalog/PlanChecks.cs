using Portal.Domain.Kernel;

namespace Portal.Domain.Catalog;

/// <summary>Turns a plan as written into a checked one, or says which fields keep it from being one.</summary>
public static class PlanChecks
{
    private const int MostItems = 100, MostOutcomes = 20;

    private static readonly Dictionary<string, string> Nothing = new(StringComparer.Ordinal);

    /// <summary>The checked plan, or every field at fault. Whether its meters and cards exist is for the database to say.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="version">The version that this is.</param>
    /// <param name="plan">It as written.</param>
    public static Result<Plan> Check(string key, int version, PlanDefinition plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (Slug.Check("key", key) is { } badKey) return badKey;
        var errors = new FieldErrors();
        if (plan.Name is not { Length: > 0 and <= 200 }) errors.Add("name", "required", "A name of 1 to 200 characters is needed.");
        var currency = Currency.Find(plan.Currency);
        if (currency is null) errors.Add("currency", plan.Currency is null ? "required" : "unknown_currency", "The currency is an ISO 4217 code such as USD.");
        var months = Months(plan.Period);
        if (months is null) errors.Add("period", plan.Period is null ? "required" : "invalid_period", "The period is month, quarter or year.");
        if (plan.Tax is not (null or "exclusive" or "inclusive")) errors.Add("tax", "invalid_tax", "Tax is exclusive or inclusive.");
        if (plan.RateCard is not null && !Slug.IsValid(plan.RateCard)) errors.Add("rate_card", "unknown_rate_card", "There is no such rate card.");
        if (plan.Outcomes is { Count: > MostOutcomes }) errors.Add("outcomes", "too_many_outcomes", $"A plan names at most {MostOutcomes} rules.");
        foreach (var (product, rule) in plan.Outcomes ?? Nothing)
        {
            if (!Slug.IsValid(product) || !Slug.IsValid(rule)) errors.Add($"outcomes.{product}", "unknown_outcomes", "There is no such outcome rule of that product.");
        }

        var items = new PlanItemChecks(currency, months, errors);
        CheckItems(plan, items, errors);
        if (errors.ToProblem() is { } problem) return problem;
        return new Plan
        {
            Key = key,
            Version = version,
            Name = plan.Name!,
            Currency = currency!,
            Months = months!.Value,
            Included = items.Included,
            Flat = items.Flat,
            Seats = items.Seats,
            Minimum = items.Minimum,
            Overage = items.Overage,
            Definition = plan,
        };
    }

    /// <summary>Months of <c>month</c>, <c>quarter</c> or <c>year</c>; null for anything else.</summary>
    public static int? Months(string? period) => period switch
    {
        "month" => 1,
        "quarter" => 3,
        "year" => 12,
        _ => null,
    };

    private static void CheckItems(PlanDefinition plan, PlanItemChecks items, FieldErrors errors)
    {
        if (plan.Items is not { Count: <= MostItems } list)
        {
            errors.Add("items", plan.Items is null ? "required" : "too_many_items", $"A plan lists its items, at most {MostItems}.");
            return;
        }

        for (var i = 0; i < list.Count; i++)
        {
            var at = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"items[{i}]");
            if (list[i] is { } item) items.Check(at, item);
            else errors.Add(at, "required", "An item is needed.");
            if (plan.Tax == "inclusive" && list[i] is { Type: "usage" })
                errors.Add($"{at}.type", "usage_not_inclusive", "Usage in money is priced without tax: a plan whose prices include tax has no items of it.");
        }

        if (items.Shares > items.Flat.Sum(fee => fee.Amount))
            errors.Add("items", "revenue_share_exceeds_fees", $"The shares for included credits come to {items.Shares}, more than the flat fees of {items.Flat.Sum(fee => fee.Amount)}.");
    }
}
