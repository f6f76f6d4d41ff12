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

    internal Piece AsPiece(WalletTransaction wallet, decimal credits, decimal value) => new(
        Kind switch { "debt" => PieceKind.Debt, "overage" => PieceKind.Overage, _ => PieceKind.Grant }, wallet.Directory.PoolsById[PoolId], GrantId, credits, value);
}

/// <summary>
/// The pieces of an event as they stand, first drawn first: the overlap of its own running interval with the intervals drawn (intake.md),
/// then what amendments drew, less what corrections took back; debts by what settled them since.
/// </summary>
public static class StandingPieces
{
    private const string Drawn = """
        with own as (select * from events where tenant_id = $1 and transaction_id = $2 and ordinal = $3),
        run as (
          select o.pool_named_id, o.product, o.credits, coalesce(sum(e.credits) filter (where e.ordinal < o.ordinal), 0) as before
          from own o join events e on e.tenant_id = $1 and e.transaction_id = $2 and e.pool_named_id = o.pool_named_id and e.product = o.product and e.ordinal <= o.ordinal
          group by o.pool_named_id, o.product, o.credits)
        select d.kind, d.transaction_id, d.line, greatest(r.before - d.from_credits, 0), least(r.before + r.credits, d.to_credits) - d.from_credits,
          d.pool_id, d.grant_id, d.remaining_before, g.value, g.amount, d.amount, d.to_credits - d.from_credits
        from run r
        join draws d on d.tenant_id = $1 and d.transaction_id = $2 and d.pool_named_id = r.pool_named_id and d.product = r.product
          and d.to_credits > r.before and d.from_credits < r.before + r.credits
        left join grants g on g.tenant_id = $1 and g.id = d.grant_id
        union all
        select d.kind, d.transaction_id, d.line, 0, d.to_credits - d.from_credits,
          d.pool_id, d.grant_id, d.remaining_before, g.value, g.amount, d.amount, d.to_credits - d.from_credits
        from (select distinct transaction_id from ratings
              where tenant_id = $1 and event_transaction_id = $2 and event_ordinal = $3 and kind in ('amend', 'rerate', 'late_rating', 'void')) a
        join draws d on d.tenant_id = $1 and d.transaction_id = a.transaction_id
        left join grants g on g.tenant_id = $1 and g.id = d.grant_id
        order by 2, 3
        """;

    private const string TakenBack = """
        select draw_transaction_id, draw_line, from_credits, to_credits from returns
        where tenant_id = $1 and event_transaction_id = $2 and event_ordinal = $3
        """;

    private const string Settled = """
        select (detail ->> 'transaction')::uuid, (detail ->> 'line')::int, (detail ->> 'from')::numeric, (detail ->> 'to')::numeric,
          (detail ->> 'grant')::uuid, revenue
        from ratings where tenant_id = $1 and event_transaction_id = $2 and event_ordinal = $3 and kind = 'settlement'
        """;

    private sealed record Interval(
        string Kind, Guid Transaction, int Line, decimal Low, decimal High, int PoolId, Guid? GrantId, decimal? RemainingBefore, decimal? GrantValue,
        decimal? GrantAmount, decimal? Amount, decimal Length);

    private sealed record Part(Guid Transaction, int Line, decimal From, decimal To, Guid? Grant, decimal Revenue);

    /// <summary>Reads them, on a connection of the application.</summary>
    public static async Task<IReadOnlyList<StandingPiece>> ReadAsync(
        NpgsqlConnection connection, long tenantId, Guid transactionId, int ordinal, CancellationToken cancellationToken)
    {
        var drawn = await connection.ListAsync(Drawn, Read, cancellationToken, tenantId, transactionId, ordinal);
        if (drawn.Count == 0) return [];
        var gone = await connection.ListAsync(
            TakenBack, r => new Part(r.GetGuid(0), r.GetInt32(1), r.GetDecimal(2), r.GetDecimal(3), null, 0m), cancellationToken, tenantId, transactionId, ordinal);
        var settled = await connection.ListAsync(
            Settled, r => new Part(r.GetGuid(0), r.GetInt32(1), r.GetDecimal(2), r.GetDecimal(3), r.GetGuid(4), r.GetDecimal(5)), cancellationToken,
            tenantId, transactionId, ordinal);
        return [.. drawn.SelectMany(interval => Pieces(interval, Of(gone, interval), Of(settled, interval)))];
    }

    private static Interval Read(NpgsqlDataReader r) => new(
        r.GetString(0), r.GetGuid(1), r.GetInt32(2), r.GetDecimal(3), r.GetDecimal(4), r.GetInt32(5), r.Nullable<Guid?>(6), r.Nullable<decimal?>(7),
        r.Nullable<decimal?>(8), r.Nullable<decimal?>(9), r.Nullable<decimal?>(10), r.GetDecimal(11));

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
                ValueOf(interval, by, from, to));
            if (last is not null && last.To == from && last.Kind == piece.Kind && last.GrantId == piece.GrantId)
            {
                last = last with { To = to, Value = last.Value + piece.Value };
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
