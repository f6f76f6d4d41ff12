using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Metering.Watching;
using Portal.Domain.Revenue;
using Portal.Domain.Revenue.Reports;
using Portal.Web.Access;
using Portal.Web.Api;
using Portal.Web.Api.Http;
using Portal.Web.Components.ConsolePages.Intake;
using Portal.Web.Components.ConsolePages.Profitability;
using Portal.Web.Components.ConsolePages.Revenue;

namespace Portal.Web.Components.ConsolePages;

/// <summary>What the console's CSV buttons answer: the same figures under the same filters, exact and in UTC.</summary>
internal static class ConsoleExports
{
    private const int MostRemarks = 10_000;

    private static readonly string[] MarginColumns = ["events", "credits", "revenue", "cost", "known_cost", "margin", "margin_share", "unknown_costs", "currency"];

    public static void MapConsoleExports(this IEndpointRouteBuilder endpoints)
    {
        var console = endpoints.MapGroup("/console").RequireAuthorization(Policies.Support).ExcludeFromDescription();
        console.MapGet("/profitability.csv", ProfitabilityAsync);
        console.MapGet("/intake.csv", IntakeAsync);
        console.MapGet("/revenue.csv", RevenueAsync);
        console.MapGet("/journal.csv", Journal);
    }

    private static async Task<IResult> IntakeAsync(string? show, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        if (show == "unrated")
        {
            var waiting = await IntakeWatch.UnratedAsync(source, cancellationToken);
            return new CsvAnswer(
                ["tenant", "type", "meter", "model", "events", "oldest", "newest", "example"],
                waiting.Select(one => new object?[] { one.Tenant, one.Type, one.Meter, one.Model, one.Events, one.Oldest, one.Newest, PublicId.Format(PublicId.Event, one.TenantId, one.Example) }),
                "unrated.csv");
        }

        var fate = IntakeText.FateOf(show);
        var remarks = await IntakeWatch.RemarksAsync(source, [fate], MostRemarks, cancellationToken);
        return new CsvAnswer(
            ["tenant", "fate", "code", "type", "events", "last_at"], remarks.Select(one => new object?[] { one.Tenant, one.Fate, one.Code, one.Type, one.Events, one.LastAt }), $"{fate}.csv");
    }

    private static async Task<IResult> RevenueAsync(HttpContext http, NpgsqlDataSource source, MonthLock months)
    {
        var data = await RevenueData.ReadAsync(source, months, http.Request.QueryString.Value ?? "", http.RequestAborted);
        return FinanceApi.Csv(data.Recognised, data.Closing, "revenue.csv");
    }

    private static IResult Journal(string? month, NpgsqlDataSource source) => BookMonth.Read("month", month).Match<IResult>(
        found => FinanceApi.JournalCsv(source, found), problem => Results.Text(problem.Detail, statusCode: StatusCodes.Status422UnprocessableEntity));

    private static async Task<IResult> ProfitabilityAsync(HttpContext http, NpgsqlDataSource source, Catalogues catalogues)
    {
        var read = await ProfitData.ReadAsync(source, catalogues, ProfitAddress.Parse(http.Request.QueryString.Value ?? ""), http.RequestAborted);
        if (read.Problem is { } problem) return Results.Text(problem.Detail, statusCode: StatusCodes.Status422UnprocessableEntity);
        return read.Value switch
        {
            { Packs: { } packs } => Packs(packs),
            { Cells: { } cells } => Matrix(cells),
            var data => Margins(data),
        };
    }

    private static CsvAnswer Margins(ProfitData data)
    {
        var byTenant = data.Address.View == ProfitAddress.Tenants;
        object?[] Line(string?[] keys, MarginRow row) =>
            [.. keys, row.Events, row.Credits, row.Revenue, row.Cost, row.KnownCost, row.Margin, row.Share, row.Unknown, data.Report!.Currency];
        if (!byTenant) return new CsvAnswer(["product", "model", .. MarginColumns], data.Rows!.Select(row => Line([row.Keys[0], row.Keys[1]], row)), "profitability-by-model.csv");
        var rows = data.Rows!.SelectMany(row => data.Opened.Where(_ => row.Keys[0] == data.Address.Open)
            .Select(model => Line([row.Keys[0], data.NameOf(row), model.Keys[0], model.Keys[1]], model))
            .Prepend(Line([row.Keys[0], data.NameOf(row), null, null], row)));
        return new CsvAnswer(["tenant", "name", "product", "model", .. MarginColumns], rows, "profitability-by-tenant.csv");
    }

    private static CsvAnswer Packs(IReadOnlyList<PackMargin> packs) => new(
        ["pack", "sold", "net", "credits_granted", "credits_used", "revenue", "cost", "margin", "currency"],
        packs.Select(pack => new object?[] { pack.Pack, pack.Sold, pack.Net, pack.Granted, pack.Used, pack.Revenue, pack.Cost, pack.Margin, pack.Currency }),
        "profitability-by-pack.csv");

    private static CsvAnswer Matrix(IReadOnlyList<PackOnModel> cells) => new(
        ["pack", "credits", "price", "currency", "product", "model", "basis", "cost_per_credit", "cost_currency", "cost", "margin"],
        cells.Select(cell => new object?[]
        {
            cell.Pack.Key, cell.Credits, cell.Price, cell.Pack.Currency.Code, cell.Model.Product, cell.Model.Model, cell.Model.Basis, cell.Model.CostPerCredit, cell.Model.CostCurrency,
            cell.Cost, cell.Margin,
        }),
        "pack-profitability.csv");
}
