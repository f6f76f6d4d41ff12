using System.Text.Json;
using System.Text.Json.Serialization;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Catalog;

/// <summary>A pack as the API's bodies write it and as it is stored. <see cref="Pack"/> is the checked form.</summary>
public sealed record PackDefinition
{
    /// <summary>What people call it.</summary>
    public string? Name { get; init; }

    /// <summary>Credits that it sells; null when it sells a custom amount.</summary>
    public decimal? Credits { get; init; }

    /// <summary>Its price, or with a custom amount a price model over the credits.</summary>
    public PackPrice? Price { get; init; }

    /// <summary>ISO 4217 code of the price.</summary>
    public string? Currency { get; init; }

    /// <summary>Credits given on top; default 0.</summary>
    public decimal? BonusCredits { get; init; }

    /// <summary>How long its credits last, ISO 8601; null for ever.</summary>
    public string? ExpiresAfter { get; init; }

    /// <summary>Burn priority of its grants, 0 to 255; default 50.</summary>
    public int? Priority { get; init; }

    /// <summary>Products that its credits are for; null for all.</summary>
    public IReadOnlyList<string>? Products { get; init; }

    /// <summary><c>exclusive</c> (default) or <c>inclusive</c>.</summary>
    public string? Tax { get; init; }

    /// <summary>False: no longer sold; default true.</summary>
    public bool? Active { get; init; }

    /// <summary>Custom amount: least credits.</summary>
    public decimal? Min { get; init; }

    /// <summary>Custom amount: most credits.</summary>
    public decimal? Max { get; init; }
}

/// <summary>Either an amount or a price model.</summary>
/// <param name="Amount">The amount; null with a model.</param>
/// <param name="Model">The price model over the credits; null with an amount.</param>
[JsonConverter(typeof(PackPriceJson))]
[ObjectForm(typeof(PriceDefinition))]
public readonly record struct PackPrice(decimal? Amount, PriceDefinition? Model);

/// <summary>A decimal or an object.</summary>
public sealed class PackPriceJson : JsonConverter<PackPrice>
{
    /// <inheritdoc />
    public override PackPrice Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.StartObject
            ? new PackPrice(null, JsonSerializer.Deserialize<PriceDefinition>(ref reader, options))
            : new PackPrice(((JsonConverter<decimal>)options.GetConverter(typeof(decimal))).Read(ref reader, typeof(decimal), options), null);

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, PackPrice value, JsonSerializerOptions options)
    {
        if (value.Model is { } model) JsonSerializer.Serialize(writer, model, options);
        else JsonSerializer.Serialize(writer, value.Amount, options);
    }
}
