using System.Text.Json;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing;

namespace Portal.Domain.Catalog.Coupons;

/// <summary>Coupons: putting, reading and redeeming them.</summary>
public static class CouponCatalogue
{
    private const string Select = "select key, definition::text from coupons";

    // What was begun and not paid in time does not count. After a card was refused another may be tried, unless nobody was sent to pay.
    private const string Redeemed = """
        select count(*)::int from coupon_redemptions r left join checkouts c on c.tenant_id = r.tenant_id and c.id = r.checkout_id
        where r.coupon = $1 and (r.checkout_id is null or c.state = 'paid' or (c.state = 'open' or c.url is not null) and c.expires_at > $2)
        """;

    private const string Insert = """
        insert into coupon_redemptions (tenant_id, id, coupon, definition, subscription_id, from_period, checkout_id, redeemed_at)
        values ($1, $2, $3, $4::json, $5, $6, $7, $8)
        """;

    /// <summary>Makes a coupon or replaces it; what was redeemed stays as it was. Refuses what the check finds, and <c>unknown_item</c>. Answers whether it is new.</summary>
    public static async Task<Result<bool>> PutAsync(CatalogueChange change, string key, CouponDefinition definition, CancellationToken cancellationToken = default)
    {
        var coupon = Coupon.Check(key, definition);
        if (coupon.Problem is { } invalid) return invalid;
        if (definition.AppliesTo is { } items)
        {
            const string unknown = "select i from unnest($1) i where i not in (select key from plans union select key from packs) limit 1";
            await using var look = change.Command(unknown, (object)items.ToArray());
            if (await look.ExecuteScalarAsync(cancellationToken) is string item) return Problem.Field("applies_to", "unknown_item", $"There is no plan or pack {item}.");
        }

        const string sql = """
            insert into coupons (key, definition, created_at, updated_at) values ($1, $2::json, $3, $3)
            on conflict (key) do update set definition = excluded.definition, updated_at = excluded.updated_at returning xmax = 0
            """;
        await using var command = change.Command(sql, key, JsonSerializer.Serialize(definition, PortalJson.Options), change.Now);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>The coupon of that key; null when there is none.</summary>
    public static Task<Coupon?> FindAsync(NpgsqlConnection connection, string key, CancellationToken cancellationToken = default) =>
        connection.FindAsync($"{Select} where key = $1", row => Read(row.GetString(0), row.GetString(1)), cancellationToken, key);

    /// <summary>Coupons in order of their keys, from the one after <paramref name="after"/>.</summary>
    public static Task<List<Coupon>> ListAsync(NpgsqlDataSource source, string? after, int limit, CancellationToken cancellationToken = default) =>
        source.ListAsync($"{Select} where key > $1 order by key limit $2", row => Read(row.GetString(0), row.GetString(1)), cancellationToken, after ?? "", limit);

    /// <summary>A coupon as it was stored.</summary>
    public static Coupon Read(string key, string definition) => Coupon.Check(key, JsonSerializer.Deserialize<CouponDefinition>(definition, PortalJson.Options)!).Value;

    /// <summary>
    /// The coupon, if it can be had for a plan or pack: <c>unknown_coupon</c>, <c>coupon_expired</c>, <c>coupon_not_applicable</c>,
    /// <c>currency_mismatch</c>.
    /// </summary>
    /// <param name="connection">The database.</param>
    /// <param name="key">Its key.</param>
    /// <param name="item">Key of the plan or pack.</param>
    /// <param name="currency">Of what is sold.</param>
    /// <param name="now">When.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<Result<Coupon>> ForAsync(
        NpgsqlConnection connection, string key, string item, string currency, DateTimeOffset now, CancellationToken cancellationToken = default)
    {
        if (await FindAsync(connection, key, cancellationToken) is not { } coupon) return Refused("unknown_coupon", $"There is no coupon '{key}'.");
        if (coupon.Definition.RedeemBy <= now) return Refused("coupon_expired", $"The coupon '{key}' can be redeemed no more.");
        if (!coupon.AppliesTo(item)) return Refused("coupon_not_applicable", $"The coupon '{key}' is not for {item}.");
        return coupon.Definition.Currency is { } own && own != currency ? Refused("currency_mismatch", $"The coupon is in {own}, what it is for in {currency}.") : coupon;
    }

    /// <summary>
    /// Redeems it, in the transaction that sells. Who redeems the last waits for who is about to, so a limit is never passed. Refuses
    /// <c>coupon_exhausted</c>.
    /// </summary>
    public static async Task<Problem?> RedeemAsync(NpgsqlConnection connection, Coupon coupon, CouponRedemption redemption, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(coupon);
        ArgumentNullException.ThrowIfNull(redemption);
        if (coupon.Definition.MaxRedemptions is { } most)
        {
            await connection.ExecuteAsync("select 1 from coupons where key = $1 for update", cancellationToken, coupon.Key);
            var redeemed = (await connection.ListAsync(Redeemed, row => row.GetInt32(0), cancellationToken, coupon.Key, redemption.At)).Single();
            if (redeemed >= most) return Refused("coupon_exhausted", $"The coupon '{coupon.Key}' has been redeemed as often as it can be.");
        }

        await connection.ExecuteAsync(
            Insert, cancellationToken, redemption.TenantId, Uuid7.At(redemption.At), coupon.Key, JsonSerializer.Serialize(coupon.Definition, PortalJson.Options),
            redemption.Subscription, redemption.FromPeriod, redemption.Checkout, redemption.At);
        return null;
    }

    private static Problem Refused(string code, string detail) => Problem.Field("coupon", code, detail) with { Kind = ProblemKind.Unprocessable };
}

/// <summary>Who redeems a coupon for what.</summary>
/// <param name="TenantId">Who.</param>
/// <param name="At">When.</param>
/// <param name="Subscription">For a subscription.</param>
/// <param name="FromPeriod">Number of the first billing period that it covers.</param>
/// <param name="Checkout">For a purchase.</param>
public sealed record CouponRedemption(long TenantId, DateTimeOffset At, Guid? Subscription = null, int? FromPeriod = null, Guid? Checkout = null);
