using System.Globalization;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Outcomes;

/// <summary>Which cases are looked for.</summary>
/// <param name="State"><c>pending</c>, <c>settling</c>, <c>billed</c> or <c>rejected</c>; null for all.</param>
/// <param name="From">Opened from then on.</param>
/// <param name="To">Opened before.</param>
public sealed record CaseFilter(string? State = null, DateTimeOffset? From = null, DateTimeOffset? To = null);

/// <summary>A case with what it drew.</summary>
/// <param name="Case">The case.</param>
/// <param name="Credits">Credits that its bill draws now; null when it has none.</param>
/// <param name="Revenue">What its bill earns now; null when it has none.</param>
public sealed record BilledCase(OutcomeCase Case, decimal? Credits, decimal? Revenue);

/// <summary>An event of a case.</summary>
/// <param name="Key">Its identity.</param>
/// <param name="Type">Its type.</param>
/// <param name="OccurredAt">When it happened.</param>
/// <param name="Work">Usage that costs and decides nothing.</param>
/// <param name="Data">The properties that the rule reads.</param>
/// <param name="Cost">What the platform paid for it; null when unknown.</param>
/// <param name="CostCurrency">Its currency; null when unknown or nothing.</param>
public sealed record EventOfCase(
    Guid Key, string Type, DateTimeOffset OccurredAt, bool Work, IReadOnlyDictionary<string, string> Data, decimal? Cost, string? CostCurrency);

/// <summary>A case that waits for the platform's decision.</summary>
/// <param name="TenantId">The tenant.</param>
/// <param name="Tenant">Its key.</param>
/// <param name="Case">The case.</param>
public sealed record DisputedCase(long TenantId, string Tenant, OutcomeCase Case)
{
    /// <summary>Where it stands in the queue.</summary>
    public string Place => string.Create(CultureInfo.InvariantCulture, $"{Case.DisputedAt!.Value.UtcTicks} {TenantId} {Case.Product} {Case.Key}");
}

/// <summary>Reads cases.</summary>
public static class CaseQuery
{
    // What the bill comes to after all that happened to it.
    private static string Select(string events) => $"""
        select {OutcomeCase.Columns}, b.credits, b.revenue from outcome_cases c
        left join lateral (
          select e.credits + coalesce(sum(r.credits), 0) as credits, e.revenue + coalesce(sum(r.revenue), 0) as revenue
          from {events} e
          left join ratings r on r.tenant_id = e.tenant_id and r.event_transaction_id = e.transaction_id and r.event_ordinal = e.ordinal
          where e.tenant_id = c.tenant_id and e.transaction_id = c.billed_transaction and e.ordinal = c.billed_ordinal group by e.credits, e.revenue) b on true
        where c.tenant_id = $1
        """;

    private const string Stored = "events", OfPage = "tenant_events";

    private const string EventsSql = """
        select o.event_key, o.type, o.occurred_at, o.work, o.data::text, e.cost, e.cost_currency from outcome_case_events o
        left join event_identities i on i.tenant_id = o.tenant_id and i.event_key = o.event_key
        left join events e on e.tenant_id = i.tenant_id and e.transaction_id = i.transaction_id and e.ordinal = i.ordinal
        where o.tenant_id = $1 and o.product = $2 and o.case_key = $3 order by o.occurred_at, o.event_key limit 1000
        """;

    private const string PageEventsSql = """
        select o.event_key, o.type, o.occurred_at, o.work, o.data::text, null::numeric, null from outcome_case_events o
        where o.tenant_id = $1 and o.product = $2 and o.case_key = $3 order by o.occurred_at, o.event_key limit 1000
        """;

    /// <summary>Names of the states.</summary>
    public static readonly IReadOnlyList<string> States = ["pending", "settling", "billed", "rejected"];

    /// <summary>Cases in the order of opening, the newest first, from the one after a place.</summary>
    /// <param name="connection">A connection of the application, or of a page.</param>
    /// <param name="tenantId">The tenant.</param>
    /// <param name="filter">Which.</param>
    /// <param name="after">From <see cref="PlaceOf"/>; null for the start.</param>
    /// <param name="limit">How many.</param>
    /// <param name="page">True on a page's connection.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static Task<List<BilledCase>> ListAsync(
        NpgsqlConnection connection, long tenantId, CaseFilter filter, (DateTimeOffset OpenedAt, string Product, string Key)? after, int limit,
        bool page = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        const string order = """
             and ($2::text is null or c.state = $2) and ($3::timestamptz is null or c.opened_at >= $3) and ($4::timestamptz is null or c.opened_at < $4)
             and ($5::timestamptz is null or (c.opened_at, c.product, c.case_key) < ($5, $6, $7))
            order by c.opened_at desc, c.product desc, c.case_key desc limit $8
            """;
        return connection.ListAsync(
            Select(page ? OfPage : Stored) + order, ReadBilled, cancellationToken, tenantId, filter.State, filter.From?.ToUniversalTime(), filter.To?.ToUniversalTime(),
            after?.OpenedAt, after?.Product, after?.Key, limit);
    }

    /// <summary>A case with what it drew: <c>unknown_case</c>, <c>ambiguous_case</c>.</summary>
    public static async Task<Result<BilledCase>> FindBilledAsync(
        NpgsqlConnection connection, long tenantId, string key, string? product, bool page = false, CancellationToken cancellationToken = default) =>
        One(await connection.ListAsync(
            Select(page ? OfPage : Stored) + " and c.case_key = $2 and ($3::text is null or c.product = $3)", ReadBilled, cancellationToken, tenantId, key, product));

    /// <summary>A case: <c>unknown_case</c>, <c>ambiguous_case</c>.</summary>
    public static async Task<Result<OutcomeCase>> FindAsync(
        NpgsqlConnection connection, long tenantId, string key, string? product, CancellationToken cancellationToken = default) =>
        One(await connection.ListAsync(
            $"select {OutcomeCase.Columns} from outcome_cases c where c.tenant_id = $1 and c.case_key = $2 and ($3::text is null or c.product = $3)",
            OutcomeCase.Read, cancellationToken, tenantId, key, product));

    /// <summary>The first thousand events of a case, in order; without costs on a page's connection.</summary>
    public static Task<List<EventOfCase>> EventsAsync(
        NpgsqlConnection connection, long tenantId, OutcomeCase one, bool page = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(one);
        return connection.ListAsync(
            page ? PageEventsSql : EventsSql, row => new EventOfCase(
                row.GetGuid(0), row.GetString(1), row.GetFieldValue<DateTimeOffset>(2), row.GetBoolean(3), CaseData.Parse(row.Nullable<string>(4)),
                row.Nullable<decimal?>(5), row.Nullable<string>(6)),
            cancellationToken, tenantId, one.Product, one.Key);
    }

    /// <summary>Open disputes of all tenants, the oldest first, from the one after a place; a place that is none is the start.</summary>
    public static Task<List<DisputedCase>> DisputedAsync(NpgsqlDataSource source, string? after, int limit, CancellationToken cancellationToken = default)
    {
        var parts = after?.Split(' ', 4) ?? [];
        var (ticks, tenant) = (0L, 0L);
        var known = parts.Length == 4 && long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out ticks) && ticks <= DateTimeOffset.MaxValue.UtcTicks
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out tenant);
        return source.ListAsync(
            $"""
            select {OutcomeCase.Columns}, t.tenant_id, t.key from outcome_cases c join tenants t on t.tenant_id = c.tenant_id
            where c.dispute = 'open' and (c.disputed_at, c.tenant_id, c.product, c.case_key) > ($1, $2, $3, $4)
            order by c.disputed_at, c.tenant_id, c.product, c.case_key limit $5
            """,
            row => new DisputedCase(row.GetInt64(30), row.GetString(31), OutcomeCase.Read(row)), cancellationToken,
            new DateTimeOffset(known ? ticks : DateTimeOffset.UnixEpoch.UtcTicks, TimeSpan.Zero), known ? tenant : 0L, known ? parts[2] : "", known ? parts[3] : "", limit);
    }

    /// <summary>Where a case stands in the list.</summary>
    public static string PlaceOf(OutcomeCase one)
    {
        ArgumentNullException.ThrowIfNull(one);
        return string.Create(CultureInfo.InvariantCulture, $"{one.OpenedAt.UtcTicks} {one.Product} {one.Key}");
    }

    /// <summary>Reads what <see cref="PlaceOf"/> wrote; false for anything else.</summary>
    public static bool TryReadPlace(string text, out (DateTimeOffset OpenedAt, string Product, string Key)? place)
    {
        ArgumentNullException.ThrowIfNull(text);
        place = null;
        if (text.Length == 0) return true;
        var parts = text.Split(' ', 3);
        if (parts.Length != 3 || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) || ticks > DateTimeOffset.MaxValue.UtcTicks) return false;
        place = (new DateTimeOffset(ticks, TimeSpan.Zero), parts[1], parts[2]);
        return true;
    }

    private static Result<T> One<T>(List<T> found) => found.Count switch
    {
        0 => Problem.NotFound("unknown_case", "There is no such case."),
        1 => found[0],
        _ => Problem.Conflict("ambiguous_case", "Several products have a case of that name: say which, ?product=…"),
    };

    private static BilledCase ReadBilled(NpgsqlDataReader row) =>
        new(OutcomeCase.Read(row), row.Nullable<decimal?>(30), row.Nullable<decimal?>(31));
}
