-- The pool drawn is the transaction's knowledge, not the event's: compared over all hours.
select coalesce(d.tenant_id, u.tenant_id) as tenant_id,
  format('credits of product %s named pool %s, drawn from pool %s', coalesce(d.product, u.product), coalesce(d.pool_named_id, u.pool_named_id),
    coalesce(d.pool_id, u.pool_id)) as subject,
  coalesce(d.credits, 0.000000000) as expected, coalesce(u.credits, 0.000000000) as found
from (
  select tenant_id, product, pool_named_id, pool_id, sum(credits) as credits from (
    select tenant_id, product, pool_named_id, pool_id, to_credits - from_credits as credits from draws
    union all
    select d.tenant_id, d.product, d.pool_named_id, d.pool_id, r.from_credits - r.to_credits
    from returns r join draws d on d.tenant_id = r.tenant_id and d.transaction_id = r.draw_transaction_id and d.line = r.draw_line
  ) each group by 1, 2, 3, 4
) d
full join (
  select tenant_id, product, pool_named_id, pool_id, sum(credits) as credits from usage_hourly group by 1, 2, 3, 4
) u on u.tenant_id = d.tenant_id and u.product = d.product and u.pool_named_id = d.pool_named_id and u.pool_id = d.pool_id
