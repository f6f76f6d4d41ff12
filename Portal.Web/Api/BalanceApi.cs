using System.ComponentModel;
using System.Text.Json.Serialization;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>What a tenant has, and how it came to that.</summary>
public static class BalanceApi
{
    private static readonly TimeSpan DefaultPeriod = TimeSpan.FromDays(30);

    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder tenant)
    {
        tenant.MapGet("/balance", BalanceAsync).WithTags("Credits").RequireScope(Scope.Read).Answers<BalanceDocument>().Says(
            "Get the balance of every pool",
            "`balance` is what is spendable less the debt (`overdraft`), so it may be negative; `available` is the balance less what is held, never below 0.");
        tenant.MapGet("/burndown", BurndownAsync).WithTags("Credits").RequireScope(Scope.Read).Answers<BurndownDocument>().Says(
            "Get the balance over time",
            "Steps of an hour, a day or a month of the tenant's calendar; default the last 30 days by day. `revenue`, `cost` and `margin` only with a platform key.");
    }

    private static async Task<IResult> BalanceAsync(PathTenant tenant, TenantReads reads, CancellationToken cancellationToken)
    {
        var balance = await reads.RunAsync(tenant.Id, read => Balances.ReadAsync(read, cancellationToken), cancellationToken);
        return Answer.Ok(BalanceDocument.Of(tenant.Key, balance));
    }

    private static async Task<IResult> BurndownAsync(
        [AsParameters] PeriodQuery query,
        [Description("Key of a pool; default all together.")] string? pool,
        [Description("`hour`, `day` (default) or `month`.")] string? step,
        PathTenant tenant, ApiCaller caller, TenantReads reads, CancellationToken cancellationToken)
    {
        var period = query.Read();
        if (period.Problem is { } problem) return new ProblemAnswer(problem);
        if (CalendarSteps.Find(step ?? "day") is not { } length)
            return new ProblemAnswer(Problem.Field("step", "invalid_step", "The step is hour, day or month."));
        var report = await reads.RunAsync(
            tenant.Id,
            read =>
            {
                var to = period.Value.To ?? read.Now;
                return BurndownQuery.ReadAsync(read, pool, period.Value.From ?? to - DefaultPeriod, to, length, caller.IsPlatform, cancellationToken);
            },
            cancellationToken);
        return report.ToAnswer(found => Answer.Ok(new BurndownDocument(found.Opening, found.Items.Select(BurndownItem.Of).ToList())));
    }
}

/// <summary>A tenant's balance.</summary>
/// <param name="Tenant">Its key.</param>
/// <param name="AsOf">When.</param>
/// <param name="Pools">Pool by pool.</param>
/// <param name="Total">All pools together.</param>
public sealed record BalanceDocument(string Tenant, DateTimeOffset AsOf, IReadOnlyList<PoolBalanceDocument> Pools, TotalDocument Total)
{
    /// <summary>The document of a balance.</summary>
    public static BalanceDocument Of(string tenant, TenantBalance balance)
    {
        ArgumentNullException.ThrowIfNull(balance);
        var total = balance.Total;
        return new(
            tenant, balance.AsOf, balance.Pools.Select(PoolBalanceDocument.Of).ToList(),
            new TotalDocument(total.Balance, total.Held, total.Available, total.Overdraft, total.Overage));
    }
}

/// <summary>All pools together.</summary>
/// <param name="Balance">Spendable less debt.</param>
/// <param name="Held">Reserved by open holds.</param>
/// <param name="Available">Balance less held, never below 0.</param>
/// <param name="Overdraft">The debt.</param>
/// <param name="Overage">Sold beyond the grants and not invoiced yet.</param>
public sealed record TotalDocument(decimal Balance, decimal Held, decimal Available, decimal Overdraft, decimal Overage);

/// <summary>The balance of a pool.</summary>
/// <param name="Key">The pool's key.</param>
/// <param name="Balance">Spendable less debt.</param>
/// <param name="Held">Reserved by open holds.</param>
/// <param name="Available">Balance less held, never below 0.</param>
/// <param name="Overdraft">The debt.</param>
/// <param name="Overage">Sold beyond the grants and not invoiced yet.</param>
/// <param name="NextExpiry">What expires next.</param>
/// <param name="RunsOutAt">When it is used up at the present rate.</param>
public sealed record PoolBalanceDocument(
    string Key, decimal Balance, decimal Held, decimal Available, decimal Overdraft, decimal Overage, NextExpiry? NextExpiry, DateTimeOffset? RunsOutAt)
{
    /// <summary>The document of a pool's balance.</summary>
    public static PoolBalanceDocument Of(PoolBalance pool)
    {
        ArgumentNullException.ThrowIfNull(pool);
        var figures = pool.Figures;
        return new(pool.Key, figures.Balance, figures.Held, figures.Available, figures.Overdraft, figures.Overage, pool.NextExpiry, pool.RunsOutAt);
    }
}

/// <summary>A balance over time.</summary>
/// <param name="Opening">Before the first step.</param>
/// <param name="Items">The steps.</param>
public sealed record BurndownDocument(decimal Opening, IReadOnlyList<BurndownItem> Items);

/// <summary>A step of a burn-down: opening + granted − used − expired + moved − refunded = closing.</summary>
/// <param name="At">When it begins.</param>
/// <param name="Granted">Came in.</param>
/// <param name="Used">Used.</param>
/// <param name="Expired">Expired.</param>
/// <param name="Moved">Moved in, or out when negative.</param>
/// <param name="Refunded">Taken back.</param>
/// <param name="Closing">At its end.</param>
public sealed record BurndownItem(DateTimeOffset At, decimal Granted, decimal Used, decimal Expired, decimal Moved, decimal Refunded, decimal Closing)
{
    /// <summary>Revenue, cost and margin; only with a platform key.</summary>
    [JsonExtensionData]
    public Dictionary<string, object?>? Money { get; init; }

    /// <summary>The document of a step.</summary>
    public static BurndownItem Of(BurndownStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return new(step.At, step.Granted, step.Used, step.Expired, step.Moved, step.Refunded, step.Closing)
        {
            Money = step.Money is not { } money ? null : new(StringComparer.Ordinal)
            {
                ["revenue"] = money.Revenue,
                ["cost"] = money.Cost,
                ["margin"] = money.Margin,
            },
        };
    }
}
