using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Wallet;

namespace Portal.Domain.Invoicing;

/// <summary>Money that settles invoices, and how they stand then.</summary>
public static class InvoicePayments
{
    /// <summary>Pays an invoice from the customer's credit, as far as either reaches.</summary>
    public static async Task ApplyCreditAsync(WalletTransaction wallet, Guid invoice, decimal due, DateTimeOffset at, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        if (due == 0m) return;
        await wallet.WriteAsync(cancellationToken);
        var credit = (await wallet.Connection.ListAsync(
            "select -balance from ledger_accounts where tenant_id = $1 and account = 'customer_credit' and unit = $2", row => row.GetDecimal(0), cancellationToken,
            wallet.TenantId, wallet.Directory.Currency)).FirstOrDefault();
        var amount = Math.Min(due, Currency.Of(wallet.Directory.Currency).RoundToMinor(credit));
        if (amount <= 0m) return;
        var posting = wallet.Begin("invoice_payment", at, $"invoice_credit:{invoice:N}", PublicId.Format(PublicId.Invoice, wallet.TenantId, invoice), "Paid from credit");
        posting.Book(Account.CustomerCredit, Account.Receivable, amount, wallet.Directory.Currency);
        await PaidAsync(wallet, invoice, "credit_applied", amount, posting, reference: null, at, cancellationToken);
    }

    /// <summary>Pays an invoice with money that arrived; what exceeds what is due is the customer's credit.</summary>
    /// <param name="wallet">The tenant's wallet.</param>
    /// <param name="invoice">The invoice.</param>
    /// <param name="cash">The account that the money arrived on.</param>
    /// <param name="amount">In whole minor units, above 0.</param>
    /// <param name="key">Natural key that makes it happen once.</param>
    /// <param name="reference">Public id of the payment.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task ReceiveAsync(
        WalletTransaction wallet, Invoice invoice, string cash, decimal amount, string key, string? reference, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(invoice);
        var own = Math.Min(amount, invoice.AmountDue);
        var posting = wallet.Begin("invoice_payment", key: key, reference: reference ?? invoice.PublicId, reason: invoice.Number);
        posting.Book(cash, Account.Receivable, own, wallet.Directory.Currency);
        posting.Book(cash, Account.CustomerCredit, amount - own, wallet.Directory.Currency);
        if (own > 0m) await PaidAsync(wallet, invoice.Id, "paid", own, posting, reference, wallet.Now, cancellationToken);
    }

    private static async Task PaidAsync(
        WalletTransaction wallet, Guid invoice, string kind, decimal amount, LedgerTransaction posting, string? reference, DateTimeOffset at,
        CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(wallet.Connection, wallet.Transaction);
        batch.Add("""
            update invoices set paid = paid + $3, state = case when paid + $3 + credited >= total then 'paid' else state end where tenant_id = $1 and id = $2
            """, wallet.TenantId, invoice, amount);
        batch.Add("""
            insert into invoice_events (tenant_id, id, invoice_id, at, kind, amount, transaction_id, reference, actor) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            """, wallet.TenantId, Uuid7.At(wallet.Now), invoice, at, kind, amount, posting.Id, reference, wallet.Actor ?? "settle");
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
