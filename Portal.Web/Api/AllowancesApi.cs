using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>How much a consumer may draw through a pool.</summary>
public static class AllowancesApi
{
    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder tenant)
    {
        var allowances = tenant.MapGroup("/consumers/{consumer}/allowances").WithTags("Teams and consumers");
        allowances.MapGet("", ListAsync).RequireScope(Scope.Read).Answers<Listing<AllowanceStanding>>()
            .Says("List a consumer's allowances", "By pool, with what was used in the present period and what is held.");
        allowances.MapGet("/{pool}", GetAsync).RequireScope(Scope.Read).Answers<AllowanceStanding>().Says("Get an allowance");
        allowances.MapPut("/{pool}", PutAsync).RequireScope(Scope.Manage).Answers<AllowanceStanding>(200, 201).Says(
            "Set an allowance",
            "`period` is `day`, `week` (from Monday), `month`, `quarter` or `lifetime` in the tenant's zone; `mode` is `hard` (holds beyond it are refused; default) or `soft` (passing it is told in the audit). It counts what the consumer draws through the pool, overflow included, from the moment it was first set. Changing it keeps what was counted.",
            """{"limit":"100","period":"month","mode":"hard"}""");
        allowances.MapDelete("/{pool}", RemoveAsync).RequireScope(Scope.Manage).Produces(StatusCodes.Status204NoContent)
            .Says("Remove an allowance", "Set again later it counts from zero.");
    }

    private static async Task<IResult> ListAsync(
        string consumer, [AsParameters] PageQuery query, PathTenant tenant, TenantReads reads, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var allowances = await reads.RunAsync(tenant.Id, read => AllowanceSettings.ListAsync(read, consumer, cancellationToken), cancellationToken);
        var left = allowances.Where(allowance => string.CompareOrdinal(allowance.Pool, page.Value.After) > 0)
            .OrderBy(allowance => allowance.Pool, StringComparer.Ordinal).Take(page.Value.Fetch).ToList();
        return page.Value.Answer(left, allowance => allowance.Pool, allowance => allowance);
    }

    private static async Task<IResult> GetAsync(string consumer, string pool, PathTenant tenant, TenantReads reads, CancellationToken cancellationToken)
    {
        var allowances = await reads.RunAsync(tenant.Id, read => AllowanceSettings.ListAsync(read, consumer, cancellationToken), cancellationToken);
        return allowances.Find(allowance => allowance.Pool == pool) is { } found
            ? Answer.Ok(found)
            : new ProblemAnswer(AllowanceSettings.Unknown(consumer, pool));
    }

    private static Task<IResult> PutAsync(
        string consumer, string pool, Body<AllowanceDefinition> body, PathTenant tenant, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            var put = await AllowanceSettings.PutAsync(
                wallet, consumer, pool, body.Value.Limit, body.Value.Period, body.Value.Mode ?? "hard", cancellationToken);
            return put.Map(done => Answer.Put(
                done.Created, $"/v1/tenants/{tenant.Key}/consumers/{Uri.EscapeDataString(consumer)}/allowances/{Uri.EscapeDataString(pool)}", done.Allowance));
        });

    private static Task<IResult> RemoveAsync(
        string consumer, string pool, PathTenant tenant, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
            (await AllowanceSettings.RemoveAsync(wallet, consumer, pool, cancellationToken)).Map(_ => Answer.Nothing()));
}

/// <summary>What an allowance is to be.</summary>
/// <param name="Limit">Credits a period, 0 or more.</param>
/// <param name="Period">`day`, `week`, `month`, `quarter` or `lifetime`.</param>
/// <param name="Mode">`hard` (default) or `soft`.</param>
public sealed record AllowanceDefinition(decimal Limit, string Period, string? Mode = null);
