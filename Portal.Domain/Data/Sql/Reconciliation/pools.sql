select coalesce(a.tenant_id, g.tenant_id) as tenant_id, format('account %s', coalesce(a.account, g.account)) as subject,
  coalesce(g.remaining, 0.000000000) as expected, coalesce(a.balance, 0.000000000) as found
from (select * from ledger_accounts where account like 'pool:%' and unit = 'CREDIT') a
full join (
  select g.tenant_id, 'pool:' || p.key as account, sum(g.remaining) as remaining
  from grants g join pools p on p.tenant_id = g.tenant_id and p.pool_id = g.pool_id group by g.tenant_id, p.key
) g on g.tenant_id = a.tenant_id and g.account = a.account
union all
select p.tenant_id, format('pool %s: held', p.key), coalesce(h.amount, 0.000000000), p.held
from pools p
left join (select tenant_id, pool_id, sum(amount) as amount from holds where state = 'open' group by tenant_id, pool_id) h
  on h.tenant_id = p.tenant_id and h.pool_id = p.pool_id
