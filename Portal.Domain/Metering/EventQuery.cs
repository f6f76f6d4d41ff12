using System.Text.Json;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Pricing;

namespace Portal.Domain.Metering;

/// <summary>
/// An event as it is stored, with its first rating, when it came or late. Unrated while no meter or rate covers it; revenue is the value that went with the
/// credits and the money accrued, in the tenant's currency (debts settled later come on top); cost is null when unknown.
/// </summary>
public sealed record StoredEvent(
    Guid Key, string Source, string Id, string Type, DateTimeOffset OccurredAt, Guid TransactionId, int Ordinal, bool Rated, string? Meter, string? Product,
    string Pool, string? Consumer, string? Team, decimal Quantity, decimal Credits, decimal Revenue, decimal? Cost, string? CostCurrency,
    string? RateCard, int? RateVersion, string? CostCard, int? CostVersion, JsonElement Data,
    IReadOnlyList<CounterSpan?> Counters, int ConsumerId)
{
    /// <summary>When the ledger took it.</summary>
    public DateTimeOffset PostedAt => Uuid7.InstantOf(TransactionId);
}

/// <summary>A piece of an event's rating, as it stands.</summary>
/// <param name="Kind"><c>grant</c>, <c>debt</c> or <c>overage</c>.</param>
/// <param name="Pool">Key of the pool drawn.</param>
/// <param name="GrantId">The grant drawn.</param>
/// <param name="Credits">How much.</param>
/// <param name="Value">What it earned: the value that went with it, or the money it was sold for; 0 of open debt.</param>
public sealed record StoredPiece(string Kind, string Pool, Guid? GrantId, decimal Credits, decimal Value);

/// <summary>What happened to an event after its first rating.</summary>
public sealed record LaterRating(string Kind, Guid TransactionId, decimal Credits, decimal Revenue, decimal? Cost)
{
    /// <summary>When the ledger took it.</summary>
    public DateTimeOffset At => Uuid7.InstantOf(TransactionId);
}

/// <summary>Why an event cost what it did: itself, its pieces and what came later.</summary>
public sealed record ExplainedEvent(StoredEvent Event, IReadOnlyList<StoredPiece> Pieces, IReadOnlyList<LaterRating> Ratings)
{
    /// <summary><c>accepted</c>, <c>unrated</c>, <c>amended</c> or <c>voided</c>.</summary>
    public string Status =>
        Ratings.Any(rating => rating.Kind == "void") ? "voided"
        : Ratings.Any(rating => rating.Kind == "amend") ? "amended"
        : Event.Rated ? "accepted" : "unrated";

    /// <summary>Credits that it draws now.</summary>
    public decimal Credits => Event.Credits + Later.Sum(rating => rating.Credits);

    /// <summary>What it earns now.</summary>
    public decimal Revenue => Event.Revenue + Later.Sum(rating => rating.Revenue);

    // The first rating of an event that came unrated is its late one, which the event's figures show already.
    private IEnumerable<LaterRating> Later => Ratings.Where(rating => rating.Kind != "late_rating");
}

/// <summary>Explains events.</summary>
public static class EventQuery
{
    /// <summary>Columns of <see cref="Event"/>, for rows <c>e</c> of <c>events</c> in what <see cref="Joins"/> follows.</summary>
    internal const string Columns = """
        select e.event_key, e.source, e.event_id, e.type, e.occurred_at, e.transaction_id, e.ordinal,
               e.rated or exists (select from ratings a where a.tenant_id = e.tenant_id and a.event_transaction_id = e.transaction_id
                                  and a.event_ordinal = e.ordinal and a.events = 1),
               coalesce(e.meter, f.meter), coalesce(e.product, f.product), p.key, c.key, t.key,
               coalesce(f.quantity, e.quantity), coalesce(f.credits, e.credits), coalesce(f.revenue, e.revenue),
               coalesce(f.cost, e.cost), coalesce(f.cost_currency, e.cost_currency), r.card, r.version, k.card, k.version, e.data, e.counters, e.consumer_id
        """;

    internal const string Joins = """
        join pools p on p.tenant_id = e.tenant_id and p.pool_id = e.pool_named_id
        left join consumers c on c.tenant_id = e.tenant_id and c.consumer_id = e.consumer_id
        left join teams t on t.tenant_id = e.tenant_id and t.team_id = e.team_id
        left join ratings f on not e.rated and f.kind = 'late_rating' and f.tenant_id = e.tenant_id and f.event_transaction_id = e.transaction_id
          and f.event_ordinal = e.ordinal
        left join rate_card_versions r on r.id = coalesce(f.rate_version_id, e.rate_version_id)
        left join cost_card_versions k on k.id = e.cost_version_id
        """;

    private const string One = $"""
        {Columns} from events e {Joins}
        join event_identities i on i.tenant_id = e.tenant_id and i.transaction_id = e.transaction_id and i.ordinal = e.ordinal
        where e.tenant_id = $1 and i.tenant_id = $1 and i.event_key = $2
        """;

    private const string Later = """
        select kind, transaction_id, credits, revenue, cost from ratings
        where tenant_id = $1 and event_transaction_id = $2 and event_ordinal = $3 order by id
        """;

    /// <summary>One event with its pieces and later ratings; null when there is none of that key.</summary>
    public static async Task<ExplainedEvent?> ExplainAsync(NpgsqlDataSource source, long tenantId, Guid key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        if (await connection.FindAsync(One, Event, cancellationToken, tenantId, key) is not { } found) return null;
        var later = await connection.ListAsync(Later, r => new LaterRating(
            r.GetString(0), r.GetGuid(1), r.GetDecimal(2), r.GetDecimal(3), r.Nullable<decimal?>(4)), cancellationToken, tenantId, found.TransactionId, found.Ordinal);
        var standing = await StandingPieces.ReadAsync(connection, tenantId, found.TransactionId, found.Ordinal, cancellationToken);
        var pools = (await connection.ListAsync(
            "select pool_id, key from pools where tenant_id = $1", r => (Id: r.GetInt32(0), Key: r.GetString(1)), cancellationToken, tenantId)).ToDictionary(p => p.Id, p => p.Key);
        var pieces = standing.Select(piece => new StoredPiece(
            piece.Kind == "settled" ? "grant" : piece.Kind, pools[piece.PoolId], piece.GrantId, piece.Credits, piece.Value)).ToArray();
        return new ExplainedEvent(found, pieces, later);
    }

    internal static StoredEvent Event(NpgsqlDataReader r)
    {
        string? Text(int column) => r.IsDBNull(column) ? null : r.GetString(column);
        int? Number(int column) => r.IsDBNull(column) ? null : r.GetInt32(column);
        using var data = JsonDocument.Parse(r.GetString(22));
        return new StoredEvent(
            r.GetGuid(0), r.GetString(1), r.GetString(2), r.GetString(3), r.GetFieldValue<DateTimeOffset>(4), r.GetGuid(5), r.GetInt32(6), r.GetBoolean(7),
            Text(8), Text(9), r.GetString(10), Text(11), Text(12), r.GetDecimal(13), r.GetDecimal(14), r.GetDecimal(15),
            r.IsDBNull(16) ? null : r.GetDecimal(16), Text(17), Text(18), Number(19), Text(20), Number(21), data.RootElement.Clone(), StoredCounters.Read(Text(23)), r.GetInt32(24));
    }
}
