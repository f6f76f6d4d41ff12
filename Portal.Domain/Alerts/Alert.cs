using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Alerts;

/// <summary>What an alert looks at.</summary>
public static class AlertKind
{
    /// <summary>The values: credits left; credits used in the last 24 hours; percent of an allowance used; money accrued in the billing period.</summary>
    public const string Balance = "balance", BurnRate = "burn_rate", Allowance = "allowance", Spend = "spend";

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<string> All = [Balance, BurnRate, Allowance, Spend];
}

/// <summary>How an alert tells.</summary>
public static class AlertChannel
{
    /// <summary>The values: a mail to owners, admins and billing people; an event to webhooks; a notice on the overview.</summary>
    public const string Mail = "mail", Webhook = "webhook", InApp = "in_app";

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<string> All = [Mail, Webhook, InApp];
}

/// <summary>A threshold that a tenant wants to be told of.</summary>
/// <param name="Key">Its name in addresses.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Kind">One of <see cref="AlertKind"/>.</param>
/// <param name="Pool">Key of the pool; null: all together.</param>
/// <param name="PoolId">Its number.</param>
/// <param name="Consumer">Of an allowance: the consumer's key; null: whoever is nearest to the end of theirs.</param>
/// <param name="Threshold">Credits, credits in 24 hours, percent, or money in the tenant's currency.</param>
/// <param name="Channels">Of <see cref="AlertChannel.All"/>, at least one.</param>
/// <param name="IsArmed">False from when it fired until what it looks at has recovered.</param>
/// <param name="Value">What it saw last; null before the first look.</param>
/// <param name="FiredAt">When it last fired.</param>
/// <param name="Revision">Grows with every change.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record Alert(
    string Key, string Name, string Kind, string? Pool, int? PoolId, string? Consumer, decimal Threshold, IReadOnlyList<string> Channels, bool IsArmed, decimal? Value,
    DateTimeOffset? FiredAt, int Revision, DateTimeOffset CreatedAt)
{
    // A tenth back from the threshold re-arms, so that what wavers about it tells once.
    private const decimal Back = 0.1m;

    internal const string Select = """
        select a.key, a.name, a.kind, p.key, a.pool_id, c.key, a.threshold, a.channels, a.armed, a.value, a.fired_at, a.revision, a.created_at from alerts a
        left join pools p on p.tenant_id = a.tenant_id and p.pool_id = a.pool_id left join consumers c on c.tenant_id = a.tenant_id and c.consumer_id = a.consumer_id
        where a.tenant_id = $1
        """;

    /// <summary>True when that value is to be told.</summary>
    public bool IsCrossedBy(decimal value) => Kind == AlertKind.Balance ? value <= Threshold : value >= Threshold;

    /// <summary>True when that value lies far enough on the good side to be told again when it comes back.</summary>
    public bool IsRecoveredAt(decimal value) => Kind == AlertKind.Balance ? value > Threshold * (1m + Back) : value < Threshold * (1m - Back);

    internal static Alert Read(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2), row.Nullable<string>(3), row.Nullable<int?>(4), row.Nullable<string>(5), row.GetDecimal(6),
        row.GetFieldValue<string[]>(7), row.GetBoolean(8), row.Nullable<decimal?>(9), row.Nullable<DateTimeOffset?>(10), row.GetInt32(11), row.GetFieldValue<DateTimeOffset>(12));
}

/// <summary>One time that an alert fired.</summary>
/// <param name="Id">UUIDv7.</param>
/// <param name="Alert">Key of the alert.</param>
/// <param name="At">Business time.</param>
/// <param name="Text">What it said.</param>
/// <param name="RecoveredAt">When what it looks at was back; null: not yet.</param>
public sealed record AlertFiring(Guid Id, string Alert, DateTimeOffset At, string Text, DateTimeOffset? RecoveredAt);
