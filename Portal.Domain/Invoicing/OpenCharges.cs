using System.Text.Json;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing.Rates;
using Portal.Domain.Subscriptions;
using Portal.Domain.Wallet;

namespace Portal.Domain.Invoicing;

/// <summary>Reads what is charged on no invoice yet.</summary>
public static class OpenCharges
{
    private const string Sql = """
        select c.id, c.kind, c.item, c.period_starts_at, c.period_ends_at, c.advance, c.quantity, c.amount, c.detail::text, c.match, coalesce(p.name, m.product, c.meter),
          coalesce((select sum(b.quantity) from charges b where b.tenant_id = c.tenant_id and b.kind = c.kind and b.item = c.item and b.period_starts_at = c.period_starts_at
            and b.invoice_id is not null), 0), c.credits, c.tax_inclusive
        from charges c left join meters m on m.key = c.meter left join products p on p.key = m.product
        where c.tenant_id = $1 and c.invoice_id is null and case when c.advance then c.period_starts_at <= $2 else c.period_ends_at <= $2 end
        """;

    private sealed record Detail(string? Description, decimal? UnitAmount, PriceDefinition? Price);

    /// <summary>Those that an invoice of a date takes: fees of periods that began by then, and usage of periods that ended.</summary>
    public static Task<List<OpenCharge>> ReadAsync(NpgsqlConnection connection, long tenantId, DateTimeOffset billAt, CancellationToken cancellationToken = default) =>
        connection.ListAsync(Sql, Read, cancellationToken, tenantId, billAt);

    /// <summary>Adds what coupons would take off usage if the invoice of a date were finalised now.</summary>
    public static async Task AddCouponsAsync(
        NpgsqlConnection connection, long tenantId, DateTimeOffset billAt, List<OpenCharge> charges, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(charges);
        if (await SubscriptionQuery.LatestAsync(connection, tenantId, cancellationToken) is not { } subscription) return;
        foreach (var (charge, amount) in await CouponLines.OfUsageAsync(connection, subscription, billAt, cancellationToken))
        {
            charges.Add(new OpenCharge(
                Guid.Empty, charge.Kind, charge.Item, charge.StartsAt, charge.EndsAt, charge.Advance, 1m, amount, JsonSerializer.Deserialize<Detail>(charge.Detail!, PortalJson.Options)!.Description!, null));
        }
    }

    private static OpenCharge Read(NpgsqlDataReader row)
    {
        var detail = row.Nullable<string>(8) is { } json ? JsonSerializer.Deserialize<Detail>(json, PortalJson.Options) : null;
        var (kind, item) = (row.GetString(1), row.GetString(2));
        return new OpenCharge(
            row.GetGuid(0), kind, item, row.GetFieldValue<DateTimeOffset>(3), row.GetFieldValue<DateTimeOffset>(4), row.GetBoolean(5), row.GetDecimal(6), row.GetDecimal(7),
            detail?.Description ?? Describe(kind, item, row.Nullable<string>(9), row.Nullable<string>(10)), detail?.UnitAmount)
        {
            Price = detail?.Price is { } price ? PriceChecks.Check("price", price, new FieldErrors()) : null,
            Before = row.GetDecimal(11),
            Credits = row.GetDecimal(12),
            TaxInclusive = row.GetBoolean(13),
        };
    }

    private static string Describe(string kind, string item, string? match, string? product) => kind switch
    {
        ChargeKind.Overage when item == Pool.SharedKey && product is null => "Credits beyond those included",
        ChargeKind.Overage when product is null => $"Credits beyond those of pool {item}",
        ChargeKind.Overage when Charge.PoolOf(item) == Pool.SharedKey => $"{product} beyond the included credits",
        ChargeKind.Overage => $"{product} beyond the credits of pool {Charge.PoolOf(item)}",
        ChargeKind.Usage when match is not null && Dimensions(match) is { Length: > 0 } dimensions => $"{product ?? "Usage"}: {dimensions}",
        ChargeKind.Usage => product ?? "Usage",
        _ => item,
    };

    private static string Dimensions(string match)
    {
        var values = JsonSerializer.Deserialize<SortedDictionary<string, string>>(match, PortalJson.Options)!;
        return string.Join(", ", values.Select(value => value.Value.Replace('_', ' ')));
    }
}
