using Portal.Domain.Wallet;

namespace Portal.Domain.Tenants;

/// <summary>Rules for texts that people or programs choose.</summary>
internal static class Texts
{
    /// <summary>1 to 200 characters, none of them a control character, not only blanks.</summary>
    public static bool IsName(string? text) => !string.IsNullOrWhiteSpace(text) && text.Length <= 200 && !text.Any(char.IsControl);

    /// <summary>Notes in the audit what the wallet's transaction does.</summary>
    public static Task AuditAsync(this WalletTransaction wallet, string action, string? subject, object? detail, CancellationToken cancellationToken) =>
        Audit.WriteAsync(wallet.Connection, wallet.TenantId, wallet.Now, wallet.Actor, action, subject, detail, cancellationToken);
}
