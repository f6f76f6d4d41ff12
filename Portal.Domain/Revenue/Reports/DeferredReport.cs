using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Revenue.Reports;

/// <summary>Unused credits by how long they have been there.</summary>
/// <param name="Currency">ISO 4217.</param>
/// <param name="FromDays">Least age in days since they became effective: 0, 31, 91, 181 or 366.</param>
/// <param name="Credits">What is left.</param>
/// <param name="Value">The part of what was paid that is left: owed in service.</param>
public sealed record DeferredAge(string Currency, int FromDays, decimal Credits, decimal Value);

/// <summary>What would break in a month if nothing more were used before.</summary>
/// <param name="Month">When it expires, on the reporting calendar; null is never.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Credits">Credits that expire.</param>
/// <param name="Value">Revenue that they would be: the most that can break.</param>
public sealed record ComingBreakage(BookMonth? Month, string Currency, decimal Credits, decimal Value);

/// <summary>What is owed in unused credits and unearned fees: how much, how old, and when it would break.</summary>
/// <param name="AsOf">Business time.</param>
/// <param name="Fees">Fees not earned yet, by currency.</param>
/// <param name="Ages">Credits by age, youngest first.</param>
/// <param name="Breaks">Credits by when they expire, soonest first.</param>
public sealed record DeferredReport(
    DateTimeOffset AsOf, IReadOnlyList<AccountBalance> Fees, IReadOnlyList<DeferredAge> Ages, IReadOnlyList<ComingBreakage> Breaks)
{
    private const string Age = """
        select g.currency::text, case when days <= 30 then 0 when days <= 90 then 31 when days <= 180 then 91 when days <= 365 then 181 else 366 end,
          sum(g.remaining), sum(value_left(g.value, g.remaining, g.amount))
        from grants g cross join platform p
        cross join lateral (select floor(extract(epoch from now() + p.clock_offset - g.effective_at) / 86400) as days) a
        where g.open and g.remaining > 0 and g.value > 0 group by 1, 2 order by 1, 2
        """;

    private const string Break = """
        select date_trunc('month', g.expires_at at time zone p.reporting_zone)::date, g.currency::text, sum(g.remaining), sum(value_left(g.value, g.remaining, g.amount))
        from grants g cross join platform p where g.open and g.remaining > 0 and g.value > 0 group by 1, 2 order by 1 nulls last, 2
        """;

    private const string Unearned = "select account, unit, sum(balance) from ledger_accounts where account = 'deferred:fees' group by 1, 2 having sum(balance) <> 0 order by 2";

    /// <summary>Reads it as it stands now, in one snapshot.</summary>
    public static async Task<DeferredReport> ReadAsync(NpgsqlDataSource source, CancellationToken cancellationToken = default)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var snapshot = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken);
        var now = await connection.ListAsync("select now() + clock_offset from platform", row => row.GetFieldValue<DateTimeOffset>(0), cancellationToken);
        return new DeferredReport(
            now[0],
            await connection.ListAsync(Unearned, row => new AccountBalance(row.GetString(0), row.GetString(1), row.GetDecimal(2)), cancellationToken),
            await connection.ListAsync(Age, row => new DeferredAge(row.GetString(0), row.GetInt32(1), row.GetDecimal(2), row.GetDecimal(3)), cancellationToken),
            await connection.ListAsync(
                Break,
                row => new ComingBreakage(row.Nullable<DateOnly?>(0) is { } day ? new BookMonth(day) : null, row.GetString(1), row.GetDecimal(2), row.GetDecimal(3)), cancellationToken));
    }
}
