using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Metering.Counters;

/// <summary>A period that quantities accumulate over: half-open, as UTC instants.</summary>
/// <param name="StartsAt">Its first instant.</param>
/// <param name="EndsAt">The first instant after it.</param>
public readonly record struct MeteredPeriod(DateTimeOffset StartsAt, DateTimeOffset EndsAt);

/// <summary>Which period an instant lies in: a billing period, else the calendar month in the tenant's zone, cut where billing begins or ended.</summary>
public sealed class MeteredPeriods
{
    private const string Sql = """
        select starts_at, ends_at from subscription_periods where tenant_id = $1
        union all
        select coalesce(period_starts_at, trial_until, starts_at), period_ends_at from subscriptions where tenant_id = $1 and state <> 'cancelled'
        order by 1
        """;

    private readonly IReadOnlyList<(DateTimeOffset StartsAt, DateTimeOffset? EndsAt)> billing;
    private readonly TimeZoneInfo zone;
    private MeteredPeriod last;

    /// <summary>The periods of a tenant.</summary>
    /// <param name="billing">Its billing periods; without an end: one that has not begun.</param>
    /// <param name="zone">The tenant's zone.</param>
    public MeteredPeriods(IReadOnlyList<(DateTimeOffset StartsAt, DateTimeOffset? EndsAt)> billing, TimeZoneInfo zone)
    {
        this.billing = billing;
        this.zone = zone;
    }

    /// <summary>Reads the billing periods of a tenant.</summary>
    public static async Task<MeteredPeriods> ReadAsync(NpgsqlConnection connection, long tenantId, TimeZoneInfo zone, CancellationToken cancellationToken) =>
        new(await connection.ListAsync(Sql, row => (row.GetFieldValue<DateTimeOffset>(0), row.Nullable<DateTimeOffset?>(1)), cancellationToken, tenantId), zone);

    /// <summary>The period that contains an instant. Neighbouring events mostly share theirs, so the last one is remembered.</summary>
    public MeteredPeriod Of(DateTimeOffset instant) => last.StartsAt <= instant && instant < last.EndsAt ? last : last = Find(instant);

    private MeteredPeriod Find(DateTimeOffset instant)
    {
        var date = zone.DateIn(instant);
        var first = new DateOnly(date.Year, date.Month, 1);
        var (start, end) = (zone.DayStart(first), zone.DayStart(first.AddMonths(1)));
        foreach (var (startsAt, endsAt) in billing)
        {
            if (startsAt <= instant && instant < endsAt) return new MeteredPeriod(startsAt, endsAt.Value);
            if (endsAt <= instant && endsAt > start) start = endsAt.Value;
            if (startsAt > instant && startsAt < end) end = startsAt;
        }

        return new MeteredPeriod(start, end);
    }
}
