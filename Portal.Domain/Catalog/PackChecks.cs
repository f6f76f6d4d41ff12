using Portal.Domain.Kernel;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Catalog;

/// <summary>Turns a pack as written into a checked one, or says which field keeps it from being one.</summary>
public static class PackChecks
{
    private const decimal MostCredits = 1_000_000_000_000m;

    /// <summary>The checked pack, or every field at fault. Whether its products exist is for the database to say.</summary>
    public static Result<Pack> Check(string key, PackDefinition pack)
    {
        if (Slug.Check("key", key) is { } badKey) return badKey;
        var errors = new FieldErrors();
        if (pack.Name is not { Length: > 0 and <= 200 }) errors.Add("name", "required", "A name of 1 to 200 characters is needed.");
        var currency = Currency.Find(pack.Currency);
        if (currency is null) errors.Add("currency", pack.Currency is null ? "required" : "unknown_currency", "The currency is an ISO 4217 code such as USD.");
        var model = CheckPrice(pack, currency, errors);
        CheckCredits("bonus_credits", pack.BonusCredits ?? 0m, 0m, errors);
        if (pack.Priority is < 0 or > 255) errors.Add("priority", "invalid_priority", "The priority is 0 to 255.");
        if (pack.Tax is not (null or "exclusive" or "inclusive")) errors.Add("tax", "invalid_tax", "Tax is exclusive or inclusive.");
        var expiry = CalendarSpan.Parse(pack.ExpiresAfter);
        if (pack.ExpiresAfter is not null && expiry is null) errors.Add("expires_after", "invalid_period", "A period in ISO 8601 is expected, such as P1Y or P30D.");
        if (pack.Products is { Count: 0 or > 100 } || pack.Products?.All(Slug.IsValid) == false) errors.Add("products", "invalid_key", "Products is null for all, or 1 to 100 keys.");
        if (errors.ToProblem() is { } problem) return problem;
        return new Pack
        {
            Key = key,
            Name = pack.Name!,
            Credits = pack.Credits is { } credits ? new Credits(credits) : null,
            Min = new Credits(pack.Min ?? 0m),
            Max = new Credits(pack.Max ?? 0m),
            Currency = currency!,
            BonusCredits = new Credits(pack.BonusCredits ?? 0m),
            ExpiresAfter = expiry,
            Priority = (short)(pack.Priority ?? 50),
            Products = pack.Products,
            TaxInclusive = pack.Tax == "inclusive",
            Active = pack.Active ?? true,
            Definition = pack,
            FixedPrice = pack.Price?.Amount,
            PriceModel = model,
        };
    }

    private static Price? CheckPrice(PackDefinition pack, Currency? currency, FieldErrors errors)
    {
        if (pack.Price is not { } price)
        {
            errors.Add("price", "required", "A price is needed: an amount, or a price model with min and max.");
            return null;
        }

        if (price.Model is not null) return CheckCustom(pack, price.Model, errors);
        if (pack.Credits is null) errors.Add("credits", "required", "The number of credits is needed.");
        else CheckCredits("credits", pack.Credits.Value, 0.000000001m, errors);
        if (pack.Min is not null) errors.Add("min", "invalid_price", "Only a custom amount has bounds: give a price model instead of an amount.");
        if (pack.Max is not null) errors.Add("max", "invalid_price", "Only a custom amount has bounds: give a price model instead of an amount.");
        if (price.Amount is not (> 0m and <= MostCredits)) errors.Add("price", "invalid_amount", $"The price is above 0, at most {MostCredits}.");
        else if (currency is not null && currency.RoundToMinor(price.Amount.Value) != price.Amount)
        {
            errors.Add("price", "invalid_amount", $"{currency} has {currency.MinorPlaces} decimal places.");
        }

        return null;
    }

    private static Price? CheckCustom(PackDefinition pack, PriceDefinition model, FieldErrors errors)
    {
        if (pack.Credits is not null) errors.Add("credits", "invalid_price", "With a price model the buyer names the credits: leave them out.");
        if (pack.BonusCredits is > 0m) errors.Add("bonus_credits", "invalid_price", "Bonus credits go with a fixed number of credits.");
        if (model.Scope is not null) errors.Add("price.scope", "invalid_price_scope", "A pack's price has no scope.");
        CheckCredits("min", pack.Min ?? 0m, 0.000000001m, errors);
        CheckCredits("max", pack.Max ?? 0m, 0.000000001m, errors);
        if (pack.Min > pack.Max) errors.Add("max", "invalid_amount", "The maximum is below the minimum.");
        return PriceChecks.Check("price", model, errors);
    }

    private static void CheckCredits(string field, decimal credits, decimal least, FieldErrors errors)
    {
        if (credits < least || credits > MostCredits || !Credits.HasAtMostNinePlaces(credits))
        {
            errors.Add(field, "invalid_amount", $"Credits are {(least == 0m ? "0" : "above 0")}, at most {MostCredits}, with at most nine decimal places.");
        }
    }
}
