using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Wallet;

namespace Portal.Domain.Invoicing.Corrections;

/// <summary>
/// Takes back an invoice on which nothing was paid (domain.md §3, §9): it keeps its number, and what it billed is not billed again. What is left of
/// its credits is taken back, fees are no longer earned, and what was earned is revenue no more.
/// </summary>
public static class Voiding
{
    private const string Charges = """
        select c.kind, sum(c.amount) from invoice_lines l join charges c on c.tenant_id = l.tenant_id and c.id = l.charge_id
        where l.tenant_id = $1 and l.invoice_id = $2 group by c.kind order by c.kind
        """;

    private const string Void = "update invoices set state = 'void', collect_at = null where tenant_id = $1 and id = $2";

    /// <summary>
    /// Voids it. Refuses: <c>unknown_invoice</c>, <c>invalid_reason</c>, <c>invoice_not_open</c> (draft, paid, void or written off),
    /// <c>invoice_has_payments</c> (also the customer's credit that it took), <c>invoice_has_credit_notes</c>.
    /// </summary>
    /// <param name="wallet">The tenant's wallet.</param>
    /// <param name="name">Public id or number of the invoice.</param>
    /// <param name="reason">1 to 500 characters, for people.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<Result<Invoice>> RunAsync(WalletTransaction wallet, string name, string reason, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        var found = await Correction.BeginAsync(wallet, name, reason, cancellationToken);
        if (found.Problem is { } unknown) return unknown;
        var invoice = found.Value;
        if (invoice.State != InvoiceState.Open) return Problem.Conflict("invoice_not_open", "Only an open invoice can be voided. Use a credit note for one that was paid.");
        if (invoice.Paid > 0m) return Problem.Conflict("invoice_has_payments", "Something was paid on the invoice, or the customer's credit was used for it. Use a credit note.");
        if (await HasNotesAsync(wallet, invoice.Id, cancellationToken)) return Problem.Conflict("invoice_has_credit_notes", "There are credit notes on the invoice. Credit the rest.");

        var back = await TakeBacks.ReadAsync(wallet, invoice.Id, cancellationToken);
        var posting = wallet.Begin("invoice_void", key: $"invoice_void:{invoice.Id:N}", reference: invoice.PublicId, reason: reason);
        await PostAsync(wallet, posting, invoice, back, cancellationToken);
        await using var batch = new NpgsqlBatch(wallet.Connection, wallet.Transaction);
        batch.Add(Void, wallet.TenantId, invoice.Id);
        InvoiceRows.AddEvent(wallet, batch, invoice.Id, "voided", invoice.Total, posting.Id, reason);
        await batch.ExecuteNonQueryAsync(cancellationToken);
        await Standing.RestoreAsync(wallet, cancellationToken);
        return invoice with { State = InvoiceState.Void };
    }

    private static async Task PostAsync(WalletTransaction wallet, LedgerTransaction posting, Invoice invoice, TakeBacks back, CancellationToken cancellationToken)
    {
        var charges = await wallet.Connection.ListAsync(Charges, row => (Kind: row.GetString(0), Amount: row.GetDecimal(1)), cancellationToken, wallet.TenantId, invoice.Id);
        var (credits, fees) = await back.RunAsync(wallet, posting, share: 1m, most: decimal.MaxValue, cancellationToken);
        foreach (var (kind, amount) in charges) posting.Book(RevenueOf(kind), Account.Receivable, amount, invoice.Currency);

        // Of fees and of credits what was not earned went back to where it was deferred.
        posting.Book(Account.Receivable, Account.RevenueSubscription, fees, invoice.Currency);
        posting.Book(Account.Receivable, Account.RevenueUsage, credits, invoice.Currency);
        posting.Book(Account.TaxPayable, Account.Receivable, invoice.Tax, invoice.Currency);
        posting.Book(Account.Rounding, Account.Receivable, invoice.Total - invoice.Tax - charges.Sum(charge => charge.Amount), invoice.Currency);
    }

    private static async Task<bool> HasNotesAsync(WalletTransaction wallet, Guid invoice, CancellationToken cancellationToken) =>
        (await CreditNote.OfInvoiceAsync(wallet.Connection, wallet.TenantId, invoice, cancellationToken)).Count > 0;

    private static string RevenueOf(string kind) => kind switch
    {
        ChargeKind.Flat or ChargeKind.Seat or ChargeKind.Proration or ChargeKind.CouponOnFee => Account.RevenueSubscription,
        ChargeKind.Overage => Account.RevenueOverage,
        ChargeKind.Minimum => Account.RevenueMinimum,
        ChargeKind.Discount or ChargeKind.CouponOnUsage => Account.RevenueDiscount,
        ChargeKind.TrueUp => Account.RevenueTrueUp,
        _ => Account.RevenueUsage,
    };
}
