using System.Globalization;
using Portal.Domain.Webhooks;

namespace Portal.Web.Components.Shared.Webhooks;

/// <summary>Webhooks in words.</summary>
public static class WebhookText
{
    /// <summary>States of deliveries for a filter.</summary>
    public static readonly IReadOnlyList<(string Value, string Text)> States = [(DeliveryState.Pending, "Waiting"), (DeliveryState.Delivered, "Delivered"), (DeliveryState.Failed, "Given up")];

    /// <summary>How a delivery stands.</summary>
    public static string State(WebhookDelivery delivery)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        return delivery.State == DeliveryState.Pending && delivery.Attempts > 0 ? "To be tried again" : States.First(state => state.Value == delivery.State).Text;
    }

    /// <summary>CSS class of its badge.</summary>
    public static string Badge(WebhookDelivery delivery)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        return delivery.State switch { DeliveryState.Delivered => "badge-good", DeliveryState.Failed => "badge-bad", _ => delivery.Attempts > 0 ? "badge-warning" : "badge-plain" };
    }

    /// <summary>What an endpoint hears of.</summary>
    public static string Types(WebhookEndpoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        return endpoint.Types.Count == 0 ? "Everything" : string.Join(", ", endpoint.Types);
    }

    /// <summary>One try: "503 after 12 ms".</summary>
    public static string Attempt(WebhookAttempt attempt)
    {
        ArgumentNullException.ThrowIfNull(attempt);
        return string.Create(CultureInfo.CurrentCulture, $"{attempt.Status?.ToString(CultureInfo.InvariantCulture) ?? "No answer"} after {attempt.TookMs:N0} ms");
    }
}
