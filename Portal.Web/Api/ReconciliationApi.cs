using Portal.Domain.Kernel;
using Portal.Domain.Revenue;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Whether the books hold what they must.</summary>
public static class ReconciliationApi
{
    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder v1)
    {
        v1.MapGet("/reconciliation", LastAsync).WithTags("Ledger").PlatformOnly(Scope.Read).Answers<ReconciliationReport>()
            .Says("Get the last reconciliation", "404 before the first run.");
        v1.MapPost("/reconciliation", RunAsync).WithTags("Ledger").PlatformOnly().WithMetadata(new TakesNoIdempotencyKey()).Answers<ReconciliationReport>()
            .Says("Check the ledger's invariants now", "Reads every row; changes nothing but what the next GET answers.");
    }

    private static async Task<IResult> LastAsync(Reconciliation reconciliation, CancellationToken cancellationToken) =>
        await reconciliation.LastAsync(cancellationToken) is { } report
            ? Answer.Ok(report)
            : new ProblemAnswer(Problem.NotFound("not_run_yet", "There has been no reconciliation yet. POST runs one."));

    private static async Task<IResult> RunAsync(Reconciliation reconciliation, CancellationToken cancellationToken) =>
        Answer.Ok(await reconciliation.RunAsync(cancellationToken));
}
