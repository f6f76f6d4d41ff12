using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Invoicing.Corrections;

/// <summary>What every correction of an invoice begins with.</summary>
internal static class Correction
{
    /// <summary>The invoice, with what was decided before written. Refuses: <c>invalid_reason</c>, <c>unknown_invoice</c>.</summary>
    /// <param name="wallet">The tenant's wallet.</param>
    /// <param name="name">Public id or number of the invoice.</param>
    /// <param name="reason">1 to 500 characters, for people.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<Result<Invoice>> BeginAsync(WalletTransaction wallet, string name, string reason, CancellationToken cancellationToken)
    {
        if (reason is not { Length: >= 1 and <= 500 }) return Problem.Field("reason", "invalid_reason", "Say why with 1 to 500 characters.");
        await wallet.WriteAsync(cancellationToken);
        return await InvoiceQuery.FindAsync(wallet.Connection, wallet.TenantId, name, wallet.Directory.Zone, cancellationToken) is { } invoice
            ? invoice
            : Problem.NotFound("unknown_invoice", "There is no such invoice.");
    }
}
