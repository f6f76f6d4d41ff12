using Portal.Domain.Kernel;

namespace Portal.Domain.Pricing.Rates;

/// <summary>Turns a price as written into a checked one, or says which field keeps it from being one.</summary>
public static class PriceChecks
{
    /// <summary>Greatest amount in a price.</summary>
    public const decimal GreatestAmount = 1_000_000_000_000m;

    /// <summary>Greatest number of tiers.</summary>
    public const int MostTiers = 100;

    /// <summary>The checked price; null with at least one error noted under <paramref name="field"/>.</summary>
    public static Price? Check(string field, PriceDefinition? price, FieldErrors errors)
    {
        if (price is null)
        {
            errors.Add(field, "required", "A price is needed.");
            return null;
        }

        var before = errors.Count;
        var model = Model(field, price.Model, errors);
        var scope = Scope(field, price.Scope, errors);
        CheckAdjustments(field, price, errors);
        var tiers = model is PriceModel.Graduated or PriceModel.Volume or PriceModel.Stairstep
            ? Tiers(field, price, model.Value, errors)
            : PerUnits(field, price, model, errors);
        if (errors.Count > before || model is null || scope is null) return null;
        return new Price
        {
            Model = model.Value,
            Scope = scope.Value,
            Amount = price.Amount ?? 0m,
            Per = price.Per ?? 1m,
            Tiers = tiers,
            FlatFee = price.FlatFee ?? 0m,
            DiscountPercent = price.DiscountPercent ?? 0m,
            Minimum = price.Minimum,
            Maximum = price.Maximum,
            ChargeAtZero = price.ChargeAtZero ?? false,
        };
    }

    private static PriceModel? Model(string field, string? model, FieldErrors errors)
    {
        switch (model)
        {
            case "per_unit": return PriceModel.PerUnit;
            case "package": return PriceModel.Package;
            case "graduated": return PriceModel.Graduated;
            case "volume": return PriceModel.Volume;
            case "stairstep": return PriceModel.Stairstep;
            default:
                errors.Add($"{field}.model", model is null ? "required" : "invalid_price_model",
                    "The price model is one of per_unit, package, graduated, volume, stairstep.");
                return null;
        }
    }

    private static PriceScope? Scope(string field, string? scope, FieldErrors errors)
    {
        switch (scope)
        {
            case null or "tenant": return PriceScope.Tenant;
            case "consumer": return PriceScope.Consumer;
            case "event": return PriceScope.Event;
            default:
                errors.Add($"{field}.scope", "invalid_price_scope", "The scope is one of tenant, consumer, event.");
                return null;
        }
    }

    private static void CheckAdjustments(string field, PriceDefinition price, FieldErrors errors)
    {
        CheckAmount($"{field}.flat_fee", price.FlatFee, errors);
        CheckAmount($"{field}.minimum", price.Minimum, errors);
        CheckAmount($"{field}.maximum", price.Maximum, errors);
        if (price.DiscountPercent is < 0m or > 100m) errors.Add($"{field}.discount_percent", "invalid_amount", "The discount is 0 to 100 percent.");
        if (price.Minimum > price.Maximum) errors.Add($"{field}.maximum", "invalid_amount", "The maximum is below the minimum.");
    }

    private static PriceTier[] PerUnits(string field, PriceDefinition price, PriceModel? model, FieldErrors errors)
    {
        if (model is null) return [];
        if (price.Amount is null) errors.Add($"{field}.amount", "required", "An amount is needed.");
        CheckAmount($"{field}.amount", price.Amount, errors);
        if (price.Per is <= 0m or > GreatestAmount) errors.Add($"{field}.per", "invalid_amount", $"Units are priced per more than 0, at most {GreatestAmount}.");
        if (model == PriceModel.Package && price.Per is null) errors.Add($"{field}.per", "required", "A package needs its size.");
        if (price.Tiers is not null) errors.Add($"{field}.tiers", "invalid_price", "Only graduated, volume and stairstep prices have tiers.");
        return [];
    }

    private static PriceTier[] Tiers(string field, PriceDefinition price, PriceModel model, FieldErrors errors)
    {
        if (price.Amount is not null) errors.Add($"{field}.amount", "invalid_price", "A tiered price has its amounts in its tiers.");
        if (price.Per is not null) errors.Add($"{field}.per", "invalid_price", "A tiered price has no per.");
        if (price.Tiers is not { Count: > 0 and <= MostTiers } tiers)
        {
            errors.Add($"{field}.tiers", "required", $"Between 1 and {MostTiers} tiers are needed.");
            return [];
        }

        var checkedTiers = new PriceTier[tiers.Count];
        var below = 0m;
        for (var i = 0; i < tiers.Count; i++)
        {
            var at = $"{field}.tiers[{i}]";
            if (tiers[i] is not { } tier)
            {
                errors.Add(at, "required", "A tier is needed.");
                continue;
            }

            CheckBound(at, tier.UpTo, below, last: i == tiers.Count - 1, errors);
            CheckTierAmounts(at, tier, model, errors);
            below = tier.UpTo ?? below;
            checkedTiers[i] = new PriceTier(tier.UpTo, tier.UnitAmount ?? 0m, tier.FlatAmount ?? 0m);
        }

        return checkedTiers;
    }

    private static void CheckBound(string at, decimal? bound, decimal below, bool last, FieldErrors errors)
    {
        if (last && bound is not null) errors.Add($"{at}.up_to", "tiers_bounded", "The last tier has no bound: leave up_to out or null.");
        else if (!last && bound is null) errors.Add($"{at}.up_to", "tiers_out_of_order", "Only the last tier has no bound.");
        else if (bound <= below) errors.Add($"{at}.up_to", "tiers_out_of_order", $"Bounds ascend: {bound} is not above {below}.");
        else if (bound > GreatestAmount * 1000m) errors.Add($"{at}.up_to", "invalid_amount", "The bound is too large.");
    }

    private static void CheckTierAmounts(string at, PriceTierDefinition tier, PriceModel model, FieldErrors errors)
    {
        CheckAmount($"{at}.unit_amount", tier.UnitAmount, errors);
        CheckAmount($"{at}.flat_amount", tier.FlatAmount, errors);
        if (model == PriceModel.Stairstep)
        {
            if (tier.FlatAmount is null) errors.Add($"{at}.flat_amount", "required", "A stairstep's tier needs its flat_amount.");
            if (tier.UnitAmount is not null) errors.Add($"{at}.unit_amount", "invalid_price", "A stairstep's tier has no unit_amount.");
        }
        else if (tier.UnitAmount is null && tier.FlatAmount is null)
        {
            errors.Add($"{at}.unit_amount", "required", "A tier needs a unit_amount, a flat_amount or both.");
        }
    }

    private static void CheckAmount(string at, decimal? amount, FieldErrors errors)
    {
        if (amount is < 0m or > GreatestAmount) errors.Add(at, "invalid_amount", $"An amount is 0 to {GreatestAmount}.");
    }
}
