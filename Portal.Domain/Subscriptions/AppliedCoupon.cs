using System.Text.Json;
using Portal.Domain.Catalog.Coupons;
using Portal.Domain.Kernel;

namespace Portal.Domain.Subscriptions;

/// <summary>A coupon as a subscription has it.</summary>
/// <param name="Coupon">The coupon as it was redeemed.</param>
/// <param name="From">Number of the first billing period that it covers.</param>
public sealed record AppliedCoupon(Coupon Coupon, int From)
{
    /// <summary>Whether it takes something off a billing period.</summary>
    public bool Covers(int number) => number >= From && !(Coupon.Periods <= number - From);

    internal static IReadOnlyList<AppliedCoupon> Read(string? json) => json is null
        ? []
        : [.. JsonSerializer.Deserialize<List<Row>>(json, PortalJson.Options)!.Select(row => new AppliedCoupon(Coupon.Check(row.Key, row.Definition).Value, row.From))];

    private sealed record Row(string Key, int From, CouponDefinition Definition);
}
