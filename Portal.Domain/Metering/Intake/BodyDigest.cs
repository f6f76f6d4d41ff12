using System.Buffers;
using System.IO.Hashing;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Portal.Domain.Metering.Intake;

/// <summary>
/// Digest of what an event says: equal for bodies that differ only in the order of keys or in how a number is written,
/// different (but for one case in 2⁶⁴) for others.
/// </summary>
internal static class BodyDigest
{
    /// <summary>Digest of type, subject, time and the digest of data.</summary>
    public static long Of(string type, string subject, DateTimeOffset time, ulong data) =>
        unchecked((long)Mix(Mix(Mix(Text(type), Text(subject)), (ulong)time.UtcTicks), data));

    /// <summary>Digest of the value at which the reader stands; the reader ends on its last token.</summary>
    public static ulong Value(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                var members = 0UL;
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var name = Bytes(ref reader, seed: 1);
                    reader.Read();
                    members = unchecked(members + Mix(name, Value(ref reader))); // a sum: order does not matter
                }

                return Mix(2, members);
            case JsonTokenType.StartArray:
                var items = 3UL;
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) items = Mix(items, Value(ref reader));
                return items;
            case JsonTokenType.String:
                return Bytes(ref reader, seed: 4);
            case JsonTokenType.Number:
                return Number(ref reader);
            default:
                return 16 + (ulong)reader.TokenType;
        }
    }

    /// <summary>Digest of a member of an object: its name's and its value's.</summary>
    public static ulong Member(ulong name, ulong value) => Mix(name, value);

    /// <summary>Digest of an object from the sum of its members'.</summary>
    public static ulong Object(ulong members) => Mix(2, members);

    /// <summary>Digest of the string or name at which the reader stands.</summary>
    public static ulong Bytes(ref Utf8JsonReader reader, long seed)
    {
        if (!reader.HasValueSequence && !reader.ValueIsEscaped) return XxHash3.HashToUInt64(reader.ValueSpan, seed);
        var buffer = ArrayPool<byte>.Shared.Rent(reader.HasValueSequence ? checked((int)reader.ValueSequence.Length) : reader.ValueSpan.Length);
        var length = reader.CopyString(buffer);
        var hash = XxHash3.HashToUInt64(buffer.AsSpan(0, length), seed);
        ArrayPool<byte>.Shared.Return(buffer);
        return hash;
    }

    private static ulong Number(ref Utf8JsonReader reader)
    {
        if (!reader.TryGetDecimal(out var number)) return Bytes(ref reader, seed: 5);
        if (number.Scale > 0) number /= 1.0000000000000000000000000000m; // the shortest form: 1.50 and 1.5 are one number
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(number, bits);
        return XxHash3.HashToUInt64(MemoryMarshal.AsBytes(bits), seed: 6);
    }

    private static ulong Text(string text) => XxHash3.HashToUInt64(MemoryMarshal.AsBytes(text.AsSpan()));

    private static ulong Mix(ulong left, ulong right) =>
        unchecked(BitOperations.RotateLeft(left * 0x9E3779B97F4A7C15, 31) ^ ((right + 0xC2B2AE3D27D4EB4F) * 0x165667B19E3779F9));
}
