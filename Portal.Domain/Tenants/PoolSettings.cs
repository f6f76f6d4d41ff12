using System.Text.RegularExpressions;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Tenants;

/// <summary>A pool as it is set up; what it holds is the balance's.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Name">1 to 200 characters.</param>
/// <param name="Kind"><c>shared</c>, <c>team</c> or <c>member</c>.</param>
/// <param name="Overflow"><c>deny</c>, or <c>shared</c>: what its grants cannot serve draws from the shared pool.</param>
/// <param name="CreatedAt">When it was opened.</param>
/// <param name="ClosedAt">From when on nothing may name it.</param>
public sealed record PoolDetails(string Key, string Name, string Kind, string Overflow, DateTimeOffset CreatedAt, DateTimeOffset? ClosedAt);

/// <summary>Commands that open pools and change how they are set up.</summary>
public static partial class PoolSettings
{
    private const string Columns = "key, name, kind, overflow, created_at, closed_at";

    /// <summary>Pools by key, closed ones too, from after <paramref name="afterKey"/> on.</summary>
    public static Task<List<PoolDetails>> ListAsync(NpgsqlDataSource source, long tenantId, int limit, string afterKey, CancellationToken cancellationToken) =>
        source.ListAsync(
            $"select {Columns} from pools where tenant_id = $1 and key > $2 order by key limit $3", Read, cancellationToken, tenantId, afterKey, limit);

    /// <summary>
    /// Opens a pool. Refuses <c>invalid_key</c>, <c>invalid_name</c>, <c>invalid_kind</c>, <c>invalid_overflow</c>, <c>pool_exists</c>.
    /// </summary>
    public static async Task<Result<PoolDetails>> OpenAsync(
        WalletTransaction wallet, string key, string name, string kind = "shared", string overflow = "deny", CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        if (!KeyPattern().IsMatch(key))
            return Problem.Field("key", "invalid_key", "A key is 1 to 64 of a-z, 0-9, hyphen, dot and underscore, and begins and ends with a letter or digit.");
        if (kind is not ("shared" or "team" or "member")) return Problem.Field("kind", "invalid_kind", "The kind is shared, team or member.");
        if (Check(name, overflow) is { } problem) return problem;
        if (wallet.Directory.Pools.ContainsKey(key)) return Problem.Conflict("pool_exists", $"There is a pool '{key}' already.");
        var id = wallet.Directory.PoolsById.Keys.Max() + 1;
        await wallet.ExecuteAsync(
            "insert into pools (tenant_id, pool_id, key, name, kind, overflow, created_at) values ($1, $2, $3, $4, $5, $6, $7)",
            cancellationToken,
            wallet.TenantId,
            id,
            key,
            name,
            kind,
            overflow,
            wallet.Now);
        wallet.ConfigurationChanged();
        await wallet.AuditAsync("pool.created", key, new { kind, overflow }, cancellationToken);
        return await FindAsync(wallet, id, cancellationToken);
    }

    /// <summary>
    /// Changes a pool; null stays as it is. Refuses <c>unknown_pool</c>, <c>pool_closed</c>, <c>invalid_name</c>, <c>invalid_overflow</c>
    /// (the shared pool has nowhere to overflow to).
    /// </summary>
    public static async Task<Result<PoolDetails>> ChangeAsync(
        WalletTransaction wallet, string key, string? name, string? overflow, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        if (!wallet.Directory.Pools.TryGetValue(key, out var pool)) return Problem.NotFound("unknown_pool", $"There is no pool '{key}'.");
        if (pool.Closed) return Problem.Conflict("pool_closed", $"The pool '{key}' is closed.");
        if (Check(name ?? pool.Name, overflow ?? "deny") is { } problem) return problem;
        if (pool.Id == Pool.SharedId && overflow == "shared")
            return Problem.Field("overflow", "invalid_overflow", "The shared pool has no other pool to overflow to.");
        await wallet.ExecuteAsync(
            "update pools set name = $3, overflow = coalesce(nullif($4, ''), overflow) where tenant_id = $1 and pool_id = $2",
            cancellationToken,
            wallet.TenantId,
            pool.Id,
            name ?? pool.Name,
            overflow ?? "");
        wallet.ConfigurationChanged();
        await wallet.AuditAsync("pool.changed", key, new { overflow }, cancellationToken);
        return await FindAsync(wallet, pool.Id, cancellationToken);
    }

    /// <summary>The number of an open pool of that name, null for no name; or <c>unknown_pool</c>, <c>pool_closed</c>.</summary>
    internal static Result<int?> Resolve(WalletTransaction wallet, string? key)
    {
        if (key is null) return (int?)null;
        if (!wallet.Directory.Pools.TryGetValue(key, out var pool)) return Problem.Field("pool", "unknown_pool", $"There is no pool '{key}'.");
        return pool.Closed ? Problem.Field("pool", "pool_closed", $"The pool '{key}' is closed.") : pool.Id;
    }

    private static Problem? Check(string name, string overflow)
    {
        if (!Texts.IsName(name)) return Problem.Field("name", "invalid_name", "The name must be 1 to 200 characters, without control characters.");
        return overflow is "deny" or "shared" ? null : Problem.Field("overflow", "invalid_overflow", "Overflow is deny or shared.");
    }

    private static async Task<Result<PoolDetails>> FindAsync(WalletTransaction wallet, int id, CancellationToken cancellationToken) =>
        (await wallet.Connection.FindAsync(
            $"select {Columns} from pools where tenant_id = $1 and pool_id = $2", Read, cancellationToken, wallet.TenantId, id))!;

    private static PoolDetails Read(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetFieldValue<DateTimeOffset>(4), row.Nullable<DateTimeOffset?>(5));

    [GeneratedRegex(@"^[a-z0-9]([a-z0-9_.-]{0,62}[a-z0-9])?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 100)]
    private static partial Regex KeyPattern();
}
