namespace Portal.Domain.Kernel;

/// <summary>Time-ordered identifiers: a row's id tells when it was made and its index stays local.</summary>
public static class Uuid7
{
    private static int made;

    /// <summary>
    /// A new UUIDv7 of that instant (business time, in milliseconds). Those that this process makes for one millisecond sort in the order
    /// made: a counter of 24 bits stands before the random ones (RFC 9562 §6.2, method 1).
    /// </summary>
    public static Guid At(DateTimeOffset instant)
    {
        Span<byte> bytes = stackalloc byte[16];
        Guid.CreateVersion7(instant).TryWriteBytes(bytes, bigEndian: true, out _);
        var count = unchecked((uint)Interlocked.Increment(ref made));
        bytes[6] = (byte)(0x70 | ((count >> 20) & 0x0f));
        bytes[7] = (byte)((count >> 12) & 0xff);
        bytes[8] = (byte)(0x80 | ((count >> 6) & 0x3f));
        bytes[9] = (byte)(((count & 0x3f) << 2) | (uint)(bytes[9] & 0x03));
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>The UUIDv7-shaped id of a name at an instant: always the same.</summary>
    public static Guid Of(DateTimeOffset instant, string name)
    {
        Span<byte> bytes = stackalloc byte[32];
        System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name), bytes);
        Span<byte> time = stackalloc byte[16];
        Floor(instant).TryWriteBytes(time, bigEndian: true, out _);
        time[..6].CopyTo(bytes);
        bytes[6] = (byte)(0x70 | (bytes[6] & 0x0f));
        bytes[8] = (byte)(0x80 | (bytes[8] & 0x3f));
        return new Guid(bytes[..16], bigEndian: true);
    }

    /// <summary>The smallest UUIDv7-shaped value of that instant: bound of a range of ids.</summary>
    public static Guid Floor(DateTimeOffset instant)
    {
        Span<byte> bytes = stackalloc byte[16];
        var milliseconds = instant.ToUnixTimeMilliseconds();
        for (var i = 0; i < 6; i++) bytes[i] = (byte)((milliseconds >> (40 - (8 * i))) & 0xff);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>The instant that a UUIDv7 carries, in milliseconds.</summary>
    public static DateTimeOffset InstantOf(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        long milliseconds = 0;
        for (var i = 0; i < 6; i++) milliseconds = (milliseconds << 8) | bytes[i];
        return DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
    }
}
