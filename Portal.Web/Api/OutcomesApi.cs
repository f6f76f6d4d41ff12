using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Outcomes;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Rules that decide over outcomes.</summary>
public static class OutcomesApi
{
    private const string Example = """
        {"effective_at":"2026-03-01T00:00:00Z","product":"support","case":"case","settlement":"P7D","abandon_after":"P30D","rules":[
          {"if":{"event":"conversation.escalated"},"then":"not_billable","reason":"escalated"},
          {"if":{"event":"conversation.reopened","after":"conversation.resolved"},"then":"pending"},
          {"if":{"event":"conversation.resolved"},"then":"billable","reason":"confirmed"},
          {"if":{"all":[{"silence":"P1D","after":"agent.answered"},{"property":"score","gte":"0.8"}]},"then":"billable","reason":"assumed"}],"else":"pending"}
        """;

    private const string Conditions =
        "The first line whose condition holds decides; the rule is applied to all events of the case that have happened, in the order of their times. Conditions: "
        + "`{\"event\":type,\"where\"?,\"after\"?}` (it happened; `after`: later than the last event of that type), "
        + "`{\"count\":{\"event\":type,\"where\"?},\"at_least\"?,\"at_most\"?}`, "
        + "`{\"property\":name,\"eq\"|\"ne\"|\"in\"|\"gt\"|\"gte\"|\"lt\"|\"lte\":…}` (in the last event that has the property), "
        + "`{\"silence\":\"P1D\",\"after\"?}` (nothing since the last event, which `after` may require to be of a type; measured usage that no condition names breaks no silence), "
        + "`{\"all\":[…]}`, `{\"any\":[…]}`, `{\"not\":…}`. `where` is `{\"priority\":\"high\"}`, a list of values, or comparisons as above. "
        + "A decision bills after `settlement`; without a decision and without events for `abandon_after` the case is abandoned. "
        + "Open cases stay with their version. A refusal names the line, and nothing is published.";

    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder v1)
    {
        var rules = v1.MapGroup("/outcomes").WithTags("Catalogue");
        rules.MapGet("", ListAsync).PlatformOnly(Scope.Read).Answers<Listing<OutcomeRuleCard>>().Says("List outcome rules", "By key, with their versions, the newest first.");
        rules.MapGet("/{rule}", GetAsync).PlatformOnly(Scope.Read).Answers<OutcomeRuleCard>().Says("Get an outcome rule", "With its versions, the newest first.");
        rules.MapPut("/{rule}", PutAsync).PlatformOnly().Answers<OutcomeRuleCard>(200, 201).Says(
            "Create or rename an outcome rule", example: """{"name":"Per resolution"}""");
        rules.MapPost("/{rule}/versions", PublishAsync).PlatformOnly().Answers<PublishedRule>(201).Says("Publish a version of an outcome rule", Conditions, Example);
    }

    private static async Task<IResult> ListAsync([AsParameters] PageQuery query, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var rules = await OutcomeRules.ListAsync(source, page.Value.After, page.Value.Fetch, cancellationToken);
        return page.Value.Answer(rules, rule => rule.Key, rule => rule);
    }

    private static async Task<IResult> GetAsync(string rule, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await OutcomeRules.FindAsync(connection, rule, cancellationToken) is { } found ? Answer.Ok(found) : new ProblemAnswer(OutcomeRules.Unknown(rule));
    }

    private static Task<IResult> PutAsync(string rule, Body<OutcomeRuleName> body, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InCatalogueAsync(http, "outcome_rule.put", rule, async change =>
        {
            var put = await OutcomeRules.PutAsync(change, rule, body.Value.Name, cancellationToken);
            if (put.Problem is { } problem) return problem;
            return Answer.Put(put.Value, $"/v1/outcomes/{rule}", (await OutcomeRules.FindAsync(change.Connection, rule, cancellationToken))!);
        });

    private static Task<IResult> PublishAsync(string rule, Body<OutcomeRuleDefinition> body, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InCatalogueAsync(http, "outcome_rule.published", rule, async change =>
            (await OutcomeRules.PublishAsync(change, rule, body.Value, cancellationToken)).Map(version => Answer.Created($"/v1/outcomes/{rule}", version)));
}

/// <summary>What an outcome rule is to be.</summary>
/// <param name="Name">1 to 200 characters; default its key.</param>
public sealed record OutcomeRuleName(string? Name = null);
