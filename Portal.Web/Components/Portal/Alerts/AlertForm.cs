using System.Globalization;
using Portal.Domain.Alerts;
using Portal.Domain.Kernel;

namespace Portal.Web.Components.TenantPages.Alerts;

/// <summary>What the dialog of an alert asks for.</summary>
public sealed class AlertForm
{
    /// <summary>Key of the alert that is changed; null for a new one.</summary>
    public string? Key { get; init; }

    /// <summary>What people call it.</summary>
    public string Name { get; set; } = "";

    /// <summary>One of <see cref="AlertKind"/>.</summary>
    public string Kind { get; set; } = AlertKind.Balance;

    /// <summary>Key of the pool; empty: all together.</summary>
    public string Pool { get; set; } = "";

    /// <summary>Key of the consumer; empty: whoever is nearest to the end.</summary>
    public string Consumer { get; set; } = "";

    /// <summary>The threshold as typed.</summary>
    public string Threshold { get; set; } = "";

    /// <summary>Whether it mails.</summary>
    public bool Mail { get; set; } = true;

    /// <summary>Whether it tells webhooks.</summary>
    public bool Webhook { get; set; }

    /// <summary>Whether it shows on the overview.</summary>
    public bool InApp { get; set; } = true;

    /// <summary>The form of an alert that is there.</summary>
    public static AlertForm Of(Alert alert)
    {
        ArgumentNullException.ThrowIfNull(alert);
        return new()
        {
            Key = alert.Key,
            Name = alert.Name,
            Kind = alert.Kind,
            Pool = alert.Pool ?? "",
            Consumer = alert.Consumer ?? "",
            Threshold = alert.Threshold.ToString("0.#########", CultureInfo.CurrentCulture),
            Mail = alert.Channels.Contains(AlertChannel.Mail, StringComparer.Ordinal),
            Webhook = alert.Channels.Contains(AlertChannel.Webhook, StringComparer.Ordinal),
            InApp = alert.Channels.Contains(AlertChannel.InApp, StringComparer.Ordinal),
        };
    }

    /// <summary>What it asks for, or what is wrong with the number.</summary>
    public Result<AlertOrder> ToOrder()
    {
        if (!decimal.TryParse(Threshold.Trim(), NumberStyles.Number, CultureInfo.CurrentCulture, out var threshold))
            return Problem.Field("threshold", "invalid_threshold", "Give the threshold as a number.");
        (bool On, string Channel)[] channels = [(Mail, AlertChannel.Mail), (Webhook, AlertChannel.Webhook), (InApp, AlertChannel.InApp)];
        return new AlertOrder(
            Name.Trim(), Kind, threshold, [.. channels.Where(channel => channel.On).Select(channel => channel.Channel)],
            Kind == AlertKind.Spend || Pool.Length == 0 ? null : Pool, Kind != AlertKind.Allowance || Consumer.Length == 0 ? null : Consumer);
    }
}
