using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Invoicing.Corrections;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Taxes;
using Portal.Domain.Wallet;

namespace Portal.Domain.Invoicing;

/// <summary>
/// The invoices of packs (domain.md §9): each finalised and paid in the transaction that grants the credits. Without a legal entity that
/// sells there are none.
/// </summary>
public sealed class SaleInvoices(NpgsqlDataSource numbers) : IPaidSales
{
    private const string Invoice = """
        insert into invoices (tenant_id, id, sale, bill_at, finalise_at, state, total, paid, created_at) values ($1, $2, $3, $4, $4, 'paid', $5, $5, $4)
        """;

    private const string Posting = "select id from ledger_transactions where tenant_id = $1 and idempotency_key = 'purchase:' || $2";

    /// <inheritdoc />
    public async Task SoldAsync(WalletTransaction wallet, PaidSale sale, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(sale);
        if (await LegalEntity.OfTenantAsync(wallet.Connection, cancellationToken) is not { } seller) return;
        await wallet.WriteAsync(cancellationToken);
        var posting = (await wallet.Connection.ListAsync(Posting, row => row.GetGuid(0), cancellationToken, wallet.TenantId, sale.Reference)).Single();
        var (now, total) = (wallet.Now, sale.Net + sale.Tax);
        var number = await seller.ReserveAsync(numbers, wallet.TenantId, sale.Id, cancellationToken);
        await using var batch = new NpgsqlBatch(wallet.Connection, wallet.Transaction);
        batch.Add(Invoice, wallet.TenantId, sale.Id, sale.Reference, now, total);
        await InvoiceRows.AddAsync(wallet, batch, new InvoiceRows.Finalised(sale.Id, number, seller, FiguresOf(sale, now), now, now, null, posting), cancellationToken);
        InvoiceRows.AddEvent(wallet, batch, sale.Id, "paid", total, posting, sale.Payment);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <inheritdoc />
    public Task RefundedAsync(WalletTransaction wallet, Guid payment, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        return RefundNotes.IssueAsync(wallet, numbers, payment, cancellationToken);
    }

    private static InvoiceBuilder.Figures FiguresOf(PaidSale sale, DateTimeOffset at)
    {
        var unit = decimal.Round(sale.Net / sale.Quantity, 9);
        var line = new InvoiceLine(
            "pack", sale.Pack, sale.Description, sale.Quantity, unit * sale.Quantity == sale.Net ? unit : null, sale.Net, 0m, sale.Tax, sale.TaxPercent, at, at, ChargeId: null);
        InvoiceTax[] taxes = sale.TaxPercent > 0m || sale.TaxName != Taxation.None.Name ? [new InvoiceTax(sale.TaxName, sale.TaxPercent, sale.Net, sale.Tax)] : [];
        return new InvoiceBuilder.Figures([line], taxes, sale.Net, sale.Tax, sale.Net + sale.Tax, 0m, 0m, at, at);
    }
}
