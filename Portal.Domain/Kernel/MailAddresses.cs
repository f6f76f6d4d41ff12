using System.Net.Mail;

namespace Portal.Domain.Kernel;

/// <summary>Mail addresses as people type them.</summary>
public static class MailAddresses
{
    /// <summary>True for one address, such as ana@example.com, without a name or anything around it.</summary>
    public static bool IsOne(string? text) =>
        text is { Length: > 2 and <= 254 } && !text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c))
        && MailAddress.TryCreate(text, out var address) && string.Equals(address.Address, text, StringComparison.Ordinal);
}
