using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Pools as they are set up.</summary>
public static class PoolsApi
{
    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder tenant)
    {
        var pools = tenant.MapGroup("/pools").WithTags("Pools");
        pools.MapGet("", ListAsync).RequireScope(Scope.Read).Answers<Listing<PoolDetails>>().Says("List pools", "By key.");
        pools.MapPost("", OpenAsync).RequireScope(Scope.Manage).Answers<PoolDetails>(201)
            .Says("Open a pool", "`kind` defaults to `shared`, `overflow` to `deny`.", """{"key":"team-a","name":"Team A","kind":"team","overflow":"shared"}""");
        pools.MapPatch("/{pool}", ChangeAsync).RequireScope(Scope.Manage).Answers<PoolDetails>().Says("Change a pool", example: """{"overflow":"deny"}""");
        pools.MapDelete("/{pool}", CloseAsync).RequireScope(Scope.Manage).Produces(204).Says(
            "Close a pool",
            "What is left in it, grants to come too, moves to the shared pool on the same terms, and so does its debt. Refused while holds are open on it. Nothing may name it from then on; its key stays taken.");
    }

    private static async Task<IResult> ListAsync([AsParameters] PageQuery query, PathTenant tenant, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var pools = await PoolSettings.ListAsync(source, tenant.Id, page.Value.Fetch, page.Value.After, cancellationToken);
        return page.Value.Answer(pools, pool => pool.Key, pool => pool);
    }

    private static Task<IResult> OpenAsync(Body<NewPool> body, PathTenant tenant, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            var pool = body.Value;
            var opened = await PoolSettings.OpenAsync(wallet, pool.Key, pool.Name, pool.Kind ?? "shared", pool.Overflow ?? "deny", cancellationToken);
            return opened.Map(made => Answer.Created($"/v1/tenants/{tenant.Key}/pools/{made.Key}", made));
        });

    private static Task<IResult> ChangeAsync(
        string pool, Body<PoolPatch> body, PathTenant tenant, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            var (name, overflow) = (body.Value.Name, body.Value.Overflow);
            if (name is { IsSet: true, Value: null }) return Problem.Field("name", "invalid_name", "The name cannot be cleared.");
            var wanted = overflow is { IsSet: true, Value: null } ? "deny" : overflow.Value; // cleared: the default
            return (await PoolSettings.ChangeAsync(wallet, pool, name.Value, wanted, cancellationToken)).Map(changed => Answer.Ok(changed));
        });

    private static Task<IResult> CloseAsync(string pool, PathTenant tenant, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet => (await PoolSettings.CloseAsync(wallet, pool, cancellationToken)).Map(_ => Answer.Nothing()));
}

/// <summary>A pool to open.</summary>
/// <param name="Key">1 to 64 of a-z, 0-9, hyphen, dot and underscore.</param>
/// <param name="Name">1 to 200 characters.</param>
/// <param name="Kind">`shared` (default), `team` or `member`.</param>
/// <param name="Overflow">`deny` (default), or `shared`: what its grants cannot serve draws from the shared pool.</param>
public sealed record NewPool(string Key, string Name, string? Kind = null, string? Overflow = null);

/// <summary>What of a pool changes.</summary>
public sealed record PoolPatch
{
    /// <summary>1 to 200 characters.</summary>
    public Optional<string> Name { get; init; }

    /// <summary>`deny` or `shared`; null is `deny`.</summary>
    public Optional<string> Overflow { get; init; }
}
