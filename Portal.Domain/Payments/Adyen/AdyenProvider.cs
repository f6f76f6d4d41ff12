using System.Globalization;
using System.Text.Json;
using Npgsql;
using Portal.Domain.Kernel;

namespace Portal.Domain.Payments.Adyen;

/// <summary>
/// Adyen: payment links for what customers pay or leave on its pages, <c>ContAuth</c> payments with stored methods while they are away.
/// Our reference is the merchant reference and the idempotency key. Its API tells no payment's standing: its webhooks do
/// (<see cref="AdyenBooks"/>).
/// </summary>
public sealed partial class AdyenProvider : IPaymentProvider, IDisposable
{
    /// <summary>Its key.</summary>
    public const string ProviderKey = "adyen";

    private readonly AdyenSettings settings;
    private readonly AdyenBooks books;
    private readonly JsonLine line;

    /// <summary>With its account and the database in which it keeps what it is told.</summary>
    public AdyenProvider(AdyenSettings settings, NpgsqlDataSource source)
    {
        ArgumentNullException.ThrowIfNull(settings);
        this.settings = settings;
        books = new AdyenBooks(source);
        line = new JsonLine("Adyen", settings.ApiBase, settings.Timeout, headers => headers.Add("X-API-Key", settings.ApiKey), IsRefusal);
    }

    /// <inheritdoc />
    public string Key => ProviderKey;

    /// <inheritdoc />
    public string WebhookAnswer => "[accepted]";

    /// <inheritdoc />
    public Problem? Refuses(Money amount) => AdyenUnits.Units.Refuses("Adyen", amount);

    /// <inheritdoc />
    public Task<Result<HostedPage>> CreateCheckoutAsync(CheckoutRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return OpenAsync(request.Reference, new
        {
            settings.MerchantAccount,
            request.Reference,
            amount = AmountOf(request.Amount),
            request.Description,
            returnUrl = request.SuccessUrl.AbsoluteUri,
            expiresAt = Expiry(request.ExpiresAt),
            reusable = false,
        }, cancellationToken);
    }

    /// <inheritdoc />
    public Task<Result<HostedPage>> SaveMethodAsync(SaveMethodRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        return OpenAsync(request.Reference, new
        {
            settings.MerchantAccount,
            request.Reference,
            amount = new { currency = request.Currency.Code, value = 0L }, // checks the card and takes nothing
            request.Description,
            returnUrl = request.SuccessUrl.AbsoluteUri,
            expiresAt = Expiry(request.ExpiresAt),
            reusable = false,
            shopperReference = request.Reference,
            storePaymentMethodMode = "enabled",
            recurringProcessingModel = "UnscheduledCardOnFile",
        }, cancellationToken);
    }

    /// <inheritdoc />
    public async Task<SavedMethod?> FindMethodAsync(Sought sought, CancellationToken cancellationToken)
    {
        var answer = await line.GetAsync(
            $"storedPaymentMethods?merchantAccount={Uri.EscapeDataString(settings.MerchantAccount)}&shopperReference={Uri.EscapeDataString(sought.Reference)}", cancellationToken);
        var stored = JsonAnswer.Items(JsonAnswer.Member(answer.Body, "storedPaymentMethods")).FirstOrDefault();
        if (JsonAnswer.Text(stored, "id") is not { } id) return null;
        var last = JsonAnswer.Text(stored, "lastFour");
        var name = JsonAnswer.Text(stored, "name") ?? JsonAnswer.Text(stored, "brand") ?? "Card";
        return new SavedMethod($"{sought.Reference}/{id}/{JsonAnswer.Text(stored, "type") ?? "scheme"}", last is null ? name : $"{name} •••• {last}", SavedMethod.LastDayOf(Number(stored, "expiryYear"), Number(stored, "expiryMonth")));
    }

    /// <inheritdoc />
    public Task ForgetMethodAsync(string method, CancellationToken cancellationToken) => TryRead(method, out var shopper, out var id, out _)
        ? line.SendAsync(
            HttpMethod.Delete,
            $"storedPaymentMethods/{Uri.EscapeDataString(id)}?merchantAccount={Uri.EscapeDataString(settings.MerchantAccount)}&shopperReference={Uri.EscapeDataString(shopper)}",
            body: null, key: null, cancellationToken)
        : Task.CompletedTask;

    /// <inheritdoc />
    public async Task<Result<PaymentReport>> ChargeAsync(ChargeRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (!TryRead(request.Method, out var shopper, out var id, out var type)) return Declines.MethodGone;
        var answer = await line.SendAsync(HttpMethod.Post, "payments", new
        {
            settings.MerchantAccount,
            request.Reference,
            amount = AmountOf(request.Amount),
            paymentMethod = new { type, storedPaymentMethodId = id },
            shopperReference = shopper,
            shopperInteraction = "ContAuth",
            recurringProcessingModel = "UnscheduledCardOnFile",
            shopperStatement = request.Description,
        }, Keyed(request.Reference), cancellationToken);
        if (!answer.Succeeded) return answer.Text("errorCode") is "800" or "803" or "14_0433" ? Declines.MethodGone : Refused(answer);
        return await ChargedAsync(request, answer, cancellationToken);
    }

    /// <inheritdoc />
    public async Task<Result<PaymentReport>> RefundAsync(RefundRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (Refuses(request.Amount) is { } uneven) return uneven;
        var answer = await line.SendAsync(
            HttpMethod.Post, $"payments/{Uri.EscapeDataString(request.ProviderPayment)}/refunds",
            new { settings.MerchantAccount, amount = AmountOf(request.Amount), request.Reference }, Keyed(request.Reference), cancellationToken);
        if (!answer.Succeeded)
            return answer.Text("errorCode") is "167" or "29_001" ? Problem.Unprocessable("unknown_payment", "There is no such payment.") : Refused(answer);
        // Taken on; a webhook tells how it ended, maybe before this answer.
        await books.KeepAsync(new AdyenMovement(
            answer.Text("pspReference") ?? throw Unreadable(), AdyenBooks.RefundReceived, true, request.ProviderPayment, request.Reference, AdyenUnits.Units.Of(request.Amount),
            request.Amount.Currency.Code, null), cancellationToken);
        return await books.ReportAsync(request.ProviderPayment, cancellationToken) ?? throw Unreadable();
    }

    /// <inheritdoc />
    public Task<IReadOnlyList<PaymentReport>> LookUpAsync(Sought sought, CancellationToken cancellationToken) =>
        books.FindAsync(sought.Reference, sought.ProviderObject, cancellationToken);

    /// <inheritdoc />
    public void Dispose() => line.Dispose();

    private async Task<Result<PaymentReport>> ChargedAsync(ChargeRequest request, JsonAnswer answer, CancellationToken cancellationToken)
    {
        var id = answer.Text("pspReference") ?? throw Unreadable();
        PaymentReport Report(string? failure) => new(id, request.Reference, request.Amount.Currency, 0m, 0m, 0m, failure, Refunds: []);
        switch (answer.Text("resultCode"))
        {
            case "Authorised":
                await books.KeepAsync(new AdyenMovement(
                    id, "AUTHORISATION", true, id, request.Reference, AdyenUnits.Units.Of(request.Amount), request.Amount.Currency.Code, null), cancellationToken);
                return await books.ReportAsync(id, cancellationToken) ?? throw Unreadable();
            case "Refused" or "Cancelled":
                return Report(AdyenDeclines.Of(answer.Text("refusalReasonCode") ?? answer.Text("refusalReason")));
            case "RedirectShopper" or "IdentifyShopper" or "ChallengeShopper":
                return Report(Declines.AuthenticationRequired);
            case "Error":
                return Report(Declines.TryLater);
            default:
                return Report(failure: null); // Received, Pending: a webhook tells
        }
    }

    private async Task<Result<HostedPage>> OpenAsync(string reference, object body, CancellationToken cancellationToken)
    {
        var answer = await line.SendAsync(HttpMethod.Post, "paymentLinks", body, Keyed(reference), cancellationToken);
        if (!answer.Succeeded) return Refused(answer);
        return answer.Text("id") is { } id && Uri.TryCreate(answer.Text("url"), UriKind.Absolute, out var url) ? new HostedPage(id, url) : throw Unreadable();
    }

    // 704: a twin is in flight; transient errors may be sent again under the same key.
    private static bool IsRefusal(System.Net.Http.Headers.HttpResponseHeaders headers, JsonElement body) =>
        JsonAnswer.Text(body, "errorCode") is not "704" && !(headers.TryGetValues("transient-error", out var values) && values.Contains("true", StringComparer.OrdinalIgnoreCase));

    private static Problem Refused(JsonAnswer answer) => Problem.Unprocessable("provider_refused", $"Adyen refused: {answer.Text("errorCode") ?? "no reason given"}.");

    private static ProviderSilenceException Unreadable() => new("Adyen answered something else than was asked for.");

    private static (string Header, string Value) Keyed(string reference) => ("Idempotency-Key", reference);

    private static object AmountOf(Money amount) => new { currency = amount.Currency.Code, value = AdyenUnits.Units.Of(amount) };

    // Links live at most 70 days of real time, and 24 hours without a time.
    private static string? Expiry(DateTimeOffset at)
    {
        var left = at - TimeProvider.System.GetUtcNow();
        return left > TimeSpan.FromMinutes(5) && left < TimeSpan.FromDays(69) ? at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) : null;
    }

    private static bool TryRead(string method, out string shopper, out string id, out string type)
    {
        (shopper, id, type) = method.Split('/') is [var first, var second, var third] ? (first, second, third) : ("", "", "");
        return id.Length > 0;
    }

    private static long? Number(JsonElement stored, string name) =>
        int.TryParse(JsonAnswer.Text(stored, name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
