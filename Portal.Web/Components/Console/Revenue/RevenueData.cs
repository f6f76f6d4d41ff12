using Microsoft.AspNetCore.WebUtilities;
using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Revenue;
using Portal.Domain.Revenue.Reports;

namespace Portal.Web.Components.ConsolePages.Revenue;

/// <summary>What the Revenue page shows of the months that its address names.</summary>
/// <param name="From">First month.</param>
/// <param name="To">Last month.</param>
/// <param name="Currency">Of the figures by month; one of <paramref name="Currencies"/>.</param>
/// <param name="Currencies">Currencies in which anything is booked, the platform's first.</param>
/// <param name="Recognised">By month and kind, all currencies.</param>
/// <param name="Closing">At each month's end, all currencies.</param>
/// <param name="Deferred">Unused credits now.</param>
/// <param name="Receivable">Open invoices now.</param>
/// <param name="Months">What is locked.</param>
public sealed record RevenueData(
    BookMonth From, BookMonth To, string Currency, IReadOnlyList<string> Currencies, IReadOnlyList<RecognisedRevenue> Recognised, IReadOnlyList<ClosingBalance> Closing,
    DeferredReport Deferred, IReadOnlyList<ReceivableAge> Receivable, MonthsStanding Months)
{
    /// <summary>The page.</summary>
    public const string Path = "/console/revenue";

    private const int UsualMonths = 12, MostMonths = 60;

    /// <summary>Reads what an address asks for; whatever makes no sense in it is the default.</summary>
    public static async Task<RevenueData> ReadAsync(NpgsqlDataSource source, MonthLock months, string uri, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(months);
        var platform = await ReportingPlatform.ReadAsync(source, cancellationToken);
        var query = QueryHelpers.ParseQuery(uri.IndexOf('?', StringComparison.Ordinal) is var mark and >= 0 ? uri[mark..] : "");
        var to = BookMonth.Read("to", query.GetValueOrDefault("to")) is { Succeeded: true } last ? last.Value : BookMonth.Of(platform.Zone.DateIn(platform.Now));
        var from = BookMonth.Read("from", query.GetValueOrDefault("from")) is { Succeeded: true } first ? first.Value : to.Plus(1 - UsualMonths);
        if (from > to || from.Plus(MostMonths) <= to) from = to.Plus(1 - UsualMonths);
        var recognised = await FinanceReports.RevenueAsync(source, from, to, cancellationToken);
        var closing = await FinanceReports.ClosingAsync(source, from, to, cancellationToken);
        var deferred = await DeferredReport.ReadAsync(source, cancellationToken);
        var receivable = await ReceivableAge.ReadAsync(source, cancellationToken);
        var currencies = recognised.Select(row => row.Currency).Concat(closing.Select(row => row.Currency)).Concat(receivable.Select(row => row.Currency))
            .Append(platform.Currency).Distinct(StringComparer.Ordinal).OrderBy(code => code != platform.Currency).ThenBy(code => code, StringComparer.Ordinal).ToList();
        var currency = query.GetValueOrDefault("currency").ToString() is var asked && currencies.Contains(asked, StringComparer.Ordinal) ? asked : platform.Currency;
        return new RevenueData(from, to, currency, currencies, recognised, closing, deferred, receivable, await months.ReadAsync(cancellationToken));
    }

    /// <summary>Months of the period, oldest first.</summary>
    public IReadOnlyList<BookMonth> AllMonths => [.. Enumerable.Range(0, ((To.FirstDay.Year - From.FirstDay.Year) * 12) + To.FirstDay.Month - From.FirstDay.Month + 1).Select(From.Plus)];

    /// <summary>Kinds of revenue that the period has in the currency.</summary>
    public IReadOnlyList<string> Kinds => [.. Recognised.Where(row => row.Currency == Currency).Select(row => row.Kind).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>Revenue of a month; of one kind, or of all.</summary>
    public decimal Of(BookMonth month, string? kind = null) =>
        Recognised.Where(row => row.Month == month && row.Currency == Currency && (kind is null || row.Kind == kind)).Sum(row => row.Amount);

    /// <summary>What stood at a month's end on accounts of that beginning.</summary>
    public decimal AtEnd(BookMonth month, string account) =>
        Closing.Where(row => row.Month == month && row.Currency == Currency && row.Account.StartsWith(account, StringComparison.Ordinal)).Sum(row => row.Amount);

    /// <summary>The page with other months or another currency.</summary>
    public string UriOf(string? from = null, string? to = null, string? currency = null) => Uri(Path, from, to, currency);

    /// <summary>The months as a file.</summary>
    public string CsvUri => Uri("/console/revenue.csv", null, null, null);

    private string Uri(string path, string? from, string? to, string? currency) => QueryHelpers.AddQueryString(
        path, new Dictionary<string, string?>(StringComparer.Ordinal) { ["from"] = from ?? From.ToString(), ["to"] = to ?? To.ToString(), ["currency"] = currency ?? Currency });
}
