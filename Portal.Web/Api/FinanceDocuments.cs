using Portal.Domain.Revenue;
using Portal.Domain.Revenue.Reports;

namespace Portal.Web.Api;

/// <summary>The trial balance.</summary>
/// <param name="Date">At the end of which day.</param>
/// <param name="Accounts">Accounts that are not 0.</param>
public sealed record TrialBalanceDocument(DateOnly Date, IReadOnlyList<TrialBalanceRow> Accounts)
{
    /// <summary>The document of the balances.</summary>
    public static TrialBalanceDocument Of(DateOnly day, IReadOnlyList<AccountBalance> rows) =>
        new(day, [.. rows.Select(row => new TrialBalanceRow(row.Account, row.Unit, row.Debit, row.Credit))]);
}

/// <summary>An account.</summary>
/// <param name="Account">Its name.</param>
/// <param name="Unit">`CREDIT` or an ISO 4217 code.</param>
/// <param name="Debit">Its balance, if a debit.</param>
/// <param name="Credit">Its balance, if a credit.</param>
public sealed record TrialBalanceRow(string Account, string Unit, decimal Debit, decimal Credit);

/// <summary>Revenue by month.</summary>
/// <param name="From">First month.</param>
/// <param name="To">Last month.</param>
/// <param name="Recognised">By month, kind and currency.</param>
/// <param name="AtEnd">What stood at each month's end.</param>
public sealed record RevenueDocument(string From, string To, IReadOnlyList<MonthFigure> Recognised, IReadOnlyList<MonthFigure> AtEnd)
{
    /// <summary>The document of a report.</summary>
    public static RevenueDocument Of(BookMonth from, BookMonth to, IReadOnlyList<RecognisedRevenue> revenue, IReadOnlyList<ClosingBalance> closing) => new(
        from.ToString(), to.ToString(), [.. revenue.Select(row => new MonthFigure(row.Month.ToString(), row.Kind, row.Currency, row.Amount))],
        [.. closing.Select(row => new MonthFigure(row.Month.ToString(), row.Account, row.Currency, row.Amount))]);
}

/// <summary>A figure of a month.</summary>
/// <param name="Month">The month.</param>
/// <param name="Kind">Kind of revenue, or the account.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Amount">In that currency.</param>
public sealed record MonthFigure(string Month, string Kind, string Currency, decimal Amount);

/// <summary>What is owed in unused credits and unearned fees.</summary>
/// <param name="AsOf">Business time.</param>
/// <param name="Fees">Fees not earned yet.</param>
/// <param name="Ages">Credits by age.</param>
/// <param name="Breaks">Credits by when they expire.</param>
public sealed record DeferredDocument(DateTimeOffset AsOf, IReadOnlyList<DeferredFees> Fees, IReadOnlyList<DeferredAge> Ages, IReadOnlyList<BreakageOfMonth> Breaks)
{
    /// <summary>The document of a report.</summary>
    public static DeferredDocument Of(DeferredReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        return new(
            report.AsOf, [.. report.Fees.Select(row => new DeferredFees(row.Unit, -row.Amount))], report.Ages,
            [.. report.Breaks.Select(row => new BreakageOfMonth(row.Month?.ToString(), row.Currency, row.Credits, row.Value))]);
    }
}

/// <summary>Fees not earned yet.</summary>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Amount">How much.</param>
public sealed record DeferredFees(string Currency, decimal Amount);

/// <summary>What would break in a month if nothing more were used.</summary>
/// <param name="Month">The month; null is never.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Credits">Credits that expire.</param>
/// <param name="Value">Revenue that they would be.</param>
public sealed record BreakageOfMonth(string? Month, string Currency, decimal Credits, decimal Value);

/// <summary>What customers owe.</summary>
/// <param name="Tenants">Who owes most first.</param>
public sealed record ReceivableDocument(IReadOnlyList<ReceivableAge> Tenants);

/// <summary>What was booked in another month than it happened in.</summary>
/// <param name="Month">Month of the book dates.</param>
/// <param name="Rows">By month in which it happened.</param>
public sealed record LateDocument(string Month, IReadOnlyList<LateRow> Rows)
{
    /// <summary>The document of a report.</summary>
    public static LateDocument Of(BookMonth month, IReadOnlyList<LateBooking> rows) => new(
        month.ToString(), [.. rows.Select(row => new LateRow(row.OccurredIn.ToString(), row.Kind, row.Account, row.Unit, row.Transactions, row.Amount))]);
}

/// <summary>Late or corrected bookings of a month.</summary>
/// <param name="OccurredIn">The month in which it happened.</param>
/// <param name="Kind">Kind of the transactions: `usage` is late, the others correct.</param>
/// <param name="Account">A `revenue:…` or `consumed:…` account.</param>
/// <param name="Unit">`CREDIT` or an ISO 4217 code.</param>
/// <param name="Transactions">How many.</param>
/// <param name="Amount">Revenue, or credits consumed.</param>
public sealed record LateRow(string OccurredIn, string Kind, string Account, string Unit, long Transactions, decimal Amount);

/// <summary>A line of the journal; it comes as CSV.</summary>
/// <param name="Date">Book date.</param>
/// <param name="Transaction">Its id.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Account">The account.</param>
/// <param name="Debit">Debit, else 0.</param>
/// <param name="Credit">Credit, else 0.</param>
/// <param name="Currency">`CREDIT` or an ISO 4217 code.</param>
/// <param name="Tenant">Key of the tenant.</param>
/// <param name="Reference">Id of the cause.</param>
public sealed record JournalDocument(
    DateOnly Date, string Transaction, string Kind, string Account, decimal Debit, decimal Credit, string Currency, string? Tenant, string? Reference);

/// <summary>Months and their locks.</summary>
/// <param name="Next">The month that is locked next; null while nothing was booked.</param>
/// <param name="MayLock">True when it is over.</param>
/// <param name="Locked">Locked months, newest first.</param>
public sealed record MonthsDocument(string? Next, bool MayLock, IReadOnlyList<LockedMonthDocument> Locked)
{
    /// <summary>The document of the standing.</summary>
    public static MonthsDocument Of(MonthsStanding standing)
    {
        ArgumentNullException.ThrowIfNull(standing);
        return new(standing.Next?.ToString(), standing.MayLock, [.. standing.Locked.Select(LockedMonthDocument.Of)]);
    }
}

/// <summary>A locked month.</summary>
/// <param name="Month">The month.</param>
/// <param name="LockedAt">When it was.</param>
/// <param name="LockedBy">By whom.</param>
public sealed record LockedMonthDocument(string Month, DateTimeOffset? LockedAt, string? LockedBy)
{
    /// <summary>The document of a month.</summary>
    public static LockedMonthDocument Of(LockedMonth month)
    {
        ArgumentNullException.ThrowIfNull(month);
        return new(month.Month.ToString(), month.LockedAt, month.LockedBy);
    }
}
