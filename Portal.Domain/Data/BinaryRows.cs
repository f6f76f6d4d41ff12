using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Npgsql;

namespace Portal.Domain.Data;

/// <summary>
/// Rows in PostgreSQL's binary COPY format, encoded by hand into one pooled buffer: an importer spends more time on each value than the
/// server does on the row. Not safe for concurrent callers.
/// </summary>
public sealed class BinaryRows : IDisposable
{
    private static readonly byte[] Header = [.. "PGCOPY\n"u8, 0xff, (byte)'\r', (byte)'\n', 0, 0, 0, 0, 0, 0, 0, 0, 0];
    private static readonly long Epoch = new DateTime(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc).Ticks;

    private byte[] buffer;
    private int length;

    /// <summary>Makes an empty one.</summary>
    /// <param name="capacity">Bytes to begin with.</param>
    public BinaryRows(int capacity)
    {
        buffer = ArrayPool<byte>.Shared.Rent(Math.Max(capacity, 256));
        Header.CopyTo(buffer, 0);
        length = Header.Length;
    }

    /// <summary>Copies all rows through a connection: one statement, one write.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="copy"><c>copy … from stdin (format binary)</c>, naming the columns in the order written.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task CopyAsync(NpgsqlConnection connection, string copy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        BinaryPrimitives.WriteInt16BigEndian(Take(2), -1);
        await using var stream = await connection.BeginRawBinaryCopyAsync(copy, cancellationToken);
        await stream.WriteAsync(buffer.AsMemory(0, length), cancellationToken);
    }

    /// <summary>Begins a row of so many columns.</summary>
    public void Row(short columns) => BinaryPrimitives.WriteInt16BigEndian(Take(2), columns);

    /// <summary>A <c>bigint</c>.</summary>
    public void Add(long value)
    {
        var place = Field(8);
        BinaryPrimitives.WriteInt64BigEndian(place, value);
    }

    /// <summary>An <c>int</c>.</summary>
    public void Add(int value) => BinaryPrimitives.WriteInt32BigEndian(Field(4), value);

    /// <summary>An <c>int</c> or null.</summary>
    public void Add(int? value)
    {
        if (value is { } known) Add(known);
        else Null();
    }

    /// <summary>A <c>boolean</c>.</summary>
    public void Add(bool value) => Field(1)[0] = value ? (byte)1 : (byte)0;

    /// <summary>A <c>uuid</c>.</summary>
    public void Add(Guid value) => value.TryWriteBytes(Field(16), bigEndian: true, out _);

    /// <summary>A <c>timestamptz</c>, in microseconds.</summary>
    public void Add(DateTimeOffset value) => BinaryPrimitives.WriteInt64BigEndian(Field(8), (value.UtcTicks - Epoch) / TimeSpan.TicksPerMicrosecond);

    /// <summary>A <c>text</c> or null.</summary>
    public void Add(string? value)
    {
        if (value is null)
        {
            Null();
            return;
        }

        Ensure(4 + Encoding.UTF8.GetMaxByteCount(value.Length));
        var written = Encoding.UTF8.GetBytes(value, buffer.AsSpan(length + 4));
        BinaryPrimitives.WriteInt32BigEndian(buffer.AsSpan(length), written);
        length += 4 + written;
    }

    /// <summary>UTF-8 as it is: <c>text</c> or <c>json</c>.</summary>
    public void Add(ReadOnlySpan<byte> utf8) => utf8.CopyTo(Field(utf8.Length));

    /// <summary>A <c>numeric</c> or null.</summary>
    public void Add(decimal? value)
    {
        if (value is { } known) Add(known);
        else Null();
    }

    /// <summary>A <c>numeric</c>: digits of ten thousand, weighed from the point, trailing zeros left out.</summary>
    public void Add(decimal value)
    {
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(value, bits);
        var scale = (bits[3] >> 16) & 0xff;
        var pad = (4 - (scale & 3)) & 3;
        Span<short> digits = stackalloc short[16]; // least significant first
        var (high, low) = unchecked(((uint)bits[2], ((ulong)(uint)bits[1] << 32) | (uint)bits[0]));
        var count = high == 0 && low < ulong.MaxValue / 1000 ? Split(low * Pad(pad), digits) : Split(new UInt128(high, low) * Pad(pad), digits);
        var skip = 0;
        while (skip < count && digits[skip] == 0) skip++;
        var place = Field(8 + (2 * (count - skip)));
        BinaryPrimitives.WriteInt16BigEndian(place, (short)(count - skip));
        BinaryPrimitives.WriteInt16BigEndian(place[2..], (short)(count == 0 ? 0 : count - 1 - ((scale + pad) / 4)));
        BinaryPrimitives.WriteInt16BigEndian(place[4..], bits[3] < 0 && count > 0 ? (short)0x4000 : (short)0);
        BinaryPrimitives.WriteInt16BigEndian(place[6..], (short)scale);
        for (int i = count - 1, at = 8; i >= skip; i--, at += 2) BinaryPrimitives.WriteInt16BigEndian(place[at..], digits[i]);
    }

    /// <summary>A null of any type.</summary>
    public void Null() => BinaryPrimitives.WriteInt32BigEndian(Take(4), -1);

    /// <inheritdoc />
    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
    }

    private static ulong Pad(int digits) => digits switch
    {
        0 => 1UL,
        1 => 10UL,
        2 => 100UL,
        _ => 1000UL,
    };

    private static int Split(ulong mantissa, Span<short> digits)
    {
        var count = 0;
        for (; mantissa > 0; mantissa /= 10_000) digits[count++] = (short)(mantissa % 10_000);
        return count;
    }

    private static int Split(UInt128 mantissa, Span<short> digits)
    {
        var count = 0;
        for (; mantissa > ulong.MaxValue; mantissa /= 10_000) digits[count++] = (short)(ushort)(mantissa % 10_000);
        for (var rest = (ulong)mantissa; rest > 0; rest /= 10_000) digits[count++] = (short)(rest % 10_000);
        return count;
    }

    private Span<byte> Field(int size)
    {
        var place = Take(4 + size);
        BinaryPrimitives.WriteInt32BigEndian(place, size);
        return place[4..];
    }

    private Span<byte> Take(int size)
    {
        Ensure(size);
        length += size;
        return buffer.AsSpan(length - size, size);
    }

    private void Ensure(int size)
    {
        if (buffer.Length - length >= size) return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(buffer.Length * 2, length + size));
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = larger;
    }
}
