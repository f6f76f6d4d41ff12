namespace Portal.Domain.Pricing.Rates;

/// <summary>A checked rate: a price for the quantities of one meter that its match covers.</summary>
public sealed record Rate
{
    /// <summary>The unit of prices in credits.</summary>
    public const string CreditUnit = "CREDIT";

    /// <summary>Place in its version, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>Key of the meter.</summary>
    public required string Meter { get; init; }

    /// <summary>Dimensions that a quantity must have; those not named match any.</summary>
    public required DimensionSet Match { get; init; }

    /// <summary><see cref="CreditUnit"/> or a currency's code.</summary>
    public required string Unit { get; init; }

    /// <summary>What it costs.</summary>
    public required Price Price { get; init; }

    /// <summary>Cost rates: who is paid; null for rates.</summary>
    public string? Vendor { get; init; }

    /// <summary>The version it belongs to; null before it is published.</summary>
    public CardVersion? Version { get; init; }

    /// <summary>True when it draws credits, false when it accrues money.</summary>
    public bool InCredits => Unit == CreditUnit;

    /// <summary>True when a quantity is priced by what its period has come to, so that a counter must be read.</summary>
    /// <param name="accumulation">How the meter's quantities become a period's.</param>
    public bool NeedsCounter(Accumulation accumulation) =>
        Price.Scope != PriceScope.Event && (accumulation is Accumulation.Greatest or Accumulation.Distinct || !Price.IsLinear);

    /// <summary><c>rates[3] (llm: model=gpt-4o) of default version 2</c>.</summary>
    public override string ToString() =>
        Version is null ? $"rates[{Index}] ({Meter}: {Match})" : $"rates[{Index}] ({Meter}: {Match}) of {Version}";
}
