using Npgsql;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Members and services that use credits.</summary>
public static class ConsumersApi
{
    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder tenant)
    {
        var consumers = tenant.MapGroup("/consumers").WithTags("Teams and consumers");
        consumers.MapGet("", ListAsync).RequireScope(Scope.Read).Answers<Listing<ConsumerDetails>>().Says("List consumers", "By key.");
        consumers.MapPut("/{consumer}", PutAsync).RequireScope(Scope.Manage).Answers<ConsumerDetails>(200, 201)
            .Says("Create or replace a consumer", "What is absent is none. A change of team holds from now on.", """{"name":"Ana","pool":null,"team":"team-a"}""");
    }

    private static async Task<IResult> ListAsync([AsParameters] PageQuery query, PathTenant tenant, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var consumers = await ConsumerSettings.ListAsync(source, tenant.Id, page.Value.Fetch, page.Value.After, cancellationToken);
        return page.Value.Answer(consumers, consumer => consumer.Key, consumer => consumer);
    }

    private static Task<IResult> PutAsync(
        string consumer, Body<ConsumerDefinition> body, PathTenant tenant, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            var put = await ConsumerSettings.PutAsync(wallet, consumer, body.Value.Name, body.Value.Pool, body.Value.Team, cancellationToken);
            return put.Map(done => Answer.Put(done.Created, $"/v1/tenants/{tenant.Key}/consumers/{Uri.EscapeDataString(consumer)}", done.Consumer));
        });
}

/// <summary>What a consumer is to be.</summary>
/// <param name="Name">1 to 200 characters.</param>
/// <param name="Pool">Key of its default pool.</param>
/// <param name="Team">Key of its team.</param>
public sealed record ConsumerDefinition(string? Name = null, string? Pool = null, string? Team = null);
