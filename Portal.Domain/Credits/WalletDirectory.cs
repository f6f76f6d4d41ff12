using System.Collections.Frozen;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing;

namespace Portal.Domain.Wallet;

/// <summary>A consumer of credits as drawing needs it.</summary>
/// <param name="Id">Number within the tenant.</param>
/// <param name="Key">Its key.</param>
/// <param name="PoolId">Default pool, if it has one.</param>
/// <param name="Teams">Its teams over time, earliest first; 0 is none.</param>
public sealed record Consumer(int Id, string Key, int? PoolId, IReadOnlyList<(DateTimeOffset Since, int TeamId)> Teams)
{
    /// <summary>The team at an instant, 0 for none.</summary>
    public int TeamAt(DateTimeOffset instant)
    {
        for (var i = Teams.Count - 1; i >= 0; i--)
        {
            if (Teams[i].Since <= instant) return Teams[i].TeamId;
        }

        return 0;
    }
}

/// <summary>A team as drawing needs it.</summary>
public sealed record Team(int Id, string Key, int? PoolId);

/// <summary>
/// What is configured for one tenant's wallet: pools, consumers, teams, zone, currency. Immutable; a newer
/// <see cref="Version"/> (wallets.config_version) replaces it.
/// </summary>
public sealed record WalletDirectory
{
    public required long TenantId { get; init; }

    public required string TenantKey { get; init; }

    /// <summary>wallets.config_version that this shows.</summary>
    public required long Version { get; init; }

    public required string Currency { get; init; }

    public required bool CurrencyLocked { get; init; }

    public required TimeZoneInfo Zone { get; init; }

    public required bool Suspended { get; init; }

    /// <summary>Properties of events that are kept besides those that meters read.</summary>
    public required FrozenSet<string> Keep { get; init; }

    public required FrozenDictionary<string, Pool> Pools { get; init; }

    public required FrozenDictionary<int, Pool> PoolsById { get; init; }

    public required FrozenDictionary<string, Consumer> Consumers { get; init; }

    public required FrozenDictionary<string, Team> Teams { get; init; }

    public required FrozenDictionary<int, Team> TeamsById { get; init; }

    /// <summary>Allowances by consumer and pool named.</summary>
    public required FrozenDictionary<(int ConsumerId, int PoolId), Allowance> Allowances { get; init; }

    /// <summary>On what terms its subscription sells credits beyond the grants; null where they are never sold.</summary>
    public SubscriptionTerms? Terms { get; init; }

    /// <summary>Where the prices of its usage come from.</summary>
    public TenantPrices Prices { get; init; } = TenantPrices.Platform;
    /// <summary>Which rules decide over outcomes, and when; empty where usage itself is billed.</summary>
    public required IReadOnlyList<OutcomeTerms> Outcomes { get; init; }

    private const string Sql = """
        select t.key, t.currency, t.currency_locked, t.time_zone, t.state, t.keep, w.config_version,
          exists (select from subscriptions s where s.tenant_id = t.tenant_id and s.state = 'suspended')
        from tenants t join wallets w using (tenant_id) where tenant_id = $1;
        """;

    /// <summary>Reads it; null when there is no such tenant.</summary>
    public static async Task<WalletDirectory?> ReadAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, long tenantId, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.Add(Sql, tenantId);
        batch.Add(Pool.Select, tenantId);
        batch.Add("select team_id, key, pool_id from teams where tenant_id = $1", tenantId);
        batch.Add("select consumer_id, since, team_id from team_memberships where tenant_id = $1 order by consumer_id, since", tenantId);
        batch.Add("select consumer_id, key, pool_id from consumers where tenant_id = $1", tenantId);
        batch.Add("select consumer_id, pool_id, credits, period, mode, since from allowances where tenant_id = $1", tenantId);
        batch.Add(SubscriptionTerms.Sql, tenantId);
        batch.Add(TenantPrices.Sql, tenantId);
        batch.Add(OutcomeTerms.Sql, tenantId);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken)) return null;
        var (key, currency, locked, zone, state, keep, version) = (reader.GetString(0), reader.GetString(1), reader.GetBoolean(2),
            reader.GetString(3), reader.GetString(4), reader.GetFieldValue<string[]>(5), reader.GetInt64(6));
        var unpaid = reader.GetBoolean(7);

        var pools = await ReadAllAsync(reader, Pool.Read, cancellationToken);
        var teams = await ReadAllAsync(reader, r => new Team(r.GetInt32(0), r.GetString(1), Nullable(r, 2)), cancellationToken);
        var memberships = (await ReadAllAsync(
            reader, r => (Consumer: r.GetInt32(0), Since: r.GetFieldValue<DateTimeOffset>(1), Team: r.GetInt32(2)), cancellationToken))
            .ToLookup(row => row.Consumer, row => (row.Since, row.Team));
        var consumers = await ReadAllAsync(
            reader, r => new Consumer(r.GetInt32(0), r.GetString(1), Nullable(r, 2), [.. memberships[r.GetInt32(0)]]), cancellationToken);
        var allowances = await ReadAllAsync(reader, r => new Allowance(
            r.GetInt32(0), r.GetInt32(1), r.GetDecimal(2), r.GetString(3), r.GetString(4), r.GetFieldValue<DateTimeOffset>(5)), cancellationToken);
        var terms = await ReadAllAsync(reader, SubscriptionTerms.Read, cancellationToken);
        var prices = await ReadAllAsync(reader, TenantPrices.Read, cancellationToken);
        var outcomes = await ReadAllAsync(reader, OutcomeTerms.Read, cancellationToken);
        return new WalletDirectory
        {
            TenantId = tenantId,
            TenantKey = key,
            Version = version,
            Currency = currency,
            CurrencyLocked = locked,
            Zone = Instants.FindZone(zone) ?? TimeZoneInfo.Utc,
            Suspended = unpaid || state == "suspended",
            Keep = keep.ToFrozenSet(StringComparer.Ordinal),
            Pools = pools.ToFrozenDictionary(pool => pool.Key, StringComparer.Ordinal),
            PoolsById = pools.ToFrozenDictionary(pool => pool.Id),
            Consumers = consumers.ToFrozenDictionary(consumer => consumer.Key, StringComparer.Ordinal),
            Teams = teams.ToFrozenDictionary(team => team.Key, StringComparer.Ordinal),
            TeamsById = teams.ToFrozenDictionary(team => team.Id),
            Allowances = allowances.ToFrozenDictionary(allowance => (allowance.ConsumerId, allowance.PoolId)),
            Terms = terms.FirstOrDefault(),
            Prices = TenantPrices.Of(prices),
            Outcomes = outcomes,
        };
    }

    /// <summary>The pool that usage draws from: the one named, the consumer's own, its team's, else the shared one; null when the name is unknown or closed.</summary>
    public Pool? PoolFor(string? named, Consumer? consumer, int teamId)
    {
        if (named is not null) return Pools.TryGetValue(named, out var pool) && !pool.Closed ? pool : null;
        if (consumer?.PoolId is { } own && !PoolsById[own].Closed) return PoolsById[own];
        if (teamId != 0 && TeamsById[teamId].PoolId is { } team && !PoolsById[team].Closed) return PoolsById[team];
        return PoolsById[Pool.SharedId];
    }

    /// <summary>The allowance of a consumer in a pool; null when it has none. Free when nobody has one.</summary>
    public Allowance? AllowanceOf(int consumerId, int poolId) => Allowances.Count == 0 ? null : Allowances.GetValueOrDefault((consumerId, poolId));

    private static int? Nullable(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetInt32(column);

    private static async Task<List<T>> ReadAllAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        await reader.NextResultAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken)) rows.Add(read(reader));
        return rows;
    }
}
