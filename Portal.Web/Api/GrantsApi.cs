using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Grants of credits.</summary>
public static class GrantsApi
{
    private const string Example = """
        {"credits":"1000","pool":"shared","source":"purchase","value":"10.00","currency":"USD","priority":50,
         "expires_at":"2027-03-01T00:00:00Z","products":["llm"],"reason":"Order 4711"}
        """;

    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder tenant)
    {
        var grants = tenant.MapGroup("/grants").WithTags("Credits");
        grants.MapGet("", ListAsync).RequireScope(Scope.Read).Answers<Listing<GrantDocument>>().Says("List all grants in burn order");
        grants.MapPost("", CreateAsync).PlatformOnly().Answers<GrantDocument>(201).Says(
            "Grant credits",
            "`source` is `purchase` (sold outside, with its `value` or `cost_basis`), `promotion` or `adjustment` (without value). Open debts are settled first, so `remaining` may be less than `credits`.",
            Example);
    }

    private static async Task<IResult> ListAsync(
        [AsParameters] PageQuery query, string? pool, PathTenant tenant, TenantReads reads, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var after = page.Value.AfterId();
        if (after.Problem is { } invalid) return new ProblemAnswer(invalid);
        var grants = await reads.RunAsync(tenant.Id, read => GrantQuery.ListAsync(read, pool, cancellationToken), cancellationToken);
        var skip = after.Value is { } last ? grants.FindIndex(grant => grant.Grant.Id == last) + 1 : 0;
        return page.Value.Answer(
            grants.Skip(skip).Take(page.Value.Fetch).ToList(), grant => grant.Grant.Id.ToString("N"), grant => GrantDocument.Of(grant.Grant, grant.Pool));
    }

    private static Task<IResult> CreateAsync(Body<NewGrant> body, PathTenant tenant, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            if (body.Value.Reason is { Length: > 500 }) return Problem.Field("reason", "invalid_reason", "The reason has at most 500 characters.");
            var made = await Grants.CreateAsync(wallet, body.Value.ToOrder(), cancellationToken);
            if (made.Problem is { } problem) return problem;
            var grant = made.Value;
            var document = GrantDocument.Of(grant, wallet.Directory.PoolsById[grant.PoolId].Key);
            await Audit.WriteAsync(
                wallet.Connection, wallet.TenantId, wallet.Now, wallet.Actor, "grant.created", document.Id, new { grant.Source, Credits = grant.Amount, grant.Value }, cancellationToken);
            return new Answer(StatusCodes.Status201Created, document);
        });
}

/// <summary>Credits to grant.</summary>
/// <param name="Credits">Above 0, at most nine decimal places.</param>
/// <param name="Source">`purchase`, `promotion` or `adjustment`.</param>
/// <param name="Pool">Key of the pool; default `shared`.</param>
/// <param name="Value">Money paid, net of tax; or give `cost_basis`.</param>
/// <param name="CostBasis">Money per credit, instead of `value`.</param>
/// <param name="Currency">The tenant's; default that.</param>
/// <param name="Priority">0 (drawn first) to 255; default 50.</param>
/// <param name="EffectiveAt">Drawn from then on; default now.</param>
/// <param name="ExpiresAt">Not spendable from then on; absent is never.</param>
/// <param name="Products">Products it may be drawn for; absent is any.</param>
/// <param name="Reason">A sentence for people.</param>
public sealed record NewGrant(
    decimal Credits, string Source, string? Pool = null, decimal? Value = null, decimal? CostBasis = null, string? Currency = null, int? Priority = null,
    DateTimeOffset? EffectiveAt = null, DateTimeOffset? ExpiresAt = null, IReadOnlyList<string>? Products = null, string? Reason = null)
{
    internal GrantOrder ToOrder() =>
        new(Credits, Pool, Source, Value, CostBasis, Currency, Priority ?? 50, EffectiveAt, ExpiresAt, Products, Reason);
}

/// <summary>A grant as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Credits">Credits granted.</param>
/// <param name="Remaining">Credits left.</param>
/// <param name="Pool">Key of its pool.</param>
/// <param name="Source">Where it came from.</param>
/// <param name="Value">Money paid for the whole of it.</param>
/// <param name="ValueLeft">Money that the credits left stand for.</param>
/// <param name="CostBasis">`value` per credit, shown and compared only.</param>
/// <param name="Currency">Currency of the value.</param>
/// <param name="Priority">0 (drawn first) to 255.</param>
/// <param name="EffectiveAt">Drawn from then on.</param>
/// <param name="ExpiresAt">Not spendable from then on; null is never.</param>
/// <param name="Products">Products it may be drawn for; null is any.</param>
/// <param name="Lineage">What it descends from; null for nothing.</param>
/// <param name="Reference">Public id of the cause.</param>
/// <param name="Reason">A sentence for people.</param>
/// <param name="CreatedAt">When the ledger took it.</param>
public sealed record GrantDocument(
    string Id, decimal Credits, decimal Remaining, string Pool, string Source, decimal Value, decimal ValueLeft, decimal CostBasis, string Currency,
    int Priority, DateTimeOffset EffectiveAt, DateTimeOffset? ExpiresAt, IReadOnlyList<string>? Products, GrantLineage? Lineage, string? Reference,
    string? Reason, DateTimeOffset CreatedAt)
{
    /// <summary>The document of a grant.</summary>
    public static GrantDocument Of(Grant grant, string pool)
    {
        ArgumentNullException.ThrowIfNull(grant);
        return new(
            IdOf(grant.TenantId, grant.Id), grant.Amount, grant.Remaining, pool, grant.Source, grant.Value, grant.ValueLeft,
            Math.Round(grant.Value / grant.Amount, 9, MidpointRounding.ToEven), grant.Currency, grant.Priority, grant.EffectiveAt, grant.ExpiresAt,
            grant.Products, LineageOf(grant), grant.Reference, grant.Reason, grant.CreatedAt);
    }

    private static GrantLineage? LineageOf(Grant grant) => grant switch
    {
        { ParentId: { } parent } => new(grant.Lineage, IdOf(grant.TenantId, parent)),
        { Lineage: "merged", Reference: { } elsewhere } => new(grant.Lineage, elsewhere),
        _ => null,
    };

    private static string IdOf(long tenantId, Guid id) => PublicId.Format(PublicId.Grant, tenantId, id);
}

/// <summary>What a grant descends from.</summary>
/// <param name="Kind">`split`, `rolled`, `transferred`, `restored`, `bonus` or `merged` (from another tenant).</param>
/// <param name="Parent">Id of that grant.</param>
public sealed record GrantLineage(string? Kind, string Parent);
