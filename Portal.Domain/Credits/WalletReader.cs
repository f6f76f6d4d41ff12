using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;

namespace Portal.Domain.Wallet;

/// <summary>What the platform's row said when wallets were locked: the time of everything posted, and what dates are open.</summary>
/// <param name="Now">The database's clock plus the sandbox offset.</param>
/// <param name="CatalogueVersion">Prices of at least this version rate what is posted.</param>
/// <param name="ReportingZone">Book dates are dates on its calendar.</param>
/// <param name="LockedUntil">First day of the first open month.</param>
/// <param name="EventWindow">How old an event may be.</param>
/// <param name="Regrants">Credits that come back to a grant that is gone are granted anew; else they expire at once.</param>
public sealed record PostingClock(
    DateTimeOffset Now, long CatalogueVersion, TimeZoneInfo ReportingZone, DateOnly LockedUntil, TimeSpan EventWindow, bool Regrants = false)
{
    /// <summary>The day of an instant if its month is open, else the first open day.</summary>
    public DateOnly BookDate(DateTimeOffset instant) => BookDate(ReportingZone.DateIn(instant));

    /// <summary>The same of a day on the reporting calendar.</summary>
    public DateOnly BookDate(DateOnly day) => day < LockedUntil ? LockedUntil : day;
}

/// <summary>Locks wallets and reads them: four statements in one round trip, for any number of wallets.</summary>
public static class WalletReader
{
    private const string Look = """
        select tenant_id, version, config_version, next_due_at, last_posted_at, period_starts_at, period_ends_at, period_overage, period_spend, period_metered::text
        from wallets where tenant_id = any($1) order by tenant_id
        """;

    private const string Lock = Look + " for update";

    // Statements of their own, after the lock, so that each sees what the last holder committed.
    private const string Clock = "select clock_timestamp() + clock_offset, catalogue_version, reporting_zone, locked_until, event_window, returned_credits = 'regrant' from platform";

    private const string OpenGrants = "select " + GrantRow.Columns + " from grants g where g.tenant_id = any($1) and g.open order by g.tenant_id";

    private const string OpenDebts = """
        select tenant_id, transaction_id, line, began, pool_id, product, from_credits, to_credits, incurred_at
        from debts where tenant_id = any($1) and to_credits > from_credits order by tenant_id, incurred_at, transaction_id, line, began
        """;

    /// <summary>Adds the statements to a batch; <see cref="ReadAsync"/> reads their results, first in the reader.</summary>
    /// <param name="batch">A batch inside a transaction.</param>
    /// <param name="tenantIds">Whose wallets; locked in order of id.</param>
    /// <param name="skipLocked">Leave out wallets that others hold instead of waiting for them.</param>
    public static void AddTo(NpgsqlBatch batch, long[] tenantIds, bool skipLocked)
    {
        batch.Add(skipLocked ? Lock + " skip locked" : Lock, tenantIds);
        batch.Add(Clock);
        batch.Add(OpenGrants, tenantIds);
        batch.Add(OpenDebts, tenantIds);
    }

    /// <summary>Adds the statements that read one wallet without locking it, for a snapshot in which nothing is written.</summary>
    public static void AddUnlockedTo(NpgsqlBatch batch, long tenantId)
    {
        long[] tenantIds = [tenantId];
        batch.Add(Look, tenantIds);
        batch.Add(Clock);
        batch.Add(OpenGrants, tenantIds);
        batch.Add(OpenDebts, tenantIds);
    }

    /// <summary>The wallets that were locked, by tenant, and the clock.</summary>
    public static async Task<(Dictionary<long, WalletState> Wallets, PostingClock Clock)> ReadAsync(
        NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var locked = new List<LockedRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            locked.Add(new LockedRow(
                reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), NullableInstant(reader, 3), reader.GetFieldValue<DateTimeOffset>(4),
                new PeriodCounters(NullableInstant(reader, 5), NullableInstant(reader, 6), reader.GetDecimal(7), reader.GetDecimal(8))
                {
                    Metered = MeterQuantities.Parse(reader.IsDBNull(9) ? null : reader.GetString(9)),
                }));
        }

        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var clock = new PostingClock(
            reader.GetFieldValue<DateTimeOffset>(0), reader.GetInt64(1), Instants.FindZone(reader.GetString(2)) ?? TimeZoneInfo.Utc,
            reader.GetFieldValue<DateOnly>(3), reader.GetTimeSpan(4), reader.GetBoolean(5));

        var wallets = locked.ToDictionary(row => row.Tenant, row => new WalletState(row.Due, row.Period)
        {
            TenantId = row.Tenant,
            Version = row.Version,
            ConfigVersion = row.Config,
            Now = row.Last > clock.Now ? row.Last : clock.Now,
        });

        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            if (wallets.TryGetValue(reader.GetInt64(0), out var wallet)) wallet.Grants.Add(GrantRow.Read(reader));
        }

        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            if (wallets.TryGetValue(reader.GetInt64(0), out var wallet)) wallet.Debts.Add(ReadDebt(reader));
        }

        return (wallets, clock);
    }

    private sealed record LockedRow(long Tenant, long Version, long Config, DateTimeOffset? Due, DateTimeOffset Last, PeriodCounters Period);

    private static Debt ReadDebt(NpgsqlDataReader reader) => new()
    {
        TransactionId = reader.GetGuid(1),
        Line = reader.GetInt32(2),
        Began = reader.GetDecimal(3),
        PoolId = reader.GetInt32(4),
        Product = reader.IsDBNull(5) ? null : reader.GetString(5),
        From = reader.GetDecimal(6),
        To = reader.GetDecimal(7),
        IncurredAt = reader.GetFieldValue<DateTimeOffset>(8),
    };

    private static DateTimeOffset? NullableInstant(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
}
