using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Tenants;

/// <summary>A member or service that uses credits.</summary>
/// <param name="Key">Its key, 1 to 200 characters.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Pool">Key of its default pool.</param>
/// <param name="Team">Key of the team it is in now.</param>
/// <param name="CreatedAt">When it was made or first seen.</param>
public sealed record ConsumerDetails(string Key, string? Name, string? Pool, string? Team, DateTimeOffset CreatedAt);

/// <summary>Commands on consumers.</summary>
public static class ConsumerSettings
{
    private const string Select = """
        select c.key, c.name, p.key, t.key, c.created_at from consumers c
        left join pools p on p.tenant_id = c.tenant_id and p.pool_id = c.pool_id
        left join lateral (
          select m.team_id from team_memberships m where m.tenant_id = c.tenant_id and m.consumer_id = c.consumer_id
          order by m.since desc limit 1) m on true
        left join teams t on t.tenant_id = c.tenant_id and t.team_id = m.team_id
        """;

    /// <summary>Consumers by key, from after <paramref name="afterKey"/> on.</summary>
    public static Task<List<ConsumerDetails>> ListAsync(NpgsqlDataSource source, long tenantId, int limit, string afterKey, CancellationToken cancellationToken) =>
        source.ListAsync($"{Select} where c.tenant_id = $1 and c.key > $2 order by c.key limit $3", Read, cancellationToken, tenantId, afterKey, limit);

    /// <summary>
    /// Makes a consumer or replaces it; absent is none. A change of team holds from now on: earlier usage stays with the earlier team.
    /// Refuses <c>invalid_key</c>, <c>invalid_name</c>, <c>unknown_pool</c>, <c>pool_closed</c>, <c>unknown_team</c>.
    /// </summary>
    public static async Task<Result<(ConsumerDetails Consumer, bool Created)>> PutAsync(
        WalletTransaction wallet, string key, string? name, string? pool, string? team, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        if (!Texts.IsName(key)) return Problem.Field("consumer", "invalid_key", "A consumer's key is 1 to 200 characters, without control characters.");
        if (name is not null && !Texts.IsName(name)) return Problem.Field("name", "invalid_name", "The name must be 1 to 200 characters, without control characters.");
        var poolId = PoolSettings.Resolve(wallet, pool);
        if (!poolId.Succeeded) return poolId.Problem!;
        Team? group = null;
        if (team is not null && !wallet.Directory.Teams.TryGetValue(team, out group))
            return Problem.Field("team", "unknown_team", $"There is no team '{team}'.");

        var known = wallet.Directory.Consumers.TryGetValue(key, out var consumer);
        var id = known ? consumer!.Id : wallet.Directory.Consumers.Values.Select(c => c.Id).DefaultIfEmpty(0).Max() + 1;
        const string sql = """
            insert into consumers (tenant_id, consumer_id, key, name, pool_id, created_at) values ($1, $2, $3, nullif($4, ''), nullif($5, 0), $6)
            on conflict (tenant_id, consumer_id) do update set name = excluded.name, pool_id = excluded.pool_id
            """;
        await wallet.ExecuteAsync(sql, cancellationToken, wallet.TenantId, id, key, name ?? "", poolId.Value ?? 0, wallet.Now);
        if ((consumer?.TeamAt(DateTimeOffset.MaxValue) ?? 0) != (group?.Id ?? 0))
        {
            await wallet.ExecuteAsync(
                """
                insert into team_memberships (tenant_id, consumer_id, since, team_id) values ($1, $2, $3, $4)
                on conflict (tenant_id, consumer_id, since) do update set team_id = excluded.team_id
                """,
                cancellationToken,
                wallet.TenantId,
                id,
                wallet.Now,
                group?.Id ?? 0);
        }

        wallet.ConfigurationChanged();
        await wallet.AuditAsync(known ? "consumer.changed" : "consumer.created", $"consumer:{id}", new { pool, team }, cancellationToken);
        var written = await wallet.Connection.FindAsync($"{Select} where c.tenant_id = $1 and c.consumer_id = $2", Read, cancellationToken, wallet.TenantId, id);
        return (written!, !known);
    }

    /// <summary>
    /// Says which member a consumer is, so that the person sees its usage as their own; it is made when it is not there yet. A member may
    /// be several consumers. Refuses <c>invalid_key</c>, <c>unknown_member</c>, <c>consumer_linked</c> (to another member).
    /// </summary>
    public static async Task<Result<Done>> LinkAsync(WalletTransaction wallet, string key, Guid memberId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        const string members = "select 1 from members where tenant_id = $1 and id = $2 and removed_at is null";
        if ((await wallet.Connection.ListAsync(members, row => row.GetInt32(0), cancellationToken, wallet.TenantId, memberId)).Count == 0)
            return Problem.NotFound("unknown_member", "There is no such member.");
        if (!wallet.Directory.Consumers.ContainsKey(key))
        {
            var made = await PutAsync(wallet, key, name: null, pool: null, team: null, cancellationToken);
            if (!made.Succeeded) return made.Problem!;
        }

        const string link = "update consumers set member_id = $3 where tenant_id = $1 and key = $2 and (member_id is null or member_id = $3)";
        if (await wallet.ExecuteAsync(link, cancellationToken, wallet.TenantId, key, memberId) == 0)
            return Problem.Conflict("consumer_linked", $"'{key}' is another member already.");
        wallet.ConfigurationChanged();
        await wallet.AuditAsync("consumer.linked", PublicId.Format(PublicId.Member, wallet.TenantId, memberId), null, cancellationToken);
        return default(Done);
    }

    private static ConsumerDetails Read(NpgsqlDataReader row) => new(
        row.GetString(0), row.Nullable<string>(1), row.Nullable<string>(2), row.Nullable<string>(3), row.GetFieldValue<DateTimeOffset>(4));
}
