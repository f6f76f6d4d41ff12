using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Tenants and their state.</summary>
public static class TenantsApi
{
    private const string Example = """{"name":"Acme GmbH","currency":"EUR","time_zone":"Europe/Berlin","keep":["request_id"]}""";

    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder v1, RouteGroupBuilder tenant)
    {
        v1.MapGet("/tenants", ListAsync).WithTags("Tenants").RequireScope(Scope.Read).Answers<Listing<TenantDocument>>()
            .Says("List tenants", "By key. A tenant's key sees its own tenant only.");
        tenant.MapGet("", GetAsync).WithTags("Tenants").RequireScope(Scope.Read).Answers<TenantDocument>().Says("Get a tenant");
        tenant.MapPut("", PutAsync).WithTags("Tenants").PlatformOnly().WithMetadata(new MakesTenant()).Answers<TenantDocument>(200, 201)
            .Says("Create or replace a tenant", "Absent `keep` is none; an absent `currency` or `time_zone` stays as it is. The currency is fixed by the first money posting.", Example);
        tenant.MapPost("/suspend", SuspendAsync).WithTags("Tenants").PlatformOnly().Answers<TenantDocument>()
            .Says("Suspend a tenant", "Holds and purchases are refused from now on; usage is still recorded.");
        tenant.MapPost("/restore", RestoreAsync).WithTags("Tenants").PlatformOnly().Answers<TenantDocument>().Says("Restore a tenant");
    }

    private static async Task<IResult> ListAsync([AsParameters] PageQuery query, ApiCaller caller, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var tenants = await Tenant.ListAsync(source, caller.OnlyTenant, page.Value.Fetch, page.Value.After, cancellationToken);
        return page.Value.Answer(tenants, found => found.Key, TenantDocument.Of);
    }

    private static async Task<IResult> GetAsync(PathTenant tenant, NpgsqlDataSource source, CancellationToken cancellationToken) =>
        Answer.Ok(TenantDocument.Of((await Tenant.FindAsync(source, Tenant.FormatId(tenant.Id), cancellationToken))!));

    private static async Task<IResult> PutAsync(
        string tenant, Body<TenantDefinition> body, HttpContext http, ApiWrites writes, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var known = await Tenant.FindAsync(source, tenant, cancellationToken);
        if (known is null)
        {
            if (Tenant.TryParseId(tenant, out _)) return new ProblemAnswer(Problem.NotFound("unknown_tenant", "There is no tenant of that id."));
            var created = await writes.InPlatformAsync(http, platform => OpenAsync(platform, tenant, body.Value, cancellationToken));
            if (created is not ProblemAnswer { Code: Taken }) return created;
            known = (await Tenant.FindAsync(source, tenant, cancellationToken))!;
        }

        return await writes.InWalletAsync(http, known.Id, async wallet =>
            (await TenantSettings.ReplaceAsync(wallet, body.Value, cancellationToken)).Map(replaced => Answer.Ok(TenantDocument.Of(replaced))));
    }

    private const string Taken = "tenant_exists";

    private static async Task<Result<Answer>> OpenAsync(PlatformTransaction platform, string key, TenantDefinition definition, CancellationToken cancellationToken)
    {
        if (!Tenant.IsKey(key))
            return Problem.Field("tenant", "invalid_key", "A tenant's key is 1 to 64 of a-z, 0-9 and inner hyphens.");
        if (definition.Check() is { } problem) return problem;
        var tenant = await Onboarding.OpenAsync(platform, key, definition, cancellationToken);
        if (tenant is null) return Problem.Conflict(Taken, "Somebody else created this tenant at the same time.");
        return Answer.Created($"/v1/tenants/{tenant.Key}", TenantDocument.Of(tenant));
    }

    private static Task<IResult> SuspendAsync(PathTenant tenant, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        MoveAsync(tenant, http, writes, wallet => TenantSettings.SuspendAsync(wallet, cancellationToken));

    private static Task<IResult> RestoreAsync(PathTenant tenant, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        MoveAsync(tenant, http, writes, wallet => TenantSettings.RestoreAsync(wallet, cancellationToken));

    private static Task<IResult> MoveAsync(PathTenant tenant, HttpContext http, ApiWrites writes, Func<WalletTransaction, Task<Result<Tenant>>> move) =>
        writes.InWalletAsync(http, tenant.Id, async wallet => (await move(wallet)).Map(moved => Answer.Ok(TenantDocument.Of(moved))));
}

/// <summary>A tenant as the API shows it.</summary>
/// <param name="Id">Its id; stands in paths like its key.</param>
/// <param name="Key">The slug that the platform chose.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Currency">ISO 4217.</param>
/// <param name="CurrencyLocked">True once money was posted.</param>
/// <param name="TimeZone">IANA id.</param>
/// <param name="State">`active` or `suspended`.</param>
/// <param name="Keep">Properties of events that are kept besides those that meters read.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record TenantDocument(
    string Id, string Key, string Name, string Currency, bool CurrencyLocked, string TimeZone, string State, IReadOnlyList<string> Keep, DateTimeOffset CreatedAt)
{
    /// <summary>The document of a tenant.</summary>
    public static TenantDocument Of(Tenant tenant)
    {
        ArgumentNullException.ThrowIfNull(tenant);
        return new(
            tenant.PublicId, tenant.Key, tenant.Name, tenant.Currency, tenant.CurrencyLocked, tenant.TimeZone, tenant.State, tenant.Keep, tenant.CreatedAt);
    }
}
