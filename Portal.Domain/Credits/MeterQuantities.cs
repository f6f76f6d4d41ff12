using System.Collections.Immutable;
using System.Text.Json;

namespace Portal.Domain.Wallet;

/// <summary>Quantities by meter. Immutable, and stored as JSON.</summary>
public sealed class MeterQuantities
{
    /// <summary>Nothing of any meter.</summary>
    public static readonly MeterQuantities None = new(ImmutableSortedDictionary.Create<string, decimal>(StringComparer.Ordinal));

    private readonly ImmutableSortedDictionary<string, decimal> quantities;

    private MeterQuantities(ImmutableSortedDictionary<string, decimal> quantities) => this.quantities = quantities;

    /// <summary>The meters that have a quantity, in order.</summary>
    public IEnumerable<KeyValuePair<string, decimal>> All => quantities;

    /// <summary>The quantity of a meter; 0 when it has none.</summary>
    public decimal Of(string meter) => quantities.GetValueOrDefault(meter);

    /// <summary>So much more of a meter; negative takes away.</summary>
    public MeterQuantities With(string meter, decimal more)
    {
        var sum = Of(meter) + more;
        return new MeterQuantities(sum == 0m ? quantities.Remove(meter) : quantities.SetItem(meter, sum));
    }

    /// <summary>It as it is stored; null for nothing.</summary>
    public string? ToJson() => quantities.IsEmpty ? null : JsonSerializer.Serialize(quantities);

    /// <summary>It as it was stored.</summary>
    public static MeterQuantities Parse(string? json) => json is null
        ? None
        : new MeterQuantities(JsonSerializer.Deserialize<Dictionary<string, decimal>>(json)!.ToImmutableSortedDictionary(StringComparer.Ordinal));
}
