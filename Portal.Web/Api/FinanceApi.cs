using System.ComponentModel;
using System.Globalization;
using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Revenue;
using Portal.Domain.Revenue.Reports;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>The books over all tenants by book date, and the locking of months.</summary>
public static class FinanceApi
{
    private const int MostMonths = 120, UsualMonths = 12;

    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder v1)
    {
        var reports = v1.MapGroup("/reports").WithTags("Finance");
        reports.MapGet("/trial-balance", TrialBalanceAsync).PlatformOnly(Scope.Read).Answers<TrialBalanceDocument>().Says(
            "Get the trial balance", "Accounts over all tenants at the end of a day; JSON, or `Accept: text/csv`. Per unit debits equal credits.");
        reports.MapGet("/revenue", RevenueAsync).PlatformOnly(Scope.Read).Answers<RevenueDocument>().Says(
            "Get revenue by month", "What was recognised, by kind, and what stood at each month's end: unbilled, receivable, deferred; JSON, or `Accept: text/csv`. Default the last twelve months.");
        reports.MapGet("/deferred", DeferredAsync).PlatformOnly(Scope.Read).Answers<DeferredDocument>().Says(
            "Get what is owed in unused credits", "How much, how old, and what would break when if nothing more were used; fees not earned yet. JSON, or `Accept: text/csv`.");
        reports.MapGet("/receivable", ReceivableAsync).PlatformOnly(Scope.Read).Answers<ReceivableDocument>().Says(
            "Get what customers owe, by age", "Open invoices by tenant, by days since they fell due; JSON, or `Accept: text/csv`.");
        reports.MapGet("/late-and-corrected", LateAsync).PlatformOnly(Scope.Read).Answers<LateDocument>().Says(
            "Get what was booked in another month than it happened in", "Late usage and corrections, by the month in which it happened; JSON, or `Accept: text/csv`.");
        reports.MapGet("/journal", JournalAsync).PlatformOnly(Scope.Read).Answers<JournalDocument>().Says(
            "Get a month's journal as CSV", "Every entry by book date, whatever is accepted; its sums are the movements of the trial balance.");
        v1.MapGet("/months", MonthsAsync).WithTags("Finance").PlatformOnly(Scope.Read).Answers<MonthsDocument>().Says("List locked months", "And which may be locked next.");
        v1.MapPost("/months/{month}/lock", LockAsync).WithTags("Finance").PlatformOnly().WithMetadata(new TakesNoIdempotencyKey()).Answers<LockedMonthDocument>().Says(
            "Lock a month", "For good: nothing is booked in it any more, what belongs there gets the first open day. Only a month that is over, after all before it, and only while the books balance. "
            + "A month that is locked is answered again.");
    }

    private static async Task<IResult> TrialBalanceAsync(
        [Description("The day, such as 2026-03-31; default today on the reporting calendar.")] string? date, HttpContext http, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        if (date is null)
        {
            var platform = await ReportingPlatform.ReadAsync(source, cancellationToken);
            date = Instants.DayText(platform.Zone.DateIn(platform.Now));
        }

        if (Instants.ReadDay(date) is not { } day) return new ProblemAnswer(Problem.Field("date", "invalid_date", "Give a day as 2026-03-31."));

        var rows = await FinanceReports.TrialBalanceAsync(source, day, cancellationToken);
        return CsvAnswer.IsWanted(http)
            ? new CsvAnswer(["date", "account", "debit", "credit", "unit"], rows.Select(row => new object?[] { day, row.Account, row.Debit, row.Credit, row.Unit }))
            : Answer.Ok(TrialBalanceDocument.Of(day, rows));
    }

    private static async Task<IResult> RevenueAsync(
        [Description("First month, such as 2026-01.")] string? from, [Description("Last month.")] string? to, HttpContext http, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var platform = await ReportingPlatform.ReadAsync(source, cancellationToken);
        var last = to is null ? BookMonth.Of(platform.Zone.DateIn(platform.Now)) : BookMonth.Read("to", to);
        if (last.Problem is { } wrongTo) return new ProblemAnswer(wrongTo);
        var first = from is null ? last.Value.Plus(1 - UsualMonths) : BookMonth.Read("from", from);
        if (first.Problem is { } wrongFrom) return new ProblemAnswer(wrongFrom);
        if (first.Value > last.Value || first.Value.Plus(MostMonths) <= last.Value)
            return new ProblemAnswer(Problem.Field("to", "invalid_period", $"The last month must not be before the first, nor {MostMonths} months after it."));
        var revenue = await FinanceReports.RevenueAsync(source, first.Value, last.Value, cancellationToken);
        var closing = await FinanceReports.ClosingAsync(source, first.Value, last.Value, cancellationToken);
        return CsvAnswer.IsWanted(http) ? Csv(revenue, closing) : Answer.Ok(RevenueDocument.Of(first.Value, last.Value, revenue, closing));
    }

    internal static CsvAnswer Csv(IReadOnlyList<RecognisedRevenue> revenue, IReadOnlyList<ClosingBalance> closing, string? fileName = null) => new(
        ["month", "figure", "kind", "amount", "currency"],
        revenue.Select(row => new object?[] { row.Month, "recognised", row.Kind, row.Amount, row.Currency })
            .Concat(closing.Select(row => new object?[] { row.Month, "at_end", row.Account, row.Amount, row.Currency })),
        fileName);

    private static async Task<IResult> DeferredAsync(HttpContext http, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var report = await DeferredReport.ReadAsync(source, cancellationToken);
        if (!CsvAnswer.IsWanted(http)) return Answer.Ok(DeferredDocument.Of(report));
        return new CsvAnswer(
            ["figure", "key", "credits", "value", "currency"],
            report.Ages.Select(row => new object?[] { "age_from_days", row.FromDays, row.Credits, row.Value, row.Currency })
                .Concat(report.Breaks.Select(row => new object?[] { "breaks_in", row.Month?.ToString() ?? "never", row.Credits, row.Value, row.Currency }))
                .Concat(report.Fees.Select(row => new object?[] { "fees", "", null, -row.Amount, row.Unit })));
    }

    private static async Task<IResult> ReceivableAsync(HttpContext http, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var rows = await ReceivableAge.ReadAsync(source, cancellationToken);
        return CsvAnswer.IsWanted(http)
            ? new CsvAnswer(
                ["tenant", "name", "invoices", "current", "days_1_30", "days_31_60", "days_61_90", "days_over_90", "total", "currency"],
                rows.Select(row => new object?[] { row.Tenant, row.Name, row.Invoices, row.Current, row.Days30, row.Days60, row.Days90, row.Older, row.Total, row.Currency }))
            : Answer.Ok(new ReceivableDocument(rows));
    }

    private static async Task<IResult> LateAsync(
        [Description("Month of the book dates, such as 2026-03; default this month.")] string? month, HttpContext http, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var asked = await MonthAsync(source, month, cancellationToken);
        if (asked.Problem is { } problem) return new ProblemAnswer(problem);
        var rows = await FinanceReports.LateAsync(source, asked.Value, cancellationToken);
        return CsvAnswer.IsWanted(http)
            ? new CsvAnswer(
                ["booked_in", "occurred_in", "kind", "account", "transactions", "amount", "unit"],
                rows.Select(row => new object?[] { asked.Value, row.OccurredIn, row.Kind, row.Account, row.Transactions, row.Amount, row.Unit }))
            : Answer.Ok(LateDocument.Of(asked.Value, rows));
    }

    private static async Task<IResult> JournalAsync(
        [Description("The month, such as 2026-03; default this month.")] string? month, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var asked = await MonthAsync(source, month, cancellationToken);
        return asked.Match<IResult>(found => JournalCsv(source, found), problem => new ProblemAnswer(problem));
    }

    internal static CsvAnswer JournalCsv(NpgsqlDataSource source, BookMonth month) => new(
        ["date", "transaction", "kind", "account", "debit", "credit", "currency", "tenant", "reference"],
        Journal.ReadAsync(source, month).Select(line => (IReadOnlyList<object?>)new object?[]
        {
            line.Date, line.Transaction, line.Kind, line.Account, Math.Max(0m, line.Amount), Math.Max(0m, -line.Amount), line.Unit, line.Tenant, line.Reference,
        }),
        $"journal-{month}.csv");

    private static async Task<IResult> MonthsAsync(MonthLock months, CancellationToken cancellationToken) => Answer.Ok(MonthsDocument.Of(await months.ReadAsync(cancellationToken)));

    private static async Task<IResult> LockAsync(
        [Description("Such as 2026-03.")] string month, HttpContext http, MonthLock months, CancellationToken cancellationToken)
    {
        var asked = BookMonth.Read("month", month);
        if (asked.Problem is { } problem) return new ProblemAnswer(problem);
        var locked = await months.LockAsync(asked.Value, http.Caller().Actor, cancellationToken);
        return locked.Match<IResult>(found => Answer.Ok(LockedMonthDocument.Of(found)), refused => new ProblemAnswer(refused));
    }

    private static async Task<Result<BookMonth>> MonthAsync(NpgsqlDataSource source, string? text, CancellationToken cancellationToken)
    {
        if (text is not null) return BookMonth.Read("month", text);
        var platform = await ReportingPlatform.ReadAsync(source, cancellationToken);
        return BookMonth.Of(platform.Zone.DateIn(platform.Now));
    }
}
