using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Invoicing.Corrections;

/// <summary>
/// Credit notes for packs whose money went back (domain.md §9): one for each refund that left, over its net and tax, on the pack's own invoice.
/// The refund has booked all of it, so they book nothing.
/// </summary>
internal static class RefundNotes
{
    // Once by its natural key, the refund.
    private const string Missing = """
        select r.id, r.net, r.tax, coalesce(nullif(r.reason, ''), 'Refunded'), i.id from refunds r
        join payments p on p.tenant_id = r.tenant_id and p.id = r.payment_id
        join invoices i on i.tenant_id = r.tenant_id and i.id = p.checkout_id and i.sale is not null
        where r.tenant_id = $1 and r.payment_id = $2 and r.state = 'succeeded' and r.net + r.tax > 0
          and not exists (select 1 from credit_notes n where n.tenant_id = r.tenant_id and n.refund_id = r.id)
        order by r.id
        """;

    private const string Posting = "select id from ledger_transactions where tenant_id = $1 and kind = 'refund' and reference = $2 order by id desc limit 1";

    private sealed record Refunded(Guid Id, decimal Net, decimal Tax, string Reason, Guid Invoice);

    /// <summary>Issues those that are missing of a payment's refunds; none without an invoice.</summary>
    public static async Task IssueAsync(WalletTransaction wallet, NpgsqlDataSource numbers, Guid payment, CancellationToken cancellationToken)
    {
        await wallet.WriteAsync(cancellationToken);
        var missing = await wallet.Connection.ListAsync(
            Missing, row => new Refunded(row.GetGuid(0), row.GetDecimal(1), row.GetDecimal(2), row.GetString(3), row.GetGuid(4)), cancellationToken, wallet.TenantId, payment);
        foreach (var refund in missing) await IssueAsync(wallet, numbers, refund, cancellationToken);
    }

    private static async Task IssueAsync(WalletTransaction wallet, NpgsqlDataSource numbers, Refunded refund, CancellationToken cancellationToken)
    {
        var invoice = (await InvoiceQuery.FindAsync(wallet.Connection, wallet.TenantId, refund.Invoice, wallet.Directory.Zone, cancellationToken))!;
        var (id, number) = await CreditNotes.ReserveAsync(wallet, numbers, invoice.Id, invoice.CreditNotes.Count, cancellationToken);
        var line = new CreditNoteLine(1, invoice.Lines[0].Description, refund.Net, refund.Tax); // a sale has one line
        var note = new CreditNote(
            wallet.TenantId, id, invoice.Id, number, wallet.Now, refund.Reason, refund.Net, refund.Tax, refund.Net + refund.Tax, Lowered: 0m,
            [.. invoice.Taxes.Take(1).Select(tax => tax with { Net = refund.Net, Amount = refund.Tax })], [line])
        {
            RefundId = refund.Id,
        };
        var posting = (await wallet.Connection.ListAsync(
            Posting, row => row.GetGuid(0), cancellationToken, wallet.TenantId, PublicId.Format(PublicId.Refund, wallet.TenantId, refund.Id))).Single();
        await CreditNotes.WriteAsync(wallet, note, posting, cancellationToken);
    }
}
