using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Portal.Domain.Kernel;

/// <summary>
/// The JSON of the API's bodies and of the documents stored in their form: snake_case, decimals as strings (numbers are read too),
/// instants as RFC 3339 in UTC, unknown and repeated fields refused.
/// </summary>
public static class PortalJson
{
    /// <summary>Shared, read-only options. Nulls are left out; the API's answers write them where api.md shows them.</summary>
    public static readonly JsonSerializerOptions Options = Make();

    private static readonly JsonSerializerOptions Comparing = MakeComparing();

    /// <summary>True when two documents say the same, however many zeros their decimals end with. Members of a dictionary compare in their order.</summary>
    public static bool Same<T>(T one, T other) => JsonSerializer.Serialize(one, Comparing) == JsonSerializer.Serialize(other, Comparing);

    private static JsonSerializerOptions Make()
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            AllowDuplicateProperties = false,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            Converters = { new DecimalText(), new InstantText() },
        };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    private static JsonSerializerOptions MakeComparing()
    {
        var options = new JsonSerializerOptions(Options);
        options.Converters.Insert(0, new PlainDecimals());
        return options;
    }

    private sealed class PlainDecimals : JsonConverter<decimal>
    {
        public override decimal Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        // The division takes trailing zeros away.
        public override void Write(Utf8JsonWriter writer, decimal value, JsonSerializerOptions options) => writer.WriteNumberValue(value / 1.0000000000000000000000000000m);
    }
}

/// <summary>Decimals as JSON strings; numbers are accepted on the way in. Exact: <c>2.5e-06</c> is 0.0000025.</summary>
public sealed class DecimalText : JsonConverter<decimal>
{
    /// <summary>What a decimal may look like: a sign, digits, a point and an exponent; no spaces, no thousands.</summary>
    public const NumberStyles Style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;

    /// <inheritdoc />
    public override decimal Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetDecimal(out var number)) return number;
        if (reader.TokenType == JsonTokenType.String
            && decimal.TryParse(reader.GetString(), Style, CultureInfo.InvariantCulture, out var text)) return text;
        throw new JsonException("A decimal number is expected, as a string such as \"12.5\".");
    }

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, decimal value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
}

/// <summary>Instants as RFC 3339 with an offset, written in UTC with a Z.</summary>
public sealed class InstantText : JsonConverter<DateTimeOffset>
{
    private static readonly string[] Forms = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    /// <summary>Reads an instant from UTF-8; false when it has no offset or is none.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out DateTimeOffset instant) =>
        TryParseUtc(utf8, out instant) || TryParse(System.Text.Encoding.UTF8.GetString(utf8), out instant);

    // 2026-01-01T00:00:00Z, with up to seven places of the second: what programs send, read without a string.
    private static bool TryParseUtc(ReadOnlySpan<byte> s, out DateTimeOffset instant)
    {
        instant = default;
        if (s.Length is < 20 or > 28 or 21 || s[^1] != 'Z' || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':') return false;
        if (!TryDigits(s[..4], out var year) || !TryDigits(s[5..7], out var month) || !TryDigits(s[8..10], out var day) || !TryDigits(s[11..13], out var hour)
            || !TryDigits(s[14..16], out var minute) || !TryDigits(s[17..19], out var second) || year == 0 || month is 0 or > 12 || day == 0
            || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59) return false;
        var fraction = 0;
        if (s.Length > 20)
        {
            if (s[19] != '.' || !TryDigits(s[20..^1], out fraction)) return false;
            for (var places = s.Length - 21; places < 7; places++) fraction *= 10;
        }

        instant = new DateTimeOffset(year, month, day, hour, minute, second, TimeSpan.Zero).AddTicks(fraction);
        return true;
    }

    private static bool TryDigits(ReadOnlySpan<byte> digits, out int value)
    {
        value = 0;
        foreach (var digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'9') return false;
            value = (value * 10) + (digit - '0');
        }

        return true;
    }

    /// <summary>Reads an instant; false when it has no offset or is none.</summary>
    public static bool TryParse(string? text, out DateTimeOffset instant)
    {
        instant = default;
        if (text is null || text.Length < 20 || !(text[^1] is 'Z' or 'z' || text[^6] is '+' or '-')) return false;
        var canonical = text[^1] == 'z' ? text.ToUpperInvariant() : text;
        if (!DateTimeOffset.TryParseExact(canonical, Forms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out instant)) return false;
        instant = instant.ToUniversalTime();
        return true;
    }

    /// <inheritdoc />
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && TryParse(reader.GetString(), out var instant)
            ? instant
            : throw new JsonException("An instant is expected as RFC 3339 with an offset, such as \"2026-01-01T00:00:00Z\".");

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(Format(value));

    /// <summary>The API's form of an instant.</summary>
    public static string Format(DateTimeOffset value) =>
        value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
}

/// <summary>Says of a type with a converter of its own what its JSON objects are, so that their members can be checked.</summary>
/// <param name="form">The type whose members an object has.</param>
[AttributeUsage(AttributeTargets.Struct | AttributeTargets.Class)]
public sealed class ObjectFormAttribute(Type form) : Attribute
{
    /// <summary>The type whose members an object has.</summary>
    public Type Form { get; } = form;
}
