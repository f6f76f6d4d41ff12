using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Subscriptions;

/// <summary>How near a tenant is to the spend cap of the billing period that runs.</summary>
/// <param name="Spend">Money accrued, net of tax: credits sold beyond the grants, and usage priced in money.</param>
/// <param name="Cap">Most that the period may accrue.</param>
/// <param name="Currency">Of both.</param>
/// <param name="FreesAt">When the period ends.</param>
public sealed record SpendOfPeriod(decimal Spend, decimal Cap, string Currency, DateTimeOffset FreesAt)
{
    /// <summary>True when nothing more is sold beyond the grants.</summary>
    public bool Reached => Spend >= Cap;

    /// <summary>Reads it; null without a cap.</summary>
    public static Task<SpendOfPeriod?> FindAsync(TenantRead read, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        const string sql = """
            select case when w.period_starts_at = s.period_starts_at then w.period_spend else 0 end, s.spend_cap, s.currency, s.period_ends_at
            from subscriptions s join wallets w on w.tenant_id = s.tenant_id
            where s.tenant_id = $1 and s.state <> 'cancelled' and s.exhaustion = 'overage' and s.spend_cap is not null and s.period_ends_at > $2
            """;
        return read.Connection.FindAsync(
            sql, row => new SpendOfPeriod(row.GetDecimal(0), row.GetDecimal(1), row.GetString(2), row.GetFieldValue<DateTimeOffset>(3)), cancellationToken,
            read.TenantId, read.Now);
    }
}
