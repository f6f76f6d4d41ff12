-- What the intervals took of each grant, in credits and in value, is what their transaction posted.
with drawn as (
  select d.tenant_id, d.transaction_id, d.grant_id, g.currency::text as currency, sum(d.to_credits - d.from_credits) as credits,
    sum(value_left(g.value, d.remaining_before, g.amount) - value_left(g.value, d.remaining_before - (d.to_credits - d.from_credits), g.amount)) as value
  from draws d join grants g on g.tenant_id = d.tenant_id and g.id = d.grant_id
  group by d.tenant_id, d.transaction_id, d.grant_id, g.currency
), posted as (
  select e.tenant_id, e.transaction_id, e.grant_id, e.account, e.unit, sum(e.amount) as amount
  from ledger_entries e
  where exists (select from draws d where d.tenant_id = e.tenant_id and d.transaction_id = e.transaction_id)
    and (e.grant_id is not null or e.account = 'deferred:credits')
  group by e.tenant_id, e.transaction_id, e.grant_id, e.account, e.unit
)
select coalesce(d.tenant_id, p.tenant_id) as tenant_id, format('transaction %s: grant %s', coalesce(d.transaction_id, p.transaction_id), coalesce(d.grant_id, p.grant_id)) as subject,
  -coalesce(d.credits, 0.000000000) as expected, coalesce(p.amount, 0.000000000) as found
from drawn d
full join (select * from posted where grant_id is not null) p on p.tenant_id = d.tenant_id and p.transaction_id = d.transaction_id and p.grant_id = d.grant_id
union all
select coalesce(d.tenant_id, p.tenant_id), format('transaction %s: deferred:credits, %s', coalesce(d.transaction_id, p.transaction_id), coalesce(d.currency, p.unit)),
  coalesce(d.value, 0.000000000), coalesce(p.amount, 0.000000000)
from (select tenant_id, transaction_id, currency, sum(value) as value from drawn group by 1, 2, 3) d
full join (select * from posted where account = 'deferred:credits') p
  on p.tenant_id = d.tenant_id and p.transaction_id = d.transaction_id and p.unit = d.currency
