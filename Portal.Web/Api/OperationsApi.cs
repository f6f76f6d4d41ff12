using System.Text.Json;
using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Rerating;
using Portal.Domain.Pricing;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Long work: how far it is and what it came to.</summary>
public static class OperationsApi
{
    private static readonly string[] Kinds = [OperationKind.LateRating, OperationKind.Rerate, OperationKind.ReratePreview, OperationKind.VersionPreview];

    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder v1)
    {
        var operations = v1.MapGroup("/operations").WithTags("Operations");
        operations.MapGet("", ListAsync).PlatformOnly(Scope.Read).Answers<Listing<OperationDocument>>().Says(
            "List operations", "The newest first; `kind` is one of `late_rating`, `rerate`, `rerate_preview`, `version_preview`.");
        operations.MapGet("/{operation}", GetAsync).PlatformOnly(Scope.Read).Answers<OperationDocument>().Says(
            "Get an operation", "`state` is `queued`, `running`, `succeeded` or `failed`. It may be asked for as often as one likes, from anywhere.");
        operations.MapGet("/{operation}/tenants", TenantsAsync).PlatformOnly(Scope.Read).Answers<Listing<TenantFiguresDocument>>().Says(
            "List what an operation came to by tenant", "By key; while it runs, as far as it is. A margin is null where a cost is unknown.");
    }

    /// <summary>202 with the operation that was asked for.</summary>
    internal static Answer Accepted(Operation operation) =>
        new(StatusCodes.Status202Accepted, OperationDocument.Of(operation), $"/v1/operations/{operation.PublicId}");

    private static async Task<IResult> ListAsync([AsParameters] PageQuery query, string? kind, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        if (kind is not null && !Kinds.Contains(kind, StringComparer.Ordinal))
            return new ProblemAnswer(Problem.Field("kind", "invalid_kind", $"The kind is one of {string.Join(", ", Kinds)}."));
        var after = page.Value.AfterId();
        if (after.Problem is { } wrong) return new ProblemAnswer(wrong);
        var found = await Operations.ListAsync(source, kind is null ? null : [kind], after.Value, page.Value.Fetch, cancellationToken);
        return page.Value.Answer(found, operation => operation.Id.ToString("N"), OperationDocument.Of);
    }

    private static async Task<IResult> GetAsync(string operation, NpgsqlDataSource source, CancellationToken cancellationToken) =>
        await FindAsync(source, operation, cancellationToken) is { } found ? Answer.Ok(OperationDocument.Of(found)) : Unknown;

    private static async Task<IResult> TenantsAsync(
        string operation, [AsParameters] PageQuery query, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        if (await FindAsync(source, operation, cancellationToken) is not { } found) return Unknown;
        var tenants = await OperationTenants.ListAsync(source, found.Id, page.Value.After, page.Value.Fetch, cancellationToken);
        return page.Value.Answer(tenants, tenant => tenant.Tenant, TenantFiguresDocument.Of);
    }

    private static ProblemAnswer Unknown => new(Problem.NotFound("unknown_operation", "There is no such operation."));

    private static async Task<Operation?> FindAsync(NpgsqlDataSource source, string text, CancellationToken cancellationToken) =>
        Operation.TryParse(text, out var id) ? await Operations.FindAsync(source, id, cancellationToken) : null;
}

/// <summary>How far an operation is, in events.</summary>
internal sealed record ProgressDocument(long Done, long? Total);

/// <summary>Before and after.</summary>
internal sealed record ChangeDocument(decimal? Before, decimal? After);

/// <summary>Figures of a period before and after.</summary>
internal sealed record FiguresDocument(
    long Events, long Changed, long NotCovered, long NewlyRated, string Pays, ChangeDocument Credits, ChangeDocument Money, ChangeDocument Revenue,
    ChangeDocument Cost, ChangeDocument Margin)
{
    public static FiguresDocument Of(RerateFigures figures) => new(
        figures.Events, figures.Changed, figures.NotCovered, figures.NewlyRated, figures.Pays,
        new ChangeDocument(figures.CreditsBefore, figures.CreditsAfter), new ChangeDocument(figures.MoneyBefore, figures.MoneyAfter),
        new ChangeDocument(figures.RevenueBefore, figures.RevenueAfter),
        new ChangeDocument(figures.CostUnknownBefore > 0 ? null : figures.CostBefore, figures.CostUnknownAfter > 0 ? null : figures.CostAfter),
        new ChangeDocument(figures.MarginBefore, figures.MarginAfter));
}

/// <summary>What an operation came to for a tenant.</summary>
internal sealed record TenantFiguresDocument(string Tenant, string Currency, long Done, bool Finished, FiguresDocument Figures)
{
    public static TenantFiguresDocument Of(TenantFigures tenant) =>
        new(tenant.Tenant, tenant.Currency, tenant.Done, tenant.Finished, FiguresDocument.Of(tenant.Figures));
}

/// <summary>Sums over the tenants of one currency.</summary>
internal sealed record CurrencyFiguresDocument(string Currency, int Tenants, FiguresDocument Figures);

/// <summary>What an operation came to.</summary>
internal sealed record SummaryDocument(
    int Tenants, int PayMore, int PayLess, int PaySame, long Events, long Changed, long NotCovered, long NewlyRated, IReadOnlyList<CurrencyFiguresDocument> ByCurrency)
{
    public static SummaryDocument Of(OperationSummary summary) => new(
        summary.Tenants, summary.PayMore, summary.PayLess, summary.PaySame, summary.Events, summary.Changed, summary.NotCovered, summary.NewlyRated,
        [.. summary.ByCurrency.Select(one => new CurrencyFiguresDocument(one.Currency, one.Tenants, FiguresDocument.Of(one.Figures)))]);
}

/// <summary>An operation as the API shows it.</summary>
internal sealed record OperationDocument(
    string Id, string Kind, string State, ProgressDocument Progress, JsonElement Parameters, SummaryDocument? Result, JsonElement? Error, string Actor,
    DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt)
{
    public static OperationDocument Of(Operation operation) => new(
        operation.PublicId, operation.Kind, operation.State, new ProgressDocument(operation.Done, operation.Total), JsonElement.Parse(operation.Parameters),
        OperationSummary.Of(operation) is { } summary ? SummaryDocument.Of(summary) : null,
        operation.Error is null ? null : JsonElement.Parse(operation.Error), operation.Actor, operation.CreatedAt, operation.StartedAt, operation.FinishedAt);
}
