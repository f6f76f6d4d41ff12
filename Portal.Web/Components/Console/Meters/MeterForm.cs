using System.Globalization;
using Portal.Domain.Metering.Meters;

namespace Portal.Web.Components.ConsolePages.Meters;

/// <summary>A quantity as it is typed.</summary>
public sealed class QuantityRow
{
    /// <summary>A property, or several whose product it is: <c>width, height</c>.</summary>
    public string Properties { get; set; } = "";

    /// <summary>Divisor; empty for none.</summary>
    public string DivideBy { get; set; } = "";

    /// <summary><c>none</c>, <c>up</c>, <c>down</c> or <c>half_up</c>.</summary>
    public string Round { get; set; } = "none";

    /// <summary>Dimensions added: <c>token_type=input</c>.</summary>
    public string Set { get; set; } = "";
}

/// <summary>A meter as it is typed.</summary>
public sealed class MeterForm
{
    /// <summary>Its key.</summary>
    public string Key { get; set; } = "";

    /// <summary>CloudEvents type.</summary>
    public string EventType { get; set; } = "";

    /// <summary>Key of the product.</summary>
    public string Product { get; set; } = "";

    /// <summary>How events become one figure.</summary>
    public string Aggregation { get; set; } = "sum";

    /// <summary>Properties that become dimensions, by commas.</summary>
    public string Dimensions { get; set; } = "";

    /// <summary>Values of dimensions left out: <c>tier=standard</c>.</summary>
    public string Defaults { get; set; } = "";

    /// <summary>Which events: <c>model=gpt-4o|gpt-4o-mini, region=eu</c>; empty for all.</summary>
    public string Filter { get; set; } = "";

    /// <summary>Percentile only: which.</summary>
    public string Percentile { get; set; } = "";

    /// <summary>Percentile only: of which hourly values.</summary>
    public string Of { get; set; } = "hourly_max";

    /// <summary>What is measured.</summary>
    public List<QuantityRow> Quantities { get; } = [];

    /// <summary>A form with what a meter is.</summary>
    public static MeterForm From(Meter meter)
    {
        ArgumentNullException.ThrowIfNull(meter);
        var definition = meter.Definition;
        var form = new MeterForm
        {
            Key = meter.Key,
            EventType = definition.EventType ?? "",
            Product = definition.Product ?? "",
            Aggregation = definition.Aggregation ?? "sum",
            Dimensions = string.Join(", ", definition.Dimensions ?? []),
            Defaults = Pairs(definition.Defaults),
            Filter = string.Join(", ", (definition.Filter ?? new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal)).Select(entry => $"{entry.Key}={string.Join('|', entry.Value)}")),
            Percentile = definition.Percentile?.ToString(CultureInfo.InvariantCulture) ?? "",
            Of = definition.Of ?? "hourly_max",
        };
        form.Quantities.AddRange((definition.Quantities ?? []).Select(quantity => new QuantityRow
        {
            Properties = quantity.Property ?? string.Join(", ", quantity.ProductOf ?? []),
            DivideBy = quantity.DivideBy?.ToString(CultureInfo.InvariantCulture) ?? "",
            Round = quantity.Round ?? "none",
            Set = Pairs(quantity.Set),
        }));
        return form;
    }

    /// <summary>The meter as the API's bodies write it; the checks say what is wrong with it.</summary>
    public MeterDefinition ToDefinition() => new()
    {
        EventType = EventType.Trim(),
        Product = Product.Trim(),
        Aggregation = Aggregation,
        Filter = Names(Filter) is { Count: > 0 } filter
            ? filter.ToDictionary(part => Split(part).Name, part => (IReadOnlyList<string>)Split(part).Value.Split('|', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries), StringComparer.Ordinal)
            : null,
        Dimensions = Names(Dimensions) is { Count: > 0 } dimensions ? dimensions : null,
        Defaults = Values(Defaults),
        Quantities = Aggregation == "count" ? null : [.. Quantities.Select(Quantity)],
        Percentile = Aggregation == "percentile" && Number(Percentile) is { } percentile ? percentile : null,
        Of = Aggregation == "percentile" ? Of : null,
    };

    private static QuantityDefinition Quantity(QuantityRow row)
    {
        var properties = Names(row.Properties);
        return new QuantityDefinition
        {
            Property = properties.Count <= 1 ? properties.FirstOrDefault() : null,
            ProductOf = properties.Count > 1 ? properties : null,
            DivideBy = row.DivideBy.Trim().Length == 0 ? null : Number(row.DivideBy) ?? 0m,
            Round = row.Round == "none" ? null : row.Round,
            Set = Values(row.Set),
        };
    }

    private static List<string> Names(string text) => [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct(StringComparer.Ordinal)];

    private static Dictionary<string, string>? Values(string text)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var part in Names(text)) values[Split(part).Name] = Split(part).Value;
        return values.Count == 0 ? null : values;
    }

    private static (string Name, string Value) Split(string part)
    {
        var at = part.IndexOf('=', StringComparison.Ordinal);
        return at < 0 ? (part, "") : (part[..at].Trim(), part[(at + 1)..].Trim());
    }

    private static string Pairs(IReadOnlyDictionary<string, string>? values) =>
        values is null ? "" : string.Join(", ", values.Select(entry => $"{entry.Key}={entry.Value}"));

    private static decimal? Number(string text) =>
        decimal.TryParse(text.Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number : null;
}
