using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;
using Portal.Web.Api.Http;

namespace Portal.Web.Api;

/// <summary>Keys of the API: a tenant's, and the platform's own.</summary>
public static class ApiKeysApi
{
    /// <summary>Maps the endpoints.</summary>
    public static void Map(RouteGroupBuilder v1, RouteGroupBuilder tenant)
    {
        const string create = "The key's text is in this answer and never again; a repeat with the same `Idempotency-Key` gets `key` null. No key makes one with more than its own scopes.";
        var keys = tenant.MapGroup("/api-keys").WithTags("API keys");
        keys.MapGet("", ListAsync).RequireScope(Scope.Read).Answers<Listing<ApiKeyDocument>>().Says("List a tenant's keys");
        keys.MapPost("", CreateAsync).RequireScope(Scope.Manage).Answers<CreatedApiKey>(201)
            .Says("Create a tenant's key", create, """{"name":"Gateway","scopes":["read","holds:write"]}""");
        keys.MapDelete("/{id}", RevokeAsync).RequireScope(Scope.Manage).Produces(204).Says("Revoke a tenant's key");

        var own = v1.MapGroup("/api-keys").WithTags("API keys");
        own.MapGet("", ListOwnAsync).PlatformOnly().Answers<Listing<ApiKeyDocument>>().Says("List the platform's keys");
        own.MapPost("", CreateOwnAsync).PlatformOnly().Answers<CreatedApiKey>(201)
            .Says("Create a platform key", create, """{"name":"Metering","scopes":["usage:write"]}""");
        own.MapDelete("/{id}", RevokeOwnAsync).PlatformOnly().Produces(204).Says("Revoke a platform key");
    }

    private static Task<IResult> ListAsync([AsParameters] PageQuery query, PathTenant tenant, NpgsqlDataSource source, CancellationToken cancellationToken) =>
        PageAsync(query, tenant.Id, source, cancellationToken);

    private static Task<IResult> ListOwnAsync([AsParameters] PageQuery query, NpgsqlDataSource source, CancellationToken cancellationToken) =>
        PageAsync(query, 0, source, cancellationToken);

    private static async Task<IResult> PageAsync(PageQuery query, long tenantId, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var page = query.Read();
        if (page.Problem is { } problem) return new ProblemAnswer(problem);
        var after = page.Value.AfterId();
        if (after.Problem is { } invalid) return new ProblemAnswer(invalid);
        var keys = await ApiKeys.ListAsync(source, tenantId, page.Value.Fetch, after.Value, cancellationToken);
        return page.Value.Answer(keys, key => key.Id.ToString("N"), ApiKeyDocument.Of);
    }

    private static Task<IResult> CreateAsync(
        Body<NewApiKey> body, PathTenant tenant, ApiCaller caller, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InWalletAsync(http, tenant.Id, async wallet =>
        {
            var made = await ApiKeys.CreateAsync(
                wallet.Connection, tenant.Id, body.Value.Name, body.Value.Scopes, caller.Scopes, wallet.Now, caller.Actor, cancellationToken);
            return made.Map(created => Created($"/v1/tenants/{tenant.Key}/api-keys", created.Key, created.Text));
        });

    private static Task<IResult> CreateOwnAsync(Body<NewApiKey> body, ApiCaller caller, HttpContext http, ApiWrites writes, CancellationToken cancellationToken) =>
        writes.InPlatformAsync(http, async platform =>
        {
            var made = await ApiKeys.CreateAsync(
                platform.Connection, 0, body.Value.Name, body.Value.Scopes, caller.Scopes, platform.Now, caller.Actor, cancellationToken);
            return made.Map(created => Created("/v1/api-keys", created.Key, created.Text));
        });

    private static async Task<IResult> RevokeAsync(
        string id, PathTenant tenant, ApiCaller caller, HttpContext http, ApiWrites writes, ApiKeyDirectory directory, CancellationToken cancellationToken)
    {
        if (!ApiKey.TryParseId(tenant.Id, id, out var key)) return new ProblemAnswer(Unknown);
        var answer = await writes.InWalletAsync(http, tenant.Id, async wallet =>
            (await ApiKeys.RevokeAsync(wallet.Connection, tenant.Id, key, wallet.Now, caller.Actor, cancellationToken)).Map(_ => Answer.Nothing()));
        directory.Forget(tenant.Id, key);
        return answer;
    }

    private static async Task<IResult> RevokeOwnAsync(
        string id, ApiCaller caller, HttpContext http, ApiWrites writes, ApiKeyDirectory directory, CancellationToken cancellationToken)
    {
        if (!ApiKey.TryParseId(0, id, out var key)) return new ProblemAnswer(Unknown);
        var answer = await writes.InPlatformAsync(http, async platform =>
            (await ApiKeys.RevokeAsync(platform.Connection, 0, key, platform.Now, caller.Actor, cancellationToken)).Map(_ => Answer.Nothing()));
        directory.Forget(0, key);
        return answer;
    }

    private static Answer Created(string path, ApiKey key, string text)
    {
        var document = CreatedApiKey.Of(key, text);
        return Answer.Created($"{path}/{key.PublicId}", document) with { Repeat = document with { Key = null } };
    }

    private static Problem Unknown => Problem.NotFound("unknown_api_key", "There is no such key.");
}

/// <summary>A key to create.</summary>
/// <param name="Name">1 to 200 characters.</param>
/// <param name="Scopes">Any of `usage:write`, `holds:write`, `read`, `manage`; for platform keys also `admin`.</param>
public sealed record NewApiKey(string Name, IReadOnlyList<string> Scopes);

/// <summary>A key as the API shows it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Hint">The last characters of its text.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="LastUsedAt">When it was last used, to the minute.</param>
public sealed record ApiKeyDocument(string Id, string Name, string Hint, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt)
{
    /// <summary>The document of a key.</summary>
    public static ApiKeyDocument Of(ApiKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return new(key.PublicId, key.Name, key.Hint, key.Scopes, key.CreatedAt, key.LastUsedAt);
    }
}

/// <summary>A key that was just made.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Key">Its text, shown once.</param>
/// <param name="Name">Its name.</param>
/// <param name="Hint">The last characters of its text.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record CreatedApiKey(string Id, string? Key, string Name, string Hint, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt)
{
    /// <summary>The document of a new key.</summary>
    public static CreatedApiKey Of(ApiKey key, string text)
    {
        ArgumentNullException.ThrowIfNull(key);
        return new(key.PublicId, text, key.Name, key.Hint, key.Scopes, key.CreatedAt);
    }
}
