using System.ComponentModel;
using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Revenue.Reports;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Reports over all tenants.</summary>
public static class ReportsApi
{
    private const string Pack = "pack";
    private static readonly TimeSpan DefaultPeriod = TimeSpan.FromDays(30);

    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder v1)
    {
        var reports = v1.MapGroup("/reports").WithTags("Finance");
        reports.MapGet("/margin", MarginAsync).PlatformOnly(Scope.Read).Answers<MarginDocument>().Says(
            "Get margin by any dimensions",
            "Default by tenant over the last 30 days, in the platform's currency; JSON, or `Accept: text/csv`. What loses money first, then the smallest margin. Money is converted by the rate of the "
            + "day of the usage; null is unknown: a cost that no card gives, or no rate of the day. By `pack`: what packs' credits earned and cost, in the packs' currencies, by when they were drawn.");
        reports.MapGet("/pack-profitability", PacksAsync).PlatformOnly(Scope.Read).Answers<PackProfitabilityDocument>().Says(
            "Get what a pack earns when it is all burned on one model",
            "Packs times models at today's prices and costs; JSON, or `Accept: text/csv`. A model that was used is priced by its mix of quantities of the last 90 days, another by its dearest rate.");
    }

    private static async Task<IResult> MarginAsync(
        [AsParameters] PeriodQuery query,
        [Description("Any of `tenant`, `model`, `product`, `pool` (drawn), `token_type`, `tier`, `day`, `month` (the tenant's), with commas between; or `pack` alone.")] string? group_by,
        [Description("Only this tenant.")] string? tenant, [Description("ISO 4217; default the platform's.")] string? currency,
        HttpContext http, NpgsqlDataSource source, TimeProvider clock, CancellationToken cancellationToken)
    {
        var period = query.Read();
        if (period.Problem is { } problem) return new ProblemAnswer(problem);
        var to = period.Value.To ?? clock.GetUtcNow();
        var from = period.Value.From ?? to - DefaultPeriod;
        if (to <= from) return new ProblemAnswer(Problem.Field("to", "invalid_period", "The period must end after it begins."));
        var groups = group_by is null ? ["tenant"] : group_by.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (groups is [Pack]) return Answered(http, MarginDocument.Of(from, to, await PackMargins.ReadAsync(source, from, to, cancellationToken)));
        var report = await MarginReports.ReadAsync(source, new MarginQuestion(from, to, groups) { Tenant = tenant, Currency = currency }, cancellationToken);
        return report.Match(found => Answered(http, MarginDocument.Of(found)), failure => new ProblemAnswer(failure));
    }

    private static IResult Answered(HttpContext http, MarginDocument document)
    {
        if (!CsvAnswer.IsWanted(http)) return Answer.Ok(document);
        var columns = document.GroupBy.Concat(["events", "credits", "revenue", "cost", "margin", "margin_share", "unknown_costs", "currency"]).ToArray();
        return new CsvAnswer(columns, document.Rows.Select(row => columns.Select(column => row.GetValueOrDefault(column) ?? (column == "currency" ? document.Currency : null)).ToArray()));
    }

    private static async Task<IResult> PacksAsync(HttpContext http, NpgsqlDataSource source, Catalogues catalogues, CancellationToken cancellationToken)
    {
        var cells = await PackMatrix.ReadAsync(source, await catalogues.CurrentAsync(cancellationToken), cancellationToken);
        if (!CsvAnswer.IsWanted(http)) return Answer.Ok(PackProfitabilityDocument.Of(cells));
        return new CsvAnswer(
            ["pack", "credits", "price", "currency", "product", "model", "basis", "cost_per_credit", "cost_currency", "cost", "margin"],
            cells.Select(cell => new object?[]
            {
                cell.Pack.Key, cell.Credits, cell.Price, cell.Pack.Currency.Code, cell.Model.Product, cell.Model.Model, cell.Model.Basis, cell.Model.CostPerCredit,
                cell.Model.CostCurrency, cell.Cost, cell.Margin,
            }));
    }
}

/// <summary>Margin of a period.</summary>
/// <param name="From">First instant.</param>
/// <param name="To">First instant after it.</param>
/// <param name="GroupBy">The dimensions asked for.</param>
/// <param name="Currency">Currency of the money; null by pack, where each row has its own.</param>
/// <param name="Rows">A row per group: its dimensions, then its figures.</param>
/// <param name="Totals">A row's figures over all; null by pack.</param>
public sealed record MarginDocument(
    DateTimeOffset From, DateTimeOffset To, IReadOnlyList<string> GroupBy, string? Currency, IReadOnlyList<Dictionary<string, object?>> Rows,
    Dictionary<string, object?>? Totals)
{
    /// <summary>The document of a report.</summary>
    public static MarginDocument Of(MarginReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var groupBy = report.Question.GroupBy;
        return new(
            report.Question.From, report.Question.To, groupBy, report.Currency,
            [.. report.Rows.Select(row => Figures(groupBy.Select((name, i) => (name, row.Keys[i])), row))], Figures([], report.Totals));
    }

    /// <summary>The document of packs.</summary>
    public static MarginDocument Of(DateTimeOffset from, DateTimeOffset to, IReadOnlyList<PackMargin> packs) => new(from, to, ["pack"], null, [.. packs.Select(pack =>
        new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["pack"] = pack.Pack,
            ["currency"] = pack.Currency,
            ["sold"] = pack.Sold,
            ["net"] = pack.Net,
            ["granted"] = pack.Granted,
            ["credits"] = pack.Used,
            ["revenue"] = pack.Revenue,
            ["cost"] = pack.Cost,
            ["margin"] = pack.Margin,
        })], null);

    private static Dictionary<string, object?> Figures(IEnumerable<(string Name, string? Value)> keys, MarginRow row)
    {
        var document = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (name, value) in keys) document[name] = value;
        document["events"] = row.Events;
        document["credits"] = row.Credits;
        document["revenue"] = row.Revenue;
        document["cost"] = row.Cost;
        document["margin"] = row.Margin;
        document["margin_share"] = row.Share;
        document["unknown_costs"] = row.Unknown;
        return document;
    }
}

/// <summary>Packs times models.</summary>
/// <param name="Packs">Packs that are sold, each with every model that its credits may be used for, the dearest first.</param>
public sealed record PackProfitabilityDocument(IReadOnlyList<PackProfitability> Packs)
{
    /// <summary>The document of the cells.</summary>
    public static PackProfitabilityDocument Of(IReadOnlyList<PackOnModel> cells) => new([.. cells.GroupBy(cell => cell.Pack.Key, StringComparer.Ordinal).Select(group =>
    {
        var first = group.First();
        return new PackProfitability(first.Pack.Key, first.Pack.Name, first.Credits, first.Price, first.Pack.Currency.Code, [.. group.Select(cell => new ModelProfitability(
            cell.Model.Product, cell.Model.Model, cell.Model.Basis, cell.Model.CostPerCredit is { } each ? Math.Round(each, 9, MidpointRounding.ToEven) : null,
            cell.Model.CostCurrency, cell.Cost, cell.Margin))]);
    })]);
}

/// <summary>A pack.</summary>
/// <param name="Pack">Its key.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Credits">Credits that it gives, bonus included; of a custom amount its least.</param>
/// <param name="Price">What they cost the customer.</param>
/// <param name="Currency">Currency of price, cost and margin.</param>
/// <param name="Models">What it earns on each.</param>
public sealed record PackProfitability(string Pack, string Name, decimal Credits, decimal Price, string Currency, IReadOnlyList<ModelProfitability> Models);

/// <summary>A pack burned on one model.</summary>
/// <param name="Product">The model's product.</param>
/// <param name="Model">The model.</param>
/// <param name="Basis">`usage`: the mix of the last 90 days; `rates`: never used, its dearest rate.</param>
/// <param name="CostPerCredit">In the cost's own currency; null when unknown.</param>
/// <param name="CostCurrency">Its currency.</param>
/// <param name="Cost">What the whole pack costs; null when unknown.</param>
/// <param name="Margin">Price − cost; null when unknown.</param>
public sealed record ModelProfitability(
    string Product, string Model, string Basis, decimal? CostPerCredit, string? CostCurrency, decimal? Cost, decimal? Margin);
