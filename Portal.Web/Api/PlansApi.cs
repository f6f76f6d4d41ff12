using Npgsql;
using Portal.Domain.Catalog;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>What subscriptions are sold.</summary>
public static class PlansApi
{
    private const string Example = """
        {"name":"Pro","currency":"USD","period":"month","tax":"exclusive","items":[
          {"key":"base","type":"flat","amount":"29.00"},
          {"key":"credits","type":"included_credits","credits":"30000","revenue_share":"20.00","every":"month",
           "rollover":{"min":"0","max":"60000","max_rolls":2,"expires_after":"P1M"}},
          {"key":"overage","type":"overage","price":{"model":"per_unit","amount":"0.002"}}]}
        """;

    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder v1)
    {
        var plans = v1.MapGroup("/plans").WithTags("Catalogue");
        plans.MapGet("", ListAsync).PlatformOnly(Scope.Read).Answers<Listing<PlanDocument>>().Says("List plans", "By key, each as it is sold now.");
        plans.MapGet("/{plan}", GetAsync).PlatformOnly(Scope.Read).Answers<PlanDocument>().Says("Get a plan", "As it is sold now.");
        plans.MapPut("/{plan}", PutAsync).PlatformOnly().Answers<PlanDocument>(200, 201).Says(
            "Create a plan or publish a new version",
            "A body that says something else than the version sold now becomes the next version; subscriptions keep the version they were sold.",
            Example);
    }

    private static async Task<IResult> ListAsync([AsParameters] PageQuery query, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var plans = await Plans.ListAsync(source, page.Value.After, page.Value.Fetch, cancellationToken);
        return page.Value.Answer(plans, plan => plan.Key, plan => PlanDocument.Of(plan.Key, plan.Version, plan.Definition));
    }

    private static async Task<IResult> GetAsync(string plan, NpgsqlDataSource source, CancellationToken cancellationToken) =>
        await Plans.FindAsync(source, plan, cancellationToken) is { } found
            ? Answer.Ok(PlanDocument.Of(found.Key, found.Version, found.Definition))
            : new ProblemAnswer(Problem.NotFound("unknown_plan", $"There is no plan {plan}."));

    private static Task<IResult> PutAsync(string plan, Body<PlanDefinition> body, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InCatalogueAsync(http, "plan.put", plan, async change =>
            (await Plans.PutAsync(change, plan, body.Value, cancellationToken))
                .Map(put => Answer.Put(put.Created, $"/v1/plans/{plan}", PlanDocument.Of(plan, put.Version, body.Value))));
}

/// <summary>A plan as the API shows it.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Version">From 1; grows with every change.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="Period">`month`, `quarter` or `year`.</param>
/// <param name="Tax">`exclusive` or `inclusive`.</param>
/// <param name="RateCard">Rate card before the platform's; null for none.</param>
/// <param name="Outcomes">Rules that decide which outcomes bill, by product; null for none.</param>
/// <param name="Items">What it consists of.</param>
public sealed record PlanDocument(
    string Key, int Version, string Name, string Currency, string Period, string Tax, string? RateCard, IReadOnlyDictionary<string, string>? Outcomes,
    IReadOnlyList<PlanItemDefinition> Items)
{
    /// <summary>The document of a plan's version.</summary>
    public static PlanDocument Of(string key, int version, PlanDefinition plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return new(key, version, plan.Name!, plan.Currency!, plan.Period!, plan.Tax ?? "exclusive", plan.RateCard, plan.Outcomes, plan.Items!);
    }
}
