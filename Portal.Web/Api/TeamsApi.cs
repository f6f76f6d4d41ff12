using Npgsql;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Teams of consumers.</summary>
public static class TeamsApi
{
    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder tenant)
    {
        var teams = tenant.MapGroup("/teams").WithTags("Teams and consumers");
        teams.MapGet("", ListAsync).RequireScope(Scope.Read).Answers<Listing<TeamDetails>>().Says("List teams", "By key.");
        teams.MapPut("/{team}", PutAsync).RequireScope(Scope.Manage).Answers<TeamDetails>(200, 201)
            .Says("Create or replace a team", "An absent `pool` is none.", """{"name":"Team A","pool":"team-a"}""");
    }

    private static async Task<IResult> ListAsync([AsParameters] PageQuery query, PathTenant tenant, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var teams = await TeamSettings.ListAsync(source, tenant.Id, page.Value.Fetch, page.Value.After, cancellationToken);
        return page.Value.Answer(teams, team => team.Key, team => team);
    }

    private static Task<IResult> PutAsync(
        string team, Body<TeamDefinition> body, PathTenant tenant, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            var put = await TeamSettings.PutAsync(wallet, team, body.Value.Name, body.Value.Pool, cancellationToken);
            return put.Map(done => Answer.Put(done.Created, $"/v1/tenants/{tenant.Key}/teams/{Uri.EscapeDataString(team)}", done.Team));
        });
}

/// <summary>What a team is to be.</summary>
/// <param name="Name">1 to 200 characters.</param>
/// <param name="Pool">Key of the pool that its consumers draw from; absent is none of its own.</param>
public sealed record TeamDefinition(string Name, string? Pool = null);
