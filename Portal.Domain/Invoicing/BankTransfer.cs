using Microsoft.EntityFrameworkCore;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Payments;
using Portal.Domain.Wallet;

namespace Portal.Domain.Invoicing;

/// <summary>Money that arrived on the bank account, recorded by an operator.</summary>
/// <param name="Amount">Above 0, in whole minor units of the tenant's currency.</param>
/// <param name="Reference">What the bank calls it, 1 to 200 characters; of a tenant recorded once.</param>
/// <param name="Invoice">The invoice it pays; null: it is the customer's credit.</param>
public sealed record BankTransfer(decimal Amount, string Reference, Guid? Invoice = null)
{
    /// <summary>The provider's key of money that came by bank transfer.</summary>
    public const string Provider = "bank";

    /// <summary>
    /// Records it: pays the invoice as far as it is due, and the rest is the customer's credit. Refuses <c>invalid_amount</c>,
    /// <c>invalid_reference</c>, <c>unknown_invoice</c>, <c>invoice_not_open</c>, <c>transfer_recorded</c>.
    /// </summary>
    public static async Task<Result<Payment>> RecordAsync(WalletTransaction wallet, BankTransfer transfer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(transfer);
        var currency = Currency.Of(wallet.Directory.Currency);
        if (transfer.Amount <= 0m || transfer.Amount > 1_000_000_000_000m || currency.RoundToMinor(transfer.Amount) != transfer.Amount)
            return Problem.Field("amount", "invalid_amount", $"The amount is above 0, with at most {currency.MinorPlaces} decimal places.");
        if (string.IsNullOrWhiteSpace(transfer.Reference) || transfer.Reference.Length > 200)
            return Problem.Field("reference", "invalid_reference", "Say what the bank calls it, in at most 200 characters.");
        if (transfer.Invoice is { } id && await CheckAsync(wallet, id, cancellationToken) is { } refused) return refused;
        if (await wallet.Db.Set<Payment>().AnyAsync(
            payment => payment.TenantId == wallet.TenantId && payment.Provider == Provider && payment.ProviderPayment == transfer.Reference, cancellationToken))
            return Problem.Conflict("transfer_recorded", $"The transfer {transfer.Reference} was recorded before.");

        var payment = new Payment
        {
            TenantId = wallet.TenantId,
            Id = Uuid7.At(wallet.Now),
            Provider = Provider,
            ProviderPayment = transfer.Reference,
            Currency = currency.Code,
            Captured = transfer.Amount,
            ReceivedAt = wallet.Now,
        };
        wallet.Db.Add(payment);
        var own = transfer.Invoice is not { } invoice ? 0m : await InvoicePayments.ReceiveAsync(
            wallet, invoice, Account.Cash(Provider), transfer.Amount, IncomingMoney.Key(payment, "paid", payment.Captured), payment.PublicId, cancellationToken);
        if (own == transfer.Amount) return payment;
        wallet.Begin("payment", key: IncomingMoney.Key(payment, "captured", payment.Captured), reference: payment.PublicId, reason: "Bank transfer")
            .Book(Account.Cash(Provider), Account.CustomerCredit, transfer.Amount - own, currency.Code);
        await Grants.LockCurrencyAsync(wallet, cancellationToken);
        return payment;
    }

    private static async Task<Problem?> CheckAsync(WalletTransaction wallet, Guid invoice, CancellationToken cancellationToken) =>
        (await InvoiceQuery.FindAsync(wallet.Connection, wallet.TenantId, invoice, wallet.Directory.Zone, cancellationToken))?.State switch
        {
            null => Problem.NotFound("unknown_invoice", "There is no such invoice."),
            InvoiceState.Open or InvoiceState.Uncollectible => null,
            _ => Problem.Conflict("invoice_not_open", "The invoice is not open: nothing is to be paid on it."),
        };
}
