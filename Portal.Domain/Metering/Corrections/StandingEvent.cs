using System.Text;
using System.Text.Json;
using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Metering.Corrections;

/// <summary>An event as corrections and settlements have left it.</summary>
internal sealed record StandingEvent(
    Guid Key, string Source, string Id, Guid TransactionId, int Ordinal, string Type, DateTimeOffset OccurredAt, int ConsumerId, int TeamId, int PoolNamedId,
    string? Product, string Pool, string? Consumer, string? Team, bool Rated, bool Voided, decimal Quantity, decimal Credits, decimal Revenue, decimal Money,
    decimal? Cost, string? CostCurrency, string Data, bool Amended, DateTimeOffset PostedAt, string? Meter, int? RateVersionId, bool CostOnly)
{
    // What the last amendment says holds; sums run over all ratings. A void keeps the event's cost, which then stands for nothing more.
    // An event without a rating has measured quantities that no figure counts yet; one that no meter measured has its product from its late rating.
    private const string Select = """
        select e.event_key, e.source, e.event_id, e.transaction_id, e.ordinal, e.type, e.occurred_at, e.consumer_id, e.team_id, e.pool_named_id,
          coalesce(e.product, s.product), p.key, c.key, t.key, e.rated or coalesce(s.events, 0) > 0, coalesce(s.voided, false),
          case when e.rated then e.quantity else 0 end + coalesce(s.quantity, 0), e.credits + coalesce(s.credits, 0), e.revenue + coalesce(s.revenue, 0), e.money + coalesce(s.money, 0),
          case when l.id is null then e.cost else l.cost end, case when l.id is null then e.cost_currency else l.cost_currency end,
          coalesce(l.data, e.data)::text, l.data is not null,
          (select x.posted_at from ledger_transactions x where x.tenant_id = e.tenant_id and x.id = e.transaction_id),
          coalesce(e.meter, s.meter), case when l.id is null then e.rate_version_id else l.rate_version_id end,
          exists (select from outcome_case_events o where o.tenant_id = e.tenant_id and o.event_key = e.event_key)
        """;

    private const string Joins = """
        join pools p on p.tenant_id = e.tenant_id and p.pool_id = e.pool_named_id
        left join consumers c on c.tenant_id = e.tenant_id and c.consumer_id = e.consumer_id
        left join teams t on t.tenant_id = e.tenant_id and t.team_id = e.team_id
        left join lateral (
          select sum(r.events) as events, sum(r.quantity) as quantity, sum(r.credits) as credits, sum(r.revenue) as revenue, sum(r.money) as money,
            bool_or(r.kind = 'void') as voided, max(r.meter) as meter, max(r.product) as product
          from ratings r where r.tenant_id = e.tenant_id and r.event_transaction_id = e.transaction_id and r.event_ordinal = e.ordinal) s on true
        left join lateral (
          select r.id, r.cost, r.cost_currency, r.data, r.rate_version_id from ratings r
          where r.tenant_id = e.tenant_id and r.event_transaction_id = e.transaction_id and r.event_ordinal = e.ordinal and r.events = 1
          order by r.id desc limit 1) l on true
        """;

    private const string ByKey = $"""
        {Select} from event_identities i
        join events e on e.tenant_id = i.tenant_id and e.transaction_id = i.transaction_id and e.ordinal = i.ordinal
        {Joins} where i.tenant_id = $1 and i.event_key = $2
        """;

    private const string ByPlace = $"""
        {Select} from unnest($2::uuid[], $3::int[]) k(transaction_id, ordinal)
        join events e on e.tenant_id = $1 and e.transaction_id = k.transaction_id and e.ordinal = k.ordinal
        {Joins} order by e.transaction_id, e.ordinal
        """;

    // Ids carry the time of posting, so a period of occurrence bounds them: an event is at most five minutes early and a window late.
    private const string OfPeriod = $"""
        {Select} from events e {Joins}
        where e.tenant_id = $1 and (e.transaction_id, e.ordinal) > ($2, $3) and e.occurred_at >= $4 and e.occurred_at < $5
          and e.transaction_id >= uuid7_floor($4 - interval '5 minutes')
          and e.transaction_id < uuid7_floor($5 + (select event_window from platform) + interval '1 hour')
        order by e.transaction_id, e.ordinal limit $6
        """;

    // Whatever became of an event that came unrated is a rating: a late one, a void, an amendment.
    private const string Unrated = $"""
        {Select} from events e {Joins}
        where e.tenant_id = $1 and not e.rated and (e.transaction_id, e.ordinal) > ($2, $3)
          and not exists (select from ratings r where r.tenant_id = e.tenant_id and r.event_transaction_id = e.transaction_id and r.event_ordinal = e.ordinal)
        order by e.transaction_id, e.ordinal limit $4
        """;

    public ReadOnlyMemory<byte> Bytes => Encoding.UTF8.GetBytes(Data);

    /// <summary>Where it stands in the order posted.</summary>
    public EventPlace Place => new(TransactionId, Ordinal);

    /// <summary>The properties that its ratings were made from, when they are no longer the event's own.</summary>
    public string? AmendedData => Amended ? Data : null;

    public static Task<StandingEvent?> FindAsync(NpgsqlConnection connection, long tenantId, Guid key, CancellationToken cancellationToken) =>
        connection.FindAsync(ByKey, Read, cancellationToken, tenantId, key);

    /// <summary>Events by transaction and ordinal, in their order.</summary>
    public static Task<List<StandingEvent>> FindAsync(
        NpgsqlConnection connection, long tenantId, IReadOnlyCollection<StandingEvent> events, CancellationToken cancellationToken) =>
        connection.ListAsync(ByPlace, Read, cancellationToken, tenantId, events.Select(e => e.TransactionId), events.Select(e => e.Ordinal));

    /// <summary>Events that happened in a half-open period, in the order posted, after a place.</summary>
    public static Task<List<StandingEvent>> OfPeriodAsync(
        NpgsqlConnection connection, long tenantId, EventPlace after, DateTimeOffset from, DateTimeOffset to, int limit, CancellationToken cancellationToken) =>
        connection.ListAsync(OfPeriod, Read, cancellationToken, tenantId, after.TransactionId, after.Ordinal, from.ToUniversalTime(), to.ToUniversalTime(), limit);

    /// <summary>Events that nothing has rated so far, in the order posted, after a place.</summary>
    public static Task<List<StandingEvent>> UnratedAsync(
        NpgsqlConnection connection, long tenantId, EventPlace after, int limit, CancellationToken cancellationToken) =>
        connection.ListAsync(Unrated, Read, cancellationToken, tenantId, after.TransactionId, after.Ordinal, limit);

    private static StandingEvent Read(NpgsqlDataReader r) => new(
        r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetGuid(3), r.GetInt32(4), r.GetString(5), r.GetFieldValue<DateTimeOffset>(6), r.GetInt32(7),
        r.GetInt32(8), r.GetInt32(9), r.Nullable<string>(10), r.GetString(11), r.Nullable<string>(12), r.Nullable<string>(13), r.GetBoolean(14),
        r.GetBoolean(15), r.GetDecimal(16), r.GetDecimal(17), r.GetDecimal(18), r.GetDecimal(19), r.Nullable<decimal?>(20), r.Nullable<string>(21),
        r.GetString(22), r.GetBoolean(23), r.GetFieldValue<DateTimeOffset>(24), r.Nullable<string>(25), r.Nullable<int?>(26), r.GetBoolean(27));

    /// <summary>The event with other data, as it would be sent.</summary>
    public ReadOnlyMemory<byte> CloudEvent(string subject, JsonElement data) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        specversion = "1.0",
        type = Type,
        source = Source,
        id = Id,
        subject,
        time = Kernel.InstantText.Format(OccurredAt),
        data,
    });
}

/// <summary>Where an event stands in the order posted.</summary>
/// <param name="TransactionId">Its transaction.</param>
/// <param name="Ordinal">Its place in it.</param>
internal readonly record struct EventPlace(Guid TransactionId, int Ordinal)
{
    /// <summary>Before all events.</summary>
    public static readonly EventPlace Start = new(Guid.Empty, -1);
}
