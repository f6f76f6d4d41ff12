using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Portal.Domain.Kernel;

namespace Portal.Domain.Payments.CheckoutCom;

/// <summary>Webhooks of Checkout.com. They say which payment changed; how it stands is asked, so their order does not matter.</summary>
public sealed partial class CheckoutComProvider
{
    private const string SignatureHeader = "Cko-Signature";

    /// <summary>What is kept of an event.</summary>
    /// <param name="Payment">The payment; null when it is about something else.</param>
    /// <param name="MethodOf">Our reference of the page on which a method was left.</param>
    private sealed record Told(string? Payment, string? MethodOf);

    /// <inheritdoc />
    public Task<Result<IReadOnlyList<ProviderMessage>>> VerifyAsync(Func<string, string?> header, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(header);
        return Task.FromResult(IsSigned(header(SignatureHeader), body.Span)
            ? Read(body).Map<IReadOnlyList<ProviderMessage>>(message => [message])
            : new Problem(ProblemKind.Invalid, "invalid_signature", "The signature does not match the body."));
    }

    /// <inheritdoc />
    public async Task<Result<ProviderEvent>> ReadAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (JsonSerializer.Deserialize<Told>(message.Span, PortalJson.Options) is not { } told) return NoEvent;
        if (told.Payment is not { } payment) return new ProviderEvent(null, told.MethodOf);
        return await ReportAsync(payment, cancellationToken) is { } report
            ? new ProviderEvent(report)
            : Problem.NotFound("unknown_payment", $"Checkout.com tells of the payment {payment} and has none.");
    }

    private bool IsSigned(string? signature, ReadOnlySpan<byte> body)
    {
        Span<byte> given = stackalloc byte[SHA256.HashSizeInBytes];
        return signature is { Length: 2 * SHA256.HashSizeInBytes }
            && Convert.FromHexString(signature, given, out _, out _) == System.Buffers.OperationStatus.Done
            && CryptographicOperations.FixedTimeEquals(given, HMACSHA256.HashData(Encoding.UTF8.GetBytes(settings.WebhookSecret), body));
    }

    private static Result<ProviderMessage> Read(ReadOnlyMemory<byte> body)
    {
        JsonElement root;
        try
        {
            root = JsonElement.Parse(body.Span);
        }
        catch (JsonException)
        {
            return NoEvent;
        }

        if (JsonAnswer.Text(root, "id") is not { Length: > 0 and <= 200 } id || JsonAnswer.Text(root, "type") is not { Length: > 0 and <= 200 } type) return NoEvent;
        var data = JsonAnswer.Member(root, "data");
        var reference = JsonAnswer.Text(data, "reference");
        var ofMethod = reference?.StartsWith(PublicId.PaymentMethod + "_", StringComparison.Ordinal) == true;
        var payment = type.StartsWith("dispute_", StringComparison.Ordinal) ? JsonAnswer.Text(data, "payment_id")
            : type.StartsWith("payment_", StringComparison.Ordinal) || type.StartsWith("card_ver", StringComparison.Ordinal) ? JsonAnswer.Text(data, "id")
            : null;
        var told = ofMethod ? new Told(null, type == "card_verified" ? reference : null) : new Told(payment, null);
        return new ProviderMessage(id, type, JsonSerializer.SerializeToUtf8Bytes(told, PortalJson.Options));
    }

    private static Problem NoEvent => new(ProblemKind.Invalid, "invalid_payload", "The body is no event of Checkout.com.");
}
