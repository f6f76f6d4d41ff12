using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Corrections;

/// <summary>A row of <c>ratings</c>: what a correction adds to an event's figures.</summary>
internal sealed record CorrectionRating(
    string Kind, int? RateVersionId, int Events, decimal Quantity, decimal Credits, decimal Revenue, decimal Money, decimal? Cost, string? CostCurrency, string? Data,
    string? Detail = null)
{
    /// <summary>Of a late rating: the meter that measures the event by now.</summary>
    public string? Meter { get; init; }

    /// <summary>Of a late rating: that meter's product.</summary>
    public string? Product { get; init; }
}

/// <summary>All rows of one event's correction.</summary>
internal sealed record CorrectionOfEvent(
    LedgerTransaction Posting, StandingEvent Corrected, IReadOnlyList<CorrectionRating> Ratings, IReadOnlyList<TakenBack> Taken);

/// <summary>Writes a correction: its ratings, the parts taken back, the hours.</summary>
internal static class CorrectionRows
{
    private const string InsertRating = """
        insert into ratings (tenant_id, id, transaction_id, event_transaction_id, event_ordinal, kind, rate_version_id, events, quantity, credits, revenue, money,
                             cost, cost_currency, data, detail, meter, product)
        select $1, a, b, c, d, e, f, g, h, i, j, k, l, m, n::json, o::jsonb, p, q
        from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::int[], $6::text[], $7::int[], $8::int[], $9::numeric[], $10::numeric[], $11::numeric[],
                    $12::numeric[], $13::numeric[], $14::text[], $15::text[], $16::text[], $17::text[], $18::text[])
          u(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q)
        """;

    private const string InsertReturns = """
        insert into returns (tenant_id, transaction_id, line, event_transaction_id, event_ordinal, draw_transaction_id, draw_line, from_credits, to_credits,
                             kind, grant_id, value)
        select $1, u.* from unnest($2::uuid[], $3::int[], $4::uuid[], $5::int[], $6::uuid[], $7::int[], $8::numeric[], $9::numeric[], $10::text[], $11::uuid[],
                                   $12::numeric[]) u
        """;

    /// <summary>Writes what the wallet decided so far, then these rows, which refer to it.</summary>
    public static Task WriteAsync(
        WalletTransaction wallet, LedgerTransaction posting, StandingEvent corrected, IReadOnlyList<CorrectionRating> ratings, IReadOnlyList<TakenBack> taken,
        Rollup rollup, CancellationToken cancellationToken) =>
        WriteAsync(wallet, [new CorrectionOfEvent(posting, corrected, ratings, taken)], rollup, cancellationToken);

    /// <summary>The same of many events, in as many round trips as of one.</summary>
    public static async Task WriteAsync(
        WalletTransaction wallet, IReadOnlyList<CorrectionOfEvent> corrections, Rollup rollup, CancellationToken cancellationToken)
    {
        await wallet.WriteAsync(cancellationToken);
        await using var batch = new NpgsqlBatch(wallet.Connection, wallet.Transaction);
        AddRatings(batch, wallet, corrections);
        AddReturns(batch, wallet, corrections);
        rollup.AddTo(batch);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static void AddRatings(NpgsqlBatch batch, WalletTransaction wallet, IReadOnlyList<CorrectionOfEvent> corrections)
    {
        var rows = corrections.SelectMany(of => of.Ratings.Select(rating => (of.Posting, of.Corrected, Rating: rating))).ToArray();
        batch.Add(InsertRating, wallet.TenantId, rows.Select(_ => Uuid7.At(wallet.Now)), rows.Select(r => r.Posting.Id),
            rows.Select(r => r.Corrected.TransactionId), rows.Select(r => r.Corrected.Ordinal), rows.Select(r => r.Rating.Kind),
            rows.Select(r => r.Rating.RateVersionId), rows.Select(r => r.Rating.Events), rows.Select(r => r.Rating.Quantity),
            rows.Select(r => r.Rating.Credits), rows.Select(r => r.Rating.Revenue), rows.Select(r => r.Rating.Money), rows.Select(r => r.Rating.Cost),
            rows.Select(r => r.Rating.CostCurrency), rows.Select(r => r.Rating.Data), rows.Select(r => r.Rating.Detail), rows.Select(r => r.Rating.Meter),
            rows.Select(r => r.Rating.Product));
    }

    private static void AddReturns(NpgsqlBatch batch, WalletTransaction wallet, IReadOnlyList<CorrectionOfEvent> corrections)
    {
        var rows = corrections.SelectMany(of => of.Taken.Select((taken, line) => (of.Posting, of.Corrected, Taken: taken, Line: line))).ToArray();
        if (rows.Length == 0) return;
        batch.Add(InsertReturns, wallet.TenantId, rows.Select(r => r.Posting.Id), rows.Select(r => r.Line), rows.Select(r => r.Corrected.TransactionId),
            rows.Select(r => r.Corrected.Ordinal), rows.Select(r => r.Taken.Piece.TransactionId), rows.Select(r => r.Taken.Piece.Line),
            rows.Select(r => r.Taken.From), rows.Select(r => r.Taken.To), rows.Select(r => r.Taken.Piece.Kind),
            rows.Select(r => r.Taken.Piece.Kind is "grant" or "settled" ? r.Taken.Piece.GrantId : null), rows.Select(r => r.Taken.Value));
    }
}
