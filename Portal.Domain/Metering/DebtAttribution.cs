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
    // Events with their place in the interval drawn, as far as they meet the part settled: those of the transaction by their running
    // credits, or the one event that the transaction amended. An amended event is what its last amendment says.
    private const string EventsOfPart = """
        with line as (select * from draws where tenant_id = $1 and transaction_id = $2 and line = $3),
        own as (
          select transaction_id, ordinal, run_to - credits as low, run_to as high from (
            select e.transaction_id, e.ordinal, e.credits, sum(e.credits) over (order by e.ordinal) - d.from_credits as run_to
            from events e join line d on e.pool_named_id = d.pool_named_id and e.product = d.product
            where e.tenant_id = $1 and e.transaction_id = $2 and e.credits > 0) run
          union all
          select distinct r.event_transaction_id, r.event_ordinal, 0, d.to_credits - d.from_credits
          from ratings r cross join line d where r.tenant_id = $1 and r.transaction_id = $2 and r.kind in ('amend', 'rerate', 'late_rating', 'void'))
        select e.transaction_id, e.ordinal, o.low, o.high, e.type, e.occurred_at, e.consumer_id, e.team_id, e.pool_named_id, e.cost_currency, e.data, (
          select r.data from ratings r where r.tenant_id = $1 and r.event_transaction_id = e.transaction_id and r.event_ordinal = e.ordinal and r.events = 1
          order by r.id desc limit 1)
        from own o join events e on e.tenant_id = $1 and e.transaction_id = o.transaction_id and e.ordinal = o.ordinal
        where o.high > $4 and o.low < $5 order by o.low
        """;

    // A rating of a period stands alone in its transaction.
    private const string InsertPeriodRating = """
        with rated as (
          select meter, product, pool_named_id, consumer_id, occurred_at, data, cost_currency::text from ratings
          where tenant_id = $1 and transaction_id = $2 and kind = 'period'),
        settled as (
          insert into ratings (tenant_id, id, transaction_id, kind, credits, revenue, data, detail, meter, product, pool_named_id, consumer_id, occurred_at)
          select $1, $3, $4, 'settlement', 0, $5, data, $6::jsonb, meter, product, pool_named_id, consumer_id, occurred_at from rated)
        select pool_named_id, consumer_id, occurred_at, data::text, cost_currency from rated
        """;

    private const string InsertRatings = """
        insert into ratings (tenant_id, id, transaction_id, event_transaction_id, event_ordinal, kind, credits, revenue, data, detail)
        select $1, u.id, u.posting, u.transaction_id, u.ordinal, 'settlement', 0, u.revenue, u.data::json, u.detail::jsonb
        from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::int[], $6::numeric[], $7::text[], $8::text[])
          u(id, posting, transaction_id, ordinal, revenue, data, detail)
        """;

    private sealed record Settlement(Guid Id, Guid Posting, Guid TransactionId, int Ordinal, decimal Revenue, string? Data, string Detail);

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
            ratings.Select(r => r.Ordinal), ratings.Select(r => r.Revenue), ratings.Select(r => r.Data), ratings.Select(r => r.Detail));
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
        var any = false;
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                any = true;
                var (from, to) = (reader.GetDecimal(2), reader.GetDecimal(3));
                var amended = reader.IsDBNull(11) ? null : reader.GetString(11);
                var usage = new UsageEvent
                {
                    Index = 0,
                    Type = reader.GetString(4),
                    OccurredAt = reader.GetFieldValue<DateTimeOffset>(5),
                    Data = System.Text.Encoding.UTF8.GetBytes(amended ?? reader.GetString(10)),
                };
                measuring.Measure(usage, directory);
                ratings.Add(new Settlement(
                    Uuid7.At(wallet.Now), part.Posting.Id, reader.GetGuid(0), reader.GetInt32(1), ValueBetween(part, from, to), amended,
                    Detail(part, Math.Max(from, part.From), Math.Min(to, part.From + part.Credits))));
                var row = new RollupKey(wallet.TenantId, directory.Zone.HourStart(usage.OccurredAt), reader.GetInt32(7), part.Debt.PoolId, reader.GetInt32(8),
                    reader.GetInt32(6), part.Debt.Product!, "", "", "", reader.IsDBNull(9) ? "" : reader.GetString(9));
                Spread(rollup, row, part, usage.Rating, from, to);
            }
        }

        if (!any) await AttributeToPeriodAsync(connection, wallet, directory, part, rollup, cancellationToken);
    }

    private static async Task AttributeToPeriodAsync(
        NpgsqlConnection connection, WalletState wallet, WalletDirectory directory, SettledDebt part, Rollup rollup, CancellationToken cancellationToken)
    {
        var (from, to) = (part.From, part.From + part.Credits);
        var value = ValueBetween(part, from, to);
        var rated = (await connection.ListAsync(
            InsertPeriodRating,
            row => (Pool: row.GetInt32(0), Consumer: row.GetInt32(1), At: row.GetFieldValue<DateTimeOffset>(2), Data: row.GetString(3), Currency: row.Nullable<string>(4) ?? ""),
            cancellationToken, wallet.TenantId, part.Debt.TransactionId, Uuid7.At(wallet.Now), part.Posting.Id, value, Detail(part, from, to))).Single();
        var dimensions = DimensionSet.Parse(rated.Data);
        rollup.AddRevenue(
            new RollupKey(wallet.TenantId, directory.Zone.HourStart(rated.At), 0, part.Debt.PoolId, rated.Pool, rated.Consumer, part.Debt.Product!, dimensions.Model,
                dimensions.TokenType, dimensions.Tier, rated.Currency), value);
    }

    private static string Detail(SettledDebt part, decimal from, decimal to) => JsonSerializer.Serialize(
        new { grant = part.Grant.Id, transaction = part.Debt.TransactionId, line = part.Debt.Line, from, to }, PortalJson.Options);

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
