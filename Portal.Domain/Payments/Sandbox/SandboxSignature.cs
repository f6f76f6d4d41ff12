using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Portal.Domain.Payments.Sandbox;

/// <summary>Signature of the sandbox's webhooks: <c>t=1760000000,v1=hex</c>, an HMAC-SHA256 over the seconds, a dot and the raw body.</summary>
public static class SandboxSignature
{
    /// <summary>The header that carries it.</summary>
    public const string Header = "Sandbox-Signature";

    /// <summary>How far its time may be from ours, in real time.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromMinutes(5);

    /// <summary>The header's text for a body sent at that instant.</summary>
    public static string Sign(string secret, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        var seconds = at.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return $"t={seconds},v1={Convert.ToHexStringLower(Digest(secret, seconds, body))}";
    }

    /// <summary>True when the text was made with the secret for this body, within the tolerance of <paramref name="now"/>.</summary>
    public static bool IsValid(string secret, DateTimeOffset now, string? header, ReadOnlySpan<byte> body)
    {
        if (header is null || header.Length > 200 || header.Split(',') is not [var time, var signature]
            || !time.StartsWith("t=", StringComparison.Ordinal) || !signature.StartsWith("v1=", StringComparison.Ordinal)) return false;
        var seconds = time[2..];
        if (!long.TryParse(seconds, NumberStyles.None, CultureInfo.InvariantCulture, out var at)) return false;
        if (Math.Abs(now.ToUnixTimeSeconds() - (decimal)at) > (decimal)Tolerance.TotalSeconds) return false;
        Span<byte> given = stackalloc byte[SHA256.HashSizeInBytes];
        return Convert.FromHexString(signature.AsSpan(3), given, out _, out var written) == System.Buffers.OperationStatus.Done
            && written == given.Length
            && CryptographicOperations.FixedTimeEquals(given, Digest(secret, seconds, body));
    }

    private static byte[] Digest(string secret, string seconds, ReadOnlySpan<byte> body)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hmac.AppendData(Encoding.UTF8.GetBytes(seconds + "."));
        hmac.AppendData(body);
        return hmac.GetHashAndReset();
    }
}
