using System.Text;
using System.Text.Json;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Pricing;

namespace Portal.Domain.Metering.Intake;

/// <summary>A quantity that a meter reads from a sample.</summary>
/// <param name="Quantity">In the meter's unit, nine places.</param>
/// <param name="Dimensions">What it is, by name.</param>
public sealed record SampleQuantity(decimal Quantity, IReadOnlyList<KeyValuePair<string, string>> Dimensions);

/// <summary>What a meter makes of an event that nobody sent: to try a meter before it is put.</summary>
/// <param name="Matches">True when the meter's filter lets the event pass.</param>
/// <param name="Quantities">What it measures.</param>
public sealed record SampleEvent(bool Matches, IReadOnlyList<SampleQuantity> Quantities)
{
    /// <summary>
    /// Measures <paramref name="data"/>, the data of an event as a JSON object. Refuses <c>malformed_json</c>, <c>invalid_data</c> and what
    /// the intake would reject such an event for.
    /// </summary>
    public static Result<SampleEvent> Measure(Meter meter, string data)
    {
        ArgumentNullException.ThrowIfNull(meter);
        try
        {
            using var document = JsonDocument.Parse(data);
            if (document.RootElement.ValueKind != JsonValueKind.Object) return Problem.Field("data", "invalid_data", "The data are a JSON object.");
        }
        catch (JsonException exception)
        {
            return Problem.Field("data", "malformed_json", $"This is no JSON (line {exception.LineNumber + 1}).");
        }

        var usage = new UsageEvent { Index = 0, Type = meter.EventType, OccurredAt = DateTimeOffset.UnixEpoch, Data = Encoding.UTF8.GetBytes(data) };
        new EventMeasuring(new Catalogue(0, [meter], [], [])).Measure(usage, TenantPrices.Platform, new HashSet<string>(StringComparer.Ordinal));
        if (usage.Problem is { } problem) return problem;
        return usage.Meter is null
            ? new SampleEvent(Matches: false, [])
            : new SampleEvent(Matches: true, [.. (usage.Rating?.Lines ?? []).Select(line => new SampleQuantity(line.Quantity, line.Dimensions.Items))]);
    }
}
