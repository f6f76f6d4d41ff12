using System.Collections.Concurrent;
using Npgsql;
using Portal.Domain.Kernel;
using Portal.Domain.Tenants;

namespace Portal.Web.Api.Http;

/// <summary>
/// Finds tenants by key or id for a caller. A tenant's key that names any tenant but its own is refused in the same words whether or
/// not that tenant exists, so names cannot be probed. Keys of tenants never change, so what was found is remembered.
/// </summary>
public sealed class TenantGate(NpgsqlDataSource source)
{
    private const int Remembered = 100_000;
    private readonly ConcurrentDictionary<string, PathTenant> known = new(StringComparer.Ordinal);

    /// <summary>The tenant, or <c>other_tenant</c> (403) or <c>unknown_tenant</c> (404).</summary>
    public async ValueTask<Result<PathTenant>> FindAsync(ApiCaller caller, string keyOrId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(caller);
        if (caller.OnlyTenant is not { } own) return await FindAsync(keyOrId, cancellationToken) is { } any ? any : Unknown(keyOrId);
        var tenant = await FindAsync(Tenant.FormatId(own), cancellationToken);
        return tenant is not null && (tenant.Key == keyOrId || Tenant.FormatId(own) == keyOrId)
            ? tenant
            : Problem.Forbidden("other_tenant", "This key belongs to one tenant and may not act for another.");
    }

    private async ValueTask<PathTenant?> FindAsync(string keyOrId, CancellationToken cancellationToken)
    {
        if (known.TryGetValue(keyOrId, out var tenant)) return tenant;
        if (await Tenant.FindAsync(source, keyOrId, cancellationToken) is not { } found) return null;
        if (known.Count > Remembered) known.Clear();
        return known[keyOrId] = new PathTenant(found.Id, found.Key);
    }

    private static Problem Unknown(string keyOrId) =>
        Problem.NotFound("unknown_tenant", keyOrId.Length <= 100 ? $"There is no tenant '{keyOrId}'." : "There is no such tenant.");
}
