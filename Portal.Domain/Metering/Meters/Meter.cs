using System.Collections.Concurrent;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Metering.Meters;

/// <summary>How usage of one event type becomes quantities: a filter, properties, an aggregation. Immutable; safe for concurrent callers.</summary>
public sealed class Meter
{
    // Beyond this many distinct values the dimension sets of an event are made each time.
    private const int RememberedAtMost = 50_000;

    private readonly string[] dimensions;
    private readonly MeterQuantity[] quantities;
    private readonly ConcurrentDictionary<(string?, string?, string?, string?), DimensionSet[]> remembered = new();

    internal Meter(string key, MeterDefinition definition, MeterFilter filter, MeterQuantity[] quantities)
    {
        Key = key;
        Definition = definition;
        Filter = filter;
        this.quantities = quantities;
        dimensions = [.. definition.Dimensions ?? []];
        Accumulation = MeterShape.AccumulationOf(definition.Aggregation);
        Defaults = definition.Defaults ?? new Dictionary<string, string>(StringComparer.Ordinal);
        PropertyNames = dimensions.Concat(quantities.SelectMany(quantity => quantity.Properties)).Concat(filter.Properties)
            .ToHashSet(StringComparer.Ordinal);
        DimensionNames = dimensions.Concat(quantities.SelectMany(quantity => quantity.Set.Keys)).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Its name in paths and rates.</summary>
    public string Key { get; }

    /// <summary>CloudEvents type of the events it measures.</summary>
    public string EventType => Definition.EventType!;

    /// <summary>Key of the product that the usage is of.</summary>
    public string Product => Definition.Product!;

    /// <summary>It as the API's bodies write it.</summary>
    public MeterDefinition Definition { get; }

    /// <summary>Every property it reads, for quantities, dimensions and filter: what intake keeps of an event.</summary>
    public IReadOnlySet<string> PropertyNames { get; }

    /// <summary>Every dimension that a quantity of it may have: what a rate's match may name.</summary>
    public IReadOnlySet<string> DimensionNames { get; }

    /// <summary>How its quantities become a period's.</summary>
    public Accumulation Accumulation { get; }

    internal MeterFilter Filter { get; }

    internal IReadOnlyDictionary<string, string> Defaults { get; }

    /// <summary>True when an event of its type passes its filter.</summary>
    public bool Matches(EventProperties properties) => Filter.Matches(properties, Defaults);

    /// <summary>
    /// Reads the quantities. An absent or zero one measures nothing, but a level may be zero; a negative one, or one that is no number,
    /// fails the whole.
    /// </summary>
    public Measurement Measure(EventProperties properties)
    {
        Span<decimal> amounts = quantities.Length <= 16 ? stackalloc decimal[quantities.Length] : new decimal[quantities.Length];
        var measured = 0;
        for (var i = 0; i < quantities.Length; i++)
        {
            if (quantities[i].Read(properties, out amounts[i]) is { } problem) return Measurement.Failed(problem);
            if (IsMeasured(i, amounts[i], properties)) measured++;
        }

        if (measured == 0) return Measurement.Nothing;
        var sets = DimensionSets(properties);
        var result = new MeasuredQuantity[measured];
        for (int i = 0, next = 0; i < quantities.Length; i++)
        {
            if (IsMeasured(i, amounts[i], properties)) result[next++] = new MeasuredQuantity(amounts[i], sets[i], quantities[i].DistinctOf(properties));
        }

        return new Measurement(result, null);
    }

    private bool IsMeasured(int index, decimal amount, EventProperties properties) =>
        amount != 0m || (Accumulation == Accumulation.Gauge && quantities[index].IsPresent(properties));

    private DimensionSet[] DimensionSets(EventProperties properties)
    {
        if (dimensions.Length > 4) return MakeSets(properties);
        var key = (ValueAt(0, properties), ValueAt(1, properties), ValueAt(2, properties), ValueAt(3, properties));
        if (remembered.TryGetValue(key, out var sets)) return sets;
        sets = MakeSets(properties);
        if (remembered.Count < RememberedAtMost) remembered.TryAdd(key, sets);
        return sets;
    }

    private string? ValueAt(int index, EventProperties properties) => index < dimensions.Length ? Value(dimensions[index], properties) : null;

    private string? Value(string dimension, EventProperties properties) =>
        properties.TryGetText(dimension, out var text) && text.Length > 0 ? text : Defaults.GetValueOrDefault(dimension);

    private DimensionSet[] MakeSets(EventProperties properties)
    {
        var common = dimensions.Select(name => KeyValuePair.Create(name, Value(name, properties) ?? "")).ToArray();
        return [.. quantities.Select(quantity => DimensionSet.Of(common.Concat(quantity.Set)))];
    }
}

/// <summary>One quantity of a meter, checked.</summary>
internal sealed record MeterQuantity(string[] Properties, decimal DivideBy, string Round, IReadOnlyDictionary<string, string> Set, bool CountsValues = false)
{
    /// <summary>True when all its properties are there.</summary>
    public bool IsPresent(EventProperties properties) => Array.TrueForAll(Properties, properties.Contains);

    /// <summary>Digest of the value that counts once; null where values are not counted.</summary>
    public Guid? DistinctOf(EventProperties properties) =>
        CountsValues && properties.TryGetText(Properties[0], out var text) ? ValueDigest.Of(text) : null;

    /// <summary>Reads the amount, 0 when a property is absent; a problem when it is negative, no number or too large.</summary>
    public Problem? Read(EventProperties properties, out decimal amount)
    {
        amount = 1m; // an event without properties to read is counted, and so is a value
        if (CountsValues) return ReadValue(properties, ref amount);
        foreach (var property in Properties)
        {
            if (!properties.TryGetNumber(property, out var factor))
            {
                amount = 0m;
                if (!properties.Contains(property)) return null;
                return Invalid(property, "is not a number");
            }

            if (factor < 0m) return Invalid(property, "is negative");
            if (factor > Rater.Greatest) return Invalid(property, "is too large");
            if (amount != 0m && factor > Rater.Greatest * 1000m / amount) return Invalid(property, "makes the product too large");
            amount *= factor;
        }

        amount = Rounded(DivideBy == 1m ? amount : amount / DivideBy);
        return amount > Rater.Greatest ? Invalid(string.Join(" × ", Properties), "is too large") : null;
    }

    private Problem? ReadValue(EventProperties properties, ref decimal amount)
    {
        if (properties.TryGetText(Properties[0], out var text) && text.Length > 0) return null;
        amount = 0m;
        return properties.Contains(Properties[0]) && !properties.TryGetText(Properties[0], out _)
            ? Problem.Field($"data.{Properties[0]}", "invalid_quantity", $"The values of {Properties[0]} are counted: send a text, a number, true or false.")
            : null;
    }

    private decimal Rounded(decimal amount) => Round switch
    {
        "up" => decimal.Ceiling(amount),
        "down" => decimal.Floor(amount),
        "half_up" => Math.Round(amount, MidpointRounding.AwayFromZero),
        _ => amount,
    };

    private static Problem Invalid(string property, string what) =>
        Problem.Field($"data.{property}", "invalid_quantity", $"The quantity {property} {what}: send a decimal from 0 to {Rater.Greatest}.");
}

/// <summary>Which events of its type a meter measures, checked.</summary>
internal sealed class MeterFilter(IReadOnlyDictionary<string, IReadOnlyList<string>>? allowed)
{
    private readonly KeyValuePair<string, HashSet<string>>[] conditions =
        [.. (allowed ?? new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal))
            .Select(entry => KeyValuePair.Create(entry.Key, entry.Value.ToHashSet(StringComparer.Ordinal)))];

    public IEnumerable<string> Properties => conditions.Select(condition => condition.Key);

    public bool Matches(EventProperties properties, IReadOnlyDictionary<string, string> defaults)
    {
        foreach (var (property, values) in conditions)
        {
            var value = properties.TryGetText(property, out var text) && text.Length > 0 ? text : defaults.GetValueOrDefault(property);
            if (value is null || !values.Contains(value)) return false;
        }

        return true;
    }

    /// <summary>True when some event could pass both filters, each with the defaults of its meter.</summary>
    public bool Overlaps(IReadOnlyDictionary<string, string> defaults, MeterFilter other, IReadOnlyDictionary<string, string> otherDefaults)
    {
        foreach (var (property, values) in conditions)
        {
            var theirs = other.conditions.FirstOrDefault(condition => condition.Key == property).Value;
            if (theirs is null || theirs.Overlaps(values)) continue;
            var bothTakeAbsence = defaults.TryGetValue(property, out var own) && values.Contains(own)
                && otherDefaults.TryGetValue(property, out var their) && theirs.Contains(their);
            if (!bothTakeAbsence) return false;
        }

        return true;
    }
}
