select coalesce(a.tenant_id, g.tenant_id) as tenant_id, format('account deferred:credits, %s', coalesce(a.unit, g.currency)) as subject,
  -coalesce(g.value, 0.000000000) as expected, coalesce(a.balance, 0.000000000) as found
from (select * from ledger_accounts where account = 'deferred:credits') a
full join (
  select tenant_id, currency::text as currency, sum(value_left(value, remaining, amount)) as value from grants group by tenant_id, currency
) g on g.tenant_id = a.tenant_id and g.currency = a.unit
