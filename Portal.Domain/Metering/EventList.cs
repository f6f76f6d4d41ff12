using System.Globalization;
using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Metering;

/// <summary>Which events of a tenant; null: any. An empty value of a property is an event without it.</summary>
/// <param name="Type">Of this type.</param>
/// <param name="Status">One of <see cref="EventList.Statuses"/>.</param>
/// <param name="From">Occurred from then on.</param>
/// <param name="To">Occurred before then.</param>
public sealed record EventFilter(string? Type = null, string? Status = null, DateTimeOffset? From = null, DateTimeOffset? To = null)
{
    /// <summary>Of this product.</summary>
    public string? Product { get; init; }

    /// <summary>Sent with this <c>model</c>.</summary>
    public string? Model { get; init; }

    /// <summary>Sent with this <c>tier</c>.</summary>
    public string? Tier { get; init; }

    /// <summary>Key of the consumer.</summary>
    public string? Consumer { get; init; }

    /// <summary>Key of the team.</summary>
    public string? Team { get; init; }

    /// <summary>Key of the pool that the event named.</summary>
    public string? PoolNamed { get; init; }

    /// <summary>Key of a pool that the event drew from when it came; of an event that drew nothing, the one that it named.</summary>
    public string? Pool { get; init; }

    /// <summary>Only usage of these consumers' numbers.</summary>
    public IReadOnlyList<int>? Consumers { get; init; }
}

/// <summary>An event of a list.</summary>
/// <param name="Event">As it was rated first.</param>
/// <param name="Status">One of <see cref="EventList.Statuses"/>.</param>
/// <param name="Credits">Credits that it draws now.</param>
/// <param name="Revenue">What it earns now.</param>
public sealed record ListedEvent(StoredEvent Event, string Status, decimal Credits, decimal Revenue);

/// <summary>Finds events; newest posted first.</summary>
public static class EventList
{
    /// <summary>What can have become of an event: <c>voided</c> outranks <c>amended</c>.</summary>
    public static readonly IReadOnlyList<string> Statuses = ["accepted", "unrated", "amended", "voided"];

    private const string Standing = """
        left join lateral (
          select bool_or(a.kind = 'void') as voided, bool_or(a.kind = 'amend') as amended, coalesce(bool_or(a.events = 1), false) as rated,
            sum(a.credits) filter (where a.kind <> 'late_rating') as credits, sum(a.revenue) filter (where a.kind <> 'late_rating') as revenue
          from ratings a where a.tenant_id = e.tenant_id and a.event_transaction_id = e.transaction_id and a.event_ordinal = e.ordinal) s on true
        """;

    private const string Status =
        "case when s.voided then 'voided' when s.amended then 'amended' when e.rated or s.rated then 'accepted' else 'unrated' end";

    // Where an event stands among the credits that its transaction drew is only looked at where that drew from several pools.
    private const string Drew = """
        (e.credits = 0 and p.key = {0} or e.credits > 0 and exists (
          select from draws d join pools q on q.tenant_id = d.tenant_id and q.pool_id = d.pool_id
          where d.tenant_id = e.tenant_id and d.transaction_id = e.transaction_id and d.pool_named_id = e.pool_named_id and d.product = e.product and q.key = {0}
            and (not exists (select from draws o where o.tenant_id = d.tenant_id and o.transaction_id = d.transaction_id and o.pool_named_id = d.pool_named_id
                             and o.product = d.product and o.pool_id <> d.pool_id)
              or (select coalesce(sum(b.credits), 0) from {1} b where b.tenant_id = e.tenant_id and b.transaction_id = e.transaction_id
                  and b.pool_named_id = e.pool_named_id and b.product = e.product and b.ordinal < e.ordinal) < d.to_credits
              and (select coalesce(sum(b.credits), 0) from {1} b where b.tenant_id = e.tenant_id and b.transaction_id = e.transaction_id
                  and b.pool_named_id = e.pool_named_id and b.product = e.product and b.ordinal <= e.ordinal) > d.from_credits)))
        """;

    /// <summary>A page of events.</summary>
    /// <param name="connection">Of the application; or of a page, which is inside a <see cref="TenantReads"/>.</param>
    /// <param name="tenantId">Whose.</param>
    /// <param name="filter">Which.</param>
    /// <param name="after">The last one before the page, of <see cref="TryReadPlace"/>; null for the first page.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="page">Whether the connection is a page's.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static Task<List<ListedEvent>> ReadAsync(
        NpgsqlConnection connection, long tenantId, EventFilter filter, (Guid Transaction, int Ordinal)? after, int limit, bool page, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        var (events, where, values) = (page ? "tenant_events" : "events", new List<string> { "e.tenant_id = $1" }, new List<object?> { tenantId, limit });
        void Only(string condition, object? value)
        {
            if (value is null) return;
            values.Add(value);
            where.Add(string.Format(CultureInfo.InvariantCulture, condition, $"${values.Count}", events));
        }

        Only("e.type = {0}", filter.Type);
        Only($"{Status} = {{0}}", filter.Status);
        if (filter.Status == "unrated") where.Add("not e.rated"); // has an index of its own
        // Ids carry the time of posting, so a period of occurrence bounds them: an event is at most five minutes early and a window late.
        Only("e.occurred_at >= {0} and e.transaction_id >= uuid7_floor({0} - interval '5 minutes')", filter.From?.ToUniversalTime());
        Only("e.occurred_at < {0} and e.transaction_id < uuid7_floor({0} + (select event_window from platform) + interval '1 hour')", filter.To?.ToUniversalTime());
        Only("coalesce(e.product, f.product, '') = {0}", filter.Product);
        Only("coalesce(e.data ->> 'model', '') = {0}", filter.Model);
        Only("coalesce(e.data ->> 'tier', '') = {0}", filter.Tier);
        Only("coalesce(c.key, '') = {0}", filter.Consumer);
        Only("coalesce(t.key, '') = {0}", filter.Team);
        Only("p.key = {0}", filter.PoolNamed);
        Only(Drew, filter.Pool);
        Only("e.consumer_id = any({0})", filter.Consumers?.ToArray());
        if (after is { } place)
        {
            values.AddRange([place.Transaction, place.Ordinal]);
            where.Add($"(e.transaction_id, e.ordinal) < (${values.Count - 1}, ${values.Count})");
        }

        return connection.ListAsync(
            $"""
            {EventQuery.Columns}, {Status}, coalesce(f.credits, e.credits) + coalesce(s.credits, 0), coalesce(f.revenue, e.revenue) + coalesce(s.revenue, 0)
            from {events} e {EventQuery.Joins} {Standing}
            where {string.Join(" and ", where)} order by e.transaction_id desc, e.ordinal desc limit $2
            """,
            row => new ListedEvent(EventQuery.Event(row), row.GetString(25), row.GetDecimal(26), row.GetDecimal(27)), cancellationToken, [.. values]);
    }

    /// <summary>Where an event stands in the list.</summary>
    public static string PlaceOf(StoredEvent stored)
    {
        ArgumentNullException.ThrowIfNull(stored);
        return string.Create(CultureInfo.InvariantCulture, $"{stored.TransactionId:N}.{stored.Ordinal}");
    }

    /// <summary>Reads what <see cref="PlaceOf"/> wrote; false for anything else.</summary>
    public static bool TryReadPlace(string text, out (Guid Transaction, int Ordinal)? place)
    {
        ArgumentNullException.ThrowIfNull(text);
        place = null;
        if (text.Length == 0) return true;
        if (text.Split('.') is not [var id, var ordinal] || !Guid.TryParseExact(id, "N", out var transaction)
            || !int.TryParse(ordinal, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return false;
        place = (transaction, number);
        return true;
    }
}
