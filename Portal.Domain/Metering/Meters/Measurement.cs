using Portal.Domain.Kernel;
using Portal.Domain.Pricing;

namespace Portal.Domain.Metering.Meters;

/// <summary>What a meter read from an event.</summary>
/// <param name="Quantities">The quantities other than zero, in the meter's order; empty when the event holds none of them.</param>
/// <param name="Problem"><c>invalid_quantity</c> when a quantity is negative, no number or too large; then nothing was measured.</param>
public sealed record Measurement(IReadOnlyList<MeasuredQuantity> Quantities, Problem? Problem)
{
    /// <summary>An event that holds none of the meter's quantities.</summary>
    public static Measurement Nothing { get; } = new([], null);

    /// <summary>A measurement that failed.</summary>
    public static Measurement Failed(Problem problem) => new([], problem);
}
