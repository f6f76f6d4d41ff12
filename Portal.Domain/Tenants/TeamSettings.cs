using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Tenants;

/// <summary>A named group of consumers.</summary>
/// <param name="Key">Its key, 1 to 200 characters.</param>
/// <param name="Name">1 to 200 characters.</param>
/// <param name="Pool">Key of the pool that its consumers draw from when neither usage nor consumer names one.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record TeamDetails(string Key, string Name, string? Pool, DateTimeOffset CreatedAt);

/// <summary>Commands on teams.</summary>
public static class TeamSettings
{
    private const string Select = """
        select t.key, t.name, p.key, t.created_at from teams t left join pools p on p.tenant_id = t.tenant_id and p.pool_id = t.pool_id
        """;

    /// <summary>Teams by key, from after <paramref name="afterKey"/> on.</summary>
    public static Task<List<TeamDetails>> ListAsync(NpgsqlDataSource source, long tenantId, int limit, string afterKey, CancellationToken cancellationToken) =>
        source.ListAsync($"{Select} where t.tenant_id = $1 and t.key > $2 order by t.key limit $3", Read, cancellationToken, tenantId, afterKey, limit);

    /// <summary>Makes a team or replaces it; the value says which. Refuses <c>invalid_key</c>, <c>invalid_name</c>, <c>unknown_pool</c>, <c>pool_closed</c>.</summary>
    public static async Task<Result<(TeamDetails Team, bool Created)>> PutAsync(
        WalletTransaction wallet, string key, string name, string? pool, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        if (!Texts.IsName(key)) return Problem.Field("team", "invalid_key", "A team's key is 1 to 200 characters, without control characters.");
        if (!Texts.IsName(name)) return Problem.Field("name", "invalid_name", "The name must be 1 to 200 characters, without control characters.");
        var poolId = PoolSettings.Resolve(wallet, pool);
        if (!poolId.Succeeded) return poolId.Problem!;
        var known = wallet.Directory.Teams.TryGetValue(key, out var team);
        var id = known ? team!.Id : wallet.Directory.TeamsById.Keys.DefaultIfEmpty(0).Max() + 1;
        const string sql = """
            insert into teams (tenant_id, team_id, key, name, pool_id, created_at) values ($1, $2, $3, $4, nullif($5, 0), $6)
            on conflict (tenant_id, team_id) do update set name = excluded.name, pool_id = excluded.pool_id
            """;
        await wallet.ExecuteAsync(sql, cancellationToken, wallet.TenantId, id, key, name, poolId.Value ?? 0, wallet.Now);
        wallet.ConfigurationChanged();
        await wallet.AuditAsync(known ? "team.changed" : "team.created", key, new { pool }, cancellationToken);
        var written = await wallet.Connection.FindAsync($"{Select} where t.tenant_id = $1 and t.team_id = $2", Read, cancellationToken, wallet.TenantId, id);
        return (written!, !known);
    }

    private static TeamDetails Read(NpgsqlDataReader row) =>
        new(row.GetString(0), row.GetString(1), row.Nullable<string>(2), row.GetFieldValue<DateTimeOffset>(3));
}
