using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Wallet;

namespace Portal.Domain.Payments.Charges;

/// <summary>Money that arrived for something that a charge was to pay.</summary>
/// <param name="PaysFor">Public id of what it pays, as the charge was ordered.</param>
/// <param name="Payment">The payment; nothing of this money is booked yet.</param>
/// <param name="Amount">What arrived now, in the tenant's currency, above 0.</param>
/// <param name="Key">The key under which it is to be posted, with kind <c>payment</c>: by it reconciliation knows whose cash it is.</param>
public sealed record ArrivedMoney(string PaysFor, Payment Payment, decimal Amount, string Key);

/// <summary>
/// What charges pay for besides checkouts: whoever has invoices or top-ups registers one for its kind of public id. Called under the
/// wallet's lock, whether the money or the refusal was told by an answer, a webhook or a look-up, however late.
/// </summary>
public interface IPaymentPurpose
{
    /// <summary>Code of <see cref="RefusesAsync"/> for what was paid or given up meanwhile.</summary>
    const string NothingDue = "nothing_due";

    /// <summary>Prefix of the public ids that it takes, such as <see cref="PublicId.Invoice"/>.</summary>
    string Prefix { get; }

    /// <summary>
    /// Why so much may not be charged for it now, such as <c>nothing_due</c>; null when it may. Asked under the wallet's lock before an attempt
    /// is written, so that what was paid meanwhile is not charged again.
    /// </summary>
    Task<Problem?> RefusesAsync(WalletTransaction wallet, string paysFor, Money amount, CancellationToken cancellationToken) => Task.FromResult<Problem?>(null);

    /// <summary>
    /// Books what it takes of the money, Dr <c>cash:{provider}</c>, and answers how much that was, 0 to all of it: what it leaves becomes
    /// <c>customer_credit</c>. A problem keeps the money unbooked, and it is tried again.
    /// </summary>
    Task<Result<decimal>> PayAsync(WalletTransaction wallet, ArrivedMoney money, CancellationToken cancellationToken);

    /// <summary>The charge was refused. May be told more than once of one attempt.</summary>
    Task DeclinedAsync(WalletTransaction wallet, PaymentAttempt attempt, DeclineKind kind, CancellationToken cancellationToken);

    /// <summary>
    /// Books what it loses of disputed money, Cr <c>cash:{provider}</c>, or gets back of a dispute that was won, and answers how much that was: 0
    /// to the amount, with its sign. The rest is <c>suspense</c>.
    /// </summary>
    /// <param name="wallet">The wallet.</param>
    /// <param name="posting">The transaction of the dispute.</param>
    /// <param name="paysFor">What the payment paid.</param>
    /// <param name="payment">The payment.</param>
    /// <param name="amount">Taken; below 0: given back.</param>
    /// <param name="cancellationToken">Stops it.</param>
    Task<decimal> DisputedAsync(
        WalletTransaction wallet, LedgerTransaction posting, string paysFor, Payment payment, decimal amount, CancellationToken cancellationToken) => Task.FromResult(0m);

    /// <summary>A dispute is about to be booked, before its transaction begins: what was given up of it is open again.</summary>
    Task ReopenAsync(WalletTransaction wallet, string paysFor, CancellationToken cancellationToken) => Task.CompletedTask;
}
