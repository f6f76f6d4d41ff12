namespace Portal.Domain.Catalog.Coupons;

/// <summary>A coupon as the API's bodies write it and as it is stored. <see cref="Coupon"/> is the checked form.</summary>
public sealed record CouponDefinition
{
    /// <summary>Percent off, above 0, at most 100; or <see cref="Amount"/>.</summary>
    public decimal? Percent { get; init; }

    /// <summary>Money off, in <see cref="Currency"/>: of each period that it covers, or of the purchase.</summary>
    public decimal? Amount { get; init; }

    /// <summary>ISO 4217 code of the amount.</summary>
    public string? Currency { get; init; }

    /// <summary><c>once</c>, <c>periods</c> or <c>forever</c>.</summary>
    public string? Duration { get; init; }

    /// <summary>With <c>periods</c>: how many billing periods, 1 to 120.</summary>
    public int? Periods { get; init; }

    /// <summary>Keys of the plans and packs that it is for; null for all.</summary>
    public IReadOnlyList<string>? AppliesTo { get; init; }

    /// <summary>Until when it can be redeemed, that instant excluded; null for ever.</summary>
    public DateTimeOffset? RedeemBy { get; init; }

    /// <summary>How often it can be redeemed, by all tenants together; null for any number.</summary>
    public int? MaxRedemptions { get; init; }
}
