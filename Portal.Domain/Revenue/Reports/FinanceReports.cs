using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Revenue.Reports;

/// <summary>An account over all tenants.</summary>
/// <param name="Account">The account.</param>
/// <param name="Unit"><c>CREDIT</c> or an ISO 4217 code.</param>
/// <param name="Amount">Debits less credits.</param>
public sealed record AccountBalance(string Account, string Unit, decimal Amount)
{
    /// <summary>The balance if it is a debit, else 0.</summary>
    public decimal Debit => Math.Max(0m, Amount);

    /// <summary>The balance if it is a credit, else 0.</summary>
    public decimal Credit => Math.Max(0m, -Amount);
}

/// <summary>What was recognised in a month.</summary>
/// <param name="Month">The month of the book dates.</param>
/// <param name="Kind"><c>usage</c>, <c>overage</c>, <c>subscription</c>, <c>minimum</c>, <c>true_up</c>, <c>breakage</c>, <c>discount</c>.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Amount">Revenue; negative of discounts.</param>
public sealed record RecognisedRevenue(BookMonth Month, string Kind, string Currency, decimal Amount);

/// <summary>What stood at a month's end.</summary>
/// <param name="Month">The month.</param>
/// <param name="Account"><c>unbilled</c>, <c>receivable</c>, <c>deferred:credits</c>, <c>deferred:fees</c> or <c>customer_credit</c>.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Amount">What is owed to the platform of the first two, by it of the others; both positive.</param>
public sealed record ClosingBalance(BookMonth Month, string Account, string Currency, decimal Amount);

/// <summary>What was booked in a month and happened in another: late usage, corrections of earlier months.</summary>
/// <param name="OccurredIn">When it happened.</param>
/// <param name="Kind">Kind of the transactions: <c>usage</c> is late, the others correct.</param>
/// <param name="Account">A <c>revenue:…</c> or <c>consumed:…</c> account.</param>
/// <param name="Unit"><c>CREDIT</c> or an ISO 4217 code.</param>
/// <param name="Transactions">How many.</param>
/// <param name="Amount">Revenue in money, or credits consumed.</param>
public sealed record LateBooking(BookMonth OccurredIn, string Kind, string Account, string Unit, long Transactions, decimal Amount);

/// <summary>Reports over all tenants by book date, from the sums by day that postings keep; a locked month never changes in them.</summary>
public static class FinanceReports
{
    private const string Balances = """
        select account, unit, sum(amount) from finance_daily where book_date <= $1 group by account, unit having sum(amount) <> 0 order by unit, account
        """;

    private const string Revenue = """
        select date_trunc('month', book_date)::date, substr(account, 9), unit, -sum(amount) from finance_daily
        where book_date >= $1 and book_date < $2 and account like 'revenue:%' group by 1, 2, 3 having sum(amount) <> 0 order by 1, 3, 2
        """;

    // What was before the first month is its opening balance.
    private const string Movements = """
        select greatest(date_trunc('month', book_date)::date, $1), account, unit, sum(amount) from finance_daily
        where book_date < $2 and account in ('unbilled', 'receivable', 'deferred:credits', 'deferred:fees', 'customer_credit') group by 1, 2, 3
        """;

    private const string Late = """
        select t.month, t.kind, e.account, e.unit, count(distinct (t.tenant_id, t.id)), case e.unit when 'CREDIT' then sum(e.amount) else -sum(e.amount) end
        from (
          select l.tenant_id, l.id, l.kind, l.book_date, date_trunc('month', l.occurred_at at time zone p.reporting_zone)::date as month
          from ledger_transactions l cross join platform p where l.book_date >= $1 and l.book_date < $2
        ) t
        join ledger_entries e on e.tenant_id = t.tenant_id and e.transaction_id = t.id
        where t.month <> $1 and (e.account like 'revenue:%' or e.account like 'consumed:%')
        group by 1, 2, 3, 4 order by 1, 2, 4, 3
        """;

    /// <summary>The trial balance at the end of a day: accounts that are not 0. Per unit its debits equal its credits.</summary>
    public static async Task<IReadOnlyList<AccountBalance>> TrialBalanceAsync(NpgsqlDataSource source, DateOnly day, CancellationToken cancellationToken = default) =>
        await source.ListAsync(Balances, row => new AccountBalance(row.GetString(0), row.GetString(1), row.GetDecimal(2)), cancellationToken, day);

    /// <summary>Revenue by month, kind and currency, oldest first.</summary>
    /// <param name="source">The database.</param>
    /// <param name="from">First month.</param>
    /// <param name="to">Last month.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<IReadOnlyList<RecognisedRevenue>> RevenueAsync(
        NpgsqlDataSource source, BookMonth from, BookMonth to, CancellationToken cancellationToken = default) =>
        await source.ListAsync(
            Revenue, row => new RecognisedRevenue(new BookMonth(row.GetFieldValue<DateOnly>(0)), row.GetString(1), row.GetString(2), row.GetDecimal(3)), cancellationToken,
            from.FirstDay, to.End);

    /// <summary>What stood at the end of each month: unbilled, receivable, deferred and customers' credit; without what is 0.</summary>
    /// <param name="source">The database.</param>
    /// <param name="from">First month.</param>
    /// <param name="to">Last month.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<IReadOnlyList<ClosingBalance>> ClosingAsync(
        NpgsqlDataSource source, BookMonth from, BookMonth to, CancellationToken cancellationToken = default)
    {
        var moved = await source.ListAsync(
            Movements, row => (Month: new BookMonth(row.GetFieldValue<DateOnly>(0)), Account: row.GetString(1), Unit: row.GetString(2), Amount: row.GetDecimal(3)), cancellationToken,
            from.FirstDay, to.End);
        var closing = new List<ClosingBalance>();
        foreach (var account in moved.GroupBy(row => (row.Account, row.Unit)).OrderBy(one => one.Key.Account, StringComparer.Ordinal).ThenBy(one => one.Key.Unit, StringComparer.Ordinal))
        {
            var (balance, sign) = (0m, account.Key.Account is "unbilled" or "receivable" ? 1m : -1m);
            var months = account.ToDictionary(row => row.Month, row => row.Amount);
            for (var month = from; month <= to; month = month.Next)
            {
                balance += months.GetValueOrDefault(month);
                if (balance != 0m) closing.Add(new ClosingBalance(month, account.Key.Account, account.Key.Unit, sign * balance));
            }
        }

        return closing;
    }

    /// <summary>The difference between a month's usage reports and its finance reports, by the month in which it happened.</summary>
    /// <param name="source">The database.</param>
    /// <param name="month">Month of the book dates.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<IReadOnlyList<LateBooking>> LateAsync(NpgsqlDataSource source, BookMonth month, CancellationToken cancellationToken = default) =>
        await source.ListAsync(
            Late,
            row => new LateBooking(new BookMonth(row.GetFieldValue<DateOnly>(0)), row.GetString(1), row.GetString(2), row.GetString(3), row.GetInt64(4), row.GetDecimal(5)),
            cancellationToken, month.FirstDay, month.End);
}
