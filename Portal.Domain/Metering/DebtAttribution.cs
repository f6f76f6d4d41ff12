using System.Text.Json;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Pricing;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering;

/// <summary>
/// Gives the revenue of settled debts to the events they came from: a settlement rating for each event within the part of the debt that
/// was settled, and the same revenue in its hour.
/// </summary>
public sealed class DebtAttribution(Catalogues catalogues) : IDebtAttribution
{
    // Events of a debt's transaction, pool and product with their place in the debt; those that meet the part settled.
    private const string EventsOfPart = """
        select ordinal, run_to - credits, run_to, type, occurred_at, consumer_id, team_id, pool_named_id, cost_currency, data
        from (
          select e.*, sum(e.credits) over (order by e.ordinal) - d.from_credits as run_to
          from events e join draws d on d.tenant_id = e.tenant_id and d.transaction_id = e.transaction_id and d.line = $3
          where e.tenant_id = $1 and e.transaction_id = $2 and e.pool_named_id = d.pool_named_id and e.product = d.product and e.credits > 0
        ) run
        where run_to > $4 and run_to - credits < $5 order by ordinal
        """;

    private const string InsertRatings = """
        insert into ratings (tenant_id, id, transaction_id, event_transaction_id, event_ordinal, kind, credits, revenue, detail)
        select $1, u.id, u.posting, u.transaction_id, u.ordinal, 'settlement', 0, u.revenue, u.detail::jsonb
        from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::int[], $6::numeric[], $7::text[]) u(id, posting, transaction_id, ordinal, revenue, detail)
        """;

    private sealed record Settlement(Guid Id, Guid Posting, Guid TransactionId, int Ordinal, decimal Revenue, string Detail);

    /// <inheritdoc />
    public async Task AttributeAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, WalletState wallet, WalletDirectory directory, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        ArgumentNullException.ThrowIfNull(directory);
        var settled = wallet.Settled.Where(part => part.Debt.Product is not null).ToArray();
        if (settled.Length == 0) return;
        var (ratings, rollup) = (new List<Settlement>(), new Rollup());
        foreach (var part in settled) await AttributeAsync(connection, transaction, wallet, directory, part, ratings, rollup, cancellationToken);
        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.Add(InsertRatings, wallet.TenantId, ratings.Select(r => r.Id), ratings.Select(r => r.Posting), ratings.Select(r => r.TransactionId),
            ratings.Select(r => r.Ordinal), ratings.Select(r => r.Revenue), ratings.Select(r => r.Detail));
        rollup.AddTo(batch);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task AttributeAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, WalletState wallet, WalletDirectory directory, SettledDebt part,
        List<Settlement> ratings, Rollup rollup, CancellationToken cancellationToken)
    {
        var measuring = new EventMeasuring(catalogues.Cached ?? await catalogues.CurrentAsync(cancellationToken));
        await using var command = new NpgsqlCommand(EventsOfPart, connection, transaction);
        foreach (var value in new object[] { wallet.TenantId, part.Debt.TransactionId, part.Debt.Line, part.From, part.From + part.Credits })
            command.Parameters.Add(Columns.Parameter(value));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var (from, to) = (reader.GetDecimal(1), reader.GetDecimal(2));
            var usage = new UsageEvent
            {
                Index = 0,
                Type = reader.GetString(3),
                OccurredAt = reader.GetFieldValue<DateTimeOffset>(4),
                Data = System.Text.Encoding.UTF8.GetBytes(reader.GetString(9)),
            };
            measuring.Measure(usage, directory.Keep);
            var revenue = ValueBetween(part, from, to);
            ratings.Add(new Settlement(Uuid7.At(wallet.Now), part.Posting.Id, part.Debt.TransactionId, reader.GetInt32(0), revenue,
                JsonSerializer.Serialize(new { grant = part.Grant.Id, from = Math.Max(from, part.From) - from, to = Math.Min(to, part.From + part.Credits) - from }, PortalJson.Options)));
            var row = new RollupKey(wallet.TenantId, directory.Zone.HourStart(usage.OccurredAt), reader.GetInt32(6), part.Debt.PoolId, reader.GetInt32(7),
                reader.GetInt32(5), part.Debt.Product!, "", "", "", reader.IsDBNull(8) ? "" : reader.GetString(8));
            Spread(rollup, row, part, usage.Rating, from, to);
        }
    }

    // The event's lines lie one after another in its interval; each gets the value of its own part.
    private static void Spread(Rollup rollup, RollupKey row, SettledDebt part, Rating? rating, decimal from, decimal to)
    {
        if (rating is null || rating.Lines.Count == 0)
        {
            rollup.AddRevenue(row, ValueBetween(part, from, to));
            return;
        }

        for (var i = 0; i < rating.Lines.Count; i++)
        {
            var line = rating.Lines[i];
            // Rated again under newer cards the lines may differ from what was drawn: the last takes what is left.
            var end = i == rating.Lines.Count - 1 ? to : Math.Min(to, from + line.Credits.Amount);
            rollup.AddRevenue(row with { Model = line.Model, TokenType = line.TokenType, Tier = line.Tier }, ValueBetween(part, from, end));
            from = end;
        }
    }

    /// <summary>The grant's value between two places in the debt, as far as the part covers them. Differences of one function: they sum exactly.</summary>
    private static decimal ValueBetween(SettledDebt part, decimal from, decimal to)
    {
        var (start, end) = (Math.Max(from, part.From), Math.Min(to, part.From + part.Credits));
        return start >= end ? 0m : LeftAt(part, start) - LeftAt(part, end);
    }

    private static decimal LeftAt(SettledDebt part, decimal place) =>
        GrantValue.Left(part.Grant.Value, part.RemainingBefore - (place - part.From), part.Grant.Amount);
}
