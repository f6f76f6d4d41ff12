using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Metering.Intake;

namespace Portal.Domain.Metering.Watching;

/// <summary>Events of a minute or an hour by what became of them.</summary>
/// <param name="At">Where it begins, in real time.</param>
/// <param name="Accepted">Taken and rated.</param>
/// <param name="Unrated">Taken; no meter or rate covered them.</param>
/// <param name="Duplicate">Known already.</param>
/// <param name="Conflict">Known with another body.</param>
/// <param name="Rejected">Refused.</param>
public sealed record IntakeStep(DateTimeOffset At, long Accepted, long Unrated, long Duplicate, long Conflict, long Rejected)
{
    /// <summary>All that were sent.</summary>
    public long Events => Accepted + Unrated + Duplicate + Conflict + Rejected;
}

/// <summary>What was sent lately, by all processes.</summary>
/// <param name="Now">Real time of the database.</param>
/// <param name="PerSecond">Events a second over this minute so far and the last full one.</param>
/// <param name="Minutes">The last 60 minutes, oldest first; the last is not over.</param>
/// <param name="Hours">The last 24 hours, oldest first; the last is not over.</param>
public sealed record IntakeRate(DateTimeOffset Now, decimal PerSecond, IReadOnlyList<IntakeStep> Minutes, IReadOnlyList<IntakeStep> Hours);

/// <summary>Events that did not simply go well, of the last 24 hours.</summary>
/// <param name="Tenant">Key of the tenant; null: none of ours was named.</param>
/// <param name="Fate"><c>unrated</c>, <c>duplicate</c>, <c>conflict</c>, <c>rejected</c> or <c>late</c>.</param>
/// <param name="Code">Why; empty where the fate says it.</param>
/// <param name="Type">Their type; empty when none was sent.</param>
/// <param name="Events">How many.</param>
/// <param name="LastAt">When the last came, in real time.</param>
public sealed record RemarkedEvents(string? Tenant, string Fate, string Code, string Type, long Events, DateTimeOffset LastAt);

/// <summary>Events that wait for a meter or a rate.</summary>
/// <param name="TenantId">Whose.</param>
/// <param name="Tenant">Key of the tenant.</param>
/// <param name="Type">Their type.</param>
/// <param name="Meter">The meter that measures them; null: none does, so a meter is missing, else a rate.</param>
/// <param name="Model">The model that they name; null when they name none.</param>
/// <param name="Events">How many.</param>
/// <param name="Oldest">When the first happened.</param>
/// <param name="Newest">When the last happened.</param>
/// <param name="Example">Key of one of them.</param>
public sealed record UnratedEvents(long TenantId, string Tenant, string Type, string? Meter, string? Model, long Events, DateTimeOffset Oldest, DateTimeOffset Newest, Guid Example);

/// <summary>Whose an event is.</summary>
/// <param name="Key">Key of the tenant.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Zone">Its zone.</param>
public sealed record WatchedTenant(string Key, string Name, TimeZoneInfo Zone);

/// <summary>What operators watch of the intake. Reads small tables and the index of unrated events, never all events.</summary>
public static class IntakeWatch
{
    /// <summary>Most unrated events that are looked at.</summary>
    public const int MostUnrated = 20_000;

    private const string Steps = """
        with sums as (
          select date_trunc($1, minute, 'UTC') as step, fate, sum(events)::bigint as events from intake_minutes
          where minute >= date_trunc($1, now(), 'UTC') - $2 * ('1 ' || $1)::interval group by 1, 2
        )
        select s.step, coalesce(sum(events) filter (where fate = 'accepted'), 0)::bigint, coalesce(sum(events) filter (where fate = 'unrated'), 0)::bigint,
          coalesce(sum(events) filter (where fate = 'duplicate'), 0)::bigint, coalesce(sum(events) filter (where fate = 'conflict'), 0)::bigint,
          coalesce(sum(events) filter (where fate = 'rejected'), 0)::bigint
        from generate_series(date_trunc($1, now(), 'UTC') - $2 * ('1 ' || $1)::interval, date_trunc($1, now(), 'UTC'), ('1 ' || $1)::interval) s(step)
        left join sums on sums.step = s.step
        group by s.step order by s.step
        """;

    private const string Remarks = """
        select t.key, r.fate, r.code, r.type, sum(r.events)::bigint, max(r.last_at)
        from intake_remarks r left join tenants t on t.tenant_id = r.tenant_id
        where r.hour > date_trunc('hour', now(), 'UTC') - interval '24 hours' and r.fate = any($1)
        group by 1, 2, 3, 4 order by 5 desc, 1, 2, 3, 4 limit $2
        """;

    // The partial index of unrated events leads to them. Those that were rated since have ratings, found by theirs; a void rates too.
    private const string Unrated = """
        with waiting as (
          select e.tenant_id, e.event_key, e.type, e.meter, left(e.data ->> 'model', 200) as model, e.occurred_at from events e
          where not e.rated and e.transaction_id >= (select uuid7_floor(now() + p.clock_offset - p.event_window) from platform p)
            and not exists (select from ratings a where a.tenant_id = e.tenant_id and a.event_transaction_id = e.transaction_id and a.event_ordinal = e.ordinal)
          limit $1
        )
        select w.tenant_id, t.key, w.type, w.meter, w.model, count(*), min(w.occurred_at), max(w.occurred_at), (array_agg(w.event_key order by w.occurred_at desc))[1]
        from waiting w join tenants t on t.tenant_id = w.tenant_id
        group by 1, 2, 3, 4, 5 order by 6 desc, 2, 3, 4, 5 limit 200
        """;

    /// <summary>How much is sent.</summary>
    public static async Task<IntakeRate> RateAsync(NpgsqlDataSource source, CancellationToken cancellationToken = default)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var now = (await connection.ListAsync("select now()", row => row.GetFieldValue<DateTimeOffset>(0), cancellationToken)).Single();
        var minutes = await connection.ListAsync(Steps, Step, cancellationToken, "minute", 59);
        var hours = await connection.ListAsync(Steps, Step, cancellationToken, "hour", 23);
        var seconds = (decimal)(now - minutes[^2].At).TotalSeconds;
        return new IntakeRate(now, Math.Round((minutes[^1].Events + minutes[^2].Events) / Math.Max(seconds, 1m), 3), minutes, hours);
    }

    /// <summary>What did not simply go well in the last 24 hours, the most events first.</summary>
    /// <param name="source">The database.</param>
    /// <param name="fates">Of these fates.</param>
    /// <param name="limit">Rows at most.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<IReadOnlyList<RemarkedEvents>> RemarksAsync(
        NpgsqlDataSource source, IReadOnlyCollection<string> fates, int limit, CancellationToken cancellationToken = default) => await source.ListAsync(
            Remarks, row => new RemarkedEvents(row.Nullable<string>(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetInt64(4), row.GetFieldValue<DateTimeOffset>(5)),
            cancellationToken, (object)fates.ToArray(), limit);

    /// <summary>Events of the acceptance window that no meter or rate covers so far, of at most <see cref="MostUnrated"/> the groups; the most first.</summary>
    public static async Task<IReadOnlyList<UnratedEvents>> UnratedAsync(NpgsqlDataSource source, CancellationToken cancellationToken = default) => await source.ListAsync(
        Unrated, row => new UnratedEvents(
            row.GetInt64(0), row.GetString(1), row.GetString(2), row.Nullable<string>(3), row.Nullable<string>(4), row.GetInt64(5), row.GetFieldValue<DateTimeOffset>(6),
            row.GetFieldValue<DateTimeOffset>(7), row.GetGuid(8)),
        cancellationToken, MostUnrated);

    /// <summary>The key of an event by what its sender called it; null when the tenant has none of it.</summary>
    /// <param name="source">The database.</param>
    /// <param name="tenant">Key of the tenant.</param>
    /// <param name="from">The event's source.</param>
    /// <param name="id">The event's id.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<(long TenantId, Guid Key)?> FindAsync(
        NpgsqlDataSource source, string tenant, string from, string id, CancellationToken cancellationToken = default)
    {
        var found = await source.ListAsync(
            "select i.tenant_id, i.event_key from tenants t join event_identities i on i.tenant_id = t.tenant_id and i.event_key = $2 where t.key = $1",
            row => (row.GetInt64(0), row.GetGuid(1)), cancellationToken, tenant, EventIdentity.KeyOf(from, id));
        return found.Count == 0 ? null : found[0];
    }

    /// <summary>Key, name and zone of a tenant; null when there is none.</summary>
    public static Task<WatchedTenant?> TenantAsync(NpgsqlDataSource source, long tenantId, CancellationToken cancellationToken = default) => source.FindAsync(
        "select key, name, time_zone from tenants where tenant_id = $1",
        row => new WatchedTenant(row.GetString(0), row.GetString(1), TimeZoneInfo.FindSystemTimeZoneById(row.GetString(2))), cancellationToken, tenantId);

    private static IntakeStep Step(NpgsqlDataReader row) =>
        new(row.GetFieldValue<DateTimeOffset>(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5));
}
