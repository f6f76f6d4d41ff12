using Portal.Domain.Kernel;

namespace Portal.Domain.Catalog.Coupons;

/// <summary>What takes something off a price. Immutable; what was redeemed stays as it was.</summary>
public sealed record Coupon
{
    private const int MostPeriods = 120;

    private Coupon(string key, CouponDefinition definition) => (Key, Definition) = (key, definition);

    /// <summary>Its key.</summary>
    public string Key { get; }

    /// <summary>As it was written.</summary>
    public CouponDefinition Definition { get; }

    /// <summary>Billing periods that it covers; null for all to come.</summary>
    public int? Periods => Definition.Duration switch
    {
        "once" => 1,
        "periods" => Definition.Periods,
        _ => null,
    };

    /// <summary>Whether it is for a plan or pack.</summary>
    public bool AppliesTo(string item) => Definition.AppliesTo is not { } items || items.Contains(item, StringComparer.Ordinal);

    /// <summary>
    /// What it takes off amounts, in their order: of each its percent, or of the first that have something left. Never more than an amount
    /// comes to, and nothing off what is below 0.
    /// </summary>
    /// <param name="amounts">Money, at nine places.</param>
    /// <param name="taken">What of a fixed amount has been taken off before.</param>
    public decimal[] Off(IReadOnlyList<decimal> amounts, decimal taken = 0m)
    {
        ArgumentNullException.ThrowIfNull(amounts);
        if (Definition.Percent is { } percent) return [.. amounts.Select(amount => Math.Round(Math.Max(0m, amount) * percent / 100m, 9, MidpointRounding.ToEven))];
        var left = Math.Max(0m, Definition.Amount!.Value - taken);
        var off = new decimal[amounts.Count];
        for (var i = 0; i < off.Length; i++)
        {
            off[i] = Math.Clamp(amounts[i], 0m, left);
            left -= off[i];
        }

        return off;
    }

    /// <summary>The checked coupon, or every field at fault. Whether what it applies to exists is for the database to say.</summary>
    public static Result<Coupon> Check(string key, CouponDefinition coupon)
    {
        ArgumentNullException.ThrowIfNull(coupon);
        if (Slug.Check("key", key) is { } badKey) return badKey;
        var errors = new FieldErrors();
        if ((coupon.Percent is null) == (coupon.Amount is null)) errors.Add("percent", "invalid_discount", "A coupon takes off either a percent or an amount.");
        if (coupon.Percent is { } percent && (percent is <= 0m or > 100m || decimal.Round(percent, 6) != percent))
            errors.Add("percent", "invalid_percent", "The percent is above 0, at most 100, with at most six decimal places.");
        CheckAmount(coupon, errors);
        CheckDuration(coupon, errors);
        if (coupon.AppliesTo is { Count: 0 or > 100 } || coupon.AppliesTo?.All(Slug.IsValid) == false) errors.Add("applies_to", "invalid_key", "It applies to all (null), or to 1 to 100 keys of plans and packs.");
        if (coupon.MaxRedemptions is < 1) errors.Add("max_redemptions", "invalid_count", "A coupon is redeemed at least once; null for any number.");
        return errors.ToProblem() is { } problem ? problem : new Coupon(key, coupon);
    }

    private static void CheckAmount(CouponDefinition coupon, FieldErrors errors)
    {
        var currency = Kernel.Currency.Find(coupon.Currency);
        if (coupon.Amount is null)
        {
            if (coupon.Currency is not null) errors.Add("currency", "invalid_discount", "Only an amount has a currency.");
        }
        else if (currency is null)
        {
            errors.Add("currency", coupon.Currency is null ? "required" : "unknown_currency", "The currency is an ISO 4217 code such as USD.");
        }
        else if (coupon.Amount is <= 0m or > 1_000_000_000m || currency.RoundToMinor(coupon.Amount.Value) != coupon.Amount)
        {
            errors.Add("amount", "invalid_amount", $"The amount is above 0, with at most {currency.MinorPlaces} decimal places.");
        }
    }

    private static void CheckDuration(CouponDefinition coupon, FieldErrors errors)
    {
        if (coupon.Duration is not ("once" or "periods" or "forever")) errors.Add("duration", coupon.Duration is null ? "required" : "invalid_duration", "The duration is once, periods or forever.");
        if (coupon.Duration == "periods" ? coupon.Periods is not (>= 1 and <= MostPeriods) : coupon.Periods is not null)
            errors.Add("periods", "invalid_periods", $"With the duration periods there are 1 to {MostPeriods} of them; otherwise none are given.");
    }
}
