select coalesce(f.tenant_id, e.tenant_id) as tenant_id,
  format('day %s, account %s, %s', coalesce(f.book_date, e.book_date), coalesce(f.account, e.account), coalesce(f.unit, e.unit)) as subject,
  coalesce(e.amount, 0.000000000) as expected, coalesce(f.amount, 0.000000000) as found
from finance_daily f
full join (
  select n.tenant_id, t.book_date, n.account, n.unit, sum(n.amount) as amount
  from ledger_entries n join ledger_transactions t on t.tenant_id = n.tenant_id and t.id = n.transaction_id
  group by n.tenant_id, t.book_date, n.account, n.unit
) e on e.tenant_id = f.tenant_id and e.book_date = f.book_date and e.account = f.account and e.unit = f.unit
