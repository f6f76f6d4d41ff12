using System.Collections.Frozen;
using System.Reflection;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;

namespace Portal.Web.Api.Http;

/// <summary>Whose key a request carries.</summary>
public sealed class ApiCaller
{
    internal ApiCaller(ApiKey key)
    {
        Key = key;
        Scopes = key.Scopes.ToFrozenSet(StringComparer.Ordinal);
    }

    /// <summary>The key.</summary>
    public ApiKey Key { get; }

    /// <summary>What it may do.</summary>
    public FrozenSet<string> Scopes { get; }

    /// <summary>True for a key that may act for any tenant and sees cost and margin.</summary>
    public bool IsPlatform => Key.TenantId == 0;

    /// <summary>The only tenant it may act for; null for a platform key.</summary>
    public long? OnlyTenant => IsPlatform ? null : Key.TenantId;

    /// <summary>The caller in ledger and audit.</summary>
    public string Actor => $"key:{Key.PublicId}";

    /// <summary>In which role it manages members: the platform as owner, a tenant's key as admin.</summary>
    public MemberRole Role => IsPlatform ? MemberRole.Owner : MemberRole.Admin;

    /// <summary>The caller of a request that has been let in.</summary>
    public static ValueTask<ApiCaller?> BindAsync(HttpContext context, ParameterInfo parameter) => ValueTask.FromResult<ApiCaller?>(context.Caller());
}

/// <summary>The tenant that a request's path names, found and allowed to the caller.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Key">Its key.</param>
public sealed record PathTenant(long Id, string Key)
{
    /// <summary>The tenant of a request that has been let in.</summary>
    public static ValueTask<PathTenant?> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        ArgumentNullException.ThrowIfNull(context);
        return ValueTask.FromResult(context.Features.Get<PathTenant>());
    }
}

/// <summary>What a key needs for an endpoint. An endpoint of the API without it answers nobody.</summary>
/// <param name="Scope">The scope that the key must hold.</param>
/// <param name="PlatformOnly">True when only platform keys may.</param>
public sealed record ApiAccess(string Scope, bool PlatformOnly);

/// <summary>How endpoints say who may call them.</summary>
public static class ApiAccessConventions
{
    /// <summary>Keys of tenants and platform that hold the scope.</summary>
    public static TBuilder RequireScope<TBuilder>(this TBuilder builder, string scope)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new ApiAccess(scope, PlatformOnly: false));

    /// <summary>Platform keys alone that hold the scope: what only the platform may do, whatever a tenant's key holds.</summary>
    public static TBuilder PlatformOnly<TBuilder>(this TBuilder builder, string scope = Scope.Admin)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new ApiAccess(scope, PlatformOnly: true));

    /// <summary>Whose key the request carries.</summary>
    /// <exception cref="InvalidOperationException">The request was not let in by <see cref="ApiGate"/>.</exception>
    public static ApiCaller Caller(this HttpContext http)
    {
        ArgumentNullException.ThrowIfNull(http);
        return http.Features.Get<ApiCaller>() ?? throw new InvalidOperationException("The request carries no key.");
    }

    /// <summary>The tenant of a key or id that a body names, when the caller may act for it.</summary>
    public static async Task<Result<PathTenant>> FindTenantAsync(this HttpContext http, string keyOrId)
    {
        ArgumentNullException.ThrowIfNull(http);
        return await http.RequestServices.GetRequiredService<TenantGate>().FindAsync(http.Caller(), keyOrId, http.RequestAborted);
    }
}
