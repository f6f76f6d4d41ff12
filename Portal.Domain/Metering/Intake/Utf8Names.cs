using System.IO.Hashing;
using System.Text;
using System.Text.Json;

namespace Portal.Domain.Metering.Intake;

/// <summary>
/// Names that recur from event to event, as strings made once: a cache of fixed size in which a newcomer takes the place of what hashed
/// alike. Races only cost a string.
/// </summary>
internal sealed class Utf8Names
{
    private const int Slots = 8192;
    private readonly string?[] names = new string?[Slots];

    /// <summary>The string at which the reader stands.</summary>
    public string Get(ref Utf8JsonReader reader)
    {
        if (reader.HasValueSequence || reader.ValueIsEscaped) return reader.GetString()!;
        var utf8 = reader.ValueSpan;
        ref var slot = ref names[(int)(XxHash3.HashToUInt64(utf8) % Slots)];
        if (slot is { } known && Ascii.Equals(utf8, known)) return known;
        return slot = Encoding.UTF8.GetString(utf8);
    }
}
