using System.Globalization;
using System.Net;
using System.Text.Json;
using Portal.Domain.Kernel;

namespace Portal.Domain.Payments.CheckoutCom;

/// <summary>
/// Checkout.com: hosted payments for what customers pay or leave on its pages, payments by instrument while they are away. Our reference is
/// the payment's <c>reference</c> and the idempotency key.
/// </summary>
public sealed partial class CheckoutComProvider : IPaymentProvider, IDisposable
{
    /// <summary>Its key.</summary>
    public const string ProviderKey = "checkoutcom";

    private readonly CheckoutComSettings settings;
    private readonly JsonLine line;

    /// <summary>With its account.</summary>
    public CheckoutComProvider(CheckoutComSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        this.settings = settings;
        line = new JsonLine(
            "Checkout.com", settings.ApiBase, settings.Timeout, headers => headers.Authorization = new("Bearer", settings.SecretKey), (_, _) => true);
    }

    /// <inheritdoc />
    public string Key => ProviderKey;

    /// <inheritdoc />
    public Problem? Refuses(Money amount) => CheckoutComUnits.Units.Refuses("Checkout.com", amount);

    /// <inheritdoc />
    public Task<Result<HostedPage>> CreateCheckoutAsync(CheckoutRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return OpenAsync(
            request.Reference, CheckoutComUnits.Units.Of(request.Amount), request.Amount.Currency, request.Description, request.SuccessUrl, request.CancelUrl, saves: false,
            cancellationToken);
    }

    /// <inheritdoc />
    public Task<Result<HostedPage>> SaveMethodAsync(SaveMethodRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        // An amount of 0 verifies the card and takes nothing.
        return OpenAsync(
            request.Reference, 0L, request.Currency, request.Description, request.SuccessUrl, request.CancelUrl, saves: true, cancellationToken);
    }

    /// <inheritdoc />
    public async Task<SavedMethod?> FindMethodAsync(Sought sought, CancellationToken cancellationToken)
    {
        foreach (var payment in await FoundAsync(sought.Reference, cancellationToken))
        {
            if (JsonAnswer.Text(payment, "status") != "Card Verified" || JsonAnswer.Member(payment, "source") is not { ValueKind: JsonValueKind.Object } source
                || JsonAnswer.Text(source, "id") is not { } id) continue;
            var last = JsonAnswer.Text(source, "last4");
            return new SavedMethod($"{id}/{JsonAnswer.Text(payment, "id")}", $"{JsonAnswer.Text(source, "scheme") ?? "Card"}{(last is null ? "" : " •••• " + last)}", SavedMethod.LastDayOf(JsonAnswer.Number(source, "expiry_year"), JsonAnswer.Number(source, "expiry_month")));
        }

        return null;
    }

    /// <inheritdoc />
    public Task ForgetMethodAsync(string method, CancellationToken cancellationToken) =>
        line.SendAsync(HttpMethod.Delete, $"instruments/{Uri.EscapeDataString(method.Split('/')[0])}", body: null, key: null, cancellationToken);

    /// <inheritdoc />
    public async Task<Result<PaymentReport>> ChargeAsync(ChargeRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Method.Split('/') is not [var instrument, var verification]) return Declines.MethodGone;
        var answer = await line.SendAsync(HttpMethod.Post, "payments", new
        {
            source = new { type = "id", id = instrument },
            amount = CheckoutComUnits.Units.Of(request.Amount),
            currency = request.Amount.Currency.Code,
            request.Reference,
            request.Description,
            payment_type = "Unscheduled",
            merchant_initiated = true,
            previous_payment_id = verification, // at which its holder agreed
            capture = true,
            processing_channel_id = settings.ProcessingChannel,
        }, Keyed(request.Reference), cancellationToken);
        if (!answer.Succeeded)
            return Codes(answer).Any(code => code?.Contains("source", StringComparison.Ordinal) == true || code?.Contains("instrument", StringComparison.Ordinal) == true) ? Declines.MethodGone : Refused(answer);
        var id = answer.Text("id") ?? throw Unreadable();
        if (answer.Text("status") == "Pending" && JsonAnswer.Member(JsonAnswer.Member(answer.Body, "_links"), "redirect").ValueKind == JsonValueKind.Object)
            return new PaymentReport(id, request.Reference, request.Amount.Currency, 0m, 0m, 0m, Declines.AuthenticationRequired, Refunds: []);
        // Authorised at once, captured a moment later: asked how it stands, as the answer does not say.
        return await ReportAsync(id, cancellationToken) ?? throw Unreadable();
    }

    /// <inheritdoc />
    public async Task<Result<PaymentReport>> RefundAsync(RefundRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (Refuses(request.Amount) is { } uneven) return uneven;
        var answer = await line.SendAsync(
            HttpMethod.Post, $"payments/{Uri.EscapeDataString(request.ProviderPayment)}/refunds",
            new { amount = CheckoutComUnits.Units.Of(request.Amount), request.Reference }, Keyed(request.Reference), cancellationToken);
        if (answer.Status == HttpStatusCode.NotFound) return UnknownPayment;
        if (!answer.Succeeded)
        {
            return Codes(answer).Any(code => code is "refund_amount_exceeds_balance" or "amount_exceeds_balance" or "payment_already_refunded")
                ? Problem.Unprocessable("refund_exceeds_payment", "More cannot be refunded than was paid and not given back yet.")
                : Refused(answer);
        }

        if (await ReportAsync(request.ProviderPayment, cancellationToken) is not { } report) return UnknownPayment;
        // Taken on, and maybe not among its actions yet.
        return report.Refunds?.Any(refund => refund.Reference == request.Reference) == true
            ? report
            : report with { Refunds = [.. report.Refunds ?? [], new RefundReport(request.Reference, request.Amount.Amount, UnderWay: true)] };
    }

    /// <inheritdoc />
    public void Dispose() => line.Dispose();

    private async Task<Result<HostedPage>> OpenAsync(
        string reference, long amount, Currency currency, string description, Uri success, Uri cancel, bool saves, CancellationToken cancellationToken)
    {
        var answer = await line.SendAsync(HttpMethod.Post, "hosted-payments", new
        {
            amount,
            currency = currency.Code,
            reference,
            description,
            billing = new { address = new { country = settings.Country } },
            payment_type = saves ? "Unscheduled" : "Regular",
            success_url = success.AbsoluteUri,
            failure_url = cancel.AbsoluteUri,
            cancel_url = cancel.AbsoluteUri,
            capture = !saves,
            processing_channel_id = settings.ProcessingChannel,
            payment_method_configuration = saves ? new { card = new { store_payment_details = "enabled" } } : null,
        }, Keyed(reference), cancellationToken);
        if (!answer.Succeeded) return Refused(answer);
        var address = JsonAnswer.Text(JsonAnswer.Member(JsonAnswer.Member(answer.Body, "_links"), "redirect"), "href");
        return answer.Text("id") is { } id && Uri.TryCreate(address, UriKind.Absolute, out var url) ? new HostedPage(id, url) : throw Unreadable();
    }

    private static IEnumerable<string?> Codes(JsonAnswer answer) => JsonAnswer.Items(JsonAnswer.Member(answer.Body, "error_codes")).Select(code => code.GetString());

    private static Problem Refused(JsonAnswer answer) =>
        Problem.Unprocessable("provider_refused", $"Checkout.com refused: {Codes(answer).FirstOrDefault() ?? answer.Text("error_type") ?? "no reason given"}.");

    private static Problem UnknownPayment => Problem.Unprocessable("unknown_payment", "There is no such payment.");

    private static ProviderSilenceException Unreadable() => new("Checkout.com answered something else than was asked for.");

    private static (string Header, string Value) Keyed(string reference) => ("Cko-Idempotency-Key", reference);
}
