using System.Globalization;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Ledger;
using Portal.Domain.Wallet;

namespace Portal.Domain.Payments;

/// <summary>
/// Money that arrived at a provider of ours and that no tenant asked for. It is booked under the platform itself
/// (<see cref="Payment.NoTenant"/>), which has no wallet, and waits in <c>suspense</c> for people to say whose it is.
/// </summary>
internal static class UnknownMoney
{
    /// <summary>Books what the report adds to what is known of its payment.</summary>
    public static async Task<Result<Done>> KeepAsync(NpgsqlDataSource source, string provider, PaymentReport report, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var clock = await LockAsync(connection, cancellationToken);
        var (arrived, gone) = await AddAsync(connection, clock.Now, provider, report, cancellationToken);
        if (arrived != 0m || gone != 0m)
        {
            var posting = new LedgerTransaction(Payment.NoTenant, "payment", clock.Now, clock.Now, clock.BookDate(clock.Now))
            {
                IdempotencyKey = string.Create(
                    CultureInfo.InvariantCulture, $"payment:{provider}:{report.ProviderPayment}:{report.Captured}:{report.Refunded}:{report.Disputed}:{report.Reinstated}"),
                Reference = report.Reference,
                Reason = "Payment that nobody here asked for",
                Actor = "provider:" + provider,
            };
            posting.Book(Account.Cash(provider), Account.Suspense, arrived, report.Currency.Code);
            posting.Book(Account.Suspense, Account.Cash(provider), gone, report.Currency.Code);
            await using var batch = new NpgsqlBatch(connection, transaction);
            LedgerWriter.AddTo(batch, [posting]);
            await batch.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return default(Done);
    }

    // Without a wallet to lock, the platform's row is what two reports of one payment wait for.
    private static async Task<PostingClock> LockAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.Add("select pg_advisory_xact_lock(hashtextextended('unknown money', 0))");
        batch.Add("select clock_timestamp() + clock_offset, catalogue_version, reporting_zone, locked_until, event_window from platform");
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new PostingClock(
            reader.GetFieldValue<DateTimeOffset>(0), reader.GetInt64(1), Instants.FindZone(reader.GetString(2)) ?? TimeZoneInfo.Utc,
            reader.GetFieldValue<DateOnly>(3), reader.GetTimeSpan(4));
    }

    private static async Task<(decimal Arrived, decimal Gone)> AddAsync(
        NpgsqlConnection connection, DateTimeOffset now, string provider, PaymentReport report, CancellationToken cancellationToken)
    {
        const string sql = """
            with before as (select captured, refunded, disputed, reinstated from payments where tenant_id = 0 and provider = $1 and provider_payment = $2),
            after as (
              insert into payments as p (tenant_id, id, provider, provider_payment, currency, captured, refunded, disputed, reinstated, received_at)
              values (0, $3, $1, $2, $4, $5, $6, $7, $8, $9)
              on conflict (tenant_id, provider, provider_payment) do update set captured = greatest(p.captured, excluded.captured),
                refunded = greatest(p.refunded, excluded.refunded), disputed = greatest(p.disputed, excluded.disputed),
                reinstated = greatest(p.reinstated, excluded.reinstated)
              where p.currency = excluded.currency
              returning captured, refunded, disputed, reinstated)
            select after.captured - coalesce(before.captured, 0),
                   after.refunded + after.disputed - after.reinstated - coalesce(before.refunded + before.disputed - before.reinstated, 0)
            from after left join before on true
            """;
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in new object[]
                 {
                     provider, report.ProviderPayment, Uuid7.At(now), report.Currency.Code, report.Captured, report.Refunded, report.Disputed,
                     report.Reinstated, now,
                 })
        {
            command.Parameters.Add(Columns.Parameter(value));
        }

        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? (reader.GetDecimal(0), reader.GetDecimal(1)) : (0m, 0m);
    }
}
