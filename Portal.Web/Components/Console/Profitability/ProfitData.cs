using System.Globalization;
using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Revenue.Reports;

namespace Portal.Web.Components.ConsolePages.Profitability;

/// <summary>What the Profitability page shows, and its file says.</summary>
/// <param name="Address">What was asked.</param>
/// <param name="Platform">Zone, currency and time.</param>
/// <param name="Period">The period.</param>
public sealed record ProfitData(ProfitAddress Address, ReportingPlatform Platform, ProfitPeriod Period)
{
    /// <summary>Tenants, or products and models, as searched and ordered; null in the other views.</summary>
    public IReadOnlyList<MarginRow>? Rows { get; private init; }

    /// <summary>All of them, whatever is searched.</summary>
    public MarginReport? Report { get; private init; }

    /// <summary>Products and models of the open tenant.</summary>
    public IReadOnlyList<MarginRow> Opened { get; private init; } = [];

    /// <summary>By day or month, oldest first.</summary>
    public IReadOnlyList<MarginRow> Steps { get; private init; } = [];

    /// <summary>Names of tenants by key.</summary>
    public IReadOnlyDictionary<string, string> Names { get; private init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>What packs earned, what loses money first; null in the other views.</summary>
    public IReadOnlyList<PackMargin>? Packs { get; private init; }

    /// <summary>Packs times models; null in the other views.</summary>
    public IReadOnlyList<PackOnModel>? Cells { get; private init; }

    /// <summary>Reads what an address asks for. Refuses <c>too_many_rows</c>.</summary>
    public static async Task<Result<ProfitData>> ReadAsync(NpgsqlDataSource source, Catalogues catalogues, ProfitAddress address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(catalogues);
        var platform = await ReportingPlatform.ReadAsync(source, cancellationToken);
        var data = new ProfitData(address, platform, ProfitPeriod.Of(address.Period, address.From, address.To, platform.Zone, platform.Now));
        switch (address.View)
        {
            case ProfitAddress.Packs:
                var packs = await PackMargins.ReadAsync(source, data.Period.From, data.Period.To, cancellationToken);
                return data with { Packs = Ordered(packs.Where(pack => Matches(address.Search, pack.Pack)), address) };
            case ProfitAddress.Matrix:
                var cells = await PackMatrix.ReadAsync(source, await catalogues.CurrentAsync(cancellationToken), cancellationToken);
                return data with { Cells = [.. cells.Where(cell => Matches(address.Search, cell.Model.Model))] };
            default:
                return await data.WithMarginsAsync(source, cancellationToken);
        }
    }

    private async Task<Result<ProfitData>> WithMarginsAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        Task<Result<MarginReport>> AskAsync(string? tenant, params string[] groups) =>
            MarginReports.ReadAsync(source, new MarginQuestion(Period.From, Period.To, groups) { Tenant = tenant }, cancellationToken);

        var byTenant = Address.View == ProfitAddress.Tenants;
        var asked = await (byTenant ? AskAsync(null, "tenant") : AskAsync(null, "product", "model"));
        if (asked.Problem is { } problem) return problem;
        var report = asked.Value;
        var steps = await AskAsync(null, Period.ByMonth ? "month" : "day");
        if (steps.Problem is { } tooMany) return tooMany;
        var names = byTenant ? await ReportingPlatform.NamesAsync(source, [.. report.Rows.Select(row => row.Keys[0]!)], cancellationToken) : Names;
        var opened = byTenant && Address.Open is { } key && names.ContainsKey(key) ? (await AskAsync(key, "product", "model")).Match(found => found.Rows, _ => []) : [];
        bool Wanted(MarginRow row) => row.Keys.Any(one => Matches(Address.Search, one)) || (byTenant && Matches(Address.Search, names.GetValueOrDefault(row.Keys[0]!)));
        return this with
        {
            Report = report,
            Names = names,
            Opened = opened,
            Rows = Ordered(report.Rows.Where(Wanted), names),
            Steps = [.. steps.Value.Rows.OrderBy(row => row.Keys[0], StringComparer.Ordinal)],
        };
    }

    /// <summary>Rows of the page that the address names.</summary>
    public IEnumerable<T> OnPage<T>(IEnumerable<T> rows) => rows.Skip((Address.Page - 1) * ProfitAddress.PageSize).Take(ProfitAddress.PageSize);

    /// <summary>What people call a row.</summary>
    public string NameOf(MarginRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return row.Keys is [{ } tenant] ? Names.GetValueOrDefault(tenant, tenant) : ModelOf(row);
    }

    /// <summary>The model of a row by product and model; of usage without one the product.</summary>
    public static string ModelOf(MarginRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        return row.Keys[1] ?? $"{row.Keys[0]}, no model";
    }

    /// <summary>Every day or month of the period as people write it, oldest first; one without usage has figures of 0.</summary>
    public IReadOnlyList<(string Text, MarginRow Row)> StepsOfPeriod()
    {
        var rows = Steps.ToDictionary(row => row.Keys[0]!, StringComparer.Ordinal);
        var (first, last) = (Platform.Zone.DateIn(Period.From), Platform.Zone.DateIn(Period.To.AddTicks(-1)));
        var days = Period.ByMonth
            ? Enumerable.Range(0, ((last.Year - first.Year) * 12) + last.Month - first.Month + 1).Select(new DateOnly(first.Year, first.Month, 1).AddMonths)
            : Enumerable.Range(0, last.DayNumber - first.DayNumber + 1).Select(first.AddDays);
        var (key, text) = Period.ByMonth ? ("yyyy-MM", "MMM yyyy") : ("yyyy-MM-dd", "d MMM");
        var all = days.Select(day => (Key: day.ToString(key, CultureInfo.InvariantCulture), Text: day.ToString(text, CultureInfo.CurrentCulture))).ToList();
        // A tenant's clock may already be in the day after, or still in the one before.
        var beyond = rows.Keys.Except(all.Select(day => day.Key), StringComparer.Ordinal).Select(other => (Key: other, Text: other));
        return [.. all.Concat(beyond).OrderBy(day => day.Key, StringComparer.Ordinal).Select(day => (day.Text, rows.GetValueOrDefault(day.Key) ?? new MarginRow([day.Key], 0, 0m, 0m, 0m, 0)))];
    }

    private IReadOnlyList<MarginRow> Ordered(IEnumerable<MarginRow> rows, IReadOnlyDictionary<string, string> names) => Address.Sort switch
    {
        "name" => Address.Order(rows, row => row.Keys is [{ } key] ? names.GetValueOrDefault(key, key) : row.Keys[^1]),
        "events" => Address.Order(rows, row => (decimal?)row.Events),
        "revenue" => Address.Order(rows, row => row.Revenue),
        "cost" => Address.Order(rows, row => row.Cost),
        "margin" => Address.Order(rows, row => row.Margin),
        "share" => Address.Order(rows, row => row.Share),
        _ => [.. rows],
    };

    private static IReadOnlyList<PackMargin> Ordered(IEnumerable<PackMargin> packs, ProfitAddress address) => address.Sort switch
    {
        "name" => address.Order(packs, pack => pack.Pack),
        "revenue" => address.Order(packs, pack => (decimal?)pack.Revenue),
        "cost" => address.Order(packs, pack => pack.Cost),
        "margin" or "share" => address.Order(packs, pack => pack.Margin),
        _ => [.. packs.OrderBy(pack => pack.Margin is null).ThenBy(pack => pack.Margin)],
    };

    private static bool Matches(string? search, string? name) =>
        search is null || (name is not null && name.Contains(search, StringComparison.OrdinalIgnoreCase));
}
