using System.Text.Json.Serialization;

namespace Portal.Domain.Metering.Meters;

/// <summary>A meter as the API's bodies write it and as it is stored. <see cref="Meter"/> is the checked form.</summary>
public sealed record MeterDefinition
{
    /// <summary>CloudEvents type of the events it measures.</summary>
    public string? EventType { get; init; }

    /// <summary>Key of the product that the usage is of; made when it is new.</summary>
    public string? Product { get; init; }

    /// <summary><c>count</c>, <c>sum</c>, <c>max</c>, <c>unique</c>, <c>latest</c> or <c>percentile</c>.</summary>
    public string? Aggregation { get; init; }

    /// <summary>Values that a property must have one of, by property; null for all events.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Filter { get; init; }

    /// <summary>Properties that become dimensions of every quantity.</summary>
    public IReadOnlyList<string>? Dimensions { get; init; }

    /// <summary>Values of dimensions that an event leaves out.</summary>
    public IReadOnlyDictionary<string, string>? Defaults { get; init; }

    /// <summary>What is measured; nothing for <c>count</c>.</summary>
    public IReadOnlyList<QuantityDefinition>? Quantities { get; init; }

    /// <summary>Aggregation <c>percentile</c> only: which one, above 0 to 100.</summary>
    public decimal? Percentile { get; init; }

    /// <summary>Aggregation <c>percentile</c> only: of which hourly values, <c>hourly_max</c> (default) or <c>hourly_unique</c>.</summary>
    public string? Of { get; init; }
}

/// <summary>One quantity of a meter.</summary>
public sealed record QuantityDefinition
{
    /// <summary>The property that holds it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Property { get; init; }

    /// <summary>Properties whose product it is, instead of <see cref="Property"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? ProductOf { get; init; }

    /// <summary>Divisor that converts the unit; default 1, above 0.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public decimal? DivideBy { get; init; }

    /// <summary>To whole units after the division: <c>none</c> (default), <c>up</c>, <c>down</c>, <c>half_up</c>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Round { get; init; }

    /// <summary>Dimensions added to this quantity.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Set { get; init; }
}
