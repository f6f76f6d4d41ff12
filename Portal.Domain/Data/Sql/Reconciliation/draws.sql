-- Pieces of events follow from the intervals, so these must run from 0 without gaps to what the events drew.
select tenant_id, format('draw %s/%s: begins where the one before ends', transaction_id, line) as subject,
  coalesce(lag(to_credits) over run, 0) as expected, from_credits as found
from draws
window run as (partition by tenant_id, transaction_id, pool_named_id, product order by from_credits, to_credits)
union all
select coalesce(d.tenant_id, e.tenant_id),
  format('transaction %s: drawn for pool %s, product %s', coalesce(d.transaction_id, e.transaction_id), coalesce(d.pool_named_id, e.pool_named_id),
    coalesce(d.product, e.product)),
  coalesce(e.credits, 0.000000000), coalesce(d.credits, 0.000000000)
from (
  select tenant_id, transaction_id, pool_named_id, product, sum(to_credits - from_credits) as credits from draws
  where transaction_id >= (select uuid7_floor(coalesce(events_retired_to, 'epoch')) from platform) group by 1, 2, 3, 4
) d
full join (
  select tenant_id, transaction_id, pool_named_id, product, sum(credits) as credits from events where credits <> 0 group by 1, 2, 3, 4
  union all
  select r.tenant_id, r.transaction_id, o.pool_named_id, o.measured_product, sum(r.credits)
  from ratings r
  join measured_events o on o.tenant_id = r.tenant_id and o.transaction_id = r.event_transaction_id and o.ordinal = r.event_ordinal
  where r.kind in ('amend', 'rerate', 'late_rating', 'void') group by 1, 2, 3, 4 having sum(r.credits) > 0
  union all
  select tenant_id, transaction_id, pool_named_id, product, sum(credits) from ratings where kind = 'period' and credits <> 0
    and transaction_id >= (select uuid7_floor(coalesce(events_retired_to, 'epoch')) from platform) group by 1, 2, 3, 4
  union all
  select tenant_id, transaction_id, pool_named_id, product, sum(credits) from sealed_postings
  where kind in ('amend', 'rerate', 'late_rating', 'void') and transaction_id >= (select uuid7_floor(coalesce(events_retired_to, 'epoch')) from platform)
  group by 1, 2, 3, 4 having sum(credits) > 0
) e on e.tenant_id = d.tenant_id and e.transaction_id = d.transaction_id and e.pool_named_id = d.pool_named_id and e.product = d.product
