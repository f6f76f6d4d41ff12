using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Portal.Web.Api.Http;

/// <summary>
/// JSON as api.md has it: snake_case, decimals as strings with nine places (numbers are accepted), instants as RFC 3339 in UTC;
/// unknown, missing, doubled and null members are refused.
/// </summary>
public static class ApiJson
{
    /// <summary>The options, read-only.</summary>
    public static readonly JsonSerializerOptions Options = Make();

    /// <summary>How bodies are parsed before they are mapped: strict, no member twice.</summary>
    public static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Gives other options the same rules.</summary>
    public static void Configure(JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.DictionaryKeyPolicy = null;
        options.PropertyNameCaseInsensitive = false;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.RespectNullableAnnotations = true;
        options.RespectRequiredConstructorParameters = true;
        options.Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping; // answers are JSON and never part of a page
        options.NumberHandling = JsonNumberHandling.Strict;
        options.AllowDuplicateProperties = false;
        options.Converters.Add(new DecimalJson());
        options.Converters.Add(new InstantJson());
        options.Converters.Add(new OptionalJson());
    }

    private static JsonSerializerOptions Make()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        Configure(options);
        options.TypeInfoResolver = new DefaultJsonTypeInfoResolver();
        options.MakeReadOnly();
        return options;
    }
}

/// <summary>A value in a body that has the wrong form; the serializer adds where.</summary>
public sealed class FieldFormatException : JsonException
{
    /// <summary>No code, no message.</summary>
    public FieldFormatException()
    {
    }

    /// <summary>A message for a person.</summary>
    public FieldFormatException(string message)
        : base(message)
    {
    }

    /// <summary>A message and its cause.</summary>
    public FieldFormatException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>A stable code and a message for a person.</summary>
    public FieldFormatException(string code, string message)
        : base(message) => Code = code;

    /// <summary>Stable snake_case code.</summary>
    public string Code { get; } = "invalid_field";
}

/// <summary>Decimals: out as <c>"12.345000000"</c>, in as that or as a number.</summary>
public sealed class DecimalJson : JsonConverter<decimal>
{
    private const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <inheritdoc />
    public override decimal Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetDecimal(out var number)) return number;
        if (reader.TokenType == JsonTokenType.String && decimal.TryParse(reader.GetString(), Style, CultureInfo.InvariantCulture, out number)) return number;
        throw new FieldFormatException("invalid_number", "Give a decimal number, such as \"12.5\".");
    }

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, decimal value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStringValue(Text(value));
    }

    /// <summary>The form in which decimals go out: at least nine places.</summary>
    public static string Text(decimal value) => value.ToString("0.000000000###################", CultureInfo.InvariantCulture);
}

/// <summary>Instants: RFC 3339 with an offset in, UTC with <c>Z</c> out.</summary>
public sealed class InstantJson : JsonConverter<DateTimeOffset>
{
    private static readonly string[] Formats = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd't'HH:mm:ssK", "yyyy-MM-dd't'HH:mm:ss.FFFFFFFK"];

    /// <inheritdoc />
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && TryParse(reader.GetString(), out var instant)
            ? instant
            : throw new FieldFormatException("invalid_instant", "Give an instant as RFC 3339 with its offset, such as \"2026-03-01T10:15:00Z\".");

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStringValue(Text(value));
    }

    /// <summary>Reads an instant; false without an offset.</summary>
    public static bool TryParse(string? text, out DateTimeOffset instant)
    {
        instant = default;
        if (text is null || text.Length < 20 || !(text[^1] is 'Z' or 'z' || text[^6] is '+' or '-')) return false;
        return DateTimeOffset.TryParseExact(text, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out instant);
    }

    /// <summary>The form in which instants go out.</summary>
    public static string Text(DateTimeOffset value) => value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);
}
