using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Portal.Domain.Metering.Intake;

/// <summary>
/// Identity of an event within its tenant: 128 bits from (source, id). When the id is a UUIDv7 or a ULID its own 48 bits of time come
/// first, so that events of one time stand together in the index; random ids scatter over it.
/// </summary>
public static class EventIdentity
{
    private const int StackLimit = 1024;
    private const string UlidDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// <summary>The key of an event: a pure function of its source and id.</summary>
    public static Guid KeyOf(string source, string id)
    {
        var length = Encoding.UTF8.GetMaxByteCount(source.Length) + Encoding.UTF8.GetMaxByteCount(id.Length) + sizeof(int);
        var buffer = length <= StackLimit ? stackalloc byte[StackLimit] : new byte[length];
        var sourceLength = Encoding.UTF8.GetBytes(source, buffer[sizeof(int)..]);
        BinaryPrimitives.WriteInt32LittleEndian(buffer, sourceLength);
        var total = sizeof(int) + sourceLength;
        total += Encoding.UTF8.GetBytes(id, buffer[total..]);
        Span<byte> key = stackalloc byte[16];
        XxHash128.Hash(buffer[..total], key);
        if (TryReadTime(id, out var milliseconds))
        {
            BinaryPrimitives.WriteUInt16BigEndian(key, (ushort)(milliseconds >> 32));
            BinaryPrimitives.WriteUInt32BigEndian(key[2..], unchecked((uint)milliseconds));
        }

        return new Guid(key, bigEndian: true);
    }

    private static bool TryReadTime(string id, out ulong milliseconds)
    {
        milliseconds = 0;
        return id.Length switch
        {
            26 => TryReadUlid(id, out milliseconds),
            32 when id[12] == '7' => TryReadHex(id.AsSpan(0, 12), ref milliseconds),
            36 when id[14] == '7' && id[8] == '-' => TryReadHex(id.AsSpan(0, 8), ref milliseconds) && TryReadHex(id.AsSpan(9, 4), ref milliseconds),
            _ => false,
        };
    }

    private static bool TryReadUlid(string id, out ulong milliseconds)
    {
        milliseconds = 0;
        if (id[0] > '7') return false;
        for (var i = 0; i < 10; i++)
        {
            var digit = UlidDigits.IndexOf(char.ToUpperInvariant(id[i]), StringComparison.Ordinal);
            if (digit < 0) return false;
            milliseconds = (milliseconds << 5) | (uint)digit;
        }

        return true;
    }

    private static bool TryReadHex(ReadOnlySpan<char> digits, ref ulong value)
    {
        foreach (var digit in digits)
        {
            if (!char.IsAsciiHexDigit(digit)) return false;
            value = (value << 4) | (uint)(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10);
        }

        return true;
    }
}
