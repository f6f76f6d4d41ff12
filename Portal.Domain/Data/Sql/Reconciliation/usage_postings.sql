-- Credits by product, revenue and cost of a transaction: by its events and ratings, and by its entries. Transactions of retired months
-- have no events any more; what later ones booked of such events is sealed.
with kept as (
  select uuid7_floor(coalesce(events_retired_to, 'epoch')) as first from platform
), rated as (
  select e.tenant_id, e.transaction_id, v.account, v.unit, sum(v.amount) as amount
  from events e
  join tenants t on t.tenant_id = e.tenant_id
  cross join lateral (values
    ('consumed:' || e.product, 'CREDIT', e.credits), ('revenue', t.currency::text, -e.revenue), ('cogs', e.cost_currency::text, e.cost)
  ) v(account, unit, amount)
  where v.amount <> 0
  group by e.tenant_id, e.transaction_id, v.account, v.unit
  union all
  select r.tenant_id, r.transaction_id, v.account, v.unit, sum(v.amount)
  from ratings r
  join tenants t on t.tenant_id = r.tenant_id
  left join measured_events e on e.tenant_id = r.tenant_id and e.transaction_id = r.event_transaction_id and e.ordinal = r.event_ordinal
  cross join lateral (values
    ('consumed:' || coalesce(e.measured_product, r.product), 'CREDIT', r.credits), ('revenue', t.currency::text, -r.revenue), ('cogs', r.cost_currency::text, r.cost)
  ) v(account, unit, amount)
  where v.amount <> 0 and r.transaction_id >= (select first from kept)
  group by r.tenant_id, r.transaction_id, v.account, v.unit
  union all
  select s.tenant_id, s.transaction_id, v.account, v.unit, sum(v.amount)
  from sealed_postings s
  join tenants t on t.tenant_id = s.tenant_id
  cross join lateral (values
    ('consumed:' || s.product, 'CREDIT', s.credits), ('revenue', t.currency::text, -s.revenue), ('cogs', s.cost_currency, s.cost)
  ) v(account, unit, amount)
  where v.amount <> 0 and s.transaction_id >= (select first from kept)
  group by s.tenant_id, s.transaction_id, v.account, v.unit
), posted as (
  select tenant_id, transaction_id, case when account like 'consumed:%' then account when account like 'cogs:%' then 'cogs' else 'revenue' end as account,
    unit, sum(amount) as amount
  from ledger_entries e
  where (account like 'consumed:%' or account like 'cogs:%' or account in ('revenue:usage', 'revenue:overage'))
    and transaction_id >= (select first from kept)
    -- A void invoice takes back revenue of many events at once.
    and not exists (select from invoice_events v where v.kind = 'voided' and v.tenant_id = e.tenant_id and v.transaction_id = e.transaction_id)
  group by 1, 2, 3, 4
)
select coalesce(r.tenant_id, p.tenant_id) as tenant_id,
  format('transaction %s: %s, %s', coalesce(r.transaction_id, p.transaction_id), coalesce(r.account, p.account), coalesce(r.unit, p.unit)) as subject,
  coalesce(r.amount, 0.000000000) as expected, coalesce(p.amount, 0.000000000) as found
from (select tenant_id, transaction_id, account, unit, sum(amount) as amount from rated group by 1, 2, 3, 4) r
full join posted p on p.tenant_id = r.tenant_id and p.transaction_id = r.transaction_id and p.account = r.account and p.unit = r.unit
