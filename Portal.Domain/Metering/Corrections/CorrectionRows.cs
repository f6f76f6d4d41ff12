using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Corrections;

/// <summary>A row of <c>ratings</c>: what a correction adds to an event's figures.</summary>
internal sealed record CorrectionRating(
    string Kind, int? RateVersionId, int Events, decimal Quantity, decimal Credits, decimal Revenue, decimal Money, decimal? Cost, string? CostCurrency, string? Data,
    string? Detail = null);

/// <summary>Writes a correction: its ratings, the parts taken back, the hours.</summary>
internal static class CorrectionRows
{
    private const string InsertRating = """
        insert into ratings (tenant_id, id, transaction_id, event_transaction_id, event_ordinal, kind, rate_version_id, events, quantity, credits, revenue, money,
                             cost, cost_currency, data, detail)
        select $1, a, b, c, d, e, f, g, h, i, j, k, l, m, n::json, o::jsonb
        from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::int[], $6::text[], $7::int[], $8::int[], $9::numeric[], $10::numeric[], $11::numeric[],
                    $12::numeric[], $13::numeric[], $14::text[], $15::text[], $16::text[]) u(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)
        """;

    private const string InsertReturns = """
        insert into returns (tenant_id, transaction_id, line, event_transaction_id, event_ordinal, draw_transaction_id, draw_line, from_credits, to_credits,
                             kind, grant_id, value)
        select $1, $2, u.line, $3, $4, u.draw_transaction_id, u.draw_line, u.from_credits, u.to_credits, u.kind, u.grant_id, u.value
        from unnest($5::int[], $6::uuid[], $7::int[], $8::numeric[], $9::numeric[], $10::text[], $11::uuid[], $12::numeric[])
          u(line, draw_transaction_id, draw_line, from_credits, to_credits, kind, grant_id, value)
        """;

    /// <summary>Writes what the wallet decided so far, then these rows, which refer to it.</summary>
    public static async Task WriteAsync(
        WalletTransaction wallet, LedgerTransaction posting, StandingEvent corrected, IReadOnlyList<CorrectionRating> ratings, IReadOnlyList<TakenBack> taken,
        Rollup rollup, CancellationToken cancellationToken)
    {
        await wallet.WriteAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(wallet.Connection, wallet.Transaction);
        batch.Add(InsertRating, wallet.TenantId, ratings.Select(_ => Uuid7.At(wallet.Now)), ratings.Select(_ => posting.Id),
            ratings.Select(_ => corrected.TransactionId), ratings.Select(_ => corrected.Ordinal), ratings.Select(r => r.Kind), ratings.Select(r => r.RateVersionId),
            ratings.Select(r => r.Events), ratings.Select(r => r.Quantity), ratings.Select(r => r.Credits), ratings.Select(r => r.Revenue),
            ratings.Select(r => r.Money), ratings.Select(r => r.Cost), ratings.Select(r => r.CostCurrency), ratings.Select(r => r.Data), ratings.Select(r => r.Detail));
        if (taken.Count > 0)
        {
            batch.Add(InsertReturns, wallet.TenantId, posting.Id, corrected.TransactionId, corrected.Ordinal, Enumerable.Range(0, taken.Count),
                taken.Select(t => t.Piece.TransactionId), taken.Select(t => t.Piece.Line), taken.Select(t => t.From), taken.Select(t => t.To),
                taken.Select(t => t.Piece.Kind), taken.Select(t => t.Piece.Kind is "grant" or "settled" ? t.Piece.GrantId : null), taken.Select(t => t.Value));
        }

        rollup.AddTo(batch);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
