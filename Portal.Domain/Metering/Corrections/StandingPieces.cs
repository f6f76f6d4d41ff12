using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Corrections;

/// <summary>A piece that an event stands on now: part of an interval drawn that no correction took back.</summary>
/// <param name="Kind"><c>grant</c>; <c>settled</c> (a debt that a grant settled since); <c>debt</c>, still open; <c>overage</c>.</param>
/// <param name="TransactionId">The draw's transaction.</param>
/// <param name="Line">Its line.</param>
/// <param name="From">Where in the interval the piece begins.</param>
/// <param name="To">Where it ends.</param>
/// <param name="PoolId">The pool drawn.</param>
/// <param name="GrantId">The grant drawn, or the one that settled the debt.</param>
/// <param name="Value">What it earned.</param>
public sealed record StandingPiece(string Kind, Guid TransactionId, int Line, decimal From, decimal To, int PoolId, Guid? GrantId, decimal Value)
{
    /// <summary>Its credits.</summary>
    public decimal Credits => To - From;

    /// <summary>Of overage sold at the price of a meter: that meter.</summary>
    public string? Meter { get; init; }

    /// <summary>Of overage sold at the price of a meter: the quantity sold.</summary>
    public decimal Quantity { get; init; }

    internal Piece AsPiece(WalletTransaction wallet, decimal credits, decimal value) => new(
        Kind switch { "debt" => PieceKind.Debt, "overage" => PieceKind.Overage, _ => PieceKind.Grant }, wallet.Directory.PoolsById[PoolId], GrantId, credits, value);
}

/// <summary>
/// The pieces of an event as they stand, first drawn first: the overlap of its own running interval with the intervals drawn (intake.md),
/// then what amendments drew, less what corrections took back; debts by what settled them since.
/// </summary>
public static class StandingPieces
{
    private const string Places = "with k as (select * from unnest($2::uuid[], $3::int[]) u(transaction_id, ordinal))";

    // A transaction may hold ten thousand events: where one stands in it never changes, so that it can be read before a lock is had.
    private const string Running = Places + """
         , run as materialized (
          select e.transaction_id, e.ordinal, e.pool_named_id, e.product, e.credits,
            sum(e.credits) over (partition by e.transaction_id, e.pool_named_id, e.product order by e.ordinal) - e.credits as before
          from events e where e.tenant_id = $1 and e.transaction_id = any($2) and e.credits > 0)
        select r.transaction_id, r.ordinal, r.pool_named_id, r.product, r.credits, r.before
        from k join run r on r.transaction_id = k.transaction_id and r.ordinal = k.ordinal
        """;

    private const string Drawn = Places + """
        select r.transaction_id, r.ordinal, d.kind, d.transaction_id, d.line, greatest(r.before - d.from_credits, 0),
          least(r.before + r.credits, d.to_credits) - d.from_credits, d.pool_id, d.grant_id, d.remaining_before, g.value, g.amount, d.amount,
          d.to_credits - d.from_credits, d.meter, d.quantity
        from unnest($4::uuid[], $5::int[], $6::int[], $7::text[], $8::numeric[], $9::numeric[]) r(transaction_id, ordinal, pool_named_id, product, credits, before)
        join draws d on d.tenant_id = $1 and d.transaction_id = r.transaction_id and d.pool_named_id = r.pool_named_id and d.product = r.product
          and d.to_credits > r.before and d.from_credits < r.before + r.credits
        left join grants g on g.tenant_id = $1 and g.id = d.grant_id
        union all
        select a.event_transaction_id, a.event_ordinal, d.kind, d.transaction_id, d.line, 0, d.to_credits - d.from_credits,
          d.pool_id, d.grant_id, d.remaining_before, g.value, g.amount, d.amount, d.to_credits - d.from_credits, d.meter, d.quantity
        from (select distinct r.transaction_id, r.event_transaction_id, r.event_ordinal
              from k join ratings r on r.tenant_id = $1 and r.event_transaction_id = k.transaction_id and r.event_ordinal = k.ordinal
              where r.kind in ('amend', 'rerate', 'late_rating', 'void')) a
        join draws d on d.tenant_id = $1 and d.transaction_id = a.transaction_id
        left join grants g on g.tenant_id = $1 and g.id = d.grant_id
        order by 4, 5
        """;

    private const string TakenBack = Places + """
         select k.transaction_id, k.ordinal, r.draw_transaction_id, r.draw_line, r.from_credits, r.to_credits
        from k join returns r on r.tenant_id = $1 and r.event_transaction_id = k.transaction_id and r.event_ordinal = k.ordinal
        """;

    private const string Settled = Places + """
         select k.transaction_id, k.ordinal, (r.detail ->> 'transaction')::uuid, (r.detail ->> 'line')::int, (r.detail ->> 'from')::numeric,
          (r.detail ->> 'to')::numeric, (r.detail ->> 'grant')::uuid, r.revenue
        from k join ratings r on r.tenant_id = $1 and r.event_transaction_id = k.transaction_id and r.event_ordinal = k.ordinal and r.kind = 'settlement'
        """;

    private sealed record Interval(
        EventPlace Event, string Kind, Guid Transaction, int Line, decimal Low, decimal High, int PoolId, Guid? GrantId, decimal? RemainingBefore,
        decimal? GrantValue, decimal? GrantAmount, decimal? Amount, decimal Length, string? Meter, decimal? Quantity);

    private sealed record Part(EventPlace Event, Guid Transaction, int Line, decimal From, decimal To, Guid? Grant, decimal Revenue);

    /// <summary>Reads them, on a connection of the application.</summary>
    public static async Task<IReadOnlyList<StandingPiece>> ReadAsync(
        NpgsqlConnection connection, long tenantId, Guid transactionId, int ordinal, CancellationToken cancellationToken)
    {
        var place = new EventPlace(transactionId, ordinal);
        var running = await RunningAsync(connection, tenantId, [place], cancellationToken);
        return [.. (await ReadAsync(connection, tenantId, [place], running, cancellationToken))[place]];
    }

    /// <summary>Where events stand in what their transactions drew; it never changes.</summary>
    internal static async Task<IReadOnlyList<RunningPlace>> RunningAsync(
        NpgsqlConnection connection, long tenantId, IReadOnlyCollection<EventPlace> events, CancellationToken cancellationToken) =>
        await connection.ListAsync(
            Running, r => new RunningPlace(Place(r), r.GetInt32(2), r.GetString(3), r.GetDecimal(4), r.GetDecimal(5)), cancellationToken,
            tenantId, events.Select(place => place.TransactionId).ToArray(), events.Select(place => place.Ordinal).ToArray());

    /// <summary>Reads those of many events at once.</summary>
    /// <param name="connection">Of the application.</param>
    /// <param name="tenantId">Whose.</param>
    /// <param name="events">The events.</param>
    /// <param name="running">Where they, and maybe others, stand.</param>
    /// <param name="cancellationToken">Stops it.</param>
    internal static async Task<ILookup<EventPlace, StandingPiece>> ReadAsync(
        NpgsqlConnection connection, long tenantId, IReadOnlyCollection<EventPlace> events, IReadOnlyList<RunningPlace> running, CancellationToken cancellationToken)
    {
        var (transactions, ordinals) = (events.Select(place => place.TransactionId).ToArray(), events.Select(place => place.Ordinal).ToArray());
        var asked = events.ToHashSet();
        RunningPlace[] run = [.. running.Where(place => asked.Contains(place.Event))];
        var drawn = await connection.ListAsync(
            Drawn, Read, cancellationToken, tenantId, transactions, ordinals, run.Select(place => place.Event.TransactionId), run.Select(place => place.Event.Ordinal),
            run.Select(place => place.PoolNamedId), run.Select(place => place.Product), run.Select(place => place.Credits), run.Select(place => place.Before));
        if (drawn.Count == 0) return Enumerable.Empty<StandingPiece>().ToLookup(_ => EventPlace.Start);
        var gone = (await connection.ListAsync(
            TakenBack, r => new Part(Place(r), r.GetGuid(2), r.GetInt32(3), r.GetDecimal(4), r.GetDecimal(5), null, 0m), cancellationToken,
            tenantId, transactions, ordinals)).ToLookup(part => part.Event);
        var settled = (await connection.ListAsync(
            Settled, r => new Part(Place(r), r.GetGuid(2), r.GetInt32(3), r.GetDecimal(4), r.GetDecimal(5), r.GetGuid(6), r.GetDecimal(7)), cancellationToken,
            tenantId, transactions, ordinals)).ToLookup(part => part.Event);
        return drawn.SelectMany(interval => Pieces(interval, Of(gone[interval.Event], interval), Of(settled[interval.Event], interval))
            .Select(piece => (interval.Event, Piece: piece))).ToLookup(pair => pair.Event, pair => pair.Piece);
    }

    private static EventPlace Place(NpgsqlDataReader r) => new(r.GetGuid(0), r.GetInt32(1));

    private static Interval Read(NpgsqlDataReader r) => new(
        Place(r), r.GetString(2), r.GetGuid(3), r.GetInt32(4), r.GetDecimal(5), r.GetDecimal(6), r.GetInt32(7), r.Nullable<Guid?>(8), r.Nullable<decimal?>(9),
        r.Nullable<decimal?>(10), r.Nullable<decimal?>(11), r.Nullable<decimal?>(12), r.GetDecimal(13), r.Nullable<string>(14), r.Nullable<decimal?>(15));

    private static Part[] Of(IEnumerable<Part> parts, Interval interval) =>
        [.. parts.Where(part => part.Transaction == interval.Transaction && part.Line == interval.Line).OrderBy(part => part.From)];

    private static IEnumerable<StandingPiece> Pieces(Interval interval, Part[] gone, Part[] settled)
    {
        // Between these places nothing changes: all is there or gone, settled by one grant or open.
        var places = gone.Concat(settled).SelectMany(part => new[] { part.From, part.To }).Where(place => place > interval.Low && place < interval.High)
            .Append(interval.Low).Append(interval.High).Distinct().Order().ToArray();
        StandingPiece? last = null;
        for (var i = 0; i + 1 < places.Length; i++)
        {
            var (from, to) = (places[i], places[i + 1]);
            if (Array.Exists(gone, part => part.From <= from && to <= part.To)) continue;
            var by = Array.Find(settled, part => part.From <= from && to <= part.To);
            var piece = new StandingPiece(
                by is null ? interval.Kind : "settled", interval.Transaction, interval.Line, from, to, interval.PoolId, by?.Grant ?? interval.GrantId,
                ValueOf(interval, by, from, to))
            {
                Meter = interval.Meter,
                Quantity = interval.Quantity is { } quantity ? Share(quantity, from, to, interval.Length) : 0m,
            };
            if (last is not null && last.To == from && last.Kind == piece.Kind && last.GrantId == piece.GrantId)
            {
                last = last with { To = to, Value = last.Value + piece.Value, Quantity = last.Quantity + piece.Quantity };
                continue;
            }

            if (last is not null) yield return last;
            last = piece;
        }

        if (last is not null) yield return last;
    }

    // All are differences of one function along the interval, so the values of its parts sum exactly.
    private static decimal ValueOf(Interval interval, Part? settled, decimal from, decimal to)
    {
        if (settled is not null) return Share(settled.Revenue, from - settled.From, to - settled.From, settled.To - settled.From);
        return interval.Kind switch
        {
            "grant" => GrantValue.Left(interval.GrantValue!.Value, interval.RemainingBefore!.Value - from, interval.GrantAmount!.Value)
                - GrantValue.Left(interval.GrantValue.Value, interval.RemainingBefore.Value - to, interval.GrantAmount.Value),
            "overage" => Share(interval.Amount!.Value, from, to, interval.Length),
            _ => 0m,
        };
    }

    private static decimal Share(decimal amount, decimal from, decimal to, decimal length) =>
        GrantValue.Left(amount, length - from, length) - GrantValue.Left(amount, length - to, length);
}

/// <summary>Where an event stands in what its transaction drew for a pool named and a product.</summary>
/// <param name="Event">The event.</param>
/// <param name="PoolNamedId">The pool it named.</param>
/// <param name="Product">Its product.</param>
/// <param name="Credits">What it drew when it was taken.</param>
/// <param name="Before">What those before it drew.</param>
internal sealed record RunningPlace(EventPlace Event, int PoolNamedId, string Product, decimal Credits, decimal Before);
