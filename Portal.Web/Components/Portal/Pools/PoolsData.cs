using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;
using Portal.Web.Access;

namespace Portal.Web.Components.TenantPages;

/// <summary>A pool of the page.</summary>
/// <param name="Balance">What it has, with its grants.</param>
/// <param name="Overflows">What its credits cannot serve draws from the shared pool.</param>
/// <param name="Closed">Nothing may name it any more; shown while something is left to be invoiced.</param>
/// <param name="Teams">Names of the teams whose pool it is.</param>
/// <param name="Consumers">How many consumers draw from it unless usage says otherwise.</param>
public sealed record PoolView(PoolBalance Balance, bool Overflows, bool Closed, IReadOnlyList<string> Teams, int Consumers)
{
    /// <summary>True for the pool that every tenant has.</summary>
    public bool IsShared => Balance.Id == Pool.SharedId;

    /// <summary>Credits that take effect later.</summary>
    public decimal ToCome(DateTimeOffset now) => Balance.Grants.Where(grant => grant.EffectiveAt > now).Sum(grant => grant.Remaining);
}

/// <summary>A team of the page.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Name">Its name.</param>
/// <param name="Pool">Key of its pool.</param>
/// <param name="Consumers">How many are in it now.</param>
public sealed record TeamView(string Key, string Name, string? Pool, int Consumers);

/// <summary>What Teams &amp; pools shows above the list of consumers, read in one snapshot.</summary>
/// <param name="Version">The wallet's version that it shows.</param>
/// <param name="Now">Business time of the snapshot.</param>
/// <param name="Pools">The pools, the shared one first; for a plain member the own one.</param>
/// <param name="Teams">The teams by name; none for a plain member.</param>
/// <param name="Movable">What may move from one pool to another.</param>
public sealed record PoolsData(long Version, DateTimeOffset Now, IReadOnlyList<PoolView> Pools, IReadOnlyList<TeamView> Teams, Movable Movable)
{
    private const string ConsumersByPool = $"""
        select coalesce(own.pool_id, team_pool.pool_id, 1), t.team_id, count(*)::int from consumers c
        {ConsumerPools.Joins}
        where c.tenant_id = $1 group by 1, 2
        """;

    private const string TeamsSql = """
        select t.team_id, t.key, t.name, p.key from teams t left join pools p on p.tenant_id = t.tenant_id and p.pool_id = t.pool_id
        where t.tenant_id = $1 order by lower(t.name), t.key
        """;

    /// <summary>The pool of that key, or null.</summary>
    public PoolView? Find(string? key) => Pools.FirstOrDefault(pool => pool.Balance.Key == key);

    /// <summary>What people call a pool.</summary>
    public string NameOf(string key) => Find(key)?.Balance.Name ?? key;

    /// <summary>What may move out of the pool of that key.</summary>
    public decimal MovableOf(string key) => Find(key) is { } pool ? Movable.Of(pool.Balance.Id, pool.Balance.Figures.Overdraft) : 0m;

    /// <summary>Pools that credits may move between.</summary>
    public IEnumerable<PoolView> Open => Pools.Where(pool => !pool.Closed);

    /// <summary>Reads it for the role that the person has.</summary>
    public static Task<PoolsData> ReadAsync(TenantReads reads, CurrentTenant tenant, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(reads);
        ArgumentNullException.ThrowIfNull(tenant);
        return reads.RunAsync(tenant.Id, read => ReadAsync(read, tenant, cancellationToken), cancellationToken);
    }

    private static async Task<PoolsData> ReadAsync(TenantRead read, CurrentTenant tenant, CancellationToken cancellationToken)
    {
        var own = tenant.May(MemberRole.Billing) ? null : (await OwnUsage.OfAsync(read, tenant.MemberId, cancellationToken)).Pool;
        var balance = await Balances.ReadAsync(read, cancellationToken);
        var settings = (await read.Connection.ListAsync(Pool.Select, Pool.Read, cancellationToken, read.TenantId)).ToDictionary(pool => pool.Id);
        var holds = await OpenHolds.DemandsAsync(read, cancellationToken);
        var consumers = await read.Connection.ListAsync(
            ConsumersByPool, row => (Pool: row.GetInt32(0), Team: row.Nullable<int?>(1), Count: row.GetInt32(2)), cancellationToken, read.TenantId, read.Now);
        var teams = own is not null ? [] : await read.Connection.ListAsync(
            TeamsSql, row => (Id: row.GetInt32(0), Key: row.GetString(1), Name: row.GetString(2), Pool: row.Nullable<string>(3)), cancellationToken, read.TenantId);
        return new PoolsData(
            read.Version,
            read.Now,
            [.. balance.Pools.Where(pool => own is null || pool.Key == own).Select(pool => new PoolView(
                pool, settings[pool.Id].OverflowsToShared, settings[pool.Id].Closed, [.. teams.Where(team => team.Pool == pool.Key).Select(team => team.Name)],
                own is null ? consumers.Where(group => group.Pool == pool.Id).Sum(group => group.Count) : 0))],
            [.. teams.Select(team => new TeamView(team.Key, team.Name, team.Pool, consumers.Where(group => group.Team == team.Id).Sum(group => group.Count)))],
            new Movable(holds, balance.Grants, settings, read.Now));
    }
}
