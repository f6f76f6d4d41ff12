using System.Runtime.CompilerServices;
using System.Text.Json;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Wallet;

/// <summary>What a tenant is charged for. What is earned or due adds to it until an invoice takes it; then another begins.</summary>
/// <param name="Kind">One of <see cref="ChargeKind"/>.</param>
/// <param name="Item">Key of the plan's item; of usage its meter and match, of overage the pool and the meter that prices it.</param>
/// <param name="StartsAt">Begin of the period that it is for.</param>
/// <param name="EndsAt">Its end.</param>
/// <param name="Advance">True when it is due as its period begins, false when it ends.</param>
/// <param name="Meter">Of usage: what measured it; of overage: what prices it, null for credits.</param>
/// <param name="Match">Of usage: dimensions of the rate, as JSON.</param>
/// <param name="Detail">What a line says of it, as JSON; null for what its quantity and amount say.</param>
public sealed record Charge(
    string Kind, string Item, DateTimeOffset StartsAt, DateTimeOffset EndsAt, bool Advance = false, string? Meter = null, string? Match = null, string? Detail = null)
{
    private static readonly ConditionalWeakTable<Price, string> Priced = [];

    /// <summary>What priced it first, so that its line can say which tiers it reached; null where nothing has tiers.</summary>
    public Price? Price { get; init; }

    /// <summary>True when the price that it is charged at includes tax, which is taken out already.</summary>
    public bool TaxInclusive { get; init; }

    /// <summary>What is kept of it besides its figures, as JSON.</summary>
    internal string? Kept => Detail ?? (Price is { Tiers.Count: > 0 } tiered
        ? Priced.GetValue(tiered, price => JsonSerializer.Serialize(new { Price = PriceDefinition.Of(price) }, PortalJson.Options))
        : null);

    /// <summary>Usage priced in money: one for each rate.</summary>
    public static Charge Usage(string meter, string match, DateTimeOffset startsAt, DateTimeOffset endsAt) =>
        new(ChargeKind.Usage, $"{meter} {match}", startsAt, endsAt, Advance: false, meter, match);

    /// <summary>Credits sold beyond the grants of a pool, at the price of a credit or of a meter.</summary>
    public static Charge Overage(string pool, string? meter, DateTimeOffset startsAt, DateTimeOffset endsAt) =>
        new(ChargeKind.Overage, meter is null ? pool : $"{pool} {meter}", startsAt, endsAt, Meter: meter);

    /// <summary>Of overage: the pool that an item names.</summary>
    public static string PoolOf(string item) => item.Split(' ', 2)[0];
}

/// <summary>Kinds of charges, by the lines that they become (the API's kinds of lines).</summary>
public static class ChargeKind
{
    /// <summary>The plan's fee for a period, without the shares of credits.</summary>
    public const string Flat = "flat";

    /// <summary>Seats of a period.</summary>
    public const string Seat = "seat";

    /// <summary>A part of a period, charged or given back.</summary>
    public const string Proration = "proration";

    /// <summary>What included credits cost.</summary>
    public const string IncludedCredits = "included_credits";

    /// <summary>Usage priced in money.</summary>
    public const string Usage = "usage";

    /// <summary>Credits sold beyond the grants.</summary>
    public const string Overage = "overage";

    /// <summary>The rest to the plan's minimum.</summary>
    public const string Minimum = "minimum";

    /// <summary>What a contract takes off.</summary>
    public const string Discount = "discount";

    /// <summary>What a coupon takes off a fee: the fee is earned without it.</summary>
    public const string CouponOnFee = "coupon_fee";

    /// <summary>What a coupon takes off the price of included credits: they are worth so much less.</summary>
    public const string CouponOnCredits = "coupon_credits";

    /// <summary>What a coupon takes off what a period used.</summary>
    public const string CouponOnUsage = "coupon_usage";

    /// <summary>Whether a coupon made it: minimums and commits count before coupons.</summary>
    public static bool IsCoupon(string kind) => kind is CouponOnFee or CouponOnCredits or CouponOnUsage;

    /// <summary>The rest to what a contract commits to spend.</summary>
    public const string TrueUp = "true_up";

    /// <summary>A commit that is paid in advance.</summary>
    public const string Commit = "commit";
}

/// <summary>What is added to a charge.</summary>
internal sealed record AccruedCharge(Charge Charge, decimal Quantity, decimal Amount, string Currency, decimal Credits);

/// <summary>An invoice that gathers what is due at a date, until it is finalised.</summary>
public static class Draft
{
    /// <summary>How long after its date one is finalised that holds fees alone.</summary>
    public static readonly TimeSpan AfterFees = TimeSpan.FromHours(1);

    /// <summary>How long after its date one is finalised when usage of the period that ended may still arrive.</summary>
    public static readonly TimeSpan AfterUsage = TimeSpan.FromHours(24);

    /// <summary>The id of a tenant's draft of a date: always the same, so that its number can be reserved before it is finalised.</summary>
    public static Guid IdOf(long tenantId, DateTimeOffset billAt) => Uuid7.Of(billAt, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"invoice:{tenantId}:{billAt.UtcTicks}"));
}
