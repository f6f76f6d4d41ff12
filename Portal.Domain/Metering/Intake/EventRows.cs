using Npgsql;
using NpgsqlTypes;

namespace Portal.Domain.Metering.Intake;

/// <summary>A row of <c>events</c>: a fact with its first rating.</summary>
internal readonly record struct EventRow(UsageEvent Usage, int ConsumerId, int TeamId, int PoolNamedId, decimal Revenue);

/// <summary>Writes new events and their identities by binary COPY.</summary>
internal static class EventRows
{
    private const string CopyIdentities =
        "copy event_identities (tenant_id, event_key, digest, transaction_id, ordinal) from stdin (format binary)";

    private const string CopyEvents = """
        copy events (tenant_id, transaction_id, ordinal, event_key, source, event_id, type, occurred_at, consumer_id, team_id, pool_named_id, meter, product,
                     rated, rate_version_id, cost_version_id, quantity, credits, revenue, cost, cost_currency, data) from stdin (format binary)
        """;

    /// <summary>Writes them on a connection that is inside the batch's transaction.</summary>
    public static async Task WriteAsync(NpgsqlConnection connection, IReadOnlyList<EventRow> rows, CancellationToken cancellationToken)
    {
        if (rows.Count == 0) return;
        await using (var writer = await connection.BeginBinaryImportAsync(CopyIdentities, cancellationToken))
        {
            foreach (var row in rows)
            {
                await writer.StartRowAsync(cancellationToken);
                await writer.WriteAsync(row.Usage.TenantId, NpgsqlDbType.Bigint, cancellationToken);
                await writer.WriteAsync(row.Usage.Key, NpgsqlDbType.Uuid, cancellationToken);
                await writer.WriteAsync(row.Usage.Digest, NpgsqlDbType.Bigint, cancellationToken);
                await writer.WriteAsync(row.Usage.TransactionId, NpgsqlDbType.Uuid, cancellationToken);
                await writer.WriteAsync(row.Usage.Ordinal, NpgsqlDbType.Integer, cancellationToken);
            }

            await writer.CompleteAsync(cancellationToken);
        }

        await using (var writer = await connection.BeginBinaryImportAsync(CopyEvents, cancellationToken))
        {
            foreach (var row in rows) await WriteAsync(writer, row, cancellationToken);
            await writer.CompleteAsync(cancellationToken);
        }
    }

    private static async Task WriteAsync(NpgsqlBinaryImporter writer, EventRow row, CancellationToken cancellationToken)
    {
        var (usage, rating) = (row.Usage, row.Usage.Rating);
        await writer.StartRowAsync(cancellationToken);
        await writer.WriteAsync(usage.TenantId, NpgsqlDbType.Bigint, cancellationToken);
        await writer.WriteAsync(usage.TransactionId, NpgsqlDbType.Uuid, cancellationToken);
        await writer.WriteAsync(usage.Ordinal, NpgsqlDbType.Integer, cancellationToken);
        await writer.WriteAsync(usage.Key, NpgsqlDbType.Uuid, cancellationToken);
        await writer.WriteAsync(usage.Source, NpgsqlDbType.Text, cancellationToken);
        await writer.WriteAsync(usage.Id, NpgsqlDbType.Text, cancellationToken);
        await writer.WriteAsync(usage.Type, NpgsqlDbType.Text, cancellationToken);
        await writer.WriteAsync(usage.OccurredAt.UtcDateTime, NpgsqlDbType.TimestampTz, cancellationToken);
        await writer.WriteAsync(row.ConsumerId, NpgsqlDbType.Integer, cancellationToken);
        await writer.WriteAsync(row.TeamId, NpgsqlDbType.Integer, cancellationToken);
        await writer.WriteAsync(row.PoolNamedId, NpgsqlDbType.Integer, cancellationToken);
        await WriteAsync(writer, usage.Meter?.Key, NpgsqlDbType.Text, cancellationToken);
        await WriteAsync(writer, usage.Meter?.Product, NpgsqlDbType.Text, cancellationToken);
        await writer.WriteAsync(usage.Status == EventStatus.Accepted, NpgsqlDbType.Boolean, cancellationToken);
        await WriteAsync(writer, rating?.RateVersionId, cancellationToken);
        await WriteAsync(writer, rating?.CostVersionId, cancellationToken);
        await writer.WriteAsync(rating?.Quantity ?? 0m, NpgsqlDbType.Numeric, cancellationToken);
        await writer.WriteAsync(usage.Credits, NpgsqlDbType.Numeric, cancellationToken);
        await writer.WriteAsync(row.Revenue, NpgsqlDbType.Numeric, cancellationToken);
        if (usage.Status == EventStatus.Accepted && rating?.Cost is { } cost) await writer.WriteAsync(cost, NpgsqlDbType.Numeric, cancellationToken);
        else await writer.WriteNullAsync(cancellationToken);
        await WriteAsync(writer, usage.Status == EventStatus.Accepted ? rating?.CostCurrency : null, NpgsqlDbType.Char, cancellationToken);
        await writer.WriteAsync(usage.Kept, NpgsqlDbType.Json, cancellationToken);
    }

    private static Task WriteAsync(NpgsqlBinaryImporter writer, string? text, NpgsqlDbType type, CancellationToken cancellationToken) =>
        text is null ? writer.WriteNullAsync(cancellationToken) : writer.WriteAsync(text, type, cancellationToken);

    private static Task WriteAsync(NpgsqlBinaryImporter writer, int? number, CancellationToken cancellationToken) =>
        number is null ? writer.WriteNullAsync(cancellationToken) : writer.WriteAsync(number.Value, NpgsqlDbType.Integer, cancellationToken);
}
