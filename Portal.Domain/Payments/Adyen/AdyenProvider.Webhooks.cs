using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Portal.Domain.Kernel;

namespace Portal.Domain.Payments.Adyen;

/// <summary>Standard webhooks of Adyen: several items in a body, each signed by itself.</summary>
public sealed partial class AdyenProvider
{
    private static readonly Problem NoNotification = new(ProblemKind.Invalid, "invalid_payload", "The body holds no notifications of Adyen.");

    /// <summary>The signature of an item, in Base64: over its parts in this order, apart by colons.</summary>
    /// <param name="key">The HMAC key in hexadecimal.</param>
    /// <param name="item">The <c>NotificationRequestItem</c>.</param>
    public static string Sign(string key, JsonElement item)
    {
        var amount = JsonAnswer.Member(item, "amount");
        var text = string.Join(':', new[]
        {
            JsonAnswer.Text(item, "pspReference"), JsonAnswer.Text(item, "originalReference"), JsonAnswer.Text(item, "merchantAccountCode"),
            JsonAnswer.Text(item, "merchantReference"), JsonAnswer.Number(amount, "value").ToString(CultureInfo.InvariantCulture),
            JsonAnswer.Text(amount, "currency"), JsonAnswer.Text(item, "eventCode"), JsonAnswer.Text(item, "success"),
        }.Select(part => part ?? ""));
        return Convert.ToBase64String(HMACSHA256.HashData(Convert.FromHexString(key), Encoding.UTF8.GetBytes(text)));
    }

    /// <inheritdoc />
    public Task<Result<IReadOnlyList<ProviderMessage>>> VerifyAsync(Func<string, string?> header, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
        Task.FromResult(Verify(body));

    /// <inheritdoc />
    public async Task<Result<ProviderEvent>> ReadAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (JsonSerializer.Deserialize<AdyenMovement>(message.Span, PortalJson.Options) is not { } movement) return NoNotification;
        // A page on which a method was left: the zero that was authorised is no payment.
        if (movement.Reference?.StartsWith(PublicId.PaymentMethod + "_", StringComparison.Ordinal) == true)
            return new ProviderEvent(null, movement is { EventCode: "AUTHORISATION", Success: true } ? movement.Reference : null);
        if (!AdyenBooks.MovesMoney(movement.EventCode)) return new ProviderEvent(null);
        if (Currency.Find(movement.Currency) is null) return NoNotification;
        await books.KeepAsync(movement, cancellationToken);
        return new ProviderEvent(await books.ReportAsync(movement.Payment, cancellationToken));
    }

    private Result<IReadOnlyList<ProviderMessage>> Verify(ReadOnlyMemory<byte> body)
    {
        JsonElement[] items;
        try
        {
            items = [.. JsonAnswer.Items(JsonAnswer.Member(JsonElement.Parse(body.Span), "notificationItems")).Select(item => JsonAnswer.Member(item, "NotificationRequestItem"))];
        }
        catch (JsonException)
        {
            return NoNotification;
        }

        if (items.Length is 0 or > 1000) return NoNotification;
        var messages = new List<ProviderMessage>();
        foreach (var item in items)
        {
            if (!IsSigned(item)) return new Problem(ProblemKind.Invalid, "invalid_signature", "The signature does not match the notification.");
            // Of another account of the same company: none of ours.
            if (JsonAnswer.Text(item, "merchantAccountCode") != settings.MerchantAccount) continue;
            if (Read(item) is not { } movement) return NoNotification;
            messages.Add(new ProviderMessage(
                $"{movement.EventCode}:{movement.PspReference}:{(movement.Success ? "true" : "false")}", movement.EventCode,
                JsonSerializer.SerializeToUtf8Bytes(movement, PortalJson.Options)));
        }

        return messages;
    }

    private bool IsSigned(JsonElement item)
    {
        if (JsonAnswer.Text(JsonAnswer.Member(item, "additionalData"), "hmacSignature") is not { Length: > 0 and <= 200 } given) return false;
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(Sign(settings.WebhookSecret, item)));
    }

    private static AdyenMovement? Read(JsonElement item)
    {
        var amount = JsonAnswer.Member(item, "amount");
        if (JsonAnswer.Text(item, "pspReference") is not { Length: > 0 and <= 100 } id || JsonAnswer.Text(item, "eventCode") is not { Length: > 0 and <= 60 } code
            || JsonAnswer.Text(item, "success") is not ("true" or "false") || JsonAnswer.Number(amount, "value") < 0) return null;
        var original = JsonAnswer.Text(item, "originalReference");
        return new AdyenMovement(
            id, code, JsonAnswer.Text(item, "success") == "true", original is { Length: > 0 } payment ? payment : id, JsonAnswer.Text(item, "merchantReference"),
            JsonAnswer.Number(amount, "value"), JsonAnswer.Text(amount, "currency") ?? "", JsonAnswer.Text(item, "reason"));
    }
}
