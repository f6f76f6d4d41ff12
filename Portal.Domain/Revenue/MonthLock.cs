using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;

namespace Portal.Domain.Revenue;

/// <summary>A month in which nothing is booked any more.</summary>
/// <param name="Month">The month.</param>
/// <param name="LockedAt">Business time of the lock; of a month before the first that was locked, when that was.</param>
/// <param name="LockedBy">Who locked it.</param>
public sealed record LockedMonth(BookMonth Month, DateTimeOffset? LockedAt, string? LockedBy);

/// <summary>What can be locked next.</summary>
/// <param name="Next">The earliest month that is open and in which something is booked, or the first open one; null while nothing was ever booked.</param>
/// <param name="MayLock">True when that month is over.</param>
/// <param name="Locked">Months that were locked, newest first.</param>
public sealed record MonthsStanding(BookMonth? Next, bool MayLock, IReadOnlyList<LockedMonth> Locked);

/// <summary>Locks months, for good (domain.md §2): the books must balance, and what fell due in the month is booked before.</summary>
public sealed class MonthLock(NpgsqlDataSource source, DueWallets wallets, Reconciliation reconciliation)
{
    private const string Stand = """
        select p.locked_until, (now() + p.clock_offset) at time zone p.reporting_zone, (select min(book_date) from finance_daily) from platform p
        """;

    private const string Found = "select locked_at, locked_by from locked_months where month >= $1 order by month limit 1";

    private sealed record Standing(DateOnly LockedUntil, DateOnly Today, DateOnly? FirstBooked)
    {
        /// <summary>The one month that may be locked once it is over.</summary>
        public BookMonth? Next => LockedUntil > DateOnly.MinValue ? BookMonth.Of(LockedUntil) : FirstBooked is { } day ? BookMonth.Of(day) : null;
    }

    /// <summary>
    /// Locks a month. A month that is locked is answered as it is. Refuses <c>month_not_over</c>, <c>earlier_month_open</c>, and
    /// <c>books_do_not_balance</c> when an invariant is broken; then nothing is locked.
    /// </summary>
    /// <param name="month">The month.</param>
    /// <param name="actor">Who locks it.</param>
    /// <param name="cancellationToken">Stops before anything is locked.</param>
    public async Task<Result<LockedMonth>> LockAsync(BookMonth month, string? actor, CancellationToken cancellationToken = default)
    {
        await using (var connection = await source.OpenConnectionAsync(cancellationToken))
        {
            var standing = await StandAsync(connection, cancellationToken);
            if (month.FirstDay < standing.LockedUntil) return await LockedAsync(connection, month, cancellationToken);
            if (Refuse(standing, month) is { } refused) return refused;
        }

        await wallets.SettleAsync(cancellationToken);
        var report = await reconciliation.RunAsync(cancellationToken);
        if (!report.Ok) return Problem.Conflict("books_do_not_balance", "An invariant of the ledger is broken. The month stays open until the books balance; see the reconciliation.");
        return await PlatformTransaction.RunAsync(source, platform => CloseAsync(platform, month, actor, report.AsOf, cancellationToken), cancellationToken);
    }

    /// <summary>What is locked, and what may be next.</summary>
    public async Task<MonthsStanding> ReadAsync(CancellationToken cancellationToken = default)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var standing = await StandAsync(connection, cancellationToken);
        var locked = await connection.ListAsync(
            "select month, locked_at, locked_by from locked_months order by month desc",
            row => new LockedMonth(new BookMonth(row.GetFieldValue<DateOnly>(0)), row.GetFieldValue<DateTimeOffset>(1), row.Nullable<string>(2)), cancellationToken);
        return new MonthsStanding(standing.Next, standing.Next is { } next && Refuse(standing, next) is null, locked);
    }

    // Waits for everybody who is posting, and they for this: from here on the date that they read is the date that holds.
    private static async Task<Result<LockedMonth>> CloseAsync(
        PlatformTransaction platform, BookMonth month, string? actor, DateTimeOffset reconciledAt, CancellationToken cancellationToken)
    {
        await platform.Connection.ExecuteAsync("select pg_advisory_xact_lock(hashtextextended('book dates', 0))", cancellationToken);
        var standing = await StandAsync(platform.Connection, cancellationToken);
        if (month.FirstDay < standing.LockedUntil) return await LockedAsync(platform.Connection, month, cancellationToken);
        if (Refuse(standing, month) is { } refused) return refused;
        await platform.Connection.ExecuteAsync(
            "insert into locked_months (month, locked_at, locked_by, reconciled_at) values ($1, $2, $3, $4)", cancellationToken, month.FirstDay, platform.Now, actor, reconciledAt);
        await platform.Connection.ExecuteAsync("update platform set locked_until = $1", cancellationToken, month.End);
        await Audit.WriteAsync(platform.Connection, 0, platform.Now, actor, "month.locked", month.ToString(), null, cancellationToken);
        return new LockedMonth(month, platform.Now, actor);
    }

    private static Problem? Refuse(Standing standing, BookMonth month)
    {
        if (month.End > standing.Today) return Problem.Conflict("month_not_over", $"{month} is not over yet. Only months that are past can be locked.");
        if (standing.Next is { } next && next < month) return Problem.Conflict("earlier_month_open", $"{next} is open. Months are locked one after the other.");
        return null;
    }

    private static async Task<Standing> StandAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => (await connection.ListAsync(
        Stand, row => new Standing(row.GetFieldValue<DateOnly>(0), DateOnly.FromDateTime(row.GetDateTime(1)), row.Nullable<DateOnly?>(2)), cancellationToken)).Single();

    private static async Task<LockedMonth> LockedAsync(NpgsqlConnection connection, BookMonth month, CancellationToken cancellationToken) =>
        await connection.FindAsync(
            Found, row => new LockedMonth(month, row.GetFieldValue<DateTimeOffset>(0), row.Nullable<string>(1)), cancellationToken, month.FirstDay)
        ?? new LockedMonth(month, null, null);
}
