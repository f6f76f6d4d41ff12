using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;

namespace Portal.Domain.Revenue.Reports;

/// <summary>What a pack's credits earned and cost so far, by the grants that its purchases made and what they were drawn for.</summary>
/// <param name="Pack">Key of the pack.</param>
/// <param name="Currency">The currency it was sold in.</param>
/// <param name="Sold">Purchases.</param>
/// <param name="Net">What was paid for them, net of tax.</param>
/// <param name="Granted">Credits that they gave, bonus included.</param>
/// <param name="Used">Credits of them that were drawn.</param>
/// <param name="Revenue">Value that went with those.</param>
/// <param name="Cost">Their share of what the usage cost, by credits; null when the cost of any of it is unknown, or has no exchange rate.</param>
public sealed record PackMargin(string Pack, string Currency, long Sold, decimal Net, decimal Granted, decimal Used, decimal Revenue, decimal? Cost)
{
    /// <summary>Revenue − cost of what was used; null when unknown.</summary>
    public decimal? Margin => Revenue - Cost;
}

/// <summary>Margin by pack: draws lead to grants, grants to the purchases of a pack.</summary>
public static class PackMargins
{
    // A draw's transaction, pool named and product say which events it served; they share their cost by credits. A day's rate converts it.
    // What went on to another grant (split, moved, rolled, restored) still came from the purchase, which its reference or its parents name.
    private const string Sql = """
        with recursive bought as (
          select g.tenant_id, g.id, c.pack, c.currency::text as currency
          from checkouts c join grants g on g.tenant_id = c.tenant_id and g.reference = public_id('checkout', c.tenant_id, c.id)
          where c.state = 'paid' and g.parent_id is null
          union
          select g.tenant_id, g.id, b.pack, b.currency from bought b join grants g on g.tenant_id = b.tenant_id and g.parent_id = b.id
        ), used as (
          select d.tenant_id, d.transaction_id, d.pool_named_id, d.product, b.pack, b.currency,
            d.to_credits - d.from_credits - coalesce((select sum(r.to_credits - r.from_credits) from returns r
              where r.tenant_id = d.tenant_id and r.draw_transaction_id = d.transaction_id and r.draw_line = d.line), 0) as credits,
            value_left(g.value, d.remaining_before, g.amount) - value_left(g.value, d.remaining_before - (d.to_credits - d.from_credits), g.amount)
              - coalesce((select sum(r.value) from returns r
                where r.tenant_id = d.tenant_id and r.draw_transaction_id = d.transaction_id and r.draw_line = d.line), 0) as value
          from bought b
          join draws d on d.tenant_id = b.tenant_id and d.grant_id = b.id
          join grants g on g.tenant_id = b.tenant_id and g.id = b.id
          join ledger_transactions t on t.tenant_id = d.tenant_id and t.id = d.transaction_id
          where t.posted_at >= $1 and t.posted_at < $2
        ), runs as (
          select u.tenant_id, u.transaction_id, u.pool_named_id, u.product, u.pack, u.currency, sum(u.credits) as credits, sum(u.value) as value
          from used u group by 1, 2, 3, 4, 5, 6
        ), costs as (
          select r.tenant_id, r.transaction_id, r.pool_named_id, r.product, r.currency,
            sum(e.credits) as credits,
            case when bool_or(e.cost is null or e.cost <> 0 and fx.rate is null) then null else sum(e.cost * coalesce(fx.rate, 1)) end as cost
          from (select distinct tenant_id, transaction_id, pool_named_id, product, currency from runs) r
          join tenants t on t.tenant_id = r.tenant_id
          join events e on e.tenant_id = r.tenant_id and e.transaction_id = r.transaction_id and e.pool_named_id = r.pool_named_id and e.product = r.product
          cross join lateral (select case when e.cost <> 0 then fx_rate(e.cost_currency::text, r.currency, (e.occurred_at at time zone t.time_zone)::date) end as rate) fx
          group by 1, 2, 3, 4, 5
        ), drawn as (
          select r.pack, r.currency, sum(r.credits) as credits, sum(r.value) as value,
            case when bool_or(r.credits <> 0 and (c.cost is null or c.credits = 0)) then null
              else round(sum(case when r.credits = 0 then 0 else c.cost * r.credits / nullif(c.credits, 0) end), 9) end as cost
          from runs r left join costs c using (tenant_id, transaction_id, pool_named_id, product, currency)
          group by 1, 2
        ), sold as (
          select pack, currency::text as currency, count(*) as sold, sum(net) as net, sum(credits + bonus_credits) as credits from checkouts where state = 'paid' group by 1, 2
        )
        select s.pack, s.currency, s.sold, s.net, s.credits, coalesce(d.credits, 0), coalesce(d.value, 0), case when d.pack is null then 0 else d.cost end
        from sold s left join drawn d on d.pack = s.pack and d.currency = s.currency
        order by s.pack, s.currency
        """;

    /// <summary>Reads it; what was used is counted by when the ledger took it.</summary>
    /// <param name="source">The database.</param>
    /// <param name="from">First instant of use.</param>
    /// <param name="to">First instant after it.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    public static async Task<IReadOnlyList<PackMargin>> ReadAsync(NpgsqlDataSource source, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken = default) =>
        await source.ListAsync(
            Sql, row => new PackMargin(
                row.GetString(0), row.GetString(1), row.GetInt64(2), row.GetDecimal(3), row.GetDecimal(4), row.GetDecimal(5), row.GetDecimal(6), row.Nullable<decimal?>(7)),
            cancellationToken, from.ToUniversalTime(), to.ToUniversalTime());
}
