namespace Portal.Domain.Pricing.Rates;

/// <summary>How a quantity becomes an amount.</summary>
public enum PriceModel
{
    /// <summary>Each unit costs the same.</summary>
    PerUnit,

    /// <summary>Each started package of units costs the same.</summary>
    Package,

    /// <summary>Each unit costs what its tier says.</summary>
    Graduated,

    /// <summary>All units cost what the tier of the whole quantity says.</summary>
    Volume,

    /// <summary>The tier of the whole quantity names the amount.</summary>
    Stairstep,
}

/// <summary>Over what a price's quantity accumulates.</summary>
public enum PriceScope
{
    /// <summary>All usage of a tenant in a billing period.</summary>
    Tenant,

    /// <summary>All usage of one consumer in a billing period.</summary>
    Consumer,

    /// <summary>Each event alone.</summary>
    Event,
}

/// <summary>A tier: quantities above the previous bound, up to and including this one.</summary>
/// <param name="UpTo">Inclusive upper bound; null for the last tier.</param>
/// <param name="UnitAmount">Price of each unit.</param>
/// <param name="FlatAmount">Due once the tier is entered.</param>
public readonly record struct PriceTier(decimal? UpTo, decimal UnitAmount, decimal FlatAmount);

/// <summary>A checked price: a pure function from a quantity to an amount, which nothing rounds.</summary>
public sealed record Price
{
    /// <summary>How a quantity becomes an amount.</summary>
    public required PriceModel Model { get; init; }

    /// <summary>Over what the quantity accumulates.</summary>
    public PriceScope Scope { get; init; } = PriceScope.Tenant;

    /// <summary>per_unit, package: what <see cref="Per"/> units cost.</summary>
    public decimal Amount { get; init; }

    /// <summary>per_unit, package: how many units <see cref="Amount"/> buys; above 0.</summary>
    public decimal Per { get; init; } = 1m;

    /// <summary>graduated, volume, stairstep: ascending, the last without bound.</summary>
    public IReadOnlyList<PriceTier> Tiers { get; init; } = [];

    /// <summary>Added once.</summary>
    public decimal FlatFee { get; init; }

    /// <summary>Percent taken off, 0 to 100.</summary>
    public decimal DiscountPercent { get; init; }

    /// <summary>Least charge; null for none.</summary>
    public decimal? Minimum { get; init; }

    /// <summary>Greatest charge; null for none.</summary>
    public decimal? Maximum { get; init; }

    /// <summary>True: flat amounts and the flat fee are due at quantity 0 too.</summary>
    public bool ChargeAtZero { get; init; }

    /// <summary>True when the amount is proportional to the quantity, so that it needs neither counter nor grouping.</summary>
    public bool IsLinear => Model == PriceModel.PerUnit && FlatFee == 0m && Minimum is null && Maximum is null;

    /// <summary>The same without the tax that all its amounts include.</summary>
    /// <param name="percent">0 or more.</param>
    public Price Net(decimal percent)
    {
        if (percent == 0m) return this;
        decimal Of(decimal amount) => amount * 100m / (100m + percent);
        return this with
        {
            Amount = Of(Amount),
            Tiers = [.. Tiers.Select(tier => tier with { UnitAmount = Of(tier.UnitAmount), FlatAmount = Of(tier.FlatAmount) })],
            FlatFee = Of(FlatFee),
            Minimum = Minimum is { } minimum ? Of(minimum) : null,
            Maximum = Maximum is { } maximum ? Of(maximum) : null,
        };
    }

    /// <summary>
    /// What a quantity has come to so far: model, flat fee, discount, maximum, in this order, without the minimum,
    /// which is topped up when its period closes.
    /// </summary>
    /// <param name="quantity">At least 0.</param>
    public decimal Accrue(decimal quantity)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(quantity);
        var due = quantity > 0m || ChargeAtZero;
        var amount = due ? ByModel(quantity) + FlatFee : 0m;
        if (DiscountPercent != 0m) amount = amount * (100m - DiscountPercent) / 100m;
        return Maximum is { } maximum && amount > maximum ? maximum : amount;
    }

    /// <summary>What a whole quantity costs: as <see cref="Accrue"/>, and at least the minimum. Nothing at quantity 0 unless it charges at zero.</summary>
    /// <param name="quantity">At least 0.</param>
    public decimal Charge(decimal quantity)
    {
        var amount = Accrue(quantity);
        if (quantity == 0m && !ChargeAtZero) return amount;
        return Minimum is { } minimum && amount < minimum ? minimum : amount;
    }

    private decimal ByModel(decimal quantity) => Model switch
    {
        PriceModel.PerUnit => quantity * Amount / Per,
        PriceModel.Package => decimal.Ceiling(quantity / Per) * Amount,
        PriceModel.Graduated => Graduate(quantity),
        PriceModel.Volume => ByVolume(quantity),
        PriceModel.Stairstep => TierOf(quantity).FlatAmount,
        _ => throw new InvalidOperationException($"Unknown price model {Model}."),
    };

    private decimal ByVolume(decimal quantity)
    {
        var tier = TierOf(quantity);
        return (quantity * tier.UnitAmount) + tier.FlatAmount;
    }

    private PriceTier TierOf(decimal quantity)
    {
        foreach (var tier in Tiers)
        {
            if (tier.UpTo is not { } bound || quantity <= bound) return tier;
        }

        throw new InvalidOperationException("The last tier has a bound.");
    }

    private decimal Graduate(decimal quantity)
    {
        var amount = 0m;
        var below = 0m;
        foreach (var tier in Tiers)
        {
            var top = tier.UpTo is { } bound && bound < quantity ? bound : quantity;
            amount += tier.FlatAmount + ((top - below) * tier.UnitAmount);
            if (top == quantity) break;
            below = top;
        }

        return amount;
    }
}
