using Npgsql;
using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Taxes;

namespace Portal.Domain.Payments;

/// <summary>A pool that a purchase may go to.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Name">What people call it.</param>
public sealed record ShopPool(string Key, string Name);

/// <summary>What a customer sees before buying.</summary>
/// <param name="Packs">Packs for sale in the tenant's currency, the cheapest first.</param>
/// <param name="Pools">Open pools, the shared one first.</param>
/// <param name="Balance">Credits spendable now in all pools, less debt.</param>
/// <param name="Suspended">True while the tenant may not buy.</param>
/// <param name="UsualCredits">Credits that an event took on average over the last 28 days; null without usage.</param>
/// <param name="Tax">The tax on what the tenant buys now.</param>
public sealed record Shop(IReadOnlyList<Pack> Packs, IReadOnlyList<ShopPool> Pools, decimal Balance, bool Suspended, decimal? UsualCredits, TaxRate Tax)
{
    /// <summary>Reads it.</summary>
    public static async Task<Shop> ReadAsync(NpgsqlDataSource source, long tenantId, Currency currency, TimeZoneInfo zone, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        var packs = await Catalog.Packs.ForSaleAsync(source, currency, cancellationToken);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var tax = await Taxation.OfSaleAsync(connection, tenantId, zone, cancellationToken);
        await using var batch = new NpgsqlBatch(connection);
        batch.Add("select key, name from pools where tenant_id = $1 and closed_at is null order by pool_id <> 1, name", tenantId);
        batch.Add("""
            select coalesce((select sum(remaining) from grants, platform p where tenant_id = $1 and open
                       and effective_at <= now() + p.clock_offset and (expires_at is null or expires_at > now() + p.clock_offset)), 0)
                 - coalesce((select sum(to_credits - from_credits) from debts where tenant_id = $1 and to_credits > from_credits), 0),
                   (select state = 'suspended' from tenants where tenant_id = $1),
                   (select sum(credits) / nullif(sum(events), 0) from usage_hourly, platform p where tenant_id = $1 and hour > now() + p.clock_offset - interval '28 days')
            """, tenantId);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var pools = new List<ShopPool>();
        while (await reader.ReadAsync(cancellationToken)) pools.Add(new ShopPool(reader.GetString(0), reader.GetString(1)));
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        decimal? usual = reader.IsDBNull(2) ? null : reader.GetDecimal(2);
        return new Shop(packs, pools, reader.GetDecimal(0), reader.GetBoolean(1), usual > 0m ? usual : null, tax);
    }
}
