using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Pricing;

/// <summary>How the quantities of a meter's events become the quantity of a period.</summary>
public enum Accumulation
{
    /// <summary>They are added (<c>count</c>, <c>sum</c>).</summary>
    Sum,

    /// <summary>The greatest counts (<c>max</c>): an event adds by how much it exceeds those before it.</summary>
    Greatest,

    /// <summary>Distinct values count (<c>unique</c>): an event adds one for a value that is new.</summary>
    Distinct,

    /// <summary>A level that is rated once, when its period closes (<c>latest</c>, <c>percentile</c>).</summary>
    Gauge,
}

/// <summary>What one quantity did to the counter of its rate.</summary>
/// <param name="Before">The period's quantity before it.</param>
/// <param name="After">And after it.</param>
/// <param name="Closed">The period was closed and its minimum topped up: what comes late is charged against that.</param>
public readonly record struct CounterStep(decimal Before, decimal After, bool Closed);

/// <summary>Where a period's quantity stood.</summary>
/// <param name="Before">Before an event.</param>
/// <param name="After">After it.</param>
public sealed record CounterSpan(decimal Before, decimal After);

/// <summary>
/// The quantities that prices with a period have come to: of one tenant, one consumer and the period of one event. Read under the wallet's
/// lock, so that no two events are rated from the same place.
/// </summary>
public interface IPriceCounters
{
    /// <summary>Adds a quantity to the counter of a rate.</summary>
    /// <param name="rate">Whose counter: its meter, match, unit and scope.</param>
    /// <param name="accumulation">How.</param>
    /// <param name="quantity">At nine places, at least 0.</param>
    /// <param name="distinct">The value that counts once; null but for <see cref="Accumulation.Distinct"/>.</param>
    CounterStep Add(Rate rate, Accumulation accumulation, decimal quantity, Guid? distinct);

    /// <summary>Notes a level for the end of the period.</summary>
    /// <param name="rate">The rate that covers it now.</param>
    /// <param name="line">The level and what it is of.</param>
    void Observe(Rate rate, in RatedLine line);
}
