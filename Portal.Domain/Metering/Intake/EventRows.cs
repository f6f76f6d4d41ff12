using System.Text;
using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Metering.Intake;

/// <summary>A row of <c>events</c>: a fact with its first rating.</summary>
internal readonly record struct EventRow(UsageEvent Usage, int ConsumerId, int TeamId, int PoolNamedId, decimal Revenue, decimal Money)
{
    /// <summary>What the platform pays; null when it is unknown or the event is unrated.</summary>
    public decimal? Cost => Usage.Status == EventStatus.Accepted ? Usage.Rating?.Cost : null;

    /// <summary>Its currency.</summary>
    public string? CostCurrency => Usage.Status == EventStatus.Accepted ? Usage.Rating?.CostCurrency : null;

    /// <summary>Where the counters of its lines stood, as JSON; null when none of its prices accumulates.</summary>
    public string? Counters => Usage is { Status: EventStatus.Accepted, OpenRating: not null, Rating: { } rating } ? StoredCounters.Write(rating.Lines) : null;
}

/// <summary>
/// Writes new events and their identities: few as columns of the batch that writes everything else, so that a small batch has no round
/// trip of its own for them; many by binary COPY before it, which takes a tenth of the time per row.
/// </summary>
internal static class EventRows
{
    /// <summary>From so many rows on, COPY.</summary>
    public const int Many = 100;

    private const string InsertIdentities = """
        insert into event_identities (tenant_id, event_key, digest, transaction_id, ordinal)
        select * from unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::uuid[], $5::int[])
        """;

    private const string InsertEvents = """
        insert into events (tenant_id, transaction_id, ordinal, event_key, source, event_id, type, occurred_at, consumer_id, team_id, pool_named_id, meter, product,
                            rated, rate_version_id, cost_version_id, quantity, credits, revenue, money, cost, cost_currency, data, counters)
        select a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w::json, y::json
        from unnest($1::bigint[], $2::uuid[], $3::int[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::timestamptz[], $9::int[], $10::int[], $11::int[],
                    $12::text[], $13::text[], $14::bool[], $15::int[], $16::int[], $17::numeric[], $18::numeric[], $19::numeric[], $20::numeric[],
                    $21::numeric[], $22::text[], $23::text[], $24::text[]) x(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, y)
        """;

    private const string CopyIdentities =
        "copy event_identities (tenant_id, event_key, digest, transaction_id, ordinal) from stdin (format binary)";

    private const string CopyEvents = """
        copy events (tenant_id, transaction_id, ordinal, event_key, source, event_id, type, occurred_at, consumer_id, team_id, pool_named_id, meter, product,
                     rated, rate_version_id, cost_version_id, quantity, credits, revenue, money, cost, cost_currency, data, counters) from stdin (format binary)
        """;

    /// <summary>Adds the statements that write a few; none for none.</summary>
    public static void AddTo(NpgsqlBatch batch, IReadOnlyList<EventRow> rows)
    {
        if (rows.Count == 0) return;
        batch.Add(InsertIdentities, rows.Select(row => row.Usage.TenantId), rows.Select(row => row.Usage.Key), rows.Select(row => row.Usage.Digest),
            rows.Select(row => row.Usage.TransactionId), rows.Select(row => row.Usage.Ordinal));
        batch.Add(InsertEvents,
            rows.Select(row => row.Usage.TenantId), rows.Select(row => row.Usage.TransactionId), rows.Select(row => row.Usage.Ordinal),
            rows.Select(row => row.Usage.Key), rows.Select(row => row.Usage.Source), rows.Select(row => row.Usage.Id), rows.Select(row => row.Usage.Type),
            rows.Select(row => row.Usage.OccurredAt.ToUniversalTime()), rows.Select(row => row.ConsumerId), rows.Select(row => row.TeamId),
            rows.Select(row => row.PoolNamedId), rows.Select(row => row.Usage.Meter?.Key), rows.Select(row => row.Usage.Product),
            rows.Select(row => row.Usage.Status == EventStatus.Accepted), rows.Select(row => row.Usage.Rating?.RateVersionId),
            rows.Select(row => row.Usage.Rating?.CostVersionId), rows.Select(row => row.Usage.Rating?.Quantity ?? 0m), rows.Select(row => row.Usage.Credits),
            rows.Select(row => row.Revenue), rows.Select(row => row.Money), rows.Select(row => row.Cost), rows.Select(row => row.CostCurrency),
            rows.Select(row => Encoding.UTF8.GetString(row.Usage.Kept.Span)), rows.Select(row => row.Counters));
    }

    /// <summary>Copies many on a connection that is inside the batch's transaction. The events are written out while their identities are stored.</summary>
    public static async Task CopyAsync(NpgsqlConnection connection, IReadOnlyList<EventRow> rows, CancellationToken cancellationToken)
    {
        using var identities = new BinaryRows(rows.Count * 80);
        foreach (var row in rows)
        {
            identities.Row(5);
            identities.Add(row.Usage.TenantId);
            identities.Add(row.Usage.Key);
            identities.Add(row.Usage.Digest);
            identities.Add(row.Usage.TransactionId);
            identities.Add(row.Usage.Ordinal);
        }

        var storing = identities.CopyAsync(connection, CopyIdentities, cancellationToken);
        using var events = new BinaryRows(rows.Count * 400);
        try
        {
            foreach (var row in rows) Add(events, row);
        }
        finally
        {
            await storing;
        }

        await events.CopyAsync(connection, CopyEvents, cancellationToken);
    }

    private static void Add(BinaryRows rows, in EventRow row)
    {
        var (usage, rating) = (row.Usage, row.Usage.Rating);
        rows.Row(24);
        rows.Add(usage.TenantId);
        rows.Add(usage.TransactionId);
        rows.Add(usage.Ordinal);
        rows.Add(usage.Key);
        rows.Add(usage.Source);
        rows.Add(usage.Id);
        rows.Add(usage.Type);
        rows.Add(usage.OccurredAt);
        rows.Add(row.ConsumerId);
        rows.Add(row.TeamId);
        rows.Add(row.PoolNamedId);
        rows.Add(usage.Meter?.Key);
        rows.Add(usage.Product);
        rows.Add(usage.Status == EventStatus.Accepted);
        rows.Add(rating?.RateVersionId);
        rows.Add(rating?.CostVersionId);
        rows.Add(rating?.Quantity ?? 0m);
        rows.Add(usage.Credits);
        rows.Add(row.Revenue);
        rows.Add(row.Money);
        rows.Add(row.Cost);
        rows.Add(row.CostCurrency);
        rows.Add(usage.Kept.Span);
        rows.Add(row.Counters);
    }
}
