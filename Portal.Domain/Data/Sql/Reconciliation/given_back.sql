-- What is on its way back is what pending refunds say; credits taken are what their pieces say.
select coalesce(a.tenant_id, r.tenant_id) as tenant_id, format('account refunds_pending, %s', coalesce(a.unit, r.currency)) as subject,
  -coalesce(r.amount, 0.000000000) as expected, coalesce(a.balance, 0.000000000) as found
from (select * from ledger_accounts where account = 'refunds_pending') a
full join (
  select tenant_id, currency::text as currency, sum(net + tax) as amount from refunds where state = 'pending' group by tenant_id, currency
) r on r.tenant_id = a.tenant_id and r.currency = a.unit
union all
select coalesce(a.tenant_id, r.tenant_id), 'account refunded', coalesce(r.credits, 0.000000000), coalesce(a.balance, 0.000000000)
from (select * from ledger_accounts where account = 'refunded' and unit = 'CREDIT') a
full join (select tenant_id, sum(credits) as credits from refunds where state <> 'failed' group by tenant_id) r on r.tenant_id = a.tenant_id
union all
select coalesce(a.tenant_id, d.tenant_id), 'account clawed_back', coalesce(d.credits, 0.000000000), coalesce(a.balance, 0.000000000)
from (select * from ledger_accounts where account = 'clawed_back' and unit = 'CREDIT') a
full join (
  select tenant_id, sum(credits) as credits from (
    select tenant_id, credits - returned as credits from dispute_pieces
    union all select tenant_id, credits from invoice_takebacks where returned_at is null
  ) taken group by tenant_id
) d on d.tenant_id = a.tenant_id
union all
select r.tenant_id, format('refund %s: credits of its pieces', r.id), r.credits,
  (select coalesce(sum(p.credits), 0.000000000) from refund_pieces p where p.tenant_id = r.tenant_id and p.refund_id = r.id)
from refunds r
union all
select r.tenant_id, format('refund %s: value of its pieces', r.id), r.value,
  (select coalesce(sum(p.value), 0.000000000) from refund_pieces p where p.tenant_id = r.tenant_id and p.refund_id = r.id)
from refunds r
union all
-- Of a chargeback's debt all that a won dispute has not brought back is open or was settled, the settled part first.
select p.tenant_id, format('dispute %s: open and settled of debt %s', p.dispute_id, p.debt_line), p.credits - p.returned,
  (select coalesce(sum(b.to_credits - b.from_credits), 0.000000000) from debts b
   where b.tenant_id = p.tenant_id and b.transaction_id = d.transaction_id and b.line = p.debt_line)
  + (select coalesce(sum(least(s.to_credits, p.credits - p.returned) - s.from_credits), 0.000000000) from chargeback_settlements s
     where s.tenant_id = p.tenant_id and s.debt_transaction_id = d.transaction_id and s.debt_line = p.debt_line and s.from_credits < p.credits - p.returned)
from dispute_pieces p join disputes d on d.tenant_id = p.tenant_id and d.id = p.dispute_id
where p.debt_line is not null
