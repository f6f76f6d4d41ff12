using Portal.Domain.Kernel;

namespace Portal.Domain.Wallet;

/// <summary>How much one consumer may draw through one pool in a period, overflow included.</summary>
/// <param name="ConsumerId">Number of the consumer.</param>
/// <param name="PoolId">Number of the pool that usage names.</param>
/// <param name="Credits">0 or more a period.</param>
/// <param name="Period">One of <see cref="AllowancePeriod.All"/>.</param>
/// <param name="Mode"><c>hard</c> refuses holds; <c>soft</c> only tells when it is passed.</param>
/// <param name="Since">Usage that happened before does not count.</param>
public sealed record Allowance(int ConsumerId, int PoolId, decimal Credits, string Period, string Mode, DateTimeOffset Since)
{
    /// <summary>The two modes.</summary>
    public const string Hard = "hard", Soft = "soft";

    /// <summary>True when it refuses holds.</summary>
    public bool IsHard => Mode == Hard;
}

/// <summary>
/// Periods of allowances on the calendar of the tenant's zone: days begin at midnight, weeks on Monday, months and quarters on their first
/// day; a lifetime has one period. Half-open, stored as the UTC instant at which they begin.
/// </summary>
public static class AllowancePeriod
{
    public const string Day = "day", Week = "week", Month = "month", Quarter = "quarter", Lifetime = "lifetime";

    /// <summary>All kinds.</summary>
    public static readonly IReadOnlyList<string> All = [Day, Week, Month, Quarter, Lifetime];

    /// <summary>When the period that holds an instant began; the epoch for a lifetime.</summary>
    public static DateTimeOffset StartOf(string period, TimeZoneInfo zone, DateTimeOffset instant) =>
        period == Lifetime ? DateTimeOffset.UnixEpoch : zone.DayStart(FirstDay(period, zone.DateIn(instant)));

    /// <summary>When the period that holds an instant ends: the first instant of the next; null for a lifetime.</summary>
    public static DateTimeOffset? EndOf(string period, TimeZoneInfo zone, DateTimeOffset instant)
    {
        var first = FirstDay(period, zone.DateIn(instant));
        return period switch
        {
            Day => zone.DayStart(first.AddDays(1)),
            Week => zone.DayStart(first.AddDays(7)),
            Month => zone.DayStart(first.AddMonths(1)),
            Quarter => zone.DayStart(first.AddMonths(3)),
            _ => null,
        };
    }

    private static DateOnly FirstDay(string period, DateOnly date) => period switch
    {
        Week => date.AddDays(-(((int)date.DayOfWeek + 6) % 7)),
        Month => new DateOnly(date.Year, date.Month, 1),
        Quarter => new DateOnly(date.Year, ((date.Month - 1) / 3 * 3) + 1, 1),
        _ => date,
    };
}
