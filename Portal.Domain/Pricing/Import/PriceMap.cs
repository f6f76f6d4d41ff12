using System.Text.Json;
using Portal.Domain.Kernel;

namespace Portal.Domain.Pricing.Import;

/// <summary>What one vendor asks for one kind of token of one model.</summary>
/// <param name="Model">The model as the map names it.</param>
/// <param name="TokenType">input, cached_input, cache_write, output or reasoning.</param>
/// <param name="Tier">standard, batch, priority or flex.</param>
/// <param name="Vendor">The map's <c>litellm_provider</c>; null when it names none.</param>
/// <param name="PerToken">US dollars for one token, exact.</param>
public readonly record struct TokenPrice(string Model, string TokenType, string Tier, string? Vendor, decimal PerToken);

/// <summary>A model of a map of which no price was read.</summary>
/// <param name="Model">The model as the map names it.</param>
/// <param name="Reason"><c>not_priced_per_token</c> or <c>no_price</c>.</param>
/// <param name="PricedBy">The prices that it has, by their keys in the map.</param>
public sealed record SkippedModel(string Model, string Reason, IReadOnlyList<string> PricedBy);

/// <summary>A LiteLLM price map: JSON with an object per model, of which the prices per token are read.</summary>
/// <param name="Prices">The prices, in the map's order.</param>
/// <param name="Models">How many models have at least one.</param>
/// <param name="SkippedModels">Those that have none: priced by image, second, character or not at all.</param>
/// <param name="NotRead">Prices of other kinds that models with token prices have (long contexts, audio, images), by key.</param>
public sealed record PriceMap(
    IReadOnlyList<TokenPrice> Prices, int Models, IReadOnlyList<SkippedModel> SkippedModels, IReadOnlyDictionary<string, int> NotRead)
{
    // What some vendors' entries call the same price; the common name goes before it.
    private const string CacheHit = "input_cost_per_token_cache_hit";

    private static readonly Dictionary<string, string> TokenTypes = new(StringComparer.Ordinal)
    {
        ["input_cost_per_token"] = "input",
        ["cache_read_input_token_cost"] = "cached_input",
        ["cache_creation_input_token_cost"] = "cache_write",
        ["output_cost_per_token"] = "output",
        ["output_cost_per_reasoning_token"] = "reasoning",
    };

    private static readonly (string Suffix, string Tier)[] Tiers = [("_batches", "batch"), ("_priority", "priority"), ("_flex", "flex")];

    /// <summary>How many models were left out.</summary>
    public int Skipped => SkippedModels.Count;

    /// <summary>Reads a map; <c>not_a_price_map</c> with the line and key at fault when it is none.</summary>
    public static Result<PriceMap> Parse(ReadOnlySpan<byte> json)
    {
        var prices = new List<TokenPrice>();
        var notRead = new SortedDictionary<string, int>(StringComparer.Ordinal);
        var names = new HashSet<string>(StringComparer.Ordinal);
        var skipped = new List<SkippedModel>();
        var (models, described) = (0, 0);
        var key = "";
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 16 });
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return Refused(json, ref reader, "", "A price map is an object with one object per model.");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                key = reader.GetString()!;
                if (key.Length is 0 or > 200) return Refused(json, ref reader, key, "A model's name is 1 to 200 characters.");
                if (!names.Add(key)) return Refused(json, ref reader, key, "The model is there twice.");
                reader.Read();
                if (reader.TokenType != JsonTokenType.StartObject) return Refused(json, ref reader, key, "A model's entry is an object.");
                if (key == "sample_spec") // the map's own explanation of its fields
                {
                    reader.Skip();
                    continue;
                }

                var before = prices.Count;
                if (ReadModel(json, ref reader, key, prices, notRead, out var isDescribed, out var others) is { } problem) return problem;
                described += isDescribed ? 1 : 0;
                if (prices.Count > before) models++;
                else skipped.Add(new SkippedModel(key, others.Count == 0 ? "no_price" : "not_priced_per_token", others));
            }

            while (reader.Read())
            {
            }
        }
        catch (JsonException exception)
        {
            return Refused(exception.LineNumber.GetValueOrDefault() + 1, key, "The JSON is malformed: " + exception.Message);
        }

        if (models == 0 && described == 0) return Refused(1, "", "No entry has a price per token or a litellm_provider.");
        return new PriceMap(prices, models, skipped, notRead);
    }

    private static Problem? ReadModel(
        ReadOnlySpan<byte> json, ref Utf8JsonReader reader, string model, List<TokenPrice> prices, SortedDictionary<string, int> notRead, out bool described,
        out List<string> others)
    {
        var first = prices.Count;
        others = [];
        string? vendor = null;
        decimal? cacheHit = null;
        described = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            if (name == "litellm_provider")
            {
                if (reader.TokenType != JsonTokenType.String || reader.GetString() is not { Length: > 0 and <= 100 } named)
                {
                    return Refused(json, ref reader, $"{model}.{name}", "The provider is a text of 1 to 100 characters.");
                }

                (vendor, described) = (named, true);
            }
            else if (Kind(name) is { } kind)
            {
                if (reader.TokenType == JsonTokenType.Null) continue;
                if (reader.TokenType != JsonTokenType.Number || !reader.TryGetDecimal(out var price) || price is < 0m or > 1_000_000m)
                {
                    return Refused(json, ref reader, $"{model}.{name}", "A price is a number of dollars, at least 0.");
                }

                if (name == CacheHit) cacheHit = price;
                else prices.Add(new TokenPrice(model, kind.TokenType, kind.Tier, null, price));
            }
            else
            {
                if (name.Contains("cost", StringComparison.Ordinal)) others.Add(name);
                reader.Skip();
            }
        }

        if (cacheHit is { } hit && !prices.Skip(first).Any(price => price is { TokenType: "cached_input", Tier: "standard" }))
            prices.Add(new TokenPrice(model, "cached_input", "standard", null, hit));
        for (var i = first; i < prices.Count; i++) prices[i] = prices[i] with { Vendor = vendor };
        if (prices.Count == first) return null;
        foreach (var name in others) notRead[name] = notRead.GetValueOrDefault(name) + 1;
        return null;
    }

    private static (string TokenType, string Tier)? Kind(string name)
    {
        if (name == CacheHit) return ("cached_input", "standard");
        if (TokenTypes.TryGetValue(name, out var standard)) return (standard, "standard");
        foreach (var (suffix, tier) in Tiers)
        {
            if (name.EndsWith(suffix, StringComparison.Ordinal) && TokenTypes.TryGetValue(name[..^suffix.Length], out var tokenType)) return (tokenType, tier);
        }

        return null;
    }

    private static Problem Refused(ReadOnlySpan<byte> json, ref Utf8JsonReader reader, string key, string why) =>
        Refused(json[..(int)reader.TokenStartIndex].Count((byte)'\n') + 1, key, why);

    private static Problem Refused(long line, string key, string why)
    {
        var where = key.Length == 0 ? $"line {line}" : $"line {line}, {key}";
        return new Problem(ProblemKind.Unprocessable, "not_a_price_map", $"This is no LiteLLM price map ({where}): {why}",
            Extensions: new Dictionary<string, object?>(StringComparer.Ordinal) { ["line"] = line, ["key"] = key });
    }
}
