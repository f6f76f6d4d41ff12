using System.Net;
using Portal.Domain.Kernel;
using Stripe;
using Stripe.Checkout;

namespace Portal.Domain.Payments.Stripe;

/// <summary>
/// Stripe: Checkout for what customers pay or leave on its pages, PaymentIntents for charges while they are away. Our reference is the
/// idempotency key and stands in <c>metadata.reference</c> of all that it makes.
/// </summary>
public sealed partial class StripeProvider(StripeSettings settings) : IPaymentProvider, IDisposable
{
    /// <summary>Its key.</summary>
    public const string ProviderKey = "stripe";

    private const string ReferenceKey = "reference";
    private readonly StripeLine line = new(settings);

    /// <inheritdoc />
    public string Key => ProviderKey;

    /// <inheritdoc />
    public Problem? Refuses(Money amount) => StripeUnits.Units.Refuses("Stripe", amount);

    /// <inheritdoc />
    public Task<Result<HostedPage>> CreateCheckoutAsync(CheckoutRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return OpenAsync(request.Reference, new SessionCreateOptions
        {
            Mode = "payment",
            LineItems =
            [
                new SessionLineItemOptions
                {
                    Quantity = 1,
                    PriceData = new SessionLineItemPriceDataOptions
                    {
                        Currency = Code(request.Amount.Currency),
                        UnitAmount = StripeUnits.Units.Of(request.Amount),
                        ProductData = new SessionLineItemPriceDataProductDataOptions { Name = request.Description },
                    },
                },
            ],
            PaymentIntentData = new SessionPaymentIntentDataOptions { Description = request.Description, Metadata = Metadata(request.Reference) },
            SuccessUrl = request.SuccessUrl.AbsoluteUri,
            CancelUrl = request.CancelUrl.AbsoluteUri,
            ExpiresAt = Expiry(request.ExpiresAt),
        }, cancellationToken);
    }

    /// <inheritdoc />
    public Task<Result<HostedPage>> SaveMethodAsync(SaveMethodRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return OpenAsync(request.Reference, new SessionCreateOptions
        {
            Mode = "setup",
            Currency = Code(request.Currency),
            CustomerCreation = "always", // a method can be charged later only through a customer
            SetupIntentData = new SessionSetupIntentDataOptions { Description = request.Description, Metadata = Metadata(request.Reference) },
            SuccessUrl = request.SuccessUrl.AbsoluteUri,
            CancelUrl = request.CancelUrl.AbsoluteUri,
            ExpiresAt = Expiry(request.ExpiresAt),
        }, cancellationToken);
    }

    /// <inheritdoc />
    public async Task<SavedMethod?> FindMethodAsync(Sought sought, CancellationToken cancellationToken)
    {
        if (sought.ProviderObject is not { } id) return null; // nobody was given the page
        var options = new SessionGetOptions { Expand = ["setup_intent.payment_method"] };
        var session = await StripeLine.AskAsync<Session?>(
            async () => await new SessionService(line.Client).GetAsync(id, options, null, cancellationToken), _ => null, cancellationToken);
        if (session?.SetupIntent is not { Status: "succeeded", PaymentMethod: { } method } setup) return null;
        return (method.CustomerId ?? setup.CustomerId ?? session.CustomerId) is { } customer
            ? new SavedMethod($"{customer}/{method.Id}", Label(method), SavedMethod.LastDayOf(method.Card?.ExpYear, method.Card?.ExpMonth))
            : null;
    }

    /// <inheritdoc />
    public Task ForgetMethodAsync(string method, CancellationToken cancellationToken)
    {
        if (!TryRead(method, out _, out var id)) return Task.CompletedTask;
        return StripeLine.AskAsync<object?>(
            async () => await new PaymentMethodService(line.Client).DetachAsync(id, null, null, cancellationToken), _ => null, cancellationToken);
    }

    /// <inheritdoc />
    public async Task<Result<PaymentReport>> ChargeAsync(ChargeRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!TryRead(request.Method, out var customer, out var method)) return Declines.MethodGone;
        var options = new PaymentIntentCreateOptions
        {
            Amount = StripeUnits.Units.Of(request.Amount),
            Currency = Code(request.Amount.Currency),
            Customer = customer,
            PaymentMethod = method,
            Description = request.Description,
            Metadata = Metadata(request.Reference),
            OffSession = true,
            Confirm = true,
            Expand = ["latest_charge"],
        };
        return await StripeLine.AskAsync<Result<PaymentReport>>(
            async () => Payment(await new PaymentIntentService(line.Client).CreateAsync(options, Keyed(request.Reference), cancellationToken), [], []),
            exception => Refusal(exception, request), cancellationToken);
    }

    /// <inheritdoc />
    public async Task<Result<PaymentReport>> RefundAsync(RefundRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (Refuses(request.Amount) is { } uneven) return uneven;
        var byCharge = request.ProviderPayment.StartsWith("ch_", StringComparison.Ordinal);
        var options = new RefundCreateOptions
        {
            PaymentIntent = byCharge ? null : request.ProviderPayment,
            Charge = byCharge ? request.ProviderPayment : null,
            Amount = StripeUnits.Units.Of(request.Amount),
            Metadata = Metadata(request.Reference),
        };
        var refused = await StripeLine.AskAsync<Problem?>(async () =>
        {
            await new RefundService(line.Client).CreateAsync(options, Keyed(request.Reference), cancellationToken);
            return null;
        }, Refusal, cancellationToken);
        if (refused is not null) return refused;
        return await ReportAsync(request.ProviderPayment, whole: true, cancellationToken) is { } report ? report : UnknownPayment;
    }

    /// <inheritdoc />
    public void Dispose() => line.Dispose();

    private async Task<Result<HostedPage>> OpenAsync(string reference, SessionCreateOptions options, CancellationToken cancellationToken)
    {
        options.ClientReferenceId = reference;
        options.Metadata = Metadata(reference);
        return await StripeLine.AskAsync<Result<HostedPage>>(async () =>
        {
            var session = await new SessionService(line.Client).CreateAsync(options, Keyed(reference), cancellationToken);
            return new HostedPage(session.Id, new Uri(session.Url));
        }, exception => Refused(exception), cancellationToken);
    }

    private static Result<PaymentReport> Refusal(StripeException exception, ChargeRequest request)
    {
        var error = exception.StripeError;
        if (exception.HttpStatusCode == HttpStatusCode.PaymentRequired || error.Type == "card_error")
        {
            return new PaymentReport(
                error.PaymentIntent?.Id ?? request.Reference, request.Reference, request.Amount.Currency, 0m, 0m, 0m, StripeDeclines.Of(error), Refunds: []);
        }

        return error.Code == "resource_missing" || error.Param is "payment_method" or "customer" ? Declines.MethodGone : Refused(exception);
    }

    private static Problem Refusal(StripeException exception) => exception.StripeError switch
    {
        { Code: "resource_missing" } => UnknownPayment,
        { Code: "charge_already_refunded" } or { Param: "amount" } => Problem.Unprocessable("refund_exceeds_payment", "More cannot be refunded than was paid and not given back yet."),
        _ => Refused(exception),
    };

    private static Problem Refused(StripeException exception) =>
        Problem.Unprocessable("provider_refused", $"Stripe refused: {exception.StripeError.Code ?? exception.StripeError.Type}.");

    private static Problem UnknownPayment => Problem.Unprocessable("unknown_payment", "There is no such payment.");

    private static RequestOptions Keyed(string reference) => new() { IdempotencyKey = reference };

    private static Dictionary<string, string> Metadata(string reference) => new(StringComparer.Ordinal) { [ReferenceKey] = reference };

    private static string Code(Currency currency) => currency.Code.ToLowerInvariant();

    // Stripe's pages live 30 minutes to 24 hours of real time; without a time they live 24 hours.
    private static DateTime? Expiry(DateTimeOffset at)
    {
        var left = at - TimeProvider.System.GetUtcNow();
        return left > TimeSpan.FromMinutes(31) && left < TimeSpan.FromHours(24) ? at.UtcDateTime : null;
    }

    private static bool TryRead(string method, out string customer, out string id)
    {
        (customer, id) = method.Split('/') is [var first, var second] ? (first, second) : ("", "");
        return id.Length > 0;
    }

    private static string Label(PaymentMethod method) => method.Card is { } card
        ? $"{System.Globalization.CultureInfo.InvariantCulture.TextInfo.ToTitleCase(card.Brand ?? "card")} •••• {card.Last4}"
        : method.Type;
}
