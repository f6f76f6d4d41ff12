namespace Portal.Domain.Kernel;

/// <summary>Time-ordered identifiers: a row's id tells when it was made and its index stays local.</summary>
public static class Uuid7
{
    /// <summary>A new UUIDv7 of that instant (business time, in milliseconds).</summary>
    public static Guid At(DateTimeOffset instant) => Guid.CreateVersion7(instant);

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
