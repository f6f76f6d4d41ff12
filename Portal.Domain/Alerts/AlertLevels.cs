using System.Globalization;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;

namespace Portal.Domain.Alerts;

/// <summary>What alerts look at, in one snapshot of a tenant.</summary>
internal sealed class AlertLevels
{
    private const string Day = "select pool_id, sum(credits) from usage_hourly where tenant_id = $1 and hour > $2 and hour <= $3 group by pool_id";

    private readonly TenantBalance balance;
    private readonly Dictionary<int, decimal> usedToday;
    private readonly List<AllowanceStanding> allowances;
    private readonly decimal spend;
    private readonly string currency;

    private AlertLevels(TenantBalance balance, Dictionary<int, decimal> usedToday, List<AllowanceStanding> allowances, decimal spend, string currency) =>
        (this.balance, this.usedToday, this.allowances, this.spend, this.currency) = (balance, usedToday, allowances, spend, currency);

    /// <summary>Pools and what they have.</summary>
    public IReadOnlyList<PoolBalance> Pools => balance.Pools;

    /// <summary>Reads what those alerts need.</summary>
    public static async Task<AlertLevels> ReadAsync(TenantRead read, IReadOnlyCollection<Alert> alerts, CancellationToken cancellationToken)
    {
        var balance = await Balances.ReadAsync(read, cancellationToken);
        var used = alerts.Any(alert => alert.Kind == AlertKind.BurnRate)
            ? await read.Connection.ListAsync(Day, row => (Pool: row.GetInt32(0), Credits: row.GetDecimal(1)), cancellationToken, read.TenantId, read.Now.AddDays(-1), read.Now)
            : [];
        var allowances = alerts.Any(alert => alert.Kind == AlertKind.Allowance) ? await AllowanceSettings.ListAsync(read, consumer: null, cancellationToken) : [];
        var spend = await read.Connection.ListAsync("select period_spend from wallets where tenant_id = $1", row => row.GetDecimal(0), cancellationToken, read.TenantId);
        return new AlertLevels(balance, used.ToDictionary(pool => pool.Pool, pool => pool.Credits), allowances, spend[0], read.Currency);
    }

    /// <summary>What an alert sees, and says if that crosses its threshold; null when what it looks at is not there.</summary>
    public (decimal Value, string Text)? Of(Alert alert) => alert.Kind switch
    {
        AlertKind.Balance => BalanceOf(alert),
        AlertKind.BurnRate => BurnRateOf(alert),
        AlertKind.Allowance => AllowanceOf(alert),
        _ => (spend, $"{Text(spend)} {currency} of usage beyond the plan in this period; the alert is at {Text(alert.Threshold)} {currency}."),
    };

    private (decimal Value, string Text)? BalanceOf(Alert alert)
    {
        if (alert.PoolId is null) return Says(balance.Total.Balance, "There are");
        return balance.Pools.FirstOrDefault(pool => pool.Id == alert.PoolId) is { } found ? Says(found.Figures.Balance, $"{found.Name} has") : null;

        (decimal Value, string Text) Says(decimal left, string subject) => (left, $"{subject} {Text(left)} credits left; the alert is at {Text(alert.Threshold)}.");
    }

    private (decimal Value, string Text) BurnRateOf(Alert alert)
    {
        var used = alert.PoolId is { } pool ? usedToday.GetValueOrDefault(pool) : usedToday.Values.Sum();
        var from = balance.Pools.FirstOrDefault(one => one.Id == alert.PoolId) is { } named ? $" from {named.Name}" : "";
        return (used, $"{Text(used)} credits were used{from} in 24 hours; the alert is at {Text(alert.Threshold)}.");
    }

    private (decimal Value, string Text)? AllowanceOf(Alert alert)
    {
        var nearest = allowances
            .Where(one => one.Limit > 0m && (alert.Pool is null || one.Pool == alert.Pool) && (alert.Consumer is null || one.Consumer == alert.Consumer))
            .Select(one => (Allowance: one, Percent: Math.Round(100m * one.Used / one.Limit, 9)))
            .OrderByDescending(one => one.Percent).ThenBy(one => one.Allowance.Consumer, StringComparer.Ordinal)
            .FirstOrDefault();
        if (nearest.Allowance is not { } found) return alert.Consumer is null ? (0m, "") : null;
        return (nearest.Percent, $"{found.Consumer} has used {Text(nearest.Percent)} % of the allowance of {Text(found.Limit)} credits in {found.Pool}; the alert is at {Text(alert.Threshold)} %.");
    }

    private static string Text(decimal value) => value.ToString("#,0.##", CultureInfo.InvariantCulture);
}
