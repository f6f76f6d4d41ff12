using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Wallet;

namespace Portal.Domain.Invoicing.Corrections;

/// <summary>
/// Gives up what is due on an invoice (domain.md §3): its credits and fees are taken back as far as they stand for what was not paid, its tax is not
/// owed, and the rest is bad debt. Money that arrives later brings all of it back first.
/// </summary>
public static class WriteOffs
{
    private const string GiveUp = "update invoices set state = 'uncollectible', collect_at = null where tenant_id = $1 and id = $2";

    private const string Reopen = "update invoices set state = 'open' where tenant_id = $1 and id = $2";

    private const string Taken = """
        update invoice_takebacks set returned_at = $3 where tenant_id = $1 and invoice_id = $2 and returned_at is null
        returning part, grant_id, fee_id, credits, amount, tax, bad_debt
        """;

    private sealed record Part(int Number, Guid? Grant, Guid? Fee, decimal Credits, decimal Amount, decimal Tax, decimal BadDebt);

    /// <summary>
    /// Writes it off. Refuses: <c>unknown_invoice</c>, <c>invalid_reason</c>, <c>invoice_not_open</c>.
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
        if (invoice.State != InvoiceState.Open) return Problem.Conflict("invoice_not_open", "Only an open invoice can be written off.");

        var due = invoice.AmountDue;
        var tax = Currency.Of(invoice.Currency).RoundToMinor(invoice.Tax * due / invoice.Total);
        var back = await TakeBacks.ReadAsync(wallet, invoice.Id, cancellationToken);
        var posting = wallet.Begin("uncollectible", reference: invoice.PublicId, reason: reason);
        var (credits, fees) = await back.RunAsync(wallet, posting, due / invoice.Total, due - tax, cancellationToken);
        var badDebt = due - tax - credits - fees;
        posting.Book(Account.TaxPayable, Account.Receivable, tax, invoice.Currency);
        posting.Book(Account.BadDebt, Account.Receivable, badDebt, invoice.Currency);
        await back.KeepWriteOffAsync(wallet, due, tax, badDebt, cancellationToken);
        await using var batch = new NpgsqlBatch(wallet.Connection, wallet.Transaction);
        batch.Add(GiveUp, wallet.TenantId, invoice.Id);
        InvoiceRows.AddEvent(wallet, batch, invoice.Id, "uncollectible", due, posting.Id, reason);
        await batch.ExecuteNonQueryAsync(cancellationToken);
        return invoice with { State = InvoiceState.Uncollectible };
    }

    /// <summary>Brings back what was written off, if it was: money arrived for it.</summary>
    internal static async Task ReverseAsync(WalletTransaction wallet, Guid invoice, CancellationToken cancellationToken)
    {
        await wallet.WriteAsync(cancellationToken);
        const string given = "select 1 from invoices where tenant_id = $1 and id = $2 and state = 'uncollectible'";
        if ((await wallet.Connection.ListAsync(given, row => row.GetInt32(0), cancellationToken, wallet.TenantId, invoice)).Count == 0) return;
        var parts = await wallet.Connection.ListAsync(
            Taken,
            row => new Part(row.GetInt32(0), row.Nullable<Guid?>(1), row.Nullable<Guid?>(2), row.GetDecimal(3), row.GetDecimal(4), row.GetDecimal(5), row.GetDecimal(6)),
            cancellationToken, wallet.TenantId, invoice, wallet.Now);
        var currency = wallet.Directory.Currency;
        var grants = await wallet.FindGrantsAsync(parts.Where(part => part.Grant is not null).Select(part => part.Grant!.Value), cancellationToken);
        var posting = wallet.Begin("uncollectible_paid", reference: PublicId.Format(PublicId.Invoice, wallet.TenantId, invoice), reason: "Paid after it was written off");
        foreach (var part in parts.OrderBy(part => part.Number))
        {
            if (part is { Grant: null, Fee: null })
            {
                posting.Book(Account.Receivable, Account.TaxPayable, part.Tax, currency);
                posting.Book(Account.Receivable, Account.BadDebt, part.BadDebt, currency);
            }
            else if (part.Grant is { } grant)
            {
                var value = CreditReturns.Into(wallet, posting, grants[grant], part.Credits, Account.ClawedBack, Account.Receivable);
                posting.Book(Account.Receivable, Account.Rounding, part.Amount - value, currency);
            }
            else
            {
                await wallet.Connection.ExecuteAsync("update fee_schedules set amount = amount + $3 where tenant_id = $1 and id = $2", cancellationToken, wallet.TenantId, part.Fee, part.Amount);
                posting.Book(Account.Receivable, Account.DeferredFees, part.Amount, currency);
            }
        }

        await using var batch = new NpgsqlBatch(wallet.Connection, wallet.Transaction);
        batch.Add(Reopen, wallet.TenantId, invoice);
        InvoiceRows.AddEvent(wallet, batch, invoice, "reopened", parts.Where(part => part is { Grant: null, Fee: null }).Sum(part => part.Amount), posting.Id, reference: null);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
