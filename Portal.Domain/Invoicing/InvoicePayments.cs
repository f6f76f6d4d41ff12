using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Invoicing.Corrections;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Payments;
using Portal.Domain.Payments.Charges;
using Portal.Domain.Wallet;

namespace Portal.Domain.Invoicing;

/// <summary>Money that settles invoices, and how they stand then.</summary>
public static class InvoicePayments
{
    // What was refused before it was paid is over.
    private const string Anew = "update invoices set tries = 0, first_failed_at = null, failure = null where tenant_id = $1 and id = $2";

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

    /// <summary>Pays an invoice with money that arrived, as far as it is due; once nothing is, service is restored at once.</summary>
    /// <param name="wallet">The tenant's wallet.</param>
    /// <param name="invoice">The invoice.</param>
    /// <param name="cash">The account that the money arrived on.</param>
    /// <param name="amount">In whole minor units, above 0.</param>
    /// <param name="key">Natural key that makes it happen once.</param>
    /// <param name="reference">Public id of the payment.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>How much it took.</returns>
    public static async Task<decimal> ReceiveAsync(
        WalletTransaction wallet, Guid invoice, string cash, decimal amount, string key, string? reference, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        await WriteOffs.ReverseAsync(wallet, invoice, cancellationToken);
        var own = Math.Min(amount, await DueAsync(wallet, invoice, cancellationToken));
        if (own <= 0m) return 0m;
        var posting = wallet.Begin("payment", key: key, reference: PublicId.Format(PublicId.Invoice, wallet.TenantId, invoice));
        posting.Book(cash, Account.Receivable, own, wallet.Directory.Currency);
        await PaidAsync(wallet, invoice, "paid", own, posting, reference, wallet.Now, cancellationToken);
        await Standing.RestoreAsync(wallet, cancellationToken);
        return own;
    }

    /// <summary>
    /// Takes back what a disputed payment had paid on an invoice, which is due again, or pays it again when the dispute was won; nothing of it is
    /// charged by itself.
    /// </summary>
    /// <returns>How much of the amount, with its sign.</returns>
    internal static async Task<decimal> DisputeAsync(
        WalletTransaction wallet, LedgerTransaction posting, Guid invoice, Payment payment, decimal amount, CancellationToken cancellationToken)
    {
        const string standing = """
            select coalesce(sum(case kind when 'disputed' then -amount else amount end), 0), coalesce(sum(case kind when 'disputed' then amount when 'reinstated' then -amount end), 0)
            from invoice_events where tenant_id = $1 and invoice_id = $2 and reference = $3 and kind in ('paid', 'disputed', 'reinstated')
            """;
        var (paid, disputed) = (await wallet.Connection.ListAsync(
            standing, row => (row.GetDecimal(0), row.GetDecimal(1)), cancellationToken, wallet.TenantId, invoice, payment.PublicId)).Single();
        var cash = Account.Cash(payment.Provider);
        if (amount > 0m)
        {
            var lost = Math.Min(amount, paid);
            if (lost == 0m) return 0m;
            posting.Book(Account.Receivable, cash, lost, payment.Currency);
            await PaidAsync(wallet, invoice, "disputed", -lost, posting, payment.PublicId, wallet.Now, cancellationToken);
            await wallet.ExecuteAsync(Anew, cancellationToken, wallet.TenantId, invoice);
            return lost;
        }

        // Paid by other money meanwhile, it is theirs.
        var back = Math.Min(-amount, disputed);
        var own = Math.Min(back, await DueAsync(wallet, invoice, cancellationToken));
        posting.Book(cash, Account.CustomerCredit, back - own, payment.Currency);
        if (own == 0m) return -back;
        posting.Book(cash, Account.Receivable, own, payment.Currency);
        await PaidAsync(wallet, invoice, "reinstated", own, posting, payment.PublicId, wallet.Now, cancellationToken);
        await Standing.RestoreAsync(wallet, cancellationToken);
        return -back;
    }

    /// <summary>The charge of what is due on an invoice to a saved payment method.</summary>
    /// <param name="invoice">An open one.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="method">The payment method; null for the default.</param>
    public static ChargeOrder ChargeOf(Invoice invoice, string? actor, Guid? method = null)
    {
        ArgumentNullException.ThrowIfNull(invoice);
        return ChargeOf(invoice.TenantId, invoice.Id, invoice.Number!, new Money(invoice.AmountDue, Currency.Of(invoice.Currency)), actor, method);
    }

    internal static ChargeOrder ChargeOf(long tenantId, Guid invoice, string number, Money due, string? actor, Guid? method = null) =>
        new(tenantId, PublicId.Format(PublicId.Invoice, tenantId, invoice), due, $"Invoice {number}", method, actor);

    /// <summary>What is due on an open invoice, under the lock; 0 on any other.</summary>
    internal static async Task<decimal> DueAsync(WalletTransaction wallet, Guid invoice, CancellationToken cancellationToken) =>
        (await wallet.Connection.ListAsync(
            "select total - paid - credited from invoices where tenant_id = $1 and id = $2 and state = 'open'", row => row.GetDecimal(0), cancellationToken, wallet.TenantId, invoice))
        .FirstOrDefault();

    private static async Task PaidAsync(
        WalletTransaction wallet, Guid invoice, string kind, decimal amount, LedgerTransaction posting, string? reference, DateTimeOffset at,
        CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(wallet.Connection, wallet.Transaction);
        InvoiceRows.AddSettled(wallet, batch, invoice, amount);
        InvoiceRows.AddEvent(wallet, batch, invoice, kind, Math.Abs(amount), posting.Id, reference, at);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
