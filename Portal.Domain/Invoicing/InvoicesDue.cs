using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Wallet;

namespace Portal.Domain.Invoicing;

/// <summary>Finalises drafts when their time has come, as part of what falls due for a wallet. Without a legal entity that sells they wait.</summary>
public sealed class InvoicesDue(NpgsqlDataSource source) : IDueSource
{
    private const string Drafts = "select bill_at, finalise_at from invoices where tenant_id = $1 and state = 'draft' order by finalise_at";

    /// <inheritdoc />
    public async Task<IDue?> FindAsync(WalletTransaction wallet, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        if (await LegalEntity.OfTenantAsync(wallet.Connection, cancellationToken) is not { } seller) return null;
        var drafts = await wallet.Connection.ListAsync(
            Drafts, row => (BillAt: row.GetFieldValue<DateTimeOffset>(0), FinaliseAt: row.GetFieldValue<DateTimeOffset>(1)), cancellationToken, wallet.TenantId);
        return new Due(wallet, new Finalising(source, seller), drafts.ToDictionary(draft => draft.BillAt, draft => draft.FinaliseAt));
    }

    private sealed class Due(WalletTransaction wallet, Finalising finalising, Dictionary<DateTimeOffset, DateTimeOffset> drafts) : IDue
    {
        public DuePlace Place => DuePlace.Last;

        // Drafts may open while the wallet is settled.
        public DateTimeOffset? NextAt
        {
            get
            {
                foreach (var (billAt, finaliseAt) in wallet.Wallet.Drafts) drafts[billAt] = drafts.TryGetValue(billAt, out var known) && known > finaliseAt ? known : finaliseAt;
                return drafts.Select(draft => (DateTimeOffset?)draft.Value).Min();
            }
        }

        public async Task RunAsync(DateTimeOffset at, CancellationToken cancellationToken)
        {
            foreach (var billAt in drafts.Where(draft => draft.Value <= at).Select(draft => draft.Key).Order().ToArray())
            {
                await finalising.RunAsync(wallet, billAt, at, cancellationToken);
                wallet.Wallet.Billed(billAt);
                drafts.Remove(billAt);
            }
        }
    }
}
