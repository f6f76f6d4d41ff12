using Portal.Domain.Data;
using Portal.Domain.Invoicing.Corrections;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Payments;
using Portal.Domain.Payments.Charges;
using Portal.Domain.Wallet;

namespace Portal.Domain.Invoicing;

/// <summary>What charges of invoices do when money arrives for one, or does not.</summary>
public sealed class InvoicePurpose : IPaymentPurpose
{
    /// <inheritdoc />
    public string Prefix => PublicId.Invoice;

    /// <inheritdoc />
    public async Task<Problem?> RefusesAsync(WalletTransaction wallet, string paysFor, Money amount, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        if (!PublicId.TryParse(PublicId.Invoice, paysFor, out _, out var invoice)) return null;
        await wallet.WriteAsync(cancellationToken);
        return await InvoicePayments.DueAsync(wallet, invoice, cancellationToken) >= amount.Amount ? null : Problem.Conflict(IPaymentPurpose.NothingDue, "So much is not due any more: it was paid or credited meanwhile.");
    }

    /// <inheritdoc />
    public async Task<Result<decimal>> PayAsync(WalletTransaction wallet, ArrivedMoney money, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(money);
        if (!PublicId.TryParse(PublicId.Invoice, money.PaysFor, out _, out var invoice)) return 0m;
        return await InvoicePayments.ReceiveAsync(
            wallet, invoice, Account.Cash(money.Payment.Provider), money.Amount, money.Key, money.Payment.PublicId, cancellationToken);
    }

    /// <inheritdoc />
    public async Task DeclinedAsync(WalletTransaction wallet, PaymentAttempt attempt, DeclineKind kind, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(attempt);
        if (PublicId.TryParse(PublicId.Invoice, attempt.PaysFor, out _, out var invoice))
            await RefusedAsync(wallet, invoice, attempt.Failure ?? "declined", cancellationToken, attempt.Id);
    }

    /// <summary>
    /// A charge was refused: the next is due some days after the first refusal, and the subscription suffers. Tries that were missed are not made
    /// up for at once: the next is a day away at least.
    /// </summary>
    internal static async Task RefusedAsync(WalletTransaction wallet, Guid invoice, string failure, CancellationToken cancellationToken, Guid? attempt = null)
    {
        const string refuse = """
            update invoices set tries = tries + 1, first_failed_at = coalesce(first_failed_at, $3), failure = $4,
              collect_at = case when tries < cardinality($5::int[])
                then greatest(coalesce(first_failed_at, $3) + ($5::int[])[tries + 1] * interval '1 day', $3 + interval '1 day') end,
              refused_attempt = coalesce($6::uuid, refused_attempt)
            where tenant_id = $1 and id = $2 and state = 'open' and ($6::uuid is null or refused_attempt is distinct from $6::uuid) returning collect_at is null
            """;
        var refused = await wallet.Connection.ListAsync(
            refuse, row => row.GetBoolean(0), cancellationToken, wallet.TenantId, invoice, wallet.Now, failure, Dunning.RetryAfterDays.ToArray(), attempt);
        if (refused.Count > 0) await Standing.WorsenAsync(wallet, suspend: refused[0], cancellationToken);
    }

    /// <inheritdoc />
    public async Task<decimal> DisputedAsync(
        WalletTransaction wallet, LedgerTransaction posting, string paysFor, Payment payment, decimal amount, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(posting);
        ArgumentNullException.ThrowIfNull(payment);
        return PublicId.TryParse(PublicId.Invoice, paysFor, out _, out var invoice)
            ? await InvoicePayments.DisputeAsync(wallet, posting, invoice, payment, amount, cancellationToken)
            : 0m;
    }

    /// <inheritdoc />
    public Task ReopenAsync(WalletTransaction wallet, string paysFor, CancellationToken cancellationToken) =>
        PublicId.TryParse(PublicId.Invoice, paysFor, out _, out var invoice) ? WriteOffs.ReverseAsync(wallet, invoice, cancellationToken) : Task.CompletedTask;
}
