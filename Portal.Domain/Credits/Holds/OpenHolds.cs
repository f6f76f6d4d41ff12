using Npgsql;
using Portal.Domain.Data;

namespace Portal.Domain.Wallet;

/// <summary>
/// The holds of one wallet that are open, read under its lock; what was due has been settled, so none has expired. Grouped by pool,
/// product and meter: that is all a check needs of them.
/// </summary>
/// <param name="Groups">By pool, product and meter.</param>
public sealed record OpenHolds(IReadOnlyList<OpenHoldGroup> Groups)
{
    private const string Select = """
        select pool_id, product, sum(amount), sum(money), min(expires_at) filter (where amount > 0), min(expires_at) filter (where money > 0), meter, sum(quantity)
        from holds where tenant_id = $1 and state = 'open' and id <> $2 group by pool_id, product, meter
        """;

    private const string OfConsumer = """
        select coalesce(sum(amount), 0), min(expires_at) filter (where amount > 0)
        from holds where tenant_id = $1 and state = 'open' and id <> $2 and consumer_id = $3 and pool_id = $4
        """;

    /// <summary>As a maximum flow takes them.</summary>
    public IEnumerable<HoldDemand> Demands => Groups.Select(group => new HoldDemand(group.PoolId, group.Product, group.Credits));

    /// <summary>Money that their estimates would accrue besides.</summary>
    public decimal Money => Groups.Sum(group => group.Money);

    /// <summary>Reads them.</summary>
    /// <param name="wallet">The wallet, locked.</param>
    /// <param name="except">A hold that is left out: the one that is about to change.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public static async Task<OpenHolds> ReadAsync(WalletTransaction wallet, Guid? except = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(wallet);
        return new OpenHolds(await wallet.Connection.ListAsync(Select, Read, cancellationToken, wallet.TenantId, except ?? Guid.Empty));
    }

    /// <summary>What one consumer holds in one pool, and when the first of it frees itself.</summary>
    internal static async Task<(decimal Credits, DateTimeOffset? FreesAt)> OfConsumerAsync(
        WalletTransaction wallet, int consumerId, int poolId, Guid? except, CancellationToken cancellationToken)
    {
        await using var command = wallet.Command(OfConsumer, wallet.TenantId, except ?? Guid.Empty, consumerId, poolId);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetDecimal(0), reader.Nullable<DateTimeOffset?>(1));
    }

    /// <summary>The demands of open holds as pages see them: those past their instant are gone, swept or not.</summary>
    public static Task<List<HoldDemand>> DemandsAsync(TenantRead read, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(read);
        return read.Connection.ListAsync(
            "select pool_id, product, sum(amount) from holds where tenant_id = $1 and state = 'open' and expires_at > $2 group by 1, 2",
            row => new HoldDemand(row.GetInt32(0), row.Nullable<string>(1), row.GetDecimal(2)), cancellationToken, read.TenantId, read.Now);
    }

    private static OpenHoldGroup Read(NpgsqlDataReader row) => new(
        row.GetInt32(0), row.Nullable<string>(1), row.GetDecimal(2), row.GetDecimal(3), row.Nullable<DateTimeOffset?>(4), row.Nullable<DateTimeOffset?>(5))
    {
        Meter = row.Nullable<string>(6),
        Quantity = row.GetDecimal(7),
    };
}

/// <summary>Open holds of one pool and product.</summary>
/// <param name="PoolId">The pool named.</param>
/// <param name="Product">Their product; null: none named.</param>
/// <param name="Credits">Their sum.</param>
/// <param name="Money">Money that their estimates would accrue besides.</param>
/// <param name="CreditsFreeAt">When the first that holds credits frees itself.</param>
/// <param name="MoneyFreesAt">When the first that foresees money frees itself.</param>
public sealed record OpenHoldGroup(
    int PoolId, string? Product, decimal Credits, decimal Money, DateTimeOffset? CreditsFreeAt, DateTimeOffset? MoneyFreesAt)
{
    /// <summary>The meter that would measure their events; null: credits were named.</summary>
    public string? Meter { get; init; }

    /// <summary>What it would measure.</summary>
    public decimal Quantity { get; init; }
}
