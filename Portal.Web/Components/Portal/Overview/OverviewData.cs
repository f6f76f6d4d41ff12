using Portal.Domain.Alerts;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Web.Access;
using Portal.Web.Components.Shared;

namespace Portal.Web.Components.TenantPages;

/// <summary>What the Overview shows, read in one snapshot.</summary>
/// <param name="Version">The wallet's version that it shows.</param>
/// <param name="Balance">All pools, or a plain member's own.</param>
/// <param name="Outlook">When credits run out; null while none are used.</param>
/// <param name="Buys">What the balance still buys; null while none are used.</param>
/// <param name="Month">Usage of this month so far, and of the same part of the month before.</param>
/// <param name="Chart">The burn-down.</param>
/// <param name="IsNew">Nothing was ever granted or used.</param>
/// <param name="AsOf">Business time of the snapshot.</param>
/// <param name="Alerts">What alerts found and has not recovered since; none for a plain member.</param>
public sealed record OverviewData(
    long Version, OverviewBalance Balance, Outlook? Outlook, StillBuys? Buys, MonthUsage Month, Shared.Burndown Chart, bool IsNew, DateTimeOffset AsOf,
    IReadOnlyList<AlertFiring> Alerts)
{
    private const int MostAlerts = 5;
    private const int PastDays = 30;
    private static readonly UsageFigures None = UsageFigures.None;

    /// <summary>Reads it for the role that the person has.</summary>
    public static Task<OverviewData> ReadAsync(TenantReads reads, CurrentTenant tenant, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reads);
        ArgumentNullException.ThrowIfNull(tenant);
        return reads.RunAsync(tenant.Id, read => ReadAsync(read, tenant, cancellationToken), cancellationToken);
    }

    private static async Task<OverviewData> ReadAsync(TenantRead read, CurrentTenant tenant, CancellationToken cancellationToken)
    {
        var own = tenant.May(MemberRole.Billing) ? null : await OwnUsage.OfAsync(read, tenant.MemberId, cancellationToken);
        var whole = await Balances.ReadAsync(read, cancellationToken);
        var balance = OverviewBalance.Of(whole, own?.Pool);

        var today = read.Zone.DateIn(read.Now);
        var from = read.Zone.DayStart(today.AddDays(1 - PastDays));
        var burndown = (await BurndownQuery.ReadAsync(read, own?.Pool, from, read.Now, CalendarStep.Day, cancellationToken: cancellationToken)).Value;
        var monthStart = read.Zone.DayStart(new DateOnly(today.Year, today.Month, 1));
        var lastMonth = read.Zone.DayStart(new DateOnly(today.Year, today.Month, 1).AddMonths(-1));
        var usage = await UsageAsync(read, from, read.Now, own, cancellationToken, "day", "model");
        var month = new MonthUsage(
            (await UsageAsync(read, monthStart, read.Now, own, cancellationToken)).Totals,
            (await UsageAsync(read, lastMonth, Earlier(lastMonth + (read.Now - monthStart), monthStart), own, cancellationToken)).Totals);

        var outlook = balance.Rate is null ? null : Outlook.Of(balance, read.Now);
        var isNew = balance.Grants.Count == 0 && balance.Total == new BalanceFigures(0m, 0m, 0m, 0m) && usage.Rows.Count == 0
            && burndown.Items.All(step => step is { Granted: 0m, Used: 0m, Expired: 0m, Closing: 0m }) && month.Before == None;
        var alerts = own is null ? await AlertSettings.FiringsAsync(read.Connection, read.TenantId, standing: true, MostAlerts, cancellationToken) : [];
        return new OverviewData(
            read.Version, balance, outlook, StillBuys.Of(usage, balance.Total.Balance), month, OverviewChart.Of(burndown, usage, balance, read), isNew, read.Now, alerts);
    }

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    private static async Task<UsageReport> UsageAsync(
        TenantRead read, DateTimeOffset from, DateTimeOffset to, OwnUsage? own, CancellationToken cancellationToken, params string[] groupBy)
    {
        var question = new UsageQuestion(from, to > from ? to : from.AddHours(1), groupBy) { Consumers = own?.Consumers };
        return (await UsageQuery.ReadAsync(read, question, cancellationToken)).Value;
    }
}

/// <summary>The balance as the person may see it.</summary>
/// <param name="Pools">The pools.</param>
/// <param name="Total">All of them.</param>
/// <param name="Rate">How fast they are drawn together.</param>
/// <param name="Grants">Their open grants in burn order.</param>
/// <param name="NextExpiry">The next credits to expire in any.</param>
public sealed record OverviewBalance(
    IReadOnlyList<PoolBalance> Pools, BalanceFigures Total, BurnRate? Rate, IReadOnlyList<Grant> Grants, NextExpiry? NextExpiry)
{
    /// <summary>Of all pools, or of the one with that key.</summary>
    public static OverviewBalance Of(TenantBalance balance, string? pool)
    {
        ArgumentNullException.ThrowIfNull(balance);
        var pools = pool is null ? balance.Pools : [.. balance.Pools.Where(p => p.Key == pool)];
        var next = pools.Select(p => p.NextExpiry).OfType<NextExpiry>().GroupBy(expiry => expiry.At).MinBy(expiring => expiring.Key);
        var expiry = next is null ? null : new NextExpiry(next.Key, next.Sum(expiring => expiring.Credits));
        if (pool is null) return new(pools, balance.Total, balance.Rate, balance.Grants, expiry);
        return pools is [var one] ? new(pools, one.Figures, one.Rate, one.Grants, expiry) : new([], new BalanceFigures(0m, 0m, 0m, 0m), null, [], null);
    }
}

/// <summary>When credits run out: expected, and between what; null is not within ten years.</summary>
/// <param name="Early">At the pace of the busiest recent week.</param>
/// <param name="Likely">At the pace of the last seven days.</param>
/// <param name="Late">At the pace of the quietest recent week.</param>
public sealed record Outlook(DateTimeOffset? Early, DateTimeOffset? Likely, DateTimeOffset? Late)
{
    /// <summary>The outlook of a balance whose rate is known.</summary>
    public static Outlook Of(OverviewBalance balance, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(balance);
        DateTimeOffset? At(decimal perDay) => Projection.RunsOutAt(balance.Grants, balance.Total.Overdraft, now, perDay);
        return new(At(balance.Rate!.High), At(balance.Rate.Likely), At(balance.Rate.Low));
    }
}

/// <summary>What the balance still buys.</summary>
/// <param name="Model">The model used most.</param>
/// <param name="Answers">How many answers of it, at their recent size.</param>
public sealed record StillBuys(string Model, long Answers)
{
    /// <summary>From recent usage by day and model; null when none of it drew credits.</summary>
    public static StillBuys? Of(UsageReport usage, decimal balance)
    {
        ArgumentNullException.ThrowIfNull(usage);
        var most = usage.Rows
            .Where(row => row.Keys[1] is not null)
            .GroupBy(row => row.Keys[1]!, row => row.Figures, StringComparer.Ordinal)
            .Select(model => (Model: model.Key, Figures: model.Aggregate((sum, next) => sum + next)))
            .Where(model => model.Figures is { Events: > 0, Credits: > 0m })
            .OrderByDescending(model => model.Figures.Events).ThenBy(model => model.Model, StringComparer.Ordinal)
            .FirstOrDefault();
        if (most.Figures is null || balance <= 0m) return null;
        var answers = Math.Floor(balance / (most.Figures.Credits / most.Figures.Events));
        return answers > long.MaxValue ? null : new StillBuys(most.Model, (long)answers);
    }
}

/// <summary>A month so far against the same part of the one before.</summary>
/// <param name="Now">This month.</param>
/// <param name="Before">The month before, up to the same time in it.</param>
public sealed record MonthUsage(UsageFigures Now, UsageFigures Before)
{
    /// <summary>Change of credits as a ratio; null without credits before.</summary>
    public decimal? Change => UsageGroup.ChangeOf(Now, Before);
}
