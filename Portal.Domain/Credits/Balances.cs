using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Wallet;

/// <summary>What expires next: all credits of a pool that do so at one instant.</summary>
/// <param name="At">Not spendable from then on.</param>
/// <param name="Credits">Remaining now.</param>
public sealed record NextExpiry(DateTimeOffset At, decimal Credits);

/// <summary>What a tenant or one of its pools has (domain.md §5).</summary>
/// <param name="Balance">Σ remaining of what is spendable now − debt: negative while a debt stands.</param>
/// <param name="Held">Σ open holds.</param>
/// <param name="Overdraft">Debt, above 0 while one stands.</param>
/// <param name="Overage">Credits used beyond the grants under policy <c>overage</c> and not invoiced yet.</param>
public sealed record BalanceFigures(decimal Balance, decimal Held, decimal Overdraft, decimal Overage)
{
    /// <summary>What a hold could still get: never below 0.</summary>
    public decimal Available => Math.Max(0m, Balance - Held);
}

/// <summary>The balance of one pool.</summary>
/// <param name="Id">The pool's number.</param>
/// <param name="Key">Its key.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Kind"><c>shared</c>, <c>team</c> or <c>member</c>.</param>
/// <param name="Figures">What it has.</param>
/// <param name="NextExpiry">The next of its credits to expire; null when none will.</param>
/// <param name="Rate">How fast it is drawn; null when it was not in the last 28 days.</param>
/// <param name="RunsOutAt">When that rate will have used it up, expiries and grants to come counted; null: not within ten years.</param>
/// <param name="Grants">Its open grants in burn order, those to come among them.</param>
public sealed record PoolBalance(
    int Id, string Key, string Name, string Kind, BalanceFigures Figures, NextExpiry? NextExpiry, BurnRate? Rate, DateTimeOffset? RunsOutAt,
    IReadOnlyList<Grant> Grants);

/// <summary>The balance of a tenant at an instant.</summary>
/// <param name="AsOf">Business time.</param>
/// <param name="Version">The wallet's version that it shows.</param>
/// <param name="Pools">Open pools, and closed ones that still hold or owe something, the shared one first, the others by key.</param>
/// <param name="Rate">How fast all of them are drawn together; null when none was in the last 28 days.</param>
public sealed record TenantBalance(DateTimeOffset AsOf, long Version, IReadOnlyList<PoolBalance> Pools, BurnRate? Rate)
{
    /// <summary>Open grants of all pools in burn order.</summary>
    public IReadOnlyList<Grant> Grants { get; } = [.. Pools.SelectMany(pool => pool.Grants).Order(BurnOrder.Instance)];

    /// <summary>All pools together.</summary>
    public BalanceFigures Total { get; } = new(
        Pools.Sum(p => p.Figures.Balance), Pools.Sum(p => p.Figures.Held), Pools.Sum(p => p.Figures.Overdraft), Pools.Sum(p => p.Figures.Overage));
}

/// <summary>Reads balances: figures of this instant, whatever has been booked of what fell due.</summary>
public static class Balances
{
    // Debts and overage by pool; holds count until their own instant, swept or not.
    private const string Pools = """
        select p.pool_id, p.key, p.name, p.kind, p.closed_at is not null,
          coalesce((select sum(h.amount) from holds h where h.tenant_id = $1 and h.pool_id = p.pool_id and h.state = 'open' and h.expires_at > $2), 0),
          coalesce((select sum(d.to_credits - d.from_credits) from debts d where d.tenant_id = $1 and d.pool_id = p.pool_id and d.to_credits > d.from_credits), 0),
          coalesce((select -a.balance from ledger_accounts a where a.tenant_id = $1 and a.account = 'overage:' || p.key and a.unit = 'CREDIT'), 0)
        from pools p where p.tenant_id = $1 order by p.pool_id <> 1, p.key
        """;

    private const string OpenGrants = GrantQuery.Select + " and g.open and g.remaining > 0 and (g.expires_at is null or g.expires_at > $2)";

    private const string DailyUse = """
        select pool_id, floor(extract(epoch from $2 - hour) / 86400)::int, sum(credits) from usage_hourly
        where tenant_id = $1 and hour > $3 and hour <= $2 group by 1, 2
        """;

    /// <summary>The balance of every pool; one round trip.</summary>
    public static async Task<TenantBalance> ReadAsync(TenantRead read, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        await using var batch = new NpgsqlBatch(read.Connection);
        batch.Add(OpenGrants, read.TenantId, read.Now);
        batch.Add(DailyUse, read.TenantId, read.Now, read.Now.AddDays(-BurnRate.Days));
        batch.Add(Pools, read.TenantId, read.Now);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var grants = await GrantsAsync(reader, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var use = await DailyUseAsync(reader, cancellationToken);
        await reader.NextResultAsync(cancellationToken);

        var pools = new List<PoolBalance>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var id = reader.GetInt32(0);
            var (held, debt, overage) = (reader.GetDecimal(5), reader.GetDecimal(6), reader.GetDecimal(7));
            var own = grants.Where(grant => grant.PoolId == id).ToArray();
            if (reader.GetBoolean(4) && own.Length == 0 && held == 0m && debt == 0m && overage == 0m) continue;
            var spendable = own.Where(grant => grant.IsLive(read.Now)).Sum(grant => grant.Remaining);
            var rate = use.TryGetValue(id, out var days) ? BurnRate.Of(days) : null;
            pools.Add(new PoolBalance(
                id, reader.GetString(1), reader.GetString(2), reader.GetString(3), new BalanceFigures(spendable - debt, held, debt, overage),
                NextOf(own, read.Now), rate, Projection.RunsOutAt(own, debt, read.Now, rate?.Likely ?? 0m), own));
        }

        var together = new decimal[BurnRate.Days];
        foreach (var days in use.Values)
            for (var day = 0; day < together.Length; day++) together[day] += days[day];
        return new TenantBalance(read.Now, read.Version, pools, BurnRate.Of(together));
    }

    private static NextExpiry? NextOf(IEnumerable<Grant> grants, DateTimeOffset now) => grants
        .Where(grant => grant.IsLive(now) && grant.ExpiresAt is not null)
        .GroupBy(grant => grant.ExpiresAt!.Value)
        .OrderBy(expiring => expiring.Key)
        .Select(expiring => new NextExpiry(expiring.Key, expiring.Sum(grant => grant.Remaining)))
        .FirstOrDefault();

    private static async Task<List<Grant>> GrantsAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var grants = new List<Grant>();
        while (await reader.ReadAsync(cancellationToken)) grants.Add(GrantQuery.Read(reader).Grant);
        grants.Sort(BurnOrder.Instance);
        return grants;
    }

    private static async Task<Dictionary<int, decimal[]>> DailyUseAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var use = new Dictionary<int, decimal[]>();
        while (await reader.ReadAsync(cancellationToken))
        {
            if (!use.TryGetValue(reader.GetInt32(0), out var days)) use[reader.GetInt32(0)] = days = new decimal[BurnRate.Days];
            days[Math.Clamp(reader.GetInt32(1), 0, BurnRate.Days - 1)] += reader.GetDecimal(2);
        }

        return use;
    }
}
