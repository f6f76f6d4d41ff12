select coalesce(a.tenant_id, e.tenant_id) as tenant_id, format('account %s, %s', coalesce(a.account, e.account), coalesce(a.unit, e.unit)) as subject,
  coalesce(e.amount, 0.000000000) as expected, coalesce(a.balance, 0.000000000) as found
from ledger_accounts a
full join (select tenant_id, account, unit, sum(amount) as amount from ledger_entries group by tenant_id, account, unit) e
  on e.tenant_id = a.tenant_id and e.account = a.account and e.unit = a.unit
