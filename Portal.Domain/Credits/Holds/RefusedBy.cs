namespace Portal.Domain.Wallet;

/// <summary>The credits of a pool, as a refusal names them.</summary>
/// <param name="Kind"><c>credits</c>.</param>
/// <param name="Pool">Key of the pool.</param>
/// <param name="Product">Product of the hold; null: unrestricted grants alone count.</param>
/// <param name="Held">Credits of the open holds that compete for the same grants.</param>
/// <param name="FreesAt">The next instant at which a hold or a grant makes more available; null: none is known.</param>
public sealed record CreditsLimit(string Kind, string Pool, string? Product, decimal Held, DateTimeOffset? FreesAt);

/// <summary>An allowance, as a refusal names it.</summary>
/// <param name="Kind"><c>allowance</c>.</param>
/// <param name="Consumer">Key of the consumer.</param>
/// <param name="Pool">Key of the pool.</param>
/// <param name="Period"><c>day</c>, <c>week</c>, <c>month</c>, <c>quarter</c> or <c>lifetime</c>.</param>
/// <param name="Limit">Credits a period.</param>
/// <param name="Used">Credits drawn in this one.</param>
/// <param name="Held">Credits of the consumer's open holds in the pool.</param>
/// <param name="FreesAt">When the first of those frees itself or the period ends; null: neither will.</param>
public sealed record AllowanceLimit(
    string Kind, string Consumer, string Pool, string Period, decimal Limit, decimal Used, decimal Held, DateTimeOffset? FreesAt);

/// <summary>The spend cap of a billing period, as a refusal names it.</summary>
/// <param name="Kind"><c>spend_cap</c>.</param>
/// <param name="Limit">Most money that the period may accrue, net of tax.</param>
/// <param name="Spend">Money accrued: credits sold beyond the grants, and usage priced in money.</param>
/// <param name="Held">Money that the open holds would add.</param>
/// <param name="Currency">Of all three.</param>
/// <param name="FreesAt">The next instant at which a hold frees itself, a grant takes effect or the period ends; null: none is known.</param>
public sealed record SpendCapLimit(string Kind, decimal Limit, decimal Spend, decimal Held, string Currency, DateTimeOffset? FreesAt);
