using System.IO.Hashing;
using System.Text;

namespace Portal.Domain.Metering.Meters;

/// <summary>128 bits that stand for a value that is counted once.</summary>
internal static class ValueDigest
{
    public static Guid Of(string value)
    {
        Span<byte> digest = stackalloc byte[16];
        XxHash128.Hash(Encoding.UTF8.GetBytes(value), digest);
        return new Guid(digest, bigEndian: true);
    }
}
