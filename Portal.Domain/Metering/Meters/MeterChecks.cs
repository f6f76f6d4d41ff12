using Portal.Domain.Kernel;

namespace Portal.Domain.Metering.Meters;

/// <summary>Turns a meter as written into a checked one, or says which field keeps it from being one.</summary>
public static class MeterChecks
{
    private const int MostNames = 32;

    /// <summary>The checked meter, or every field at fault.</summary>
    public static Result<Meter> Check(string key, MeterDefinition definition)
    {
        if (Slug.Check("key", key) is { } badKey) return badKey;
        var errors = new FieldErrors();
        if (definition.EventType is not { Length: > 0 and <= 200 }) errors.Add("event_type", "required", "The event type is 1 to 200 characters.");
        if (!Slug.IsValid(definition.Product)) errors.Add("product", definition.Product is null ? "required" : "invalid_key", "The product is a key of a-z, 0-9, '.', '_' and '-'.");
        CheckNames("dimensions", definition.Dimensions, errors);
        CheckDefaults(definition, errors);
        CheckFilter(definition, errors);
        CheckAggregation(definition, errors);
        var quantities = CheckQuantities(definition, errors);
        return errors.ToProblem() is { } problem ? problem : new Meter(key, definition, new MeterFilter(definition.Filter), quantities);
    }

    private static void CheckAggregation(MeterDefinition definition, FieldErrors errors)
    {
        const string known = "The aggregation is count, sum, max, unique, latest or percentile.";
        if (definition.Aggregation is null) errors.Add("aggregation", "required", known);
        else if (!IsAggregation(definition.Aggregation)) errors.Add("aggregation", "invalid_aggregation", known);
        if (definition.Aggregation == "percentile")
        {
            if (definition.Percentile is not (> 0m and <= 100m)) errors.Add("percentile", definition.Percentile is null ? "required" : "invalid_percentile", "The percentile is above 0, at most 100.");
            if (definition.Of is not (null or "hourly_max" or "hourly_unique")) errors.Add("of", "invalid_aggregation", "A percentile is of hourly_max or hourly_unique values.");
            return;
        }

        if (definition.Percentile is not null) errors.Add("percentile", "invalid_aggregation", "Only the aggregation percentile has one.");
        if (definition.Of is not null) errors.Add("of", "invalid_aggregation", "Only the aggregation percentile has it.");
    }

    private static void CheckNames(string field, IReadOnlyList<string>? names, FieldErrors errors)
    {
        if (names is null) return;
        if (names.Count > MostNames) errors.Add(field, "too_many", $"At most {MostNames}.");
        for (var i = 0; i < names.Count; i++)
        {
            if (!IsName(names[i])) errors.Add($"{field}[{i}]", "invalid_name", "A property's name is 1 to 100 characters.");
            else if (names.Take(i).Contains(names[i], StringComparer.Ordinal)) errors.Add($"{field}[{i}]", "repeated", $"{names[i]} is named twice.");
        }
    }

    private static void CheckDefaults(MeterDefinition definition, FieldErrors errors)
    {
        foreach (var (name, value) in definition.Defaults ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            if (definition.Dimensions?.Contains(name, StringComparer.Ordinal) != true)
            {
                errors.Add($"defaults.{name}", "unknown_dimension", $"{name} is not among the dimensions.");
            }

            if (!IsValue(value)) errors.Add($"defaults.{name}", "invalid_value", "A value is 1 to 200 characters.");
        }
    }

    private static void CheckFilter(MeterDefinition definition, FieldErrors errors)
    {
        foreach (var (name, values) in definition.Filter ?? new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal))
        {
            if (!IsName(name)) errors.Add($"filter.{name}", "invalid_name", "A property's name is 1 to 100 characters.");
            if (values is not { Count: > 0 and <= 1000 } || !values.All(IsValue))
            {
                errors.Add($"filter.{name}", "invalid_value", "A filter lists 1 to 1000 values of 1 to 200 characters.");
            }
        }
    }

    private static MeterQuantity[] CheckQuantities(MeterDefinition definition, FieldErrors errors)
    {
        if (!IsAggregation(definition.Aggregation)) return []; // said already
        if (definition.Aggregation == "count")
        {
            if (definition.Quantities is { Count: > 0 }) errors.Add("quantities", "invalid_quantity_definition", "A count has no quantities: each event is one.");
            return [new MeterQuantity([], 1m, "none", new Dictionary<string, string>(StringComparer.Ordinal))];
        }

        if (definition.Quantities is not { Count: > 0 and <= MostNames } quantities)
        {
            errors.Add("quantities", "required", $"Between 1 and {MostNames} quantities are needed.");
            return [];
        }

        var countsValues = definition is { Aggregation: "unique" } or { Aggregation: "percentile", Of: "hourly_unique" };
        return [.. quantities.Select((quantity, index) => CheckQuantity($"quantities[{index}]", quantity, countsValues, errors)).OfType<MeterQuantity>()];
    }

    private static MeterQuantity? CheckQuantity(string at, QuantityDefinition? quantity, bool countsValues, FieldErrors errors)
    {
        if (quantity is null || (quantity.Property is null) == (quantity.ProductOf is null))
        {
            errors.Add(at, "required", "A quantity names either a property or product_of.");
            return null;
        }

        if (countsValues && (quantity.Property is null || quantity.DivideBy is not null || quantity.Round is not null))
        {
            errors.Add(at, "invalid_quantity_definition", "Where values are counted a quantity names one property, and nothing divides or rounds it.");
        }

        var properties = quantity.ProductOf ?? [quantity.Property!];
        if (properties.Count is 0 or > 8 || !properties.All(IsName))
        {
            errors.Add($"{at}.{(quantity.ProductOf is null ? "property" : "product_of")}", "invalid_name", "Between 1 and 8 property names of 1 to 100 characters.");
        }

        if (quantity.DivideBy is <= 0m or > 1_000_000_000_000m) errors.Add($"{at}.divide_by", "invalid_amount", "The divisor is above 0, at most 1000000000000.");
        if (quantity.Round is not (null or "none" or "up" or "down" or "half_up")) errors.Add($"{at}.round", "invalid_round", "Rounding is one of none, up, down, half_up.");
        foreach (var (name, value) in quantity.Set ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            if (!IsName(name) || !IsValue(value)) errors.Add($"{at}.set.{name}", "invalid_value", "Names are 1 to 100, values 1 to 200 characters.");
        }

        return new MeterQuantity([.. properties], quantity.DivideBy ?? 1m, quantity.Round ?? "none", quantity.Set ?? new Dictionary<string, string>(StringComparer.Ordinal), countsValues);
    }

    private static bool IsAggregation(string? name) => name is "count" or "sum" or "max" or "unique" or "latest" or "percentile";

    private static bool IsName(string? name) => name is { Length: > 0 and <= 100 };

    private static bool IsValue(string? value) => value is { Length: > 0 and <= 200 };
}
