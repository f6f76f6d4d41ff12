using Portal.Domain.Kernel;

namespace Portal.Domain.Payments;

/// <summary>
/// A company that moves money for us: the sandbox, Stripe, Adyen, Checkout.com. Amounts are rounded to the currency's minor unit
/// before they come here. Every call carries a reference, our public id of the attempt, which is also the idempotency key: asked twice
/// with one reference a provider answers the first outcome. A call that throws has an unknown outcome; <see cref="LookUpAsync"/> finds it.
/// </summary>
public interface IPaymentProvider
{
    /// <summary>Its key in paths, rows and the account <c>cash:{key}</c>.</summary>
    string Key { get; }

    /// <summary>What the body of an answer to its webhooks has to say; most look at the status alone.</summary>
    string WebhookAnswer => "";

    /// <summary>
    /// Why it cannot charge that amount: <c>currency_not_supported</c>, or <c>amount_not_supported</c> where it counts a currency in
    /// coarser units than ISO 4217. Null: it can.
    /// </summary>
    Problem? Refuses(Money amount);

    /// <summary>Makes a hosted page on which a customer pays once. Refuses: <c>provider_refused</c>.</summary>
    Task<Result<HostedPage>> CreateCheckoutAsync(CheckoutRequest request, CancellationToken cancellationToken);

    /// <summary>Makes a hosted page on which a customer leaves a payment method for later charges. Refuses: <c>provider_refused</c>.</summary>
    Task<Result<HostedPage>> SaveMethodAsync(SaveMethodRequest request, CancellationToken cancellationToken);

    /// <summary>The method that was left on the page of that reference, or null when none was yet.</summary>
    Task<SavedMethod?> FindMethodAsync(Sought sought, CancellationToken cancellationToken);

    /// <summary>Lets go of a saved method, so that it is never charged again. One that is not there any more is no failure.</summary>
    Task ForgetMethodAsync(string method, CancellationToken cancellationToken);

    /// <summary>
    /// Charges a saved method while the customer is away. A decline is a report with a failure, not a problem; a report without money and
    /// without failure says that it is under way. Refuses: <c>unknown_method</c>, <c>provider_refused</c>.
    /// </summary>
    Task<Result<PaymentReport>> ChargeAsync(ChargeRequest request, CancellationToken cancellationToken);

    /// <summary>
    /// Gives back a part of a payment or all of it, and answers the payment as it then stands, this refund among its refunds. Refuses: <c>unknown_payment</c>, <c>refund_exceeds_payment</c>, <c>provider_refused</c>.
    /// </summary>
    Task<Result<PaymentReport>> RefundAsync(RefundRequest request, CancellationToken cancellationToken);

    /// <summary>Every payment made, or given back from, under a reference, as each stands; empty when the provider knows none.</summary>
    Task<IReadOnlyList<PaymentReport>> LookUpAsync(Sought sought, CancellationToken cancellationToken);

    /// <summary>
    /// Verifies a webhook over its raw bytes and takes it apart into its messages, without asking anybody. Refuses: <c>invalid_signature</c>
    /// (forged, or, where the provider signs the time, older than five minutes of real time), <c>invalid_payload</c> (signed, but not an event).
    /// </summary>
    /// <param name="header">The request's headers by name; null for one that is not there.</param>
    /// <param name="body">The body exactly as it came.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    Task<Result<IReadOnlyList<ProviderMessage>>> VerifyAsync(Func<string, string?> header, ReadOnlyMemory<byte> body, CancellationToken cancellationToken);

    /// <summary>
    /// What a message says, after asking the provider for what it leaves out. Throws when that cannot be had now. Refuses:
    /// <c>invalid_payload</c>.
    /// </summary>
    /// <param name="message">The body of a message as <see cref="VerifyAsync"/> answered it.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    Task<Result<ProviderEvent>> ReadAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken);
}

/// <summary>A payment to be made on a hosted page.</summary>
/// <param name="Reference">Our public id of the attempt.</param>
/// <param name="Amount">Above 0, rounded to the minor unit.</param>
/// <param name="Description">What the customer reads.</param>
/// <param name="SuccessUrl">Where the page sends the customer once it is paid; absolute.</param>
/// <param name="CancelUrl">Where the customer goes who gives up; absolute.</param>
/// <param name="ExpiresAt">No payment is taken from then on.</param>
/// <param name="Portal">Address of this portal, for pages that it serves itself.</param>
public sealed record CheckoutRequest(
    string Reference, Money Amount, string Description, Uri SuccessUrl, Uri CancelUrl, DateTimeOffset ExpiresAt, Uri Portal);

/// <summary>A payment method to be left on a hosted page; the members are those of <see cref="CheckoutRequest"/>.</summary>
public sealed record SaveMethodRequest(string Reference, Currency Currency, string Description, Uri SuccessUrl, Uri CancelUrl, DateTimeOffset ExpiresAt, Uri Portal);

/// <summary>A page of the provider.</summary>
/// <param name="ProviderObject">The provider's id of it.</param>
/// <param name="Url">Where the customer goes; absolute.</param>
public sealed record HostedPage(string ProviderObject, Uri Url);

/// <summary>A payment method that may be charged later.</summary>
/// <param name="Method">The provider's token.</param>
/// <param name="Label">What to show for it, such as <c>•••• 4242</c>.</param>
/// <param name="ExpiresOn">The last day on which it can be charged, where it has one.</param>
public sealed record SavedMethod(string Method, string Label, DateOnly? ExpiresOn = null)
{
    /// <summary>The last day of a card's month; null when it is none.</summary>
    public static DateOnly? LastDayOf(long? year, long? month) =>
        year is > 2000 and < 9999 && month is >= 1 and <= 12 ? new DateOnly((int)year, (int)month, 1).AddMonths(1).AddDays(-1) : null;
}

/// <summary>What is looked for at a provider.</summary>
/// <param name="Reference">Our public id of the attempt or of the refund.</param>
/// <param name="ProviderObject">What the call made there, such as a session, or the payment that a refund is of; null when not known.</param>
public readonly record struct Sought(string Reference, string? ProviderObject = null);

/// <summary>A charge to a saved method.</summary>
public sealed record ChargeRequest(string Reference, string Method, Money Amount, string Description);

/// <summary>Money to give back.</summary>
/// <param name="Reference">Our public id of the refund.</param>
/// <param name="ProviderPayment">The provider's id of the payment.</param>
/// <param name="Amount">At most what is left of the payment.</param>
public sealed record RefundRequest(string Reference, string ProviderPayment, Money Amount);

/// <summary>How one payment stands at its provider: cumulative amounts, so that a later report says all that an earlier one did.</summary>
/// <param name="ProviderPayment">The provider's id of it.</param>
/// <param name="Reference">Our reference, when it has one.</param>
/// <param name="Currency">Of all amounts.</param>
/// <param name="Captured">Money taken from the customer, in all.</param>
/// <param name="Refunded">Money given back, in all; what is still under way, or failed, is not.</param>
/// <param name="Disputed">Money taken back by disputes, in all: an inquiry that takes none is no dispute.</param>
/// <param name="Failure">Why it was refused, when nothing was captured; one of <see cref="Declines"/>.</param>
/// <param name="Reinstated">Of the disputed money, what came back with disputes that were won, in all.</param>
/// <param name="Refunds">The refunds that carry a reference of ours; null when the provider does not tell one refund from another.</param>
public sealed record PaymentReport(
    string ProviderPayment, string? Reference, Currency Currency, decimal Captured, decimal Refunded, decimal Disputed, string? Failure,
    decimal Reinstated = 0m, IReadOnlyList<RefundReport>? Refunds = null)
{
    /// <summary>Neither taken nor refused yet: there is nothing to book, and nothing to try again.</summary>
    public bool IsUnderWay => Captured == 0m && Failure is null;
}

/// <summary>How one refund that we asked for stands at its provider.</summary>
/// <param name="Reference">Our public id of it.</param>
/// <param name="Amount">What is given back.</param>
/// <param name="Failure">Why it failed; null when it succeeded or is under way.</param>
/// <param name="UnderWay">Taken on by the provider, and not done yet: not to be sent again.</param>
public sealed record RefundReport(string Reference, decimal Amount, string? Failure = null, bool UnderWay = false);

/// <summary>One message of a webhook, which may hold several.</summary>
/// <param name="Id">The provider's identity of it; a repeat has the same.</param>
/// <param name="Type">The provider's word for it.</param>
/// <param name="Body">What is kept of it: no card data, no secrets.</param>
public sealed record ProviderMessage(string Id, string Type, ReadOnlyMemory<byte> Body);

/// <summary>What a message says.</summary>
/// <param name="Payment">The payment it is about, or null when it is about something else.</param>
/// <param name="MethodOf">The reference of a page on which a payment method was left, when that is what it tells.</param>
public sealed record ProviderEvent(PaymentReport? Payment, string? MethodOf = null);
