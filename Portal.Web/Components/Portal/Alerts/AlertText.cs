using Portal.Domain.Alerts;

namespace Portal.Web.Components.TenantPages.Alerts;

/// <summary>Alerts in words.</summary>
public static class AlertText
{
    /// <summary>What each kind looks at.</summary>
    public static readonly IReadOnlyList<(string Kind, string Text)> Kinds =
    [
        (AlertKind.Balance, "Credits left"), (AlertKind.BurnRate, "Credits used in 24 hours"), (AlertKind.Allowance, "Share of an allowance used"), (AlertKind.Spend, "Spend beyond the plan"),
    ];

    /// <summary>What a kind looks at.</summary>
    public static string Kind(string kind) => Kinds.First(one => one.Kind == kind).Text;

    /// <summary>When it tells: "at 100 credits or fewer".</summary>
    public static string When(Alert alert, string currency)
    {
        ArgumentNullException.ThrowIfNull(alert);
        return alert.Kind == AlertKind.Balance ? $"{Value(alert, alert.Threshold, currency)} or fewer" : $"{Value(alert, alert.Threshold, currency)} or more";
    }

    /// <summary>A value of that alert with its unit.</summary>
    public static string Value(Alert alert, decimal value, string currency)
    {
        ArgumentNullException.ThrowIfNull(alert);
        return alert.Kind switch
        {
            AlertKind.Allowance => $"{value:0.##} %",
            AlertKind.Spend => $"{value:#,0.00} {currency}",
            _ => $"{Shared.Figures.Credits(value)} credits",
        };
    }

    /// <summary>The unit after the field of the threshold.</summary>
    public static string Unit(string kind, string currency) => kind switch
    {
        AlertKind.Allowance => "percent of the allowance",
        AlertKind.Spend => $"{currency} in the billing period",
        AlertKind.BurnRate => "credits in 24 hours",
        _ => "credits",
    };

    /// <summary>Of what: a pool, a person, everything.</summary>
    public static string Subject(Alert alert, Func<string, string> poolName)
    {
        ArgumentNullException.ThrowIfNull(alert);
        ArgumentNullException.ThrowIfNull(poolName);
        var pool = alert.Pool is null ? "all pools" : poolName(alert.Pool);
        return alert.Kind switch
        {
            AlertKind.Spend => "the company",
            AlertKind.Allowance => $"{alert.Consumer ?? "whoever is nearest to the end"}, {pool}",
            _ => pool,
        };
    }

    /// <summary>How it tells.</summary>
    public static string Channels(Alert alert)
    {
        ArgumentNullException.ThrowIfNull(alert);
        return string.Join(", ", alert.Channels.Select(channel => channel switch { AlertChannel.Mail => "mail", AlertChannel.Webhook => "webhook", _ => "here" }));
    }
}
