using System.Text.Json;
using Portal.Domain.Kernel;

namespace Portal.Domain.Payments.Sandbox;

/// <summary>The body of the sandbox's webhooks. Amounts in minor units, cumulative, like the payment's row at the time of sending.</summary>
/// <param name="Id">Identity of the event.</param>
/// <param name="Type">
/// <c>payment.succeeded</c>, <c>payment.declined</c>, <c>payment.refunded</c>, <c>payment.disputed</c>, <c>payment.reinstated</c>, <c>method.saved</c>.
/// </param>
/// <param name="Payment">The payment, when it is about one.</param>
/// <param name="Reference">The reference of the page on which a method was saved.</param>
public sealed record SandboxEvent(string Id, string Type, SandboxEventPayment? Payment, string? Reference = null)
{
    /// <summary>The body's bytes.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, PortalJson.Options);

    /// <summary>Reads a body; <c>invalid_payload</c> for what is none.</summary>
    public static Result<SandboxEvent> Parse(ReadOnlySpan<byte> body)
    {
        try
        {
            if (JsonSerializer.Deserialize<SandboxEvent>(body, PortalJson.Options) is { Id.Length: > 0 and <= 200, Type.Length: > 0 } message
                && (message.Payment is null || message.Payment.Report() is not null)) return message;
        }
        catch (JsonException)
        {
            // Said below.
        }

        return new Problem(ProblemKind.Invalid, "invalid_payload", "The body is no event of the sandbox.");
    }
}

/// <summary>A payment as the sandbox's webhooks tell it.</summary>
public sealed record SandboxEventPayment(
    string Id, string? Reference, string Currency, long Captured, long Refunded, long Disputed, string? Failure, long Reinstated = 0,
    IReadOnlyList<SandboxEventRefund>? Refunds = null)
{
    internal PaymentReport? Report() =>
        Kernel.Currency.Find(Currency) is { } currency && Id is { Length: > 0 and <= 200 } && Captured >= 0 && Refunded >= 0 && Disputed >= 0
            && Reinstated >= 0 && Refunds?.All(refund => refund is { Reference: not null, Amount: >= 0 }) != false
            ? new PaymentReport(
                Id, Reference, currency, MinorUnits.Amount(Captured, currency), MinorUnits.Amount(Refunded, currency), MinorUnits.Amount(Disputed, currency), Failure,
                MinorUnits.Amount(Reinstated, currency),
                Refunds?.Select(refund => new RefundReport(refund.Reference, MinorUnits.Amount(refund.Amount, currency), refund.Failure)).ToArray())
            : null;
}

/// <summary>A refund that the merchant asked for, as the sandbox's webhooks tell it.</summary>
public sealed record SandboxEventRefund(string Reference, long Amount, string? Failure = null);
