using Portal.Domain.Metering.Meters;

namespace Portal.Web.Components.ConsolePages.Meters;

/// <summary>Meters in words.</summary>
public static class MeterText
{
    /// <summary>What a meter measures: <c>sum of input_tokens, output_tokens</c>.</summary>
    public static string Measures(MeterDefinition meter)
    {
        ArgumentNullException.ThrowIfNull(meter);
        return meter.Aggregation == "count" ? "count of events" : $"{meter.Aggregation} of {string.Join(", ", (meter.Quantities ?? []).Select(Quantity))}";
    }

    private static string Quantity(QuantityDefinition quantity) =>
        (quantity.Property ?? string.Join(" × ", quantity.ProductOf ?? [])) + (quantity.DivideBy is { } by ? $" ÷ {by.ToString(System.Globalization.CultureInfo.CurrentCulture)}" : "");
}
