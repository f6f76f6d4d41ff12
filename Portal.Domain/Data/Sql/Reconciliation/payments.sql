-- A payment's entries are those of the purchase that it paid, of the refunds that were asked for, and those posted under its own name:
-- payment:{provider}:{its id}:…
with causes as (
  select tenant_id, id, provider, currency, format('payment:%s:%s', provider, provider_payment) as key from payments
  union all
  select p.tenant_id, p.id, p.provider, p.currency, 'purchase:' || public_id('checkout', c.tenant_id, c.id)
  from payments p join checkouts c on c.tenant_id = p.tenant_id and c.id = p.checkout_id and c.payment_id = p.id
  union all
  select p.tenant_id, p.id, p.provider, p.currency, format('refund:%s:%s', replace(r.id::text, '-', ''), outcome)
  from payments p join refunds r on r.tenant_id = p.tenant_id and r.payment_id = p.id and r.origin = 'asked'
  cross join (values ('succeeded'), ('returned')) o(outcome)
), postings as (
  select tenant_id, id,
    case when idempotency_key like 'payment:%' then regexp_replace(idempotency_key, case tenant_id when 0 then '(:[^:]*){4}$' else '(:[^:]*){2}$' end, '')
      else idempotency_key end as key
  from ledger_transactions where kind in ('payment', 'purchase', 'invoice_payment', 'refund', 'dispute') and idempotency_key is not null
), booked as (
  select c.tenant_id, c.id, sum(e.amount) as amount
  from causes c
  join postings t on t.tenant_id = c.tenant_id and t.key = c.key
  join ledger_entries e on e.tenant_id = t.tenant_id and e.transaction_id = t.id and e.account = 'cash:' || c.provider and e.unit = c.currency
  group by c.tenant_id, c.id
)
select p.tenant_id, format('payment %s of %s', p.provider_payment, p.provider) as subject,
  p.captured - p.refunded - p.disputed + p.reinstated as expected, coalesce(b.amount, 0.000000000) as found
from payments p left join booked b on b.tenant_id = p.tenant_id and b.id = p.id
union all
-- What refunds that succeeded and movements of disputes say is what the payment does.
select p.tenant_id, format('payment %s of %s: its refunds', p.provider_payment, p.provider), p.refunded,
  (select coalesce(sum(r.net + r.tax + r.suspense), 0.000000000) from refunds r
   where r.tenant_id = p.tenant_id and r.payment_id = p.id and r.state = 'succeeded')
from payments p where p.tenant_id <> 0
union all
select p.tenant_id, format('payment %s of %s: its disputes', p.provider_payment, p.provider), p.disputed - p.reinstated,
  (select coalesce(sum(d.amount), 0.000000000) from disputes d where d.tenant_id = p.tenant_id and d.payment_id = p.id)
from payments p where p.tenant_id <> 0
