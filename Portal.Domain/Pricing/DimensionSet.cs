namespace Portal.Domain.Pricing;

/// <summary>
/// Named values that say which usage a quantity is, or which a rate is for: <c>model=gpt-4o, token_type=input</c>.
/// Immutable, ordered by name, with its hash computed once. An absent dimension and an empty value are the same.
/// </summary>
public sealed class DimensionSet : IEquatable<DimensionSet>
{
    private readonly KeyValuePair<string, string>[] items;
    private readonly int hash;

    private DimensionSet(KeyValuePair<string, string>[] items)
    {
        this.items = items;
        var combined = new HashCode();
        foreach (var (name, value) in items)
        {
            combined.Add(name, StringComparer.Ordinal);
            combined.Add(value, StringComparer.Ordinal);
        }

        hash = combined.ToHashCode();
        Model = this["model"];
        TokenType = this["token_type"];
        Tier = this["tier"];
    }

    /// <summary>No dimension at all.</summary>
    public static DimensionSet Empty { get; } = new([]);

    /// <summary>The dimensions by name; of a name given twice the last value holds, empty values are left out.</summary>
    public static DimensionSet Of(IEnumerable<KeyValuePair<string, string>> dimensions)
    {
        var byName = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in dimensions)
        {
            if (value.Length > 0) byName[name] = value;
            else byName.Remove(name);
        }

        return byName.Count == 0 ? Empty : new DimensionSet([.. byName]);
    }

    /// <summary>The dimensions, for tests and literals.</summary>
    public static DimensionSet Of(params (string Name, string Value)[] dimensions) =>
        Of(dimensions.Select(dimension => KeyValuePair.Create(dimension.Name, dimension.Value)));

    /// <summary>Names and values, ordered by name.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Items => items;

    /// <summary>How many dimensions are named: the specificity of a match.</summary>
    public int Count => items.Length;

    /// <summary>The dimension <c>model</c>, or "".</summary>
    public string Model { get; }

    /// <summary>The dimension <c>token_type</c>, or "".</summary>
    public string TokenType { get; }

    /// <summary>The dimension <c>tier</c>, or "".</summary>
    public string Tier { get; }

    /// <summary>The value of a dimension, or "" when it is absent.</summary>
    public string this[string name]
    {
        get
        {
            foreach (var (own, value) in items)
            {
                if (own == name) return value;
            }

            return "";
        }
    }

    /// <summary>It as a JSON object, names in order: how it is stored.</summary>
    public string Key => System.Text.Json.JsonSerializer.Serialize(items.ToDictionary(item => item.Key, item => item.Value, StringComparer.Ordinal));

    /// <summary>Reads a <see cref="Key"/>.</summary>
    public static DimensionSet Parse(string key) =>
        Of(System.Text.Json.JsonSerializer.Deserialize<Dictionary<string, string>>(key) ?? throw new FormatException("No dimensions."));

    /// <summary>True when every dimension named here has the same value there.</summary>
    public bool Covers(DimensionSet other)
    {
        foreach (var (name, value) in items)
        {
            if (other[name] != value) return false;
        }

        return true;
    }

    /// <summary>True when no dimension named in both differs: some usage could match both.</summary>
    public bool Overlaps(DimensionSet other)
    {
        foreach (var (name, value) in items)
        {
            var theirs = other[name];
            if (theirs.Length > 0 && theirs != value) return false;
        }

        return true;
    }

    /// <summary>What matches both of two sets that overlap.</summary>
    public DimensionSet Intersect(DimensionSet other) => Of(items.Concat(other.items));

    /// <inheritdoc />
    public bool Equals(DimensionSet? other)
    {
        if (ReferenceEquals(this, other)) return true;
        if (other is null || hash != other.hash || items.Length != other.items.Length) return false;
        for (var i = 0; i < items.Length; i++)
        {
            if (items[i].Key != other.items[i].Key || items[i].Value != other.items[i].Value) return false;
        }

        return true;
    }

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as DimensionSet);

    /// <inheritdoc />
    public override int GetHashCode() => hash;

    /// <summary><c>model=gpt-4o, token_type=input</c>, or <c>any</c>.</summary>
    public override string ToString() => items.Length == 0 ? "any" : string.Join(", ", items.Select(item => $"{item.Key}={item.Value}"));
}
