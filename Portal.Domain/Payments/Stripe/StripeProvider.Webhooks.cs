using System.Text;
using System.Text.Json;
using Portal.Domain.Kernel;
using Stripe;

namespace Portal.Domain.Payments.Stripe;

/// <summary>Webhooks of Stripe. They say which payment changed; how it stands is asked, so their version and their order do not matter.</summary>
public sealed partial class StripeProvider
{
    private const string SignatureHeader = "Stripe-Signature";
    private const long ToleranceSeconds = 300;

    /// <summary>What is kept of an event.</summary>
    /// <param name="Id">Identity of the event.</param>
    /// <param name="Type">Stripe's word for it.</param>
    /// <param name="Payment">PaymentIntent, or a charge without one.</param>
    /// <param name="Whole">It is about a refund or a dispute.</param>
    /// <param name="MethodOf">Our reference of the page on which a method was left.</param>
    private sealed record Told(string Id, string Type, string? Payment = null, bool Whole = false, string? MethodOf = null);

    /// <inheritdoc />
    public Task<Result<IReadOnlyList<ProviderMessage>>> VerifyAsync(
        Func<string, string?> header, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(header);
        if (!IsSigned(header(SignatureHeader), body)) return Task.FromResult<Result<IReadOnlyList<ProviderMessage>>>(
            new Problem(ProblemKind.Invalid, "invalid_signature", "The signature does not match the body, or is too old."));
        return Task.FromResult(Read(body).Map<IReadOnlyList<ProviderMessage>>(
            told => [new ProviderMessage(told.Id, told.Type, JsonSerializer.SerializeToUtf8Bytes(told, PortalJson.Options))]));
    }

    /// <inheritdoc />
    public async Task<Result<ProviderEvent>> ReadAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (JsonSerializer.Deserialize<Told>(message.Span, PortalJson.Options) is not { } told) return NoEvent;
        if (told.Payment is not { } payment) return new ProviderEvent(null, told.MethodOf);
        return await ReportAsync(payment, told.Whole, cancellationToken) is { } report
            ? new ProviderEvent(report)
            : Problem.NotFound("unknown_payment", $"Stripe tells of the payment {payment} and has none.");
    }

    private bool IsSigned(string? signature, ReadOnlyMemory<byte> body)
    {
        if (signature is not { Length: > 0 and <= 1000 }) return false;
        try
        {
            EventUtility.ValidateSignature(Encoding.UTF8.GetString(body.Span), signature, settings.WebhookSecret, ToleranceSeconds);
            return true;
        }
        catch (Exception exception) when (exception is StripeException or FormatException or ArgumentException or OverflowException)
        {
            return false; // forged, stale, or no signature at all
        }
    }

    private static Result<Told> Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (Text(root, "id") is not { Length: > 0 and <= 200 } id || Text(root, "type") is not { Length: > 0 and <= 200 } type
                || !root.TryGetProperty("data", out var data) || !data.TryGetProperty("object", out var changed)) return NoEvent;
            var payment = Text(changed, "payment_intent");
            return Text(changed, "object") switch
            {
                "payment_intent" => new Told(id, type, Text(changed, "id")),
                "charge" => new Told(id, type, payment ?? Text(changed, "id"), Whole: true),
                "refund" or "dispute" => new Told(id, type, payment ?? Text(changed, "charge"), Whole: true),
                "checkout.session" when Text(changed, "mode") == "setup" => new Told(id, type, MethodOf: Text(changed, "client_reference_id")),
                "checkout.session" => new Told(id, type, payment),
                _ => new Told(id, type),
            };
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return NoEvent;
        }
    }

    // An id, or an object that was expanded and has one.
    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value)
        ? value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Object when value.TryGetProperty("id", out var id) => id.GetString(),
            _ => null,
        }
        : null;

    private static Problem NoEvent => new(ProblemKind.Invalid, "invalid_payload", "The body is no event of Stripe.");
}
