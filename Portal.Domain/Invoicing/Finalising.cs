using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Subscriptions;
using Portal.Domain.Subscriptions.Contracts;
using Portal.Domain.Wallet;

namespace Portal.Domain.Invoicing;

/// <summary>
/// Turns a draft into an invoice: its charges become lines, it gets its number and its taxes, `unbilled` becomes `receivable`, and the
/// customer's credit pays what it can (domain.md §3, §9).
/// </summary>
internal sealed class Finalising(NpgsqlDataSource numbers, LegalEntity seller)
{
    /// <summary>Finalises the draft of a date; one that nothing is due on goes away.</summary>
    /// <param name="wallet">The tenant's wallet.</param>
    /// <param name="billAt">The date.</param>
    /// <param name="at">When it is finalised.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task RunAsync(WalletTransaction wallet, DateTimeOffset billAt, DateTimeOffset at, CancellationToken cancellationToken)
    {
        await wallet.WriteAsync(cancellationToken);
        var id = Draft.IdOf(wallet.TenantId, billAt);
        if (!await IsDraftAsync(wallet, id, cancellationToken)) return;
        var contract = await CloseAsync(wallet, billAt, cancellationToken);
        var charges = await OpenCharges.ReadAsync(wallet.Connection, wallet.TenantId, billAt, cancellationToken);
        var owes = charges.Exists(charge => charge.Amount != 0m);
        if (!owes && !await IsReservedAsync(id, cancellationToken))
        {
            await wallet.ExecuteAsync("delete from invoices where tenant_id = $1 and id = $2", cancellationToken, wallet.TenantId, id);
            return;
        }

        var builder = await InvoiceBuilder.OfAsync(wallet.Connection, wallet.TenantId, wallet.Directory.Currency, wallet.Directory.Zone, seller, cancellationToken);
        var figures = builder.Build(charges, billAt);
        var number = await seller.ReserveAsync(numbers, wallet.TenantId, id, cancellationToken);
        var posting = Post(wallet, id, charges, figures, at);
        await WriteAsync(wallet, id, number, charges, figures, posting, at, contract, cancellationToken);
        await InvoicePayments.ApplyCreditAsync(wallet, id, figures.Total, at, cancellationToken);
        wallet.Wallet.Invoiced++;
    }

    // What a contract and a coupon make of the periods that ended by then, late usage counted; and on what terms the invoice is paid.
    private static async Task<ContractDefinition?> CloseAsync(WalletTransaction wallet, DateTimeOffset billAt, CancellationToken cancellationToken)
    {
        if (await SubscriptionQuery.LatestAsync(wallet.Connection, wallet.TenantId, cancellationToken) is not { } subscription) return null;
        var settling = new Settling(wallet.Connection, wallet.Transaction, wallet.Wallet, wallet.Directory, wallet.Clock);
        if (subscription.Contract is not null && await ContractClosing.RunAsync(settling, subscription, billAt, cancellationToken)) await wallet.WriteAsync(cancellationToken);
        var coupons = await CouponLines.OfUsageAsync(wallet.Connection, subscription, billAt, cancellationToken);
        if (coupons.Count == 0) return subscription.Contract;
        var posting = settling.Begin("discount", billAt.AddTicks(-TimeSpan.TicksPerMicrosecond), key: null, subscription.PublicId);
        foreach (var (charge, amount) in coupons) wallet.Wallet.Accrue(posting, charge, 1m, amount, Account.RevenueDiscount, subscription.Currency);
        await wallet.WriteAsync(cancellationToken);
        return subscription.Contract;
    }

    private static LedgerTransaction Post(WalletTransaction wallet, Guid id, List<OpenCharge> charges, InvoiceBuilder.Figures figures, DateTimeOffset at)
    {
        var currency = wallet.Directory.Currency;
        var posting = wallet.Begin("invoice", at, $"invoice:{id:N}", PublicId.Format(PublicId.Invoice, wallet.TenantId, id));
        posting.Book(Account.Receivable, Account.Unbilled, charges.Sum(charge => charge.Amount), currency);
        posting.Book(Account.Receivable, Account.TaxPayable, figures.Tax, currency);
        posting.Book(Account.Receivable, Account.CustomerCredit, figures.CustomerCredit, currency);
        posting.Book(Account.Receivable, Account.Rounding, figures.Rounding, currency);
        foreach (var overage in charges.Where(charge => charge is { Kind: ChargeKind.Overage, Credits: > 0m }))
            posting.MoveCredits(Account.Issued, fromGrant: null, Account.Overage(Charge.PoolOf(overage.Item)), toGrant: null, overage.Credits);
        return posting;
    }

    private async Task WriteAsync(
        WalletTransaction wallet, Guid id, string number, List<OpenCharge> charges, InvoiceBuilder.Figures figures, LedgerTransaction posting,
        DateTimeOffset at, ContractDefinition? contract, CancellationToken cancellationToken)
    {
        var dueAt = at.AddDays(contract?.NetDays ?? 0);
        await using var batch = new NpgsqlBatch(wallet.Connection, wallet.Transaction);
        batch.Add("update invoices set state = $3, total = $4, finalise_at = $5, collect_at = $6 where tenant_id = $1 and id = $2", wallet.TenantId, id,
            figures.Total == 0m ? InvoiceState.Paid : InvoiceState.Open, figures.Total, at, dueAt);
        await InvoiceRows.AddAsync(wallet, batch, new InvoiceRows.Finalised(id, number, seller, figures, at, dueAt, contract?.PoNumber, posting.Id), cancellationToken);
        batch.Add("update charges set invoice_id = $2 where tenant_id = $1 and id = any($3)", wallet.TenantId, id, charges.Select(charge => charge.Id));
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<bool> IsDraftAsync(WalletTransaction wallet, Guid id, CancellationToken cancellationToken) =>
        (await wallet.Connection.ListAsync(
            "select 1 from invoices where tenant_id = $1 and id = $2 and state = 'draft'", row => row.GetInt32(0), cancellationToken, wallet.TenantId, id)).Count > 0;

    // An invoice whose number was reserved by a try that did not commit is made even if nothing is left on it: numbers have no gaps.
    private async Task<bool> IsReservedAsync(Guid id, CancellationToken cancellationToken) =>
        (await numbers.ListAsync("select 1 from invoice_numbers where invoice_id = $1", row => row.GetInt32(0), cancellationToken, id)).Count > 0;
}
